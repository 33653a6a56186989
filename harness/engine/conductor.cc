// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/conductor.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

#include "harness/engine/carrier.h"
#include "harness/engine/cast.h"
#include "harness/engine/connections.h"
#include "harness/engine/handshake.h"
#include "harness/engine/identities.h"
#include "harness/engine/judge.h"
#include "harness/engine/kept_nodes.h"
#include "harness/engine/noise_handshake.h"
#include "harness/engine/owed.h"
#include "harness/engine/tracker.h"
#include "harness/engine/upgrade.h"
#include "harness/model/setting.h"

namespace parley::engine {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

using model::Step;

class Run {
 public:
  // `row`: the values that the flow may use beside its own.
  Run(const CastRun& cast, Workshop& workshop, Transcript& transcript,
      std::map<std::string, std::string> row, Clock::time_point began,
      asio::any_io_executor executor)
      : cast_(cast),
        workshop_(workshop),
        record_(transcript.runs.emplace_back()),
        began_(began),
        wake_(executor),
        connections_(
            executor, workshop.tls,
            {.note = note_,
             .patience = [this] { return patience(); },
             .handshake_next =
                 [this](const std::string& link) { return tracker_->handshake_next(link); },
             .admission = [this](const std::string& link) { return admission(link); },
             .too_much = [this] { return kept_.too_many(tracker_->seen()); },
             .rng =
                 [this](const std::string& link) {
                   return rng_.child(
                       fmt::format("connection/{}/{}", link, tracker_->connection(link)));
                 }}),
        rng_(run_rng(transcript.seed, transcript.case_id, cast.name)) {
    record_.name = cast.name;
    record_.values = std::move(row);
  }

  asio::awaitable<void> carry_out(bool soils) {
    std::exception_ptr thrown;
    try {
      if (co_await lease()) {
        tracker_.emplace(cast_, record_.values, rng_);
        co_await follow();
        co_await part();
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    co_await finish(soils);
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  }

 private:
  // What was sent takes its time too: 100 octets a millisecond.
  milliseconds patience() const {
    return workshop_.patience.now() + milliseconds(sent_ / kOctetsAMillisecond);
  }

  void note(Event event) {
    // Answers beside the flow do not count: a SUT could ask for ever more time.
    sent_ += event.kind == Event::Kind::sent && !event.step.empty() ? event.octets.size() : 0;
    event.at_us = duration_cast<std::chrono::microseconds>(Clock::now() - began_).count();
    record_.events.push_back(std::move(event));
    if (tracker_) {
      tracker_->feed(record_.events.back());
    }
    last_event_ = Clock::now();
    wake_.cancel();
  }

  void broken(std::string link, std::string text) {
    note({.kind = Event::Kind::broken, .link = std::move(link), .text = std::move(text)});
  }

  // Accounts and the values that the flow starts with.
  asio::awaitable<bool> lease() {
    const auto pass = co_await workshop_.leasing.enter();
    const bool server_sut = cast_.server_under_test();
    const auto domain = server_sut ? workshop_.attachment.endpoint("domain") : workshop_.domain;
    record_.values["domain"] = domain;
    if (cast_.profile->wire == model::Wire::noise) {
      record_.values["noise.now"] =
          std::to_string(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())
                             .time_since_epoch()
                             .count());
      record_.values["noise.root"] = workshop_.attachment.endpoint("root");
      record_.values["noise.hashing"] = hashing_form(*cast_.profile);
      if (!server_sut) {
        record_.values["noise.server-static"] =
            played_static({.values = {}, .rng = rng_}).value_or("");
      }
    }
    for (const auto& [actor, party] : cast_.flow->actors) {
      if (model::is_server(party)) {
        continue;
      }
      auto identity = fresh_identity(*cast_.profile, rng_.child("identity/" + actor));
      const bool sut = cast_.under_test(party);
      if (server_sut || sut) {
        auto leased = co_await workshop_.attachment.lease(std::move(identity));
        if (!leased) {
          broken("identities", leased.error().detail);
          co_return false;
        }
        identity = std::move(*leased);
      }
      const auto bare = address_of(*cast_.profile, party, identity.user, domain);
      const auto resource = "r" + rng_.child("resource/" + actor).token(6);
      record_.values[actor + ".user"] = identity.user;
      record_.values[actor + ".password"] = identity.password;
      record_.values[actor + ".bare"] = bare;
      record_.values[actor + ".resource"] = resource;
      record_.values[actor + ".jid"] = bare + "/" + resource;
      if (server_sut || sut) {
        leased_.push_back({.identity = identity, .driven = sut});
      }
      if (sut) {
        workshop_.driven.on_notice(
            identity.user, [this, actor](const std::string& method, const nlohmann::json& params) {
              take_notice(actor, method, params);
            });
      }
    }
    co_return true;
  }

  void take_notice(const std::string& actor, const std::string& method,
                   const nlohmann::json& params) {
    if (noticed_ > kMaxNoticedOctets) {
      return;
    }
    noticed_ +=
        kEventOctets + params.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).size();
    if (noticed_ > kMaxNoticedOctets) {
      broken("driver", "the driver does not stop sending notifications");
      return;
    }
    note({.kind = Event::Kind::notice, .link = actor, .text = method, .data = params});
  }

