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
constexpr std::string_view kPadded = "padded:";
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

// Octets once, and others so often behind them.
struct OwnBody {
  Bytes first;
  Bytes octets;
  std::uint64_t times = 0;

  std::uint64_t size() const { return first.size() + octets.size() * times; }
};
std::optional<OwnBody> own_body(std::string_view text) {
  const bool padded = text.starts_with(kPadded);
  const auto parts = parts_of(text, padded ? kPadded : kRepeated);
  const auto times = parts ? number_in(parts->first) : std::nullopt;
  auto octets = times ? from_hex(parts->second) : Result<Bytes>(Bytes());
  if (!times || !octets || octets->empty() ||
      *times > kMostOctets / (padded ? 1 : octets->size())) {
    return std::nullopt;
  }
  return padded ? OwnBody{.first = std::move(*octets), .octets = Bytes(1, '\0'), .times = *times}
                : OwnBody{.first = {}, .octets = std::move(*octets), .times = *times};
}

Bytes sha256_of(const OwnBody& body) {
  const auto compute = [&]() -> Result<SecretBytes> {
    RepeatedOctets octets(body.octets, body.times);
    crypto::Sha256Stream digest;
    digest.update(body.first);
    for (auto piece = octets.next(); !piece.empty(); piece = octets.next()) {
      digest.update(piece);
    }
    return SecretBytes(digest.finish());
  };
  const auto known = crypto::remembered(
      "own-body-sha256", {body.first, body.octets, std::to_string(body.times)}, compute);
  return Bytes(known->reveal());
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
  return own_body(out)
             ? Result<std::string>(std::move(out))
             : fail(Errc::malformed, "what is repeated is octets in hex, and how often a number");
}

Result<std::string> padded_text(std::string_view hex, std::string_view zeros) {
  auto out = fmt::format("{}{}:{}", kPadded, zeros, hex);
  return own_body(out)
             ? Result<std::string>(std::move(out))
             : fail(Errc::malformed, "what is padded is octets in hex, and how far a number");
}

Result<LargeName> name_of(std::string_view text) {
  if (auto name = large_name(text)) {
    return std::move(*name);
  }
  const auto body = own_body(text);
  if (!body) {
    return fail(Errc::malformed, "this names no body that is too large to be held");
  }
  return LargeName{.length = body->size(), .sha256 = to_hex(sha256_of(*body))};
}

bool is_large(std::string_view text) {
  return text.starts_with(kLarge) || text.starts_with(kRepeated) || text.starts_with(kPadded);
}

LargeSource source_of(std::string_view text) {
  const auto body = own_body(text);
  if (!body) {
    return nullptr;
  }
  struct Reading {
    Bytes first;
    RepeatedOctets behind;
  };
  const auto reading = std::make_shared<Reading>(
      Reading{.first = body->first, .behind = RepeatedOctets(body->octets, body->times)});
  return [reading] {
    return reading->first.empty() ? reading->behind.next() : std::exchange(reading->first, {});
  };
}

LargeSource chunked(LargeSource body) {
  return [body = std::move(body), ended = false]() mutable -> Bytes {
    if (ended) {
      return {};
    }
    const auto piece = body();
    ended = piece.empty();
    return ended ? "0\r\n\r\n" : fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  };
}

}  // namespace parley::engine
