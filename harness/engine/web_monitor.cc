// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/web_monitor.h"

#include <algorithm>
#include <map>
#include <string>

#include "harness/base/text.h"
#include "harness/engine/upgrade.h"
#include "harness/wire/websocket_frame.h"

namespace parley::engine {
namespace {

using net::WebSocketSide;
using wire::WebSocketOpcode;

bool is_control(const Event& event, WebSocketSide side, WebSocketOpcode kind) {
  return event.kind == Event::Kind::control && event.text == control_text(side, kind);
}

bool ended_by_sut(const Event& event) {
  return event.kind == Event::Kind::closed || event.kind == Event::Kind::failed;
}

// Whether what was said before on the event's link counts no more: we have ended it, or it is new.
bool begins_anew(const Event& event) {
  return event.kind == Event::Kind::ended || begins_connection(event);
}

Finding found(std::string monitor, std::string reason, const Event& event) {
  return {.monitor = std::move(monitor),
          .reason = std::move(reason),
          .came = event.text.empty() ? "the connection was closed" : printable(event.text, 200)};
}

}  // namespace

std::optional<Finding> ping_answered(const Watched& watched) {
  struct Open {
    Bytes payload;
    bool more = false;  // the SUT went on after it
  };
  std::map<std::string, Open> open;  // the last Ping of each link
  for (const auto& event : watched.record.events) {
    if (!watched.about(event)) {
      continue;
    }
    const auto at = open.find(event.link);
    if (begins_anew(event)) {
      open.erase(event.link);
    } else if (is_control(event, WebSocketSide::ours, WebSocketOpcode::ping)) {
      open[event.link] = {.payload = event.octets};
    } else if (at == open.end()) {
      continue;
    } else if (is_control(event, WebSocketSide::theirs, WebSocketOpcode::pong) &&
               event.octets == at->second.payload) {
      open.erase(at);
    } else if (event.kind == Event::Kind::received) {
      at->second.more = true;
    } else if (ended_by_sut(event) && at->second.more) {
      return found("websocket-ping", "the SUT did not answer a Ping", event);
    }
  }
  return std::nullopt;
}

std::optional<Finding> close_answered(const Watched& watched) {
  std::map<std::string, bool> open;  // links on which we have closed and the SUT has not
  const auto normal = wire::close_payload(wire::kCloseNormal);
  for (const auto& event : watched.record.events) {
    if (!watched.about(event)) {
      continue;
    }
    if (begins_anew(event)) {
      open.erase(event.link);
    } else if (is_control(event, WebSocketSide::ours, WebSocketOpcode::close)) {
      open.try_emplace(event.link, event.octets == normal);  // ours may be the answer
    } else if (is_control(event, WebSocketSide::theirs, WebSocketOpcode::close)) {
      open[event.link] = false;
    } else if (ended_by_sut(event) && open[event.link]) {
      return found("websocket-close", "the SUT ended the connection without answering Close",
                   event);
    }
  }
  return std::nullopt;
}

}  // namespace parley::engine
