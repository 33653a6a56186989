// SPDX-License-Identifier: GPL-3.0-or-later
// The connections of one run, one at a time of a client actor: dialled or accepted, secured, read
// to their end. Each octet and each end becomes an event. What is written when, the conductor says.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/rng.h"
#include "harness/engine/large_body.h"
#include "harness/engine/transcript.h"
#include "harness/model/model.h"
#include "harness/net/stream.h"
#include "harness/net/websocket.h"

namespace parley::engine {

// How we end a connection.
enum class Ending { fin, reset };

// How the SUT is reached.
struct Way {
  net::Address to;
  bool tls = false;                            // from the first octet on
  std::optional<net::WebSocketRequest> web{};  // over a WebSocket
  net::TlsClientOptions trust{};               // with `tls`
  bool changed = false;  // by a case: what the SUT then refuses is no matter of reaching it
};

class Connections {
 public:
  struct Admission {
    enum class When { now, once_ended, never };  // once the connection that stands has ended
    When when = When::never;
    std::string step{};                          // that it carries out
    std::optional<net::TlsServerOptions> tls{};  // from the first octet on
  };
  // What the run has to say about them. All of it outlives the connections.
  struct Run {
    std::function<void(Event)> note;
    std::function<std::chrono::milliseconds()> patience;
    // Whether the next octets on a connection are a TLS handshake's.
    std::function<bool(const std::string& link)> handshake_next;
    // What becomes of a connection that the SUT begins on a link.
    std::function<Admission(const std::string& link)> admission;
    // Whether what came has grown beyond what one run may keep.
    std::function<bool()> too_much;
    // What a connection's own random octets are drawn from.
    std::function<Rng(const std::string& link)> rng;
    // How many octets more than kMaxReceivedOctets the SUT has reason to send.
    std::function<std::uint64_t()> expected = [] { return std::uint64_t{0}; };
  };
  using TlsOptions = std::variant<net::TlsClientOptions, net::TlsServerOptions>;

  Connections(boost::asio::any_io_executor executor, net::TlsContexts& tls, Run run)
      : executor_(executor), tls_(tls), run_(std::move(run)), idle_(executor) {}

  // Notes `dialled` or `unreachable`; of a WebSocket that the SUT does not open also `failed`, or
  // `deadline` when it falls silent. What was read before on this link has been noted by then.
  boost::asio::awaitable<void> dial(std::string link, std::string step, Way way);
  // Waits for the SUT on a port of the link's own, from the first call on, with an offer over a
  // WebSocket; notes `accepted`, for what is never admitted without a step, and as dial() what
  // becomes of the WebSocket. Errors: io.
  Result<net::Address> listen(const std::string& link, std::optional<net::WebSocketOffer> offer);
  // Lets in who waits, where what admission() says has changed.
  void let_in();
  // Notes `tls`, `tls_failed`, or `deadline` when the SUT falls silent.
  boost::asio::awaitable<void> handshake(std::string link, std::string step, TlsOptions options);
  // A step's octets, as `how` says: in segments, together with those of the steps that follow, in
  // frames of its own. A connection that breaks says so by itself. What is served with pauses goes
  // out while the run goes on, and ends its connection.
  boost::asio::awaitable<void> write(std::string link, Bytes octets, model::StreamEdit how);
  // What no step sends: at once, or behind what waits for a step to come; it is not counted as one.
  boost::asio::awaitable<void> write_beside(std::string link, Bytes octets);
  // What a service answers at such length goes out while the run goes on, and ends its connection.
  void write_large(const std::string& link, LargeSource body);
  bool has(const std::string& link) const;
  // Whether something is listening to what the SUT sends there.
  bool reading(const std::string& link) const;
  void end(const std::string& link, Ending how);
  // Until the SUT has ended these connections, or nothing came for as long as patience lasts.
  boost::asio::awaitable<void> read_to_the_end(std::vector<std::string> links);
  // Ends everything and waits for it: the run's frame may go then.
  boost::asio::awaitable<void> shut();

