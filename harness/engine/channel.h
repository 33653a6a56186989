// SPDX-License-Identifier: GPL-3.0-or-later
// One connection's way between octets and stanzas: the framing, the cryptography and the stanza
// form that a profile's `wire` names. No I/O: a replay that gives a channel the same values and
// octets gets the same stanzas. Not thread safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/engine/expression.h"
#include "harness/engine/large_body.h"
#include "harness/model/model.h"
#include "harness/xml/reader.h"

namespace parley::engine {

// What a change does to one message on its way down, by layer; everything above a layer is built
// honestly first. An empty function changes nothing.
struct Edits {
  std::function<Result<void>(xml::Element&)> stanza{};
  std::function<Result<void>(xml::Element&)> handshake{};  // a handshake message's fields, as hex
  std::function<Result<Bytes>(Bytes)> bytes{};             // the stanza's or the message's octets
  std::function<Result<Bytes>(Bytes)> frame{};  // the frame, encrypted and with its length
  int counter = 0;                              // added to the frame's counter
  // Of an HTTP request: whether it is proved before the change to the stanza or after it.
  model::StanzaEdit::Proof proof = model::StanzaEdit::Proof::before;
};

// What a reader makes of octets: it has taken them, waits for more of them, or cannot take them.
enum class Reading { whole, waiting, broken };

class Channel {
 public:
  virtual ~Channel() = default;
  // What the SUT sent, in any segmentation.
  virtual std::vector<xml::Item> received(std::string_view octets) = 0;
  // The octets that say `element` as `form` has it. What depends on the messages before (counters,
  // keys) moves on with sent() only.
  virtual Result<Bytes> write(const model::MessageForm& form, xml::Element element,
                              const Edits& edits) = 0;
  // What was sent on it, in order; returns the stanzas in it that can be read.
  virtual std::vector<xml::Item> sent(std::string_view octets) = 0;
  // What a strict reader would make of the octets that say a message of that kind, whatever a
  // change has made of them. Frames say themselves where they end.
  virtual Reading reads(model::MessageForm::Kind /*kind*/, std::string_view /*octets*/) const {
    return Reading::whole;
  }
  // A new stream begins on the same connection.
  virtual void restart() {}
  // Whether a stream is under way that may be ended politely. `opened`: both sides have opened one,
  // where the profile's forms say so.
  virtual bool may_end(bool opened) const { return opened; }
  // Whether nothing is owed by either side, so that the connection's end says nothing.
  virtual bool idle() const { return false; }
  // What the SUT has said by ending the connection, where that completes a message.
  virtual std::vector<xml::Item> ended() { return {}; }
  // The bodies too large to be held of what received() and ended() gave last, which names them.
  virtual std::vector<LargeBody> take_large() { return {}; }
  // What the last write() said of a body that follows its octets; empty: none does.
  virtual std::string said_large() const { return ""; }
};

// Which end of the connection is ours.
enum class Side { client, server };

// `label` tells connections apart. `profile` and `scope` outlive the channel: keys are drawn from
// it, and `noise.now` and the like are its values.
std::unique_ptr<Channel> make_channel(const model::Profile& profile, Side side,
                                      const std::string& label, const Scope& scope);

}  // namespace parley::engine
