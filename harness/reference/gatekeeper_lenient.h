// SPDX-License-Identifier: GPL-3.0-or-later
// What stands before the strict reader when a fault makes a party lenient: it rewrites one kind of
// forbidden XML into something that the reader accepts, and leaves all else as it came.
// One front a stream; not thread safe.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"

namespace parley::reference {

// What is forgiven. All off: octets pass untouched.
struct Leniency {
  bool comments = false;
  bool instructions = false;
  bool doctype = false;
  bool invalid_utf8 = false;          // replaced by U+FFFD
  bool duplicate_attributes = false;  // the second is dropped
  bool unbound_prefixes = false;      // bound to urn:parley:unbound
  bool control_characters = false;    // dropped, as references too
  bool undefined_entities = false;    // taken as text
  bool mismatched_tags = false;
  bool text_between = false;  // character data between stanzas is dropped
  bool cdata_dropped = false;
  bool prefixes_unknown = false;      // "c:body" becomes "c-body"
  bool double_quotes_unread = false;  // the first attribute in double quotes ends them

  bool any() const;
};

class LenientFront {
 public:
  // Takes effect from the next token on.
  void forgive(Leniency leniency) { leniency_ = leniency; }
  // Octets for the reader; those of a token that has not ended are held back.
  Bytes filter(std::string_view octets);
  // A new stream begins.
  void restart();
  // The reader was given a stream header that did not pass through here.
  void assume_header();

 private:
  struct Open {
    std::string name;
    std::set<std::string, std::less<>> prefixes;
  };
  std::size_t token_length() const;  // 0: not whole yet
  void take_markup(std::string_view token, Bytes& out);
  void start_tag(std::string_view token, Bytes& out);
  void end_tag(std::string_view token, Bytes& out);
  void text(std::string_view run, Bytes& out);
  bool bound(std::string_view prefix) const;
  Bytes mend(std::string_view octets) const;

  Leniency leniency_;
  Bytes held_;
  std::vector<Open> open_;
};

// The end tags that would complete the octets of an unfinished stanza.
std::string missing_end_tags(std::string_view partial);

}  // namespace parley::reference
