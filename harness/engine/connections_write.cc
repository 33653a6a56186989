// SPDX-License-Identifier: GPL-3.0-or-later
// How octets go out: at once, in segments, with pauses, in WebSocket frames of their own.
#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "harness/engine/connections.h"
#include "harness/engine/upgrade.h"

namespace parley::engine {

namespace asio = boost::asio;
using std::chrono::milliseconds;

asio::awaitable<void> Connections::write_beside(std::string name, Bytes octets) {
  auto& link = links_[name];
  if (link.joined > 0) {
    link.held += octets;
    co_return;
  }
  co_await write(std::move(name), std::move(octets), {});
}

// An answer that takes its time: who waits for it is the SUT.
asio::awaitable<void> Connections::drip(std::string name, Bytes octets, model::StreamEdit how) {
  {
    const Hold hold(links_[name]);
    co_await hand_over(name, std::move(octets), std::move(how));
  }
  end_served(name);
}

// Of what nobody takes any more no further piece is made.
asio::awaitable<void> Connections::pour(std::string name, LargeSource body) {
  {
    const Hold hold(links_[name]);
    for (auto piece = body(); !piece.empty() && reading(name) && !shut_; piece = body()) {
      links_[name].taken += piece.size();
      co_await hand_over(name, std::move(piece), {});
    }
  }
  end_served(name);
}

void Connections::end_served(const std::string& name) {
  if (reading(name) && !shut_) {
    run_.note({.kind = Event::Kind::ended, .link = name, .data = taken_of(name)});
    end(name, Ending::fin);
  }
}

// With what is under way just then: whoever ends the connection, it is no more than a piece.
nlohmann::json Connections::taken_of(const std::string& name) {
  const auto taken = links_[name].taken;
  return taken == 0 ? nlohmann::json() : nlohmann::json{{"taken", taken}};
}

// Each segment waits for its turn among all that this machine does.
milliseconds Connections::time_for(std::size_t octets, const model::StreamEdit& how) const {
  const auto segments = how.segment_octets == 0 ? 0 : octets / how.segment_octets;
  const auto most = run_.patience() * kMostPatience;
  return std::min<milliseconds>(
      run_.patience() + (kSegmentTurn + how.pause) * segments,
      how.pause.count() > 0 ? std::max<milliseconds>(most, kLongestDrip) : most);
}

asio::awaitable<void> Connections::hand_over(std::string name, Bytes octets,
                                             model::StreamEdit how) {
  auto& link = links_[name];
  auto* stream = link.stream.get();
  // Not with_deadline: a write nearly always ends at once, and there are very many.
  const auto under_way = std::make_shared<bool>(true);
  asio::steady_timer guard(executor_, time_for(octets.size(), how));
  guard.async_wait([this, stream, name, under_way](boost::system::error_code error) {
    if (!error && *under_way) {
      // Of a service's answer it reads as much as it likes.
      const bool served = links_[name].served;
      links_[name].ended = served;
      run_.note({.kind = served ? Event::Kind::ended : Event::Kind::gave_up,
                 .link = name,
                 .text = "the SUT does not read",
                 .data = taken_of(name)});
      stream->reset();
    }
  });
  if (how.web_socket && link.web == nullptr) {
    run_.note({.kind = Event::Kind::broken,
               .link = name,
               .text = "the change is about a WebSocket, and the connection is none"});
  } else if (how.web_socket) {
    auto frames = web_frames(*how.web_socket, std::exchange(octets, {}));
    (void)co_await link.web->write_frames(std::move(frames), web_masking(*how.web_socket));
  }
  const std::size_t size = how.segment_octets == 0 ? octets.size() : how.segment_octets;
  asio::steady_timer pause(executor_);
  for (std::size_t at = 0; at < octets.size(); at += size) {
    if (at > 0 && how.pause.count() > 0) {
      pause.expires_after(how.pause);
      co_await pause.async_wait(asio::use_awaitable);
    }
    // When it fails the reader sees the end of the connection and says so.
    if (shut_ || !co_await stream->write(octets.substr(at, size))) {
      break;
    }
  }
  *under_way = false;
}

}  // namespace parley::engine
