// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/live_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "harness/engine/http_channel.h"
#include "harness/engine/identities.h"
#include "harness/engine/identity_token.h"
#include "harness/engine/judge.h"
#include "harness/engine/media_exchange.h"
#include "harness/engine/noise_handshake.h"
#include "harness/engine/upgrade.h"
#include "harness/model/setting.h"
#include "harness/net/http_url.h"

namespace parley::engine {

using model::Step;
using std::chrono::duration_cast;

namespace {

// Whether a step shows a token of the third party's service.
bool bears_tokens(const CastRun& run) {
  return std::ranges::any_of(run.steps, [](const CastStep& cast) {
    return std::ranges::any_of(cast.step.with, [](const auto& field) {
      return field.second.front().find("identity-token(") != std::string::npos;
    });
  });
}

}  // namespace

// `row`: the values that the flow may use beside its own.
LiveRun::LiveRun(const CastRun& cast, Workshop& workshop, Transcript& transcript,
                 std::map<std::string, std::string> row, Clock::time_point began,
                 asio::any_io_executor executor)
    : cast_(cast),
      workshop_(workshop),
      record_(transcript.runs.emplace_back()),
      began_(began),
      wake_(executor),
      connections_(executor, workshop.tls,
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
                        },
                    // A SUT may send a file again.
                    .expected = [this] { return tracker_ ? 2 * tracker_->file_octets() : 0; }}),
      rng_(run_rng(transcript.seed, transcript.case_id, cast.name)) {
  record_.name = cast.name;
  record_.values = std::move(row);
}

asio::awaitable<void> LiveRun::carry_out(bool soils) {
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

// What was sent takes its time too: 100 octets a millisecond.
std::chrono::milliseconds LiveRun::patience() const {
  return workshop_.patience.now() + milliseconds(sent_ / kOctetsAMillisecond);
}

void LiveRun::note(Event event) {
  // Answers beside the flow do not count, nor those of a service: a SUT could ask for ever more
  // time.
  const bool counts =
      event.kind == Event::Kind::sent && !event.step.empty() && !cast_.serves(event.link);
  sent_ += counts ? event.octets.size() : 0;
  event.at_us = duration_cast<std::chrono::microseconds>(Clock::now() - began_).count();
  record_.events.push_back(std::move(event));
  if (tracker_) {
    tracker_->feed(record_.events.back());
    spool(record_.events.back());
    check_kept();
  }
  last_event_ = Clock::now();
  wake_.cancel();
}

// What a service is sent of files need not be held once it has been read.
void LiveRun::spool(Event& event) {
  if (event.kind != Event::Kind::received || service_of(event.link).empty()) {
    return;
  }
  served_ += event.octets.size();
  if (served_ <= kMostServedHeld) {
    return;
  }
  if (!record_.spool) {
    record_.spool = Spool::make().value_or(nullptr);
  }
  if (!record_.spool || !record_.spool->append(event.octets)) {
    return;  // it stays where it is; what was spooled before may be gone
  }
  event.spooled = event.octets.size();
  event.octets.clear();
  event.octets.shrink_to_fit();
}

// A full disk of ours is no doing of the SUT's.
void LiveRun::check_kept() {
  const bool lost = tracker_->lost_octets() || (record_.spool && record_.spool->failed());
  if (lost && !lost_told_) {
    lost_told_ = true;
    broken(kSpoolTrouble,
           "what came of a large file could not be kept or read again (a full disk?)");
  }
}

void LiveRun::broken(std::string link, std::string text) {
  note({.kind = Event::Kind::broken, .link = std::move(link), .text = std::move(text)});
}

Attachment& LiveRun::attachment_of(model::Party party) const {
  return *workshop_.attachments.at(party);
}

// The server under test, or what is under test in its place: accounts lie there.
Attachment& LiveRun::home() const { return attachment_of(cast_.suts.front()); }

// Where the SUT's services are, as far as that is declared rightly.
void LiveRun::locate_services() {
  for (const auto& [service, party] : cast_.profile->services) {
    const auto at = cast_.under_test(party) ? attachment_of(party).endpoint(service) : "";
    if (const auto url = net::parse_http_url(at)) {
      record_.values[service_host(service)] = net::authority_of(*url);
    }
  }
}

// Accounts and the values that the flow starts with.
asio::awaitable<bool> LiveRun::lease() {
  const auto pass = co_await workshop_.leasing.enter();
  const bool gatekeeper = cast_.under_test(model::Party::gatekeeper_server);
  const auto domain = gatekeeper ? home().endpoint("domain") : workshop_.domain;
  record_.values["domain"] = domain;
  if (cast_.profile->wire == model::Wire::xml) {
    const auto declared = gatekeeper ? home().endpoint("upload") : "";
    record_.values[std::string(kUploadJid)] = declared.empty() ? "upload." + domain : declared;
  }
  if (cast_.profile->wire == model::Wire::noise) {
    record_.values["noise.root"] = home().endpoint("root");
    record_.values["noise.hashing"] = hashing_form(*cast_.profile);
    record_.values["noise.seed"] = std::to_string(workshop_.identity_seed);
    if (!gatekeeper) {
      record_.values["noise.server-static"] =
          played_static({.values = record_.values, .rng = rng_}).value_or("");
    }
  }
  if (cast_.server_under_test()) {
    locate_services();
    const bool partner = cast_.under_test(model::Party::third_party_server);
    if (!open_services() || !(partner            ? co_await introduce_gatekeeper()
                              : partner_.empty() ? co_await introduce()
                                                 : co_await introduce_partner())) {
      co_return false;
    }
  } else if (!open_media()) {
    co_return false;
  }
  for (const auto& [actor, party] : cast_.flow->actors) {
    if (!model::is_server(party) && !co_await lease_for(actor, party)) {
      co_return false;
    }
  }
  if (cast_.profile->wire == model::Wire::noise) {
    // Now, and not before the wait for accounts: tokens live a few minutes.
    record_.values["noise.now"] =
        std::to_string(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())
                           .time_since_epoch()
                           .count());
  }
  co_return true;
}

