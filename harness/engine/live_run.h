// SPDX-License-Identifier: GPL-3.0-or-later
// One run of a case as it goes on: what is due is carried out, what comes is recorded, and every
// octet and event stands in the run's record. What to do next and when to stop the tracker says.
// live_run.cc: the run's course; live_run_steps.cc: what a step does; live_run_peers.cc: what
// played peers say beside the steps, and how they leave; live_run_services.cc: services over HTTP
// that the SUT asks. One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/cast.h"
#include "harness/engine/conductor.h"
#include "harness/engine/connections.h"
#include "harness/engine/kept_nodes.h"
#include "harness/engine/tracker.h"

namespace parley::engine {

namespace asio = boost::asio;

class LiveRun {
 public:
  using Clock = std::chrono::steady_clock;

  // `row`: the values that the flow may use beside its own.
  LiveRun(const CastRun& cast, Workshop& workshop, Transcript& transcript,
          std::map<std::string, std::string> row, Clock::time_point began,
          asio::any_io_executor executor);
  asio::awaitable<void> carry_out(bool soils);
  bool as_it_must() const;
  const RunRecord& record() const { return record_; }

 private:
  using milliseconds = std::chrono::milliseconds;

  milliseconds patience() const;
  Clock::time_point end_of_patience() const;
  void note(Event event);
  void spool(Event& event);
  void check_kept();
  void broken(std::string link, std::string text);
  Attachment& attachment_of(model::Party party) const;
  Attachment& home() const;
  asio::awaitable<bool> lease();
  asio::awaitable<bool> lease_for(std::string actor, model::Party party);
  bool leases(model::Party party) const;
  void locate_services();
  std::optional<std::string> woken_by() const;
  void hear_of(const std::string& user, const std::string& actor, model::Party party);
  asio::awaitable<bool> introduce();
  asio::awaitable<bool> tell_driver(nlohmann::json partner, std::string feature);
  bool open_services();
  bool open_media();
  bool open_service(const std::string& link, const std::string& name);
  nlohmann::json media_of(const std::string& actor) const;
  asio::awaitable<bool> introduce_partner();
  void enlist_with_partner(model::Party party, Identity& identity) const;
  nlohmann::json introduction(const std::string& secret) const;
  asio::awaitable<bool> introduce_gatekeeper();
  void take_notice(const std::string& actor, const std::string& method,
                   const nlohmann::json& params);
  asio::awaitable<void> follow();
  asio::awaitable<void> perform(const CastStep& step);
  void end(const CastStep& step);
  Connections::Admission admission(const std::string& link);
  Connections::Admission admission_to_service(const std::string& link);
  const crypto::Leaf& leaf_for(const std::string& host, const std::string& kind);
  asio::awaitable<void> wait_for(const CastStep* due);
  asio::awaitable<bool> something_until(Clock::time_point until);
  asio::awaitable<void> carry_across();
  asio::awaitable<void> dial(const CastStep& step, std::string link, std::string id);
  model::ConnectionEdit connection_edit(const CastStep& step);
  asio::awaitable<void> handshake(const CastStep& step);
  std::string evaluated(const std::string& text);
  asio::awaitable<bool> reach_service(const CastStep& step);
  asio::awaitable<void> send(const CastStep& step);
  void serve(const CastStep& step);
  void hang_up(const std::string& link, Ending how);
  void leave_refused();
  asio::awaitable<void> answer_request(Seen request);
  asio::awaitable<void> drive(const CastStep& step);
  // `given`: what the SUT has for it beyond what each answer may take.
  asio::awaitable<Result<nlohmann::json>> ask_driver(Attachment& driver, std::string method,
                                                     nlohmann::json params,
                                                     std::chrono::milliseconds given);
  bool listen(const std::string& name, nlohmann::json& params);
  asio::awaitable<void> answer_beside();
  PeerView view_of(const std::string& link);
  asio::awaitable<void> say_beside(std::string link, int connection,
                                   std::vector<xml::Element> stanzas);
  asio::awaitable<void> settle(std::string link);
  asio::awaitable<void> part();
  asio::awaitable<void> leave_between();
  asio::awaitable<void> finish(bool soils);

  // Of one run.
  static constexpr std::size_t kMaxNoticedOctets = 4 * 1024 * 1024;
  static constexpr std::size_t kEventOctets = 400;  // what a small event takes
  static constexpr std::size_t kMostServedHeld = 2 * 1024 * 1024;
  static constexpr int kMostWaits = 10;  // for one step, in patiences
  static constexpr std::size_t kOctetsAMillisecond = 100;
  static constexpr std::string_view kWebSocket = "websocket";
  // Methods of a client's driver: to connect, at once or once its own server has it woken.
  static constexpr std::string_view kConnect = "connect";
  static constexpr std::string_view kAwait = "await";
  static constexpr std::string_view kSync = "sync";
  static constexpr std::string_view kIdentityProof = "identity-proof";
  // In the certificate of a played gatekeeper's server.
  static constexpr std::string_view kGatekeeperName = "${setting.gatekeeper-name}";
  const CastRun& cast_;
  Workshop& workshop_;
  RunRecord& record_;
  Clock::time_point began_;
  asio::steady_timer wake_;
  std::function<void(Event)> note_ = [this](Event event) { note(std::move(event)); };
  Connections connections_;
  Rng rng_;
  std::optional<Tracker> tracker_;
  std::string partner_;   // the actor whose services Parley plays; empty for none
  bool serving_ = false;  // some service or other
  struct Leased {
    Identity identity;
    std::vector<Attachment*> told{};  // tell of the user, and are told when the run is over
  };
  std::vector<Leased> leased_;
  Clock::time_point last_event_ = Clock::now();
  bool lost_told_ = false;  // that octets could not be kept
  const CastStep* due_ = nullptr;
  Clock::time_point due_since_ = Clock::now();
  KeptNodes kept_;
  std::size_t noticed_ = 0;
  std::size_t served_ = 0;  // octets that services were sent
  std::size_t sent_ = 0;
};

}  // namespace parley::engine
