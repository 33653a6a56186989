// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::media, the sidecar of a file. Input: two octets (how large the file is, see
// size_of()), one (the size of the pieces that it comes in), three (the bit that is turned), then
// what the file repeats.
// Oracles: in pieces and at once the entries are the same, and those of the rule, reckoned here; a
// turned bit of the file is noticed by the entries that cover it and by no other, one of the
// sidecar by its entry; a part that is longer or shorter is not as the sidecar says.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/crypto/digest.h"
#include "harness/crypto/media/media_stream.h"
#include "harness/crypto/media/sidecar.h"

namespace {

using namespace parley;
using namespace parley::crypto;
using namespace parley::crypto::media;

constexpr std::size_t kStep = 65'536;
constexpr std::size_t kPart = kStep + 16;
constexpr std::size_t kEntry = 10;
constexpr std::size_t kHead = 6;

const MediaKeys& keys() {
  static const MediaKeys out = expand_with(SecretBytes(Bytes(32, 'k')), info_of(MediaKind::video));
  return out;
}

std::uint8_t octet_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

// One in four about the places where entries begin and end; else a small file: the MACs of a large
// one are what takes time.
std::size_t size_of(std::string_view head) {
  constexpr std::array<std::size_t, 6> kPlaces{kStep,          kPart, 2 * kStep,
                                               2 * kStep + 16, kStep, 3 * kStep};
  constexpr std::size_t kAround = 16;
  const auto which = octet_at(head, 0) % (4 * kPlaces.size());
  return which < kPlaces.size() ? kPlaces[which] - kAround + octet_at(head, 1) % (2 * kAround + 1)
                                : octet_at(head, 1);
}

Bytes file_of(std::size_t size, std::string_view pattern) {
  Bytes out;
  while (out.size() < size) {
    out += pattern;
    out += static_cast<char>(out.size() >> 12U);  // no part is like the next
  }
  out.resize(size);
  return out;
}

Bytes sidecar_of(std::string_view file, std::size_t piece) {
  SidecarMaker maker(keys().mac);
  for (std::size_t at = 0; at < file.size(); at += piece) {
    maker.update(file.substr(at, piece));
  }
  return maker.finish();
}

std::string_view part_of(std::string_view file, std::size_t entry) {
  return file.substr(entry * kStep, kPart);
}

Bytes reckoned(std::string_view file) {
  Bytes out;
  for (std::size_t entry = 0; entry * kStep < file.size(); ++entry) {
    out += hmac_sha256(keys().mac.reveal(), part_of(file, entry)).substr(0, kEntry);
  }
  return out;
}

bool holds(std::string_view sidecar, std::string_view file, std::size_t entry) {
  return check_part(keys(), sidecar, entry, part_of(file, entry)).has_value();
}

void check_turned(std::string_view sidecar, const Bytes& file, std::size_t bit) {
  const auto entries = sidecar.size() / kEntry;
  if (entries == 0) {
    return;
  }
  auto bent = file;
  const auto at = bit / 8 % file.size();
  bent[at] = static_cast<char>(bent[at] ^ (1 << bit % 8));
  Bytes other(sidecar);
  const auto place = bit / 8 % sidecar.size();
  other[place] = static_cast<char>(other[place] ^ (1 << bit % 8));
  for (std::size_t entry = 0; entry < entries; ++entry) {
    const bool covers = at >= entry * kStep && at < entry * kStep + kPart;
    PARLEY_ORACLE(holds(sidecar, bent, entry) == !covers);
    PARLEY_ORACLE(place / kEntry != entry || !holds(other, file, entry));
  }
}

void check_parts(std::string_view sidecar, std::string_view file) {
  const auto entries = sidecar.size() / kEntry;
  const auto beyond = check_part(keys(), sidecar, entries, "");
  PARLEY_ORACLE(!beyond && beyond.error().code == Errc::not_found);
  if (entries == 0) {
    return;
  }
  const auto cut = check_part(keys(), sidecar.substr(1), 0, part_of(file, 0));
  PARLEY_ORACLE(!cut && cut.error().code == Errc::malformed);
  const Bytes part(part_of(file, entries - 1));
  PARLEY_ORACLE(check_part(keys(), sidecar, entries - 1, part));
  PARLEY_ORACLE(!check_part(keys(), sidecar, entries - 1, part + '\0'));
  PARLEY_ORACLE(!check_part(keys(), sidecar, entries - 1, std::string_view(part).substr(1)));
}

// As it comes about in an upload, and is looked at in a download.
void check_whole(std::string_view text) {
  const auto made = encrypt_media(keys(), text, SidecarWanted::yes);
  PARLEY_ORACLE(made && made->description.sidecar == reckoned(made->file));
  auto announced = made->description;
  PARLEY_ORACLE(decrypt_media(keys(), made->file, announced) == Bytes(text));
  announced.sidecar->back() = static_cast<char>(announced.sidecar->back() ^ 1);
  const auto refused = decrypt_media(keys(), made->file, announced);
  PARLEY_ORACLE(!refused && refused.error().reason == MediaRefusal::sidecar);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < kHead) {
    return 0;
  }
  const auto file = file_of(size_of(input.substr(0, 2)), input.substr(kHead));
  // Small pieces would make it slow: no fewer than a 256th of the file.
  const auto piece = std::max<std::size_t>(octet_at(input, 2), 1 + file.size() / 256);
  const auto sidecar = sidecar_of(file, piece);
  PARLEY_ORACLE(sidecar == reckoned(file));
  const std::size_t bit = std::size_t{octet_at(input, 3)} << 16U |
                          std::size_t{octet_at(input, 4)} << 8U | octet_at(input, 5);
  check_turned(sidecar, file, bit);
  check_parts(sidecar, file);
  if (file.size() < kStep) {
    PARLEY_ORACLE(sidecar == sidecar_of(file, file.size() + 1));
    check_whole(file);
  }
  return 0;
}
