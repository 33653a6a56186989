// SPDX-License-Identifier: GPL-3.0-or-later
// The lenient front of a faulty client: rewrites octets that the strict reader refuses into octets
// that it accepts, so that the message is shown after all. Each rule acts only under its fault.
// One front a stream; not thread safe. Nothing here is used by a client without faults.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/reference/faults.h"

namespace parley::reference {

class ClientFront {
 public:
  explicit ClientFront(const FaultSet& faults) : faults_(faults) {}

  // Whether any fault of `faults` needs a front.
  static bool needed(const FaultSet& faults);

  // Takes the next octets; what could still be part of a longer token is held back.
  Bytes rewrite(std::string_view octets);

  // A new stream begins.
  void restart();

 private:
  struct Open {
    std::string name;
    std::vector<std::string> prefixes;  // declared on this element
  };

  void mend_octets(std::string_view octets);
  bool take_token(Bytes& out);
  bool take_special(Bytes& out);
  bool skip_to(std::string_view end, bool keep, Bytes& out);
  bool take_doctype();
  bool take_tag(Bytes& out);
  bool take_text(Bytes& out);
  void start_tag(std::string_view tag, Bytes& out);
  void end_tag(std::string_view tag, Bytes& out);
  std::string mend_text(std::string_view text) const;
  bool mends_tags() const;
  bool declared(std::string_view prefix) const;

  FaultSet faults_;
  Bytes raw_;   // an incomplete UTF-8 sequence
  Bytes held_;  // mended octets of a token that is not complete
  std::vector<Open> open_;
  std::map<std::string, std::string, std::less<>> entities_;  // of an accepted DOCTYPE
};

}  // namespace parley::reference
