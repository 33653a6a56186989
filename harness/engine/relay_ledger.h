// SPDX-License-Identifier: GPL-3.0-or-later
// What played users have sent each other through a server under test, and what that delivers of it.
// Sources: Double Ratchet section 3.4 (what is sealed is one whole); observed client behaviour for
// what stands beside it. What is kept is bounded by what was sent. Not thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/engine/breach.h"
#include "harness/xml/tree.h"

namespace parley::engine {

class RelayLedger {
 public:
  // `breaches` must outlive it.
  explicit RelayLedger(Breaches& breaches) : breaches_(breaches) {}

  // A stanza of `sender`'s, a bare address, as it went out on `link`.
  void note_sent(const std::string& link, const std::string& sender, const xml::Element& stanza);
  // What came on `link`. Breaches: sealed-relayed, enc-kept, sealed-once, retries-relayed.
  void note_came(const std::string& link, const xml::Element& stanza);

 private:
  void check_message(const std::string& link, const xml::Element& message);
  void check_once(const std::string& link, const std::string& name, const xml::Element& message);
  void check_retry(const std::string& link, const xml::Element& receipt);

  Breaches& breaches_;
  std::map<std::string, int> logins_;  // by link
  // By sender and id. One that was asked for again goes out under its id once more.
  std::map<std::string, std::vector<xml::Element>> messages_;
  std::map<std::string, std::vector<xml::Element>> retries_;
  struct Delivered {
    int login = 0;
    bool acked = false;
  };
  // What came, by link, sender and id, then by what was sealed.
  std::map<std::string, std::map<std::string, Delivered>> delivered_;
};

}  // namespace parley::engine
