// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/interop.h"

#include <algorithm>

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kDomain = "@parley.invalid";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return out;
}

// wg-resolve-folds: without tags, and without what is not of ASCII.
std::string folded(std::string_view text) {
  std::string out;
  bool tag = false;
  for (const char c : text) {
    tag = (tag || (c == '+' && !out.empty())) && c != '@';
    if (!tag && static_cast<unsigned char>(c) < 0x80 && c != ' ') {
      out += c;
    }
  }
  return out;
}

// With the country's code, and without what people write to read it better.
std::string normal_number(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(" -./()").find(c) == std::string_view::npos) {
      out += c;
    }
  }
  return out.starts_with("00") ? "+" + out.substr(2) : out;
}

std::string normal_form(std::string_view text, const Partner& partner, const FaultSet& faults) {
  if (faults.has(Fault::wg_resolve_verbatim)) {
    return std::string(text);
  }
  const std::string kept = faults.has(Fault::wg_resolve_folds) ? folded(text) : std::string(text);
  return partner.identifier_type == "pn" ? normal_number(kept) : lower(kept);
}

// What stands between `before` and `after`, if that is a number as one writes it.
std::optional<std::string> number_in(std::string_view text, std::string_view before,
                                     std::string_view after) {
  if (!text.starts_with(before) || !text.ends_with(after) ||
      text.size() < before.size() + after.size()) {
    return std::nullopt;
  }
  const auto inner = text.substr(before.size(), text.size() - before.size() - after.size());
  const bool fits = is_number(inner) && inner.front() != '0';
  return fits ? std::optional(std::string(inner)) : std::nullopt;
}

std::optional<std::string> number_of(std::string_view normal, std::string_view type) {
  if (type == "email") {
    return number_in(normal, "u", kDomain);
  }
  return type == "pn" ? number_in(normal, "+", "") : number_in(normal, "u", "");
}

}  // namespace

const std::vector<Partner>& partners() {
  static const std::vector<Partner> all{{12, "Partner of mail", "active", "email"},
                                        {13, "Partner of numbers", "active", "pn"},
                                        {14, "Partner to come", "onboarding", "username"},
                                        {15, "Partner of old", "removed", "username"}};
  return all;
}

const Partner* find_partner(std::string_view id) {
  const auto found = std::ranges::find_if(
      partners(), [&](const Partner& one) { return std::to_string(one.id) == id; });
  return found == partners().end() ? nullptr : &*found;
}

std::optional<Identified> identified(std::string_view identifier, const Partner& partner,
                                     const FaultSet& faults) {
  const std::string normal = normal_form(identifier, partner, faults);
  auto number = number_of(normal, partner.identifier_type);
  for (const std::string_view type : {"email", "pn", "username"}) {
    if (!number && faults.has(Fault::wg_resolve_any_type)) {
      number = number_of(normal, type);
    }
  }
  if (!number) {
    return std::nullopt;
  }
  const bool raw = faults.has(Fault::wg_resolve_not_normalised);
  return Identified{.number = *number, .normalised = raw ? std::string(identifier) : normal};
}

Consent prepared_consent() {
  Consent out;
  for (const Partner& one : partners()) {
    if (one.status == "active") {
      out.partners.insert(one.id);
    }
  }
  out.terms_shown = true;
  out.terms_accepted = true;
  return out;
}

}  // namespace parley::reference::whatsapp
