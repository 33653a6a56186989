// SPDX-License-Identifier: GPL-3.0-or-later
// The files that a client under test shares in OMEMO messages: what it uploads to the slots that it
// is given (XEP-0363), and what its messages say of that (XEP-0454). It sees all that is said, in
// order. Pure but for what it has seen: a replay finds the same. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/crypto/omemo/shared_file.h"
#include "harness/engine/breach.h"
#include "harness/engine/large_body.h"
#include "harness/engine/media_proof.h"
#include "harness/xml/tree.h"

namespace parley::engine {

class SharedFiles {
 public:
  // What it finds goes to `breaches`, which outlives it.
  explicit SharedFiles(Breaches& breaches) : breaches_(breaches) {}

  // A file that a user of the SUT's is told to send, in hex.
  void note_told(std::string_view file);
  // A body too large to be held that something names which comes next.
  void note_large(LargeBody body);
  // Whether one of those could not be kept, or not be read again: what was found of it is nothing.
  bool lost_octets() const { return lost_; }
  // Whatever came on `link`, a stanza or a request, before it is opened.
  void note_came(const std::string& link, const xml::Element& said);
  // What we said there.
  void note_said(const std::string& link, const xml::Element& said);
  // Of a text of the SUT's that came on `link` and was opened; `view` is its <opened/>. One that
  // shares a file gets `media`, its URL without the anchor, and `media-holds`: "yes" where what was
  // uploaded for that URL can be read, and its `media-sha256`; else why it cannot. The text that
  // the view shows is without the key.
  void describe(const std::string& link, const std::string& text, xml::Element& view);

 private:
  struct Came {
    std::string link;
    std::string text;
  };
  struct Known {
    SecretBytes key;
    Bytes iv;
    std::string url;
    std::vector<std::string> forms;  // in which the key may be found
  };

  void learn(const std::string& link, const crypto::omemo::SharedFile& file);
  void look_for_secrets(const Came& came);
  std::string without_secrets(std::string text) const;
  LyingFile body_of(const xml::Element& message) const;
  Bytes read(const LyingFile& file, std::size_t most);
  std::string holds(const crypto::omemo::SharedFile& file, xml::Element& view);

  Breaches& breaches_;
  std::vector<Known> keys_;
  std::vector<std::string> plain_;  // beginnings of files, in the forms to be looked for
  std::vector<Came> came_;          // for keys that are learned of later
  std::size_t came_octets_ = 0;
  std::map<std::string, std::string> slots_;  // where a file is got, by the path where it is put
  // What is put, and not yet answered: by link, the path and the octets.
  std::map<std::string, std::pair<std::string, LyingFile>> under_way_;
  std::map<std::string, std::shared_ptr<const Spool>> large_;  // what came of that, by its name
  bool lost_ = false;
  std::map<std::string, LyingFile> uploads_;  // what was taken, by the URL where it is got
};

}  // namespace parley::engine
