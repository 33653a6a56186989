// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/large_body.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "harness/base/repeated_octets.h"
#include "harness/crypto/digest_stream.h"
#include "harness/crypto/memo.h"

namespace parley::engine {
namespace {

constexpr std::string_view kLarge = "large:";
constexpr std::string_view kRepeated = "repeated:";
constexpr std::size_t kHashDigits = 64;
constexpr std::uint64_t kMostOctets = std::uint64_t{4} << 30U;  // of what a case may say

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(out)
                                                                         : std::nullopt;
}

// What stands before and behind the next colon.
std::optional<std::pair<std::string_view, std::string_view>> parts_of(std::string_view text,
                                                                      std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return std::nullopt;
  }
  text.remove_prefix(prefix.size());
  const auto colon = text.find(':');
  return colon == text.npos
             ? std::nullopt
             : std::optional(std::pair(text.substr(0, colon), text.substr(colon + 1)));
}

struct Repeated {
  Bytes octets;
  std::uint64_t times = 0;
};
std::optional<Repeated> repeated_of(std::string_view text) {
  const auto parts = parts_of(text, kRepeated);
  const auto times = parts ? number_in(parts->first) : std::nullopt;
  auto octets = times ? from_hex(parts->second) : Result<Bytes>(Bytes());
  if (!times || !octets || octets->empty() || *times > kMostOctets / octets->size()) {
    return std::nullopt;
  }
  return Repeated{.octets = std::move(*octets), .times = *times};
}

Bytes sha256_of(const Repeated& repeated) {
  const auto times = std::to_string(repeated.times);
  return Bytes(
      crypto::remembered("repeated-sha256", {repeated.octets, times}, [&]() -> Result<SecretBytes> {
        RepeatedOctets octets(repeated.octets, repeated.times);
        crypto::Sha256Stream digest;
        for (auto piece = octets.next(); !piece.empty(); piece = octets.next()) {
          digest.update(piece);
        }
        return SecretBytes(digest.finish());
      })->reveal());
}

}  // namespace

std::string to_string(const LargeName& name) {
  return fmt::format("{}{}:{}", kLarge, name.length, name.sha256);
}

std::optional<LargeName> large_name(std::string_view text) {
  const auto parts = parts_of(text, kLarge);
  const auto length = parts ? number_in(parts->first) : std::nullopt;
  if (!length || parts->second.size() != kHashDigits || !from_hex(parts->second)) {
    return std::nullopt;
  }
  return LargeName{.length = *length, .sha256 = std::string(parts->second)};
}

Result<std::string> repeated_text(std::string_view hex, std::string_view times) {
  auto out = fmt::format("{}{}:{}", kRepeated, times, hex);
  return repeated_of(out)
             ? Result<std::string>(std::move(out))
             : fail(Errc::malformed, "what is repeated is octets in hex, and how often a number");
}

Result<LargeName> name_of(std::string_view text) {
  if (auto name = large_name(text)) {
    return std::move(*name);
  }
  const auto repeated = repeated_of(text);
  if (!repeated) {
    return fail(Errc::malformed, "this names no body that is too large to be held");
  }
  return LargeName{.length = repeated->octets.size() * repeated->times,
                   .sha256 = to_hex(sha256_of(*repeated))};
}

bool is_large(std::string_view text) {
  return text.starts_with(kLarge) || text.starts_with(kRepeated);
}

LargeSource repeated_source(std::string_view text) {
  const auto repeated = repeated_of(text);
  if (!repeated) {
    return nullptr;
  }
  const auto octets = std::make_shared<RepeatedOctets>(repeated->octets, repeated->times);
  return [octets] { return octets->next(); };
}

}  // namespace parley::engine