asio::awaitable<bool> LiveRun::lease_for(std::string actor, model::Party party) {
  const auto kind = cast_.flow->accounts.find(actor);
  auto identity =
      fresh_identity(*cast_.profile, kind == cast_.flow->accounts.end() ? "" : kind->second,
                     rng_.child("identity/" + actor));
  const bool sut = cast_.under_test(party);
  enlist_with_partner(party, identity);
  if (leases(party)) {
    auto leased = co_await home().lease(std::move(identity));
    if (!leased) {
      broken("identities", leased.error().detail);
      co_return false;
    }
    identity = std::move(*leased);
  }
  const auto bare = address_of(*cast_.profile, party, identity, record_.values["domain"]);
  const auto resource = "r" + rng_.child("resource/" + actor).token(6);
  record_.values[actor + ".user"] = identity.user;
  record_.values[actor + ".password"] = identity.password;
  record_.values[actor + ".bare"] = bare;
  if (cast_.profile->numbered_accounts) {
    record_.values[actor + ".device"] = device_address_of(bare);
  }
  record_.values[actor + ".resource"] = resource;
  record_.values[actor + ".jid"] = bare + "/" + resource;
  if (!identity.wake.empty()) {
    record_.values[actor + ".wake"] = identity.wake;
  }
  for (const auto& [member, name] : kUploads) {
    if (const auto value = identity.media.find(std::string(member));
        value != identity.media.end()) {
      record_.values[actor + std::string(name)] = value->second;
    }
  }
  if (leases(party)) {
    leased_.push_back({.identity = identity});
  }
  if (sut) {
    hear_of(identity.user, actor, party);
  }
  const auto waker = party == model::Party::third_party_client ? woken_by() : std::nullopt;
  if (waker) {
    hear_of(identity.user, *waker, model::Party::third_party_server);
  }
  co_return true;
}

// Whether accounts of such users are the SUT's: a gatekeeper has all, a third party's server its
// own.
bool LiveRun::leases(model::Party party) const {
  return cast_.under_test(model::Party::gatekeeper_server) || cast_.under_test(party) ||
         (cast_.server_under_test() && party == model::Party::third_party_client);
}

// What the driver of `party` says of the user of the last lease is the actor's.
void LiveRun::hear_of(const std::string& user, const std::string& actor, model::Party party) {
  auto& driver = attachment_of(party);
  leased_.back().told.push_back(&driver);
  driver.on_notice(user, [this, actor](const std::string& method, const nlohmann::json& params) {
    take_notice(actor, method, params);
  });
}

// The third party's server under test, which tells what wakes its users' clients.
std::optional<std::string> LiveRun::woken_by() const {
  const auto found = std::ranges::find(cast_.flow->actors, model::Party::third_party_server,
                                       [](const auto& one) { return one.second; });
  return found != cast_.flow->actors.end() && cast_.under_test(found->second)
             ? std::optional(found->first)
             : std::nullopt;
}

