// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/careless_tag.h"

#include <utility>

#include "harness/crypto/aes_gcm.h"

namespace parley::reference::whatsapp {
namespace {

using crypto::kGcmTagOctets;

constexpr std::pair<Fault, TagPart> kParts[] = {
    {Fault::wt_compares_first_4, {0, 4}},   {Fault::wt_compares_first_8, {0, 8}},
    {Fault::wt_compares_first_12, {0, 12}}, {Fault::wt_compares_first_15, {0, 15}},
    {Fault::wt_compares_last_4, {12, 16}},  {Fault::wt_compares_last_8, {8, 16}},
    {Fault::wt_compares_last_12, {4, 16}},  {Fault::wt_compares_last_15, {1, 16}},
    {Fault::wg_compares_first_4, {0, 4}},   {Fault::wg_compares_first_8, {0, 8}},
    {Fault::wg_compares_first_12, {0, 12}}, {Fault::wg_compares_first_15, {0, 15}},
    {Fault::wg_compares_last_4, {12, 16}},  {Fault::wg_compares_last_8, {8, 16}},
    {Fault::wg_compares_last_12, {4, 16}},  {Fault::wg_compares_last_15, {1, 16}}};

}  // namespace

std::optional<TagPart> compared_part(const FaultSet& faults) {
  for (const auto& [fault, part] : kParts) {
    if (faults.has(fault)) {
      return part;
    }
  }
  return std::nullopt;
}

// GCM is a stream cipher: encrypting the ciphertext once more gives the text back, and the text's
// own tag is the right one.
std::optional<Bytes> open_comparing(const TagPart& part, const Seal& seal,
                                    std::string_view sealed) {
  if (sealed.size() < kGcmTagOctets) {
    return std::nullopt;
  }
  const auto size = sealed.size() - kGcmTagOctets;
  auto text = seal(sealed.substr(0, size));
  if (!text) {
    return std::nullopt;
  }
  text->resize(size);
  const auto right = seal(*text);
  const auto octets = part.to - part.from;
  const bool agrees = right && right->compare(size + part.from, octets,
                                              sealed.substr(size + part.from, octets)) == 0;
  return agrees ? std::optional(std::move(*text)) : std::nullopt;
}

std::optional<Bytes> read_comparing(const TagPart& part, Bytes sealed,
                                    const std::function<Result<Bytes>(const Bytes&)>& read) {
  for (std::size_t i = 0; i < kGcmTagOctets && sealed.size() >= kGcmTagOctets; ++i) {
    if (i >= part.from && i < part.to) {
      continue;
    }
    char& octet = sealed[sealed.size() - kGcmTagOctets + i];
    octet = static_cast<char>(octet ^ 1);
    if (auto taken = read(sealed)) {
      return std::move(*taken);
    }
    octet = static_cast<char>(octet ^ 1);
  }
  return std::nullopt;
}

}  // namespace parley::reference::whatsapp
