// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/engine/call_proof.h"
#include "harness/engine/carrier.h"
#include "harness/engine/conversations.h"
#include "harness/engine/live_run.h"
#include "harness/engine/media_exchange.h"
#include "harness/engine/owed.h"
#include "harness/engine/relay.h"
#include "harness/model/setting.h"
#include "harness/net/http_url.h"

namespace parley::engine {

using model::Step;

namespace {

// OpenID Connect Discovery section 4: the well-known place is below it, without a slash at its end.
std::string path_of(const std::string& issuer) {
  const auto url = net::parse_http_url(issuer);
  auto path = url ? url->target : "";
  if (path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

}  // namespace

// What a third party's server is told of the gatekeeper, and of where users may be.
nlohmann::json LiveRun::introduction(const std::string& secret) const {
  constexpr std::string_view kLocation = "user-location";
  const auto& settings = cast_.profile->settings;
  const auto of = [&](const char* name) {
    const auto at = settings.find(name);
    return at == settings.end() ? "" : at->second.value;
  };
  nlohmann::json out{{"audience", of("token-audience")},
                     {"authentication", caller_proof(*cast_.profile)}};
  if (knows_callers_by_certificate(*cast_.profile)) {
    out["client_ca"] = workshop_.authority_file;
    out["client_name"] = model::with_settings(std::string(kGatekeeperName), *cast_.profile);
  } else {
    out["secret"] = secret;
  }
  if (std::ranges::count(home().declaration().features, kLocation) > 0) {
    out["inside"] = of("region-inside");
    out["outside"] = of("region-outside");
  }
  return out;
}

// A third party's server learns once who the gatekeeper is, and by which secret it knows its calls.
// One that cannot be told has it configured.
asio::awaitable<bool> LiveRun::introduce_gatekeeper() {
  constexpr std::size_t kSecretOctets = 32;
  auto& attachment = home();
  auto secret = to_hex(Rng(workshop_.identity_seed).child("partner/secret").octets(kSecretOctets));
  record_.values["partner.issuer"] = attachment.endpoint("issuer");
  record_.values["partner.issuer-path"] = path_of(attachment.endpoint("issuer"));
  record_.values["partner.secret"] = secret;
  record_.values["identity.seed"] = std::to_string(workshop_.identity_seed);  // of forged tokens
  if (!cast_.profile->settings.contains("token-audience") ||
      workshop_.introduced.contains(&attachment)) {
    co_return true;
  }
  auto params = introduction(secret);
  const auto answer = co_await attachment.call("gatekeeper", std::move(params), patience() * 2);
  if (!answer && answer.error().code != Errc::unsupported) {
    broken("driver", fmt::format("driver method gatekeeper: {}", answer.error().detail));
    co_return false;
  }
  workshop_.introduced.insert(&attachment);
  co_return true;
}

// Between two SUTs: each connection that the one makes goes on to the other, and what is said.
asio::awaitable<void> LiveRun::carry_across() {
  for (const auto& step : cast_.steps) {
    const bool came = step.inferred && step.step.kind == Step::Kind::connect;
    if (came && tracker_->connection(step.link) == step.connection &&
        tracker_->connection(upper(step.link)) < step.connection) {
      co_await dial(step, upper(step.link), upper(step.step.id));
    }
  }
  co_await engine::carry_across(*tracker_, connections_, note_);
}

// A played party answers whatever the protocol lets the other side ask.
asio::awaitable<void> LiveRun::answer_beside() {
  for (const auto& seen : tracker_->take_beside()) {
    const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
    if (stanza == nullptr || !connections_.has(seen.link) || !tracker_->link_open(seen.link) ||
        cast_.between(actor_of(seen.link))) {
      continue;
    }
    if (Clock::now() > end_of_patience()) {
      co_return;  // a SUT that asks much and reads slowly
    }
    if (cast_.serves(seen.link)) {
      co_await answer_request(seen);
      continue;
    }
    auto view = view_of(seen.link);
    if (const auto* conversations = tracker_->conversations()) {
      conversations->inform({seen.link, stanza->element.get("id")}, view);
    }
    co_await say_beside(seen.link, seen.connection,
                        workshop_.manners.respond(stanza->element, view));
  }
}

PeerView LiveRun::view_of(const std::string& link) {
  return {
      .plays = cast_.played(link) ? cast_.flow->actors.at(link) : model::Party::gatekeeper_server,
      .domain = record_.values["domain"],
      .bare = record_.values[link + ".bare"],
      .jid = tracker_->scope().values[link + ".jid"],
      .rng = rng_.child("beside"),
      .upload = serving_ ? record_.values[std::string(kUploadJid)] : ""};
}

// On that connection of the link or not at all: another may have begun while this waited.
asio::awaitable<void> LiveRun::say_beside(std::string link, int connection,
                                          std::vector<xml::Element> stanzas) {
  for (const auto& stanza : stanzas) {
    if (tracker_->connection(link) != connection || !tracker_->link_open(link)) {
      co_return;
    }
    auto octets = tracker_->compose(link, stanza);
    if (!octets) {
      broken(link, octets.error().detail);
      co_return;
    }
    note({.kind = Event::Kind::sent, .link = link, .octets = *octets});
    co_await connections_.write_beside(link, std::move(*octets));
  }
}

// Acknowledges what steps took and did not, so that a SUT does not keep it for whoever has the
// account next.
asio::awaitable<void> LiveRun::settle(std::string link) {
  auto stanzas = owed(*tracker_, link, workshop_.manners, view_of(link));
  const int connection = tracker_->connection(link);
  co_await say_beside(std::move(link), connection, std::move(stanzas));
}

// Takes leave of the SUT and reads what it still says: all that it does because of what it was
// sent comes before the end of its streams, so what has not come by then never will.
asio::awaitable<void> LiveRun::part() {
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
asio::awaitable<void> LiveRun::leave_between() {
  std::vector<std::string> leaving;
  for (const auto& [actor, party] : cast_.flow->actors) {
    if (cast_.between(actor) && connections_.reading(actor)) {
      const auto answer = co_await attachment_of(party).call(
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

}  // namespace parley::engine