 private:
  struct Link {
    std::unique_ptr<net::Stream> stream;
    net::WebSocket* web = nullptr;               // the stream, when it is one
    std::unique_ptr<net::Listener> listener;     // when the SUT dials
    Bytes held{};                                // goes out with what follows
    std::size_t joined = 0;                      // steps, from the next one on, that go out at once
    std::optional<net::WebSocketOffer> offer{};  // to what the listener accepts
    std::unique_ptr<net::Stream> waiting{};      // was accepted and is not yet admitted
    std::uint64_t taken = 0;                     // of large bodies of ours
    bool served = false;  // under TLS from the first octet on: who says nothing has asked nothing
    bool ended = false;   // by us
    bool reading = false;
    bool pausing = false;
    int holders = 0;  // writes and handshakes under way, for which the stream stays until they end
  };
  // Holds a link's stream.
  class Hold {
   public:
    explicit Hold(Link& link) : link_(link) { ++link_.holders; }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { --link_.holders; }

   private:
    Link& link_;
  };

  void start_reading(const std::string& link);
  boost::asio::awaitable<void> read(std::string link);
  boost::asio::awaitable<void> pause_reading(std::string link);
  boost::asio::awaitable<void> hand_over(std::string link, Bytes octets, model::StreamEdit how);
  boost::asio::awaitable<void> drip(std::string link, Bytes octets, model::StreamEdit how);
  boost::asio::awaitable<void> pour(std::string link, LargeSource body);
  void end_served(const std::string& link);
  nlohmann::json taken_of(const std::string& link);
  std::chrono::milliseconds time_for(std::size_t octets, const model::StreamEdit& how) const;
  boost::asio::awaitable<void> shake_hands(std::string link, std::string step, TlsOptions options);
  // What waited for the link's stream to be free goes on.
  void let_go(const std::string& link);
  bool held(const std::string& link) const;
  boost::asio::awaitable<void> accept(std::string link);
  void admit(const std::string& link);
  boost::asio::awaitable<void> upgrade(std::string link, std::string step,
                                       std::unique_ptr<net::Stream> under);
  static void renew(Link& link, std::unique_ptr<net::Stream> stream);
  net::WebSocket& make_web(const std::string& link, std::unique_ptr<net::Stream> under,
                           wire::WebSocketRole role);
  // Notes how its opening handshake went; whether it is open.
  bool note_upgrade(const std::string& link, const std::string& step, const Result<void>& done,
                    std::chrono::steady_clock::time_point began,
                    std::chrono::milliseconds patience);
  // Whether a handshake that has failed took all the time that there is: silence refuses nothing.
  bool note_silence(const std::string& link, const std::string& step,
                    std::chrono::steady_clock::time_point began,
                    std::chrono::milliseconds patience);
  void note_deadline(const std::string& link, const std::string& step,
                     std::chrono::steady_clock::time_point began,
                     std::chrono::milliseconds patience);
  template <class Task>
  void spawn(const std::string& link, Task task);
  boost::asio::awaitable<void> wait(std::chrono::steady_clock::time_point until);

  static constexpr std::size_t kMaxReceivedOctets = 4 * 1024 * 1024;  // of one run
  static constexpr std::chrono::milliseconds kSegmentTurn{50};
  static constexpr int kMostPatience = 10;                 // for what is written in segments
  static constexpr std::chrono::seconds kLongestDrip{60};  // with pauses between them
  static constexpr std::size_t kReadOctets = 64;  // what each read counts beside its octets

  boost::asio::any_io_executor executor_;
  net::TlsContexts& tls_;
  Run run_;
  boost::asio::steady_timer idle_;  // cancelled whenever something happens
  std::map<std::string, Link> links_;
  std::size_t received_ = 0;
  int tasks_ = 0;
  bool shut_ = false;
};

}  // namespace parley::engine
