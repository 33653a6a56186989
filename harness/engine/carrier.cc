// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/carrier.h"

#include <utility>

#include "harness/engine/cast.h"

namespace parley::engine {

namespace asio = boost::asio;

asio::awaitable<void> carry_across(Tracker& tracker, Connections& connections,
                                   const std::function<void(Event)>& note) {
  while (const auto half = tracker.carries_next()) {
    auto octets = tracker.carry(*half);
    if (!octets) {
      note({.kind = Event::Kind::gave_up,
            .link = other_half(*half),
            .text = "what came cannot be carried across: " + octets.error().detail});
      co_return;
    }
    note({.kind = Event::Kind::sent, .link = *half, .octets = *octets});
    co_await connections.write(*half, std::move(*octets), {});
  }
  while (const auto half = tracker.ends_next()) {
    note({.kind = Event::Kind::ended, .link = *half});
    connections.end(*half, Ending::fin);
  }
}

}  // namespace parley::engine
