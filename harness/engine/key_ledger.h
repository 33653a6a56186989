// SPDX-License-Identifier: GPL-3.0-or-later
// What played users have published with a server under test, and what that hands out of it.
// Source: X3DH sections 3.2, 3.3 and 4.7: the server is not trusted with the keys that it keeps.
// What is kept is bounded by what was uploaded and asked for. Not thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/engine/breach.h"
#include "harness/engine/key_publication.h"
#include "harness/xml/tree.h"

namespace parley::engine {

class KeyLedger {
 public:
  // `breaches` must outlive it.
  explicit KeyLedger(Breaches& breaches) : breaches_(breaches) {}

  // A stanza of `owner`'s, a bare address, as it went out on `link`.
  void note_sent(const std::string& link, const std::string& owner, const xml::Element& stanza);
  // What came on `link`. Breaches: bundles-published, prekeys-handed-once.
  void note_came(const std::string& link, const xml::Element& stanza);

 private:
  struct Upload {
    std::string request;  // link and id
    StatedKeys lasting;
    std::vector<StatedKey> one_time;
  };

  void check(const std::string& link, const xml::Element& user);
  void check_one_time(const std::string& link, const std::string& owner, const xml::Element& user);

  Breaches& breaches_;
  std::map<std::string, std::vector<Upload>> uploads_;       // by owner; those not refused
  std::map<std::string, std::set<std::string>> handed_out_;  // one-time keys, by owner
  std::set<std::string> asked_;                              // link and id
};

}  // namespace parley::engine