  asio::awaitable<void> follow() {
    while (!tracker_->settled()) {
      if (const auto* due = tracker_->due(); due != due_) {
        due_ = due;
        due_since_ = Clock::now();
      }
      co_await carry_across();
      co_await answer_beside();
      if (tracker_->settled()) {
        break;  // it may have become so while the answers were written
      }
      const auto* due = tracker_->due();
      if (due != nullptr && (due->role == Role::send || due->step.kind == Step::Kind::tls)) {
        co_await perform(*due);
        continue;
      }
      co_await wait_for(due);
    }
  }

  asio::awaitable<void> perform(const CastStep& step) {
    switch (step.step.kind) {
      case Step::Kind::wire:
        co_await send(step);
        break;
      case Step::Kind::connect:
        co_await dial(step, step.link, step.step.id);
        break;
      case Step::Kind::tls:
        co_await handshake(step);
        break;
      case Step::Kind::close:
        end(step);
        break;
      case Step::Kind::does:
        co_await drive(step);
        break;
      case Step::Kind::shows:
        break;
    }
  }

  void end(const CastStep& step) {
    const auto how = step.step.with.find("how");
    const bool reset = how != step.step.with.end() && evaluated(how->second.front()) == "reset";
    note({.kind = Event::Kind::ended, .link = step.link, .step = step.step.id});
    connections_.end(step.link, reset);
  }

  Connections::Admission admission(const std::string& link) const {
    using When = Connections::Admission::When;
    const auto* step = tracker_->connection_to_come(link);
    if (step == nullptr) {
      return {.when = When::never};
    }
    return {.when = tracker_->may_connect(link) ? When::now : When::once_ended,
            .step = step->step.id};
  }

  // Waits until something happens, or until nothing happened for as long as patience lasts. A SUT
  // that drips octets or chats beside the flow does not keep one step waiting for ever.
  asio::awaitable<void> wait_for(const CastStep* due) {
    const auto within = due == nullptr ? milliseconds(0) : due->step.within;
    const auto wait = std::max(patience(), within);
    const auto until =
        std::min(Clock::now() + wait, due_since_ + std::max(patience() * kMostWaits, within));
    last_event_ = Clock::now();
    const auto asked = Clock::now();
    if (co_await something_until(until)) {
      // What a SUT is given more time for does not say how fast it answers.
      if (within == milliseconds(0)) {
        workshop_.patience.saw(duration_cast<std::chrono::microseconds>(last_event_ - asked));
      }
      co_return;
    }
    const auto late = duration_cast<milliseconds>(Clock::now() - until).count();
    note({.kind = Event::Kind::deadline,
          .link = due == nullptr ? "" : due->link,
          .step = due == nullptr ? "" : due->step.id,
          .data = {{"waited_ms", wait.count()}, {"late_ms", late}}});
  }