// A gatekeeper that checks who vouches for a third party's users learns once who that is.
asio::awaitable<bool> LiveRun::introduce() {
  const auto& gatekeeper = home();
  const auto& features = gatekeeper.declaration().features;
  if (std::ranges::find(features, kIdentityProof) == features.end() || !bears_tokens(cast_)) {
    co_return true;
  }
  record_.values["identity.seed"] = std::to_string(workshop_.identity_seed);
  if (workshop_.introduced.contains(&gatekeeper)) {
    co_return true;
  }
  Scope scope{.values = record_.values};
  model::add_settings(scope.values, *cast_.profile);
  auto partner = partner_of(scope);
  if (!partner) {
    broken("identities", partner.error().detail);
    co_return false;
  }
  if (!co_await tell_driver(std::move(*partner), std::string(kIdentityProof))) {
    co_return false;
  }
  workshop_.introduced.insert(&gatekeeper);
  co_return true;
}

// Who the third party is, which a gatekeeper with that feature takes from its driver.
asio::awaitable<bool> LiveRun::tell_driver(nlohmann::json partner, std::string feature) {
  const auto answer = co_await home().call("partner", std::move(partner), patience() * 2);
  if (!answer && answer.error().code == Errc::unsupported) {
    note({.kind = Event::Kind::unsupported,
          .link = "driver",
          .text = fmt::format("the feature {} needs a driver that answers 'partner'", feature)});
  } else if (!answer) {
    broken("driver", fmt::format("driver method partner: {}", answer.error().detail));
  }
  co_return answer.has_value();
}

void LiveRun::take_notice(const std::string& actor, const std::string& method,
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

asio::awaitable<void> LiveRun::follow() {
  for (const auto* due = tracker_->due(); due != nullptr && due->step.kind == Step::Kind::answers;
       due = tracker_->due()) {
    serve(*due);
  }
  connections_.let_in();
  while (!tracker_->settled()) {
    if (const auto* due = tracker_->due(); due != due_) {
      due_ = due;
      due_since_ = Clock::now();
    }
    const auto events = record_.events.size();
    leave_refused();
    co_await carry_across();
    co_await answer_beside();
    if (tracker_->settled()) {
      break;  // it may have become so while the answers were written
    }
    if (record_.events.size() != events) {
      continue;  // what came meanwhile may have to be carried or answered too
    }
    const auto* due = tracker_->due();
    const bool may_act =
        due != nullptr && (due->step.kind == Step::Kind::answers || tracker_->may_send(due->link));
    if (may_act && (due->role == Role::send || due->step.kind == Step::Kind::tls)) {
      co_await perform(*due);
      continue;
    }
    co_await wait_for(due);
  }
}

asio::awaitable<void> LiveRun::perform(const CastStep& step) {
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
    case Step::Kind::answers:
      serve(step);
      break;
    case Step::Kind::shows:
      break;
  }
}

// When the step that is due has been waited for long enough, whatever comes beside it.
LiveRun::Clock::time_point LiveRun::end_of_patience() const {
  const auto within = tracker_->within(due_);
  return due_since_ + std::max(patience() * kMostWaits, within);
}

// Waits until something happens, or until nothing happened for as long as patience lasts. A SUT
// that drips octets or chats beside the flow does not keep one step waiting for ever.
asio::awaitable<void> LiveRun::wait_for(const CastStep* due) {
  const auto within = tracker_->within(due);
  const auto wait = std::max(patience(), within);
  const auto until = std::min(Clock::now() + wait, end_of_patience());
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
asio::awaitable<bool> LiveRun::something_until(Clock::time_point until) {
  const auto events = record_.events.size();
  while (record_.events.size() == events && Clock::now() < until) {
    wake_.expires_at(until);
    boost::system::error_code ignored;
    co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return record_.events.size() != events;
}

// Everything under way is ended and awaited before the run's frame goes.
asio::awaitable<void> LiveRun::finish(bool soils) {
  co_await connections_.shut();
  for (const auto& [identity, told] : leased_) {
    for (auto* driver : told) {
      // The answer follows every notice that the SUT still had to give.
      (void)co_await driver->call("reset", {{"user", identity.user}}, patience());
      driver->on_notice(identity.user, nullptr);
    }
    home().give_back(identity, soils);
  }
}

bool LiveRun::as_it_must() const {
  return tracker_ && tracker_->assess().state == Assessment::State::holds;
}

}  // namespace parley::engine
