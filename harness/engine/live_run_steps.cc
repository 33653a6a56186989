// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "harness/engine/call_proof.h"
#include "harness/engine/handshake.h"
#include "harness/engine/live_run.h"
#include "harness/engine/noise_handshake.h"
#include "harness/engine/upgrade.h"
#include "harness/model/setting.h"
#include "harness/net/http_url.h"

namespace parley::engine {

using model::Step;

namespace {

std::string endpoint_of(const CastStep& step) {
  const auto at = step.step.with.find("endpoint");
  return at == step.step.with.end() ? "starttls" : at->second.front();
}

constexpr std::string_view kNoTls = "none";  // of the versions of TLS
constexpr std::string_view kNoCertificate = "none";

Result<Way> plain_way(const std::string& declared) {
  auto address = net::parse_address(declared);
  return address ? Result<Way>(Way{.to = std::move(*address)}) : std::unexpected(address.error());
}

// Of "https://HOST:PORT": what follows is the profile's.
Result<Way> service_way(const std::string& service, const std::string& declared) {
  const auto url = net::parse_http_url(declared);
  if (!url || url->target != "/") {
    return fail(Errc::malformed,
                fmt::format("the endpoint '{}' is not declared as https://HOST:PORT", service));
  }
  Way way{.to = {.host = url->host, .port = url->port},
          .tls = url->scheme == net::HttpUrl::Scheme::https};
  way.trust.host = url->host;
  return way;
}

}  // namespace

void LiveRun::end(const CastStep& step) {
  const auto how = step.step.with.find("how");
  const bool reset = how != step.step.with.end() && evaluated(how->second.front()) == "reset";
  note({.kind = Event::Kind::ended, .link = step.link, .step = step.step.id});
  connections_.end(step.link, reset ? Ending::reset : Ending::fin);
}

Connections::Admission LiveRun::admission(const std::string& link) {
  using When = Connections::Admission::When;
  if (cast_.serves(link)) {
    return admission_to_service(link);
  }
  const auto* step = tracker_->connection_to_come(link);
  if (step == nullptr || tracker_->call_to_come(link) != nullptr) {
    return {.when = When::never};
  }
  return {.when = tracker_->may_connect(link) ? When::now : When::once_ended,
          .step = step->step.id};
}

asio::awaitable<void> LiveRun::dial(const CastStep& step, std::string link, std::string id) {
  const auto wanted = endpoint_of(step);
  const auto declared = home().endpoint(wanted);
  const auto edit = connection_edit(step);
  auto way = wanted == kWebSocket ? web_way(*cast_.profile, declared, edit) : plain_way(declared);
  if (!way) {
    note(
        {.kind = Event::Kind::unsupported,
         .link = link,
         .text = fmt::format("the endpoint '{}' is not declared: {}", wanted, way.error().detail)});
    co_return;
  }
  way->trust = tls_client(edit, home().ca_pem(), record_.values["domain"]);
  co_await connections_.dial(std::move(link), std::move(id), std::move(*way));
}

// What the change says of this step's connection; nothing when it is about something else.
model::ConnectionEdit LiveRun::connection_edit(const CastStep& step) {
  const auto* edit = step.changed && cast_.change != nullptr
                         ? std::get_if<model::ConnectionEdit>(&cast_.change->edit)
                         : nullptr;
  model::ConnectionEdit out = edit == nullptr ? model::ConnectionEdit{} : *edit;
  for (auto* text : {&out.certificate, &out.tls_min, &out.tls_max}) {
    *text = evaluated(*text);
  }
  for (auto& [what, value] : out.upgrade) {
    value = evaluated(value);
  }
  return out;
}

asio::awaitable<void> LiveRun::handshake(const CastStep& step) {
  const auto offer = connection_edit(step);
  if (cast_.dials(step.link)) {
    auto options = tls_client(offer, home().ca_pem(), record_.values["domain"]);
    co_await connections_.handshake(step.link, step.step.id, std::move(options));
    co_return;
  }
  auto options = tls_server(offer, leaf_for(workshop_.domain, offer.certificate));
  co_await connections_.handshake(step.link, step.step.id, std::move(options));
}

const crypto::Leaf& LiveRun::leaf_for(const std::string& host, const std::string& name) {
  const auto kind = leaf_kind(name);
  auto [leaf, fresh] = workshop_.leaves.try_emplace({host, kind});
  if (fresh) {
    if (auto issued = workshop_.authority.issue(host, kind)) {
      leaf->second = std::move(*issued);
    }
  }
  return leaf->second;
}

std::string LiveRun::evaluated(const std::string& text) {
  return evaluate(text, tracker_->scope(), "change").value_or(text);
}

// A connection of its own for each request over HTTP: a server may end an idle one whenever it
// likes (RFC 9112 section 9.5), and what is sent meanwhile would look refused. False, and noted,
// when the service cannot be reached.
asio::awaitable<bool> LiveRun::reach_service(const CastStep& step) {
  const auto service = service_of(step.link);
  if (service.empty() || !cast_.dials(step.link)) {
    co_return true;
  }
  if (connections_.reading(step.link)) {
    note({.kind = Event::Kind::ended, .link = step.link});
    connections_.end(step.link, Ending::fin);
  }
  const auto& offers = attachment_of(cast_.profile->services.at(service));
  auto way = service_way(service, offers.endpoint(service));
  if (!way) {
    note({.kind = Event::Kind::unsupported, .link = step.link, .text = way.error().detail});
    co_return false;
  }
  const auto edit = connection_edit(step);
  way->trust = tls_client(edit, offers.ca_pem(), way->trust.host);
  way->tls = way->tls && edit.tls_max != kNoTls;
  way->changed = !edit.tls_max.empty() || !edit.certificate.empty();
  if (knows_callers_by_certificate(*cast_.profile) && edit.certificate != kNoCertificate) {
    const auto name = model::with_settings(std::string(kGatekeeperName), *cast_.profile);
    const auto& own = leaf_for(name, edit.certificate.empty() ? "client-only" : edit.certificate);
    way->trust.chain_pem = own.chain_pem;
    way->trust.key_pem = own.key_pem;
  }
  co_await connections_.dial(step.link, way->changed ? step.step.id : "", std::move(*way));
  co_return connections_.reading(step.link);
}

asio::awaitable<void> LiveRun::send(const CastStep& step) {
  if (!co_await reach_service(step)) {
    co_return;
  }
  auto message = tracker_->compose(step);
  if (!message || !connections_.has(step.link)) {
    broken(step.link, message ? "nothing to send on" : message.error().detail);
    co_return;
  }
  note({.kind = Event::Kind::sent,
        .link = step.link,
        .step = step.step.id,
        .octets = message->octets,
        .text = message->large});
  co_await connections_.write(step.link, std::move(message->octets), message->stream);
  if (message->body) {
    connections_.write_large(step.link, std::move(message->body));
    co_return;
  }
  // Which ends by itself once all of it is out, or stays.
  const bool slow = message->stream.stall_after || message->stream.pause.count() > 0;
  if (message->then_end || (cast_.serves(step.link) && !slow)) {
    const auto* edit =
        message->then_end ? std::get_if<model::ConnectionEdit>(&cast_.change->edit) : nullptr;
    hang_up(step.link, edit != nullptr && edit->end == "reset" ? Ending::reset : Ending::fin);
  }
}

void LiveRun::hang_up(const std::string& link, Ending how) {
  note({.kind = Event::Kind::ended, .link = link});
  connections_.end(link, how);  // what waits may begin with it
}

// What the SUT has refused and left standing is ours to end.
void LiveRun::leave_refused() {
  for (const auto& [actor, party] : cast_.flow->actors) {
    if (tracker_->turned_away(actor) && connections_.reading(actor)) {
      hang_up(actor, Ending::fin);
    }
  }
}

// The SUT's user does something, or the SUT itself about the third party of this run.
asio::awaitable<void> LiveRun::drive(const CastStep& step) {
  nlohmann::json params = nlohmann::json::object();
  if (!model::is_server(cast_.flow->actors.at(step.link))) {
    params["user"] = record_.values[step.link + ".user"];
  } else if (!partner_.empty()) {
    params["integrator"] = std::stoi(record_.values[partner_ + ".integrator"]);
  }
  for (const auto& [field, alternatives] : step.step.with) {
    auto value = evaluate_row(alternatives.front(), tracker_->scope(), step.step.id + "/" + field);
    if (!value) {
      broken(step.link, value.error().detail);
      co_return;
    }
    // "media/kind": a member of what is called so.
    params[nlohmann::json::json_pointer("/" + field)] =
        step.step.unquoted.contains(field) ? nlohmann::json::parse(*value, nullptr, false)
                                           : nlohmann::json(*value);
  }
  const bool waits = step.step.form == kAwait;
  if ((waits || step.step.form == kConnect) && !listen(step.link, params)) {
    co_return;
  }
  if (const auto wake = record_.values.find(step.link + ".wake");
      waits && wake != record_.values.end()) {
    params["wake"] = wake->second;
  }
  note({.kind = Event::Kind::call,
        .link = step.link,
        .step = step.step.id,
        .text = step.step.form,
        .data = params});
  auto& driver = attachment_of(cast_.flow->actors.at(step.link));
  auto answer = co_await ask_driver(driver, step.step.form, std::move(params), step.step.within);
  if (answer) {
    note({.kind = Event::Kind::answer,
          .link = step.link,
          .step = step.step.id,
          .text = step.step.form,
          .data = answer->is_object() && !answer->empty() ? std::move(*answer) : nlohmann::json()});
  } else if (answer.error().code == Errc::unsupported) {
    note({.kind = Event::Kind::unsupported, .link = "driver", .text = answer.error().detail});
  } else if (serving_ && step.step.form == kSync && answer.error().code == Errc::timed_out &&
             co_await driver.call("describe", nlohmann::json::object(), patience())) {
    // Its driver works: the SUT is not done with its files.
    const auto waited = patience() * 2 + step.step.within;
    note({.kind = Event::Kind::deadline,
          .link = step.link,
          .step = step.step.id,
          .data = {{"waited_ms", waited.count()}, {"late_ms", 0}}});
  } else {
    broken("driver", fmt::format("driver method {}: {}", step.step.form, answer.error().detail));
  }
}

bool LiveRun::listen(const std::string& name, nlohmann::json& params) {
  std::optional<net::WebSocketOffer> offer;
  for (const auto& one : cast_.steps) {
    if (one.link == name && one.step.kind == Step::Kind::connect) {
      offer.reset();
      if (endpoint_of(one) == kWebSocket) {
        offer = web_offer(*cast_.profile, workshop_.domain, connection_edit(one));
      }
    }
  }
  if (const auto content = model::content_name(cast_.flow->content); !content.empty()) {
    params["content"] = content;
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
  params.emplace("password", record_.values[name + ".password"]);
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
  if (auto media = media_of(name); !media.is_null()) {
    params["media"] = std::move(media);
  }
  return true;
}

}  // namespace parley::engine
