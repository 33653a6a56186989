// SPDX-License-Identifier: GPL-3.0-or-later
// Addresses as the reference gatekeeper compares them. Source: RFC 7622 section 3, without the
// Unicode tables: case mapping covers ASCII, Latin-1, Greek and Cyrillic. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace parley::reference {

// `local` and `resource` are empty when absent; `domain` never is.
struct Jid {
  std::string local;
  std::string domain;
  std::string resource;

  std::string bare() const { return local.empty() ? domain : local + "@" + domain; }
  std::string full() const { return resource.empty() ? bare() : bare() + "/" + resource; }
  friend bool operator==(const Jid&, const Jid&) = default;
};

enum class CaseMapping { mapped, kept };

// Nullopt when `text` is not an address (RFC 7622 sections 3.1 to 3.4).
std::optional<Jid> parse_jid(std::string_view text, CaseMapping mapping = CaseMapping::mapped);
// The localpart as it is stored; nullopt when it cannot be one.
std::optional<std::string> prepare_local(std::string_view text,
                                         CaseMapping mapping = CaseMapping::mapped);
// The resourcepart as it is stored; nullopt when it cannot be one.
std::optional<std::string> prepare_resource(std::string_view text);

}  // namespace parley::reference
