// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/media/large_media.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/crypto/digest.h"
#include "harness/crypto/memo.h"

namespace parley::crypto::media {
namespace {

// Where octets of a file are bent: those from one place up to another are left out or, of the
// first, a bit is turned.
struct Bend {
  enum class How { flip, drop };
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  How how = How::flip;
};
// `octets`: of the file, its MAC among them.
using Bends = std::optional<Bend> (*)(std::uint64_t octets);
using Describes = void (*)(MediaDescription& description);

struct Row {
  MediaForgery forgery;
  Bends bend = nullptr;
  Describes describe = nullptr;
};

std::optional<Bend> in_the_middle(std::uint64_t octets) {
  return Bend{.from = octets / 2, .to = octets / 2 + 1};
}
std::optional<Bend> at_the_end(std::uint64_t octets) {
  return Bend{.from = octets - 1, .to = octets};
}
std::optional<Bend> last_block(std::uint64_t octets) {
  const auto end = octets - kMediaMacOctets;
  return Bend{.from = end - kCbcBlockOctets, .to = end, .how = Bend::How::drop};
}

constexpr std::string_view kMac = "observed clients: HMAC-SHA-256(iv | ciphertext)[:10]";
constexpr std::string_view kHash = "observed clients: fileSha256";
constexpr std::string_view kSidecarForgery = "large-sidecar-bit";
constexpr std::string_view kSidecar = "observed: streamingSidecar";
using R = MediaRefusal;

constexpr std::array kRows{
    Row{{"large-mac-bit", kMac, "a bit of the last octet of all, the hash renewed", R::mac},
        at_the_end},
    Row{{"large-middle-bit", kMac, "a bit in the middle, the hash renewed", R::mac}, in_the_middle},
    Row{{"large-block-dropped", kMac, "the last block before the MAC missing, the hash renewed",
         R::mac},
        last_block},
    Row{{"large-hash-bit", kHash, "a bit of the plaintext's hash", R::hash},
        nullptr,
        [](MediaDescription& description) {
          auto& last = description.file_sha256->back();
          last = static_cast<char>(last ^ 1);
        }},
    Row{{kSidecarForgery, kSidecar, "a bit of its last entry", R::sidecar, MediaAcceptance::legal},
        nullptr,
        [](MediaDescription& description) {
          auto& last = description.sidecar->back();
          last = static_cast<char>(last ^ 1);
        }},
};

const Row* row_of(std::string_view name) {
  const auto* at = std::ranges::find(kRows, name, [](const Row& row) { return row.forgery.name; });
  return at == kRows.end() ? nullptr : at;
}

// Bends a piece of the file that begins at `at`.
void bend(const std::string& forgery, std::uint64_t octets, std::uint64_t at, Bytes& piece) {
  const auto* row = row_of(forgery);
  const auto bent = row == nullptr || row->bend == nullptr ? std::nullopt : row->bend(octets);
  const auto end = at + piece.size();
  if (!bent || bent->to <= at || bent->from >= end) {
    return;
  }
  const auto from = static_cast<std::size_t>(std::max(bent->from, at) - at);
  const auto to = static_cast<std::size_t>(std::min(bent->to, end) - at);
  switch (bent->how) {
    case Bend::How::flip:
      piece[from] = static_cast<char>(piece[from] ^ 1);
      break;
    case Bend::How::drop:
      piece.erase(from, to - from);
      break;
  }
}

// Only what is played piece by piece has a sidecar.
bool streams(MediaKind kind) { return kind == MediaKind::video || kind == MediaKind::audio; }

std::uint64_t encrypted_octets(std::uint64_t plain) {
  return (plain / kCbcBlockOctets + 1) * kCbcBlockOctets + kMediaMacOctets;
}

Result<MediaKeys> checked(const LargeMedia& file) {
  if (!file.forgery.empty() && row_of(file.forgery) == nullptr) {
    std::vector<std::string> known;
    for (const auto& row : kRows) {
      known.emplace_back(row.forgery.name);
    }
    return fail(Errc::not_found, unknown_name("forgery of a large file", file.forgery, known));
  }
  if (file.octets.empty() || file.times == 0) {
    return fail(Errc::malformed, "a large file needs a plaintext");
  }
  if (file.forgery == kSidecarForgery && !streams(file.kind)) {
    return fail(Errc::malformed, "a file of that kind has no sidecar");
  }
  return expand(file.media_key, file.kind);
}

}  // namespace

std::span<const MediaForgery> large_media_forgeries() {
  static const std::vector<MediaForgery> list = [] {
    std::vector<MediaForgery> out;
    for (const auto& row : kRows) {
      out.push_back(row.forgery);
    }
    return out;
  }();
  return list;
}

namespace {

Result<LargeMediaFacts> read_through(const LargeMedia& file) {
  const auto keys = checked(file);
  auto encryptor = keys ? MediaEncryptor::make(
                              *keys, streams(file.kind) ? SidecarWanted::yes : SidecarWanted::no)
                        : Result<MediaEncryptor>(std::unexpected(keys.error()));
  if (!encryptor) {
    return std::unexpected(encryptor.error());
  }
  RepeatedOctets plain(file.octets, file.times);
  const auto octets = encrypted_octets(plain.size());
  const auto* row = row_of(file.forgery);
  LargeMediaFacts out;
  std::optional<Sha256Stream> bent;  // what lies there, where that is not what was encrypted
  if (row != nullptr && row->bend != nullptr) {
    bent.emplace();
  }
  std::uint64_t at = 0;
  const auto lies = [&](Bytes& piece) {
    const auto next = at + piece.size();
    if (bent) {
      bend(file.forgery, octets, at, piece);
      bent->update(piece);
    }
    at = next;
    out.octets += piece.size();
  };
  Bytes ready;
  for (auto piece = plain.next(); !piece.empty(); piece = plain.next()) {
    if (const auto done = encryptor->update(piece, ready); !done) {
      return std::unexpected(done.error());
    }
    lies(ready);
  }
  auto description = encryptor->finish(ready);
  if (!description) {
    return std::unexpected(description.error());
  }
  out.mac = ready.substr(ready.size() - kMediaMacOctets);
  lies(ready);
  out.description = std::move(*description);
  out.plain_sha256 = *out.description.file_sha256;
  if (bent) {
    out.description.file_enc_sha256 = bent->finish();
  }
  out.sha256 = *out.description.file_enc_sha256;
  if (row != nullptr && row->describe != nullptr) {
    row->describe(out.description);
  }
  return out;
}

// As the memo keeps them.
Bytes packed(const LargeMediaFacts& facts) {
  return *facts.description.file_sha256 + *facts.description.file_enc_sha256 + facts.sha256 +
         facts.plain_sha256 + facts.mac +
         fmt::format("{} {} ", *facts.description.file_length, facts.octets) +
         facts.description.sidecar.value_or("");
}
LargeMediaFacts unpacked(std::string_view text) {
  const auto next = [&text](std::size_t count) {
    const Bytes out(text.substr(0, count));
    text.remove_prefix(count);
    return out;
  };
  const auto number = [&] {
    const auto digits = next(text.find(' '));
    text.remove_prefix(1);
    return std::stoull(digits);
  };
  LargeMediaFacts out;
  out.description.file_sha256 = next(kSha256Octets);
  out.description.file_enc_sha256 = next(kSha256Octets);
  out.sha256 = next(kSha256Octets);
  out.plain_sha256 = next(kSha256Octets);
  out.mac = next(kMediaMacOctets);
  out.description.file_length = number();
  out.octets = number();
  if (!text.empty()) {
    out.description.sidecar = Bytes(text);
  }
  return out;
}

}  // namespace

Result<LargeMediaFacts> facts_of(const LargeMedia& file) {
  const auto known = remembered("large-media",
                                {file.octets, std::to_string(file.times), file.media_key.reveal(),
                                 to_string(file.kind), file.forgery},
                                [&]() -> Result<SecretBytes> {
                                  const auto facts = read_through(file);
                                  return facts ? Result<SecretBytes>(SecretBytes(packed(*facts)))
                                               : std::unexpected(facts.error());
                                });
  return known ? Result<LargeMediaFacts>(unpacked(known->reveal()))
               : std::unexpected(known.error());
}

LargeMediaStream::LargeMediaStream(const LargeMedia& file, CbcStream cipher, Bytes mac)
    : forgery_(file.forgery),
      plain_(file.octets, file.times),
      cipher_(std::move(cipher)),
      mac_(std::move(mac)),
      octets_(encrypted_octets(plain_.size())) {}

Result<LargeMediaStream> LargeMediaStream::make(const LargeMedia& file,
                                                const LargeMediaFacts& facts) {
  const auto keys = checked(file);
  auto cipher = keys ? CbcStream::make({.key = keys->cipher, .iv = keys->iv}, CbcDirection::encrypt)
                     : Result<CbcStream>(std::unexpected(keys.error()));
  if (!cipher) {
    return std::unexpected(cipher.error());
  }
  return LargeMediaStream(file, std::move(*cipher), facts.mac);
}

Bytes LargeMediaStream::next() {
  Bytes out;
  while (out.empty() && !ended_) {
    const auto piece = plain_.next();
    ended_ = piece.empty();
    // Neither fails on text of any length.
    (void)(ended_ ? cipher_.finish(out) : cipher_.update(piece, out));
    out += ended_ ? mac_ : Bytes();
    const auto at = std::exchange(at_, at_ + out.size());
    bend(forgery_, octets_, at, out);
  }
  return out;
}

}  // namespace parley::crypto::media
