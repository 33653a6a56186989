// SPDX-License-Identifier: GPL-3.0-or-later
// What a run whose content is sealed asks of whoever seals it: correspondence.h by the stanzas of
// the binary dialect, relayed_talk.h where a server is under test between them, omemo_talk.h by
// those of XMPP. It sees all that is said, in order, and draws
// from the run's generator alone: a replay makes and reads the same octets. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/engine/breach.h"
#include "harness/engine/cast.h"
#include "harness/engine/expression.h"
#include "harness/engine/large_body.h"
#include "harness/engine/ports.h"
#include "harness/xml/tree.h"

namespace parley::engine {

// An address without a resource or a device: "491…:0@s.whatsapp.net" is the user's too.
std::string user_of(const std::string& jid);

class Conversations {
 public:
  // `values` is the run's scope at the start. Null where the flow's content goes in the clear or
  // nobody under test has a part in what is sealed.
  static std::unique_ptr<Conversations> of(const CastRun& run,
                                           const std::map<std::string, std::string>& values,
                                           const Rng& rng);
  Conversations() = default;
  Conversations(const Conversations&) = delete;
  Conversations& operator=(const Conversations&) = delete;
  virtual ~Conversations() = default;

  // What steps may refer to.
  virtual std::map<std::string, std::string> values() const = 0;
  // What the SUT's user writes, however short, and must never be seen in the clear.
  virtual void note_written(const std::string& text) = 0;
  // A file that it sends, and that must not either.
  virtual void note_file(std::string_view file) { static_cast<void>(file); }
  // What a message that comes next names.
  virtual void note_large(LargeBody body) { static_cast<void>(body); }
  // Whether octets of the SUT's that were to be looked at could not be kept here, or not be read
  // again: nothing can be said of them.
  virtual bool lost_octets() const { return false; }
  // Of a file of ours that a message names; null: there is none.
  virtual LargeSource file_named(const std::string& name) {
    static_cast<void>(name);
    return nullptr;
  }

  // What came from the SUT on `link`, with what can be read of it beside what stands there. What it
  // says of this itself is gone.
  virtual xml::Element opened(const std::string& link, const xml::Element& stanza) = 0;
  // The same of a stanza of ours as it went out.
  virtual xml::Element shown(const xml::Element& stanza) const = 0;

  // A stanza of a step that Parley sends, to be sealed.
  struct Letter {
    std::string step;
    std::string link;  // of the SUT's user to whom it goes
    xml::Element element;
    const model::Change* change = nullptr;  // of that step
  };
  // Before the last of what is returned honest ones have to go out. What is nothing to be sealed
  // stays as it is.
  virtual Result<std::vector<xml::Element>> seal(Letter letter, Scope& scope) = 0;

  // What went out on `link`, in clear.
  virtual void note_sent(const std::string& link, const xml::Element& stanza) = 0;
  // Of a changed answer to a request for keys: these are that user's from then on.
  virtual void note_changed(const std::string& link, const xml::Element& stanza) = 0;

  // A request for keys, by its id.
  struct Request {
    std::string link;
    std::string id;
  };
  // What the played server has to know to answer it; `this` must outlive the view.
  virtual void inform(const Request& request, PeerView& view) const = 0;

  // The first of each monitor.
  virtual const std::vector<Breach>& breaches() const = 0;
  // Whether somebody wrote that text, of ours or of the SUT's.
  virtual bool was_written(const std::string& text) const = 0;
  // How often a text may be shown: as often as it was sealed anew.
  virtual const std::map<std::string, int>& sealed_texts() const = 0;
};

}  // namespace parley::engine