  // False when nothing happened.
  asio::awaitable<bool> something_until(Clock::time_point until) {
    const auto events = record_.events.size();
    while (record_.events.size() == events && Clock::now() < until) {
      wake_.expires_at(until);
      boost::system::error_code ignored;
      co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return record_.events.size() != events;
  }

  // Between two SUTs: each connection that the one makes goes on to the other, and what is said.
  asio::awaitable<void> carry_across() {
    for (const auto& step : cast_.steps) {
      const bool came = step.inferred && step.step.kind == Step::Kind::connect;
      if (came && tracker_->connection(step.link) == step.connection &&
          tracker_->connection(upper(step.link)) < step.connection) {
        co_await dial(step, upper(step.link), upper(step.step.id));
      }
    }
    co_await engine::carry_across(*tracker_, connections_, note_);
  }

  asio::awaitable<void> dial(const CastStep& step, std::string link, std::string id) {
    const auto wanted = endpoint_of(step);
    const auto declared = workshop_.attachment.endpoint(wanted);
    const auto edit = connection_edit(step);
    auto way = wanted == kWebSocket ? web_way(*cast_.profile, declared, edit) : plain_way(declared);
    if (!way) {
      note({.kind = Event::Kind::unsupported,
            .link = link,
            .text =
                fmt::format("the endpoint '{}' is not declared: {}", wanted, way.error().detail)});
      co_return;
    }
    way->trust = tls_client(edit, workshop_.attachment.ca_pem(), record_.values["domain"]);
    co_await connections_.dial(std::move(link), std::move(id), std::move(*way));
  }

  static std::string endpoint_of(const CastStep& step) {
    const auto at = step.step.with.find("endpoint");
    return at == step.step.with.end() ? "starttls" : at->second.front();
  }

  static Result<Way> plain_way(const std::string& declared) {
    auto address = net::parse_address(declared);
    return address ? Result<Way>(Way{.to = std::move(*address)}) : std::unexpected(address.error());
  }

  // What the change says of this step's connection; nothing when it is about something else.
  model::ConnectionEdit connection_edit(const CastStep& step) {
    const auto* edit = step.changed && cast_.change != nullptr
                           ? std::get_if<model::ConnectionEdit>(&cast_.change->edit)
                           : nullptr;
    model::ConnectionEdit out = edit == nullptr ? model::ConnectionEdit{} : *edit;
    out.certificate = evaluated(out.certificate);
    for (auto& [what, value] : out.upgrade) {
      value = evaluated(value);
    }
    return out;
  }

  asio::awaitable<void> handshake(const CastStep& step) {
    const auto offer = connection_edit(step);
    if (cast_.dials(step.link)) {
      auto options = tls_client(offer, workshop_.attachment.ca_pem(), record_.values["domain"]);
      co_await connections_.handshake(step.link, step.step.id, std::move(options));
      co_return;
    }
    const auto kind = leaf_kind(offer.certificate);
    auto [leaf, fresh] = workshop_.leaves.try_emplace(kind);
    if (fresh) {
      if (auto issued = workshop_.authority.issue(workshop_.domain, kind)) {
        leaf->second = std::move(*issued);
      }
    }
    auto options = tls_server(offer, leaf->second);
    co_await connections_.handshake(step.link, step.step.id, std::move(options));
  }

  std::string evaluated(const std::string& text) {
    return evaluate(text, tracker_->scope(), "change").value_or(text);
  }

  asio::awaitable<void> send(const CastStep& step) {
    auto message = tracker_->compose(step);
    if (!message || !connections_.has(step.link)) {
      broken(step.link, message ? "nothing to send on" : message.error().detail);
      co_return;
    }
    note({.kind = Event::Kind::sent,
          .link = step.link,
          .step = step.step.id,
          .octets = message->octets});
    co_await connections_.write(step.link, std::move(message->octets), message->stream);
    if (message->then_end) {
      const auto* edit = std::get_if<model::ConnectionEdit>(&cast_.change->edit);
      connections_.end(step.link, edit != nullptr && edit->end == "reset");
      note({.kind = Event::Kind::ended, .link = step.link});
    }
  }

  // The SUT's user does something.
  asio::awaitable<void> drive(const CastStep& step) {
    nlohmann::json params{{"user", record_.values[step.link + ".user"]}};
    for (const auto& [field, alternatives] : step.step.with) {
      auto value = evaluate(alternatives.front(), tracker_->scope(), step.step.id + "/" + field);
      if (!value) {
        broken(step.link, value.error().detail);
        co_return;
      }
      params[field] = step.step.unquoted.contains(field)
                          ? nlohmann::json::parse(*value, nullptr, false)
                          : nlohmann::json(*value);
    }
    if (step.step.form == "connect" && !listen(step.link, params)) {
      co_return;
    }
    note({.kind = Event::Kind::call,
          .link = step.link,
          .step = step.step.id,
          .text = step.step.form,
          .data = params});
    auto answer = co_await workshop_.driven.call(step.step.form, params, patience() * 2);
    if (answer) {
      note({.kind = Event::Kind::answer,
            .link = step.link,
            .step = step.step.id,
            .text = step.step.form});
    } else if (answer.error().code == Errc::unsupported) {
      note({.kind = Event::Kind::unsupported, .link = "driver", .text = answer.error().detail});
    } else {
      broken("driver", fmt::format("driver method {}: {}", step.step.form, answer.error().detail));
    }
  }

  bool listen(const std::string& name, nlohmann::json& params) {
    std::optional<net::WebSocketOffer> offer;
    for (const auto& one : cast_.steps) {
      if (one.link == name && one.step.kind == Step::Kind::connect) {
        offer.reset();
        if (endpoint_of(one) == kWebSocket) {
          offer = web_offer(*cast_.profile, workshop_.domain, connection_edit(one));
        }
      }
    }
    if (offer) {
      params["transport"] = kWebSocket;
      params["path"] = offer->path;
      params["origin"] = offer->origin;
    }
    const auto address = connections_.listen(name, std::move(offer));
    if (!address) {
      broken(name, address.error().detail);
      return false;
    }
    params["password"] = record_.values[name + ".password"];
    params["domain"] = record_.values["domain"];
    params["host"] = address->host;
    params["port"] = address->port;
    params["ca"] = workshop_.authority_file;
    if (cast_.profile->wire == model::Wire::noise) {
      auto root = played_root(tracker_->scope());
      if (!root) {
        broken(name, root.error().detail);
        return false;
      }
      params["ca"] = *root;
    }
    params["resource"] = record_.values[name + ".resource"];
    return true;
  }

  // A played party answers whatever the protocol lets the other side ask.
  asio::awaitable<void> answer_beside() {
    for (const auto& seen : tracker_->take_beside()) {
      const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
      if (stanza == nullptr || !connections_.has(seen.link) || !tracker_->link_open(seen.link) ||
          cast_.between(actor_of(seen.link))) {
        continue;
      }
      if (Clock::now() > due_since_ + patience() * kMostWaits) {
        co_return;  // a SUT that asks much and reads slowly
      }
      co_await say_beside(seen.link,
                          workshop_.manners.respond(stanza->element, view_of(seen.link)));
    }
  }

  PeerView view_of(const std::string& link) {
    return {
        .plays = cast_.played(link) ? cast_.flow->actors.at(link) : model::Party::gatekeeper_server,
        .domain = record_.values["domain"],
        .bare = record_.values[link + ".bare"],
        .jid = tracker_->scope().values[link + ".jid"],
        .rng = rng_.child("beside")};
  }

  asio::awaitable<void> say_beside(std::string link, std::vector<xml::Element> stanzas) {
    for (const auto& stanza : stanzas) {
      auto octets = tracker_->compose(link, stanza);
      if (!octets) {
        broken(link, octets.error().detail);
        co_return;
      }
      note({.kind = Event::Kind::sent, .link = link, .octets = *octets});
      co_await connections_.write(link, std::move(*octets), {});
    }
  }

  // Acknowledges what steps took and did not, so that a SUT does not keep it for whoever has the
  // account next.
  asio::awaitable<void> settle(std::string link) {
    auto stanzas = owed(*tracker_, link, workshop_.manners, view_of(link));
    co_await say_beside(std::move(link), std::move(stanzas));
  }

  // Takes leave of the SUT and reads what it still says: all that it does because of what it was
  // sent comes before the end of its streams, so what has not come by then never will.
  asio::awaitable<void> part() {
    if (tracker_->assess().state != Assessment::State::holds) {
      co_return;
    }
    std::vector<std::string> left;
    for (const auto& [actor, party] : cast_.flow->actors) {
      if (!connections_.reading(actor) || !tracker_->can_part(actor) || cast_.between(actor)) {
        continue;
      }
      co_await settle(actor);
      auto farewell = tracker_->farewell(actor);
      if (!farewell) {
        continue;
      }
      left.push_back(actor);
      note({.kind = Event::Kind::parting, .link = actor, .octets = *farewell});
      co_await connections_.write(actor, std::move(*farewell), {});
    }
    co_await connections_.read_to_the_end(std::move(left));
    co_await leave_between();
  }

  // The users of a SUT take leave by themselves, and what the other SUT says to that is carried
  // too.
  asio::awaitable<void> leave_between() {
    std::vector<std::string> leaving;
    for (const auto& [actor, party] : cast_.flow->actors) {
      if (cast_.between(actor) && connections_.reading(actor)) {
        const auto answer = co_await workshop_.driven.call(
            "close", {{"user", record_.values[actor + ".user"]}}, patience());
        if (answer) {
          leaving.push_back(actor);
        }
      }
    }
    const auto until = Clock::now() + patience();
    const auto open = [&] {
      return std::ranges::any_of(leaving,
                                 [&](const auto& actor) { return connections_.reading(actor); });
    };
    while (true) {
      co_await carry_across();
      if (!open() || !co_await something_until(until)) {
        co_return;
      }
    }
  }

  // Everything under way is ended and awaited before the run's frame goes.
  asio::awaitable<void> finish(bool soils) {
    co_await connections_.shut();
    for (const auto& [identity, driven] : leased_) {
      if (driven) {
        // The answer follows every notice that the SUT still had to give.
        (void)co_await workshop_.driven.call("reset", {{"user", identity.user}}, patience());
        workshop_.driven.on_notice(identity.user, nullptr);
      }
      workshop_.attachment.give_back(identity, soils);
    }
  }

  // Of one run.
  static constexpr std::size_t kMaxNoticedOctets = 4 * 1024 * 1024;
  static constexpr std::size_t kEventOctets = 400;  // what a small event takes
  static constexpr int kMostWaits = 10;             // for one step, in patiences
  static constexpr std::size_t kOctetsAMillisecond = 100;
  static constexpr std::string_view kWebSocket = "websocket";

  const CastRun& cast_;
  Workshop& workshop_;
  RunRecord& record_;
  Clock::time_point began_;
  asio::steady_timer wake_;
  std::function<void(Event)> note_ = [this](Event event) { note(std::move(event)); };
  Connections connections_;
  Rng rng_;
  std::optional<Tracker> tracker_;
  struct Leased {
    Identity identity;
    bool driven;  // a user of a client under test
  };
  std::vector<Leased> leased_;
  Clock::time_point last_event_ = Clock::now();
  const CastStep* due_ = nullptr;
  Clock::time_point due_since_ = Clock::now();
  KeptNodes kept_;
  std::size_t noticed_ = 0;
  std::size_t sent_ = 0;

 public:
  bool as_it_must() const {
    return tracker_ && tracker_->assess().state == Assessment::State::holds;
  }
  const RunRecord& record() const { return record_; }
};

}  // namespace

asio::awaitable<Transcript> conduct(const model::Case& one, Workshop& workshop) {
  Transcript transcript{
      .case_id = one.id, .seed = workshop.seed, .suts = workshop.suts, .runs = {}};
  transcript.runs.reserve(3);  // runs refer to their records
  const auto casts = cast_case(one, workshop.library, workshop.suts);
  if (!casts) {
    co_return transcript;
  }
  const auto began = Clock::now();
  const auto executor = co_await asio::this_coro::executor;
  for (const auto& cast : *casts) {
    SharedRuns::Taken taken;
    if (cast.name == "twin" || cast.name == "after") {
      taken = co_await workshop.shared.take(
          fmt::format("{} seed {}", shared_name(cast, one.row), workshop.seed),
          cast.name == "twin" ? SharedRuns::When::recently : SharedRuns::When::from_now_on);
      if (taken.record != nullptr) {
        transcript.runs.push_back(*taken.record);
        continue;
      }
    }
    Run run(cast, workshop, transcript, one.row, began, executor);
    co_await run.carry_out(one.soils);
    if (!run.as_it_must()) {
      break;  // a further run could not tell anything
    }
    taken.claim.done(run.record(), one.id);
  }
  co_return transcript;
}

}  // namespace parley::engine
