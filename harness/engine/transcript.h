// SPDX-License-Identifier: GPL-3.0-or-later
// Every octet and event of one case, in order. Judging needs nothing else but the plan.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/engine/spool.h"
#include "harness/model/model.h"

namespace parley::engine {

struct Event {
  // dialled: our TCP connection stands (failed: it did not). accepted: the SUT's does; without a
  // step it is one that the flow does not ask for, and is not read.
  // sent, received: octets of the stream (inside TLS). tls: handshake done; tls_failed: not.
  // control: a Ping, Pong or Close frame of a WebSocket, `text` says which and whose.
  // serves: how a played service answers from then on (a step `answers`).
  // parting: we end our stream politely, to read what the SUT still says.
  // unreachable: we could not connect. gave_up: we ended it, because the SUT floods or does not
  // read. closed: the SUT ended the connection; failed: it broke; ended: we ended it. call, answer,
  // unsupported: driver requests. notice: what the driver told. deadline: nothing came in time for
  // `step`. broken: the harness could not go on.
  enum class Kind {
    dialled,
    unreachable,
    accepted,
    sent,
    received,
    control,
    tls,
    tls_failed,
    closed,
    failed,
    gave_up,
    ended,
    serves,
    parting,
    call,
    answer,
    unsupported,
    notice,
    deadline,
    broken
  };
  Kind kind = Kind::broken;
  std::int64_t at_us = 0;  // since the case began
  std::string link{};      // the client actor whose connection it is, or half of it (cast.h);
                           // "driver" for none
  std::string step{};      // the step that we carried out; empty for what came
  std::string octets{};    // sent, received, parting; a control frame's payload
  // received: how many octets lie in the run's spool, behind those of the events before, in place
  // of `octets`.
  std::uint64_t spooled = 0;
  std::string text{};  // reason, TLS version, driver method
  // Driver parameters; ended, closed, failed and gave_up: {"taken"}, how much of a large body was
  // taken until then; deadline:
  // {"waited_ms", "late_ms"}; dialled and accepted over a WebSocket:
  // {"request", "answer"}, the heads of its opening handshake.
  nlohmann::json data{};
};
std::string_view to_string(Event::Kind kind);

// One run of a flow within a case: "before" (does the SUT work), "twin" unchanged, "changed",
// "after" (does it still), or "plain" for a case without a change.
struct RunRecord {
  std::string name;
  // Empty for the case's own; otherwise the case that carried it out for others too.
  std::string origin{};
  std::map<std::string, std::string> values;  // the scope's values at the start
  std::vector<Event> events;
  // What came of bodies too large to be held; null: nothing, or it was let go.
  std::shared_ptr<Spool> spool{};
};

// A run's events as they came, in order, with what lies in the spool of each. Each event is valid
// until the next one is asked for.
class EventReader {
 public:
  explicit EventReader(const RunRecord& record) : record_(record) {}
  const Event& whole(const Event& event);
  // Whether there were fewer octets than an event has spooled: the disk has failed.
  bool lost_octets() const { return lost_; }
  // Whether the octets of some event are gone.
  static bool lacks_octets(const RunRecord& record);

 private:
  const RunRecord& record_;
  std::uint64_t at_ = 0;  // in the spool
  bool lost_ = false;
  Event whole_;
};

struct Transcript {
  std::string case_id;
  std::uint64_t seed = 0;
  std::vector<model::Party> suts{};  // under test, when they are others than the case's own
  std::vector<RunRecord> runs;
};

nlohmann::json to_json(const Transcript& transcript);
// Of `suts` as a plan and a transcript hold them. Errors: malformed for what is no party.
nlohmann::json to_json(const std::vector<model::Party>& parties);
Result<std::vector<model::Party>> parties_from(const nlohmann::json& names);
// Errors: malformed with the part that is wrong.
Result<Transcript> transcript_from(const nlohmann::json& value);

}  // namespace parley::engine
