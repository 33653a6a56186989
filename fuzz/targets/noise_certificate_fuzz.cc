// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::noise::verify_chain, past its signatures. Input: 'c', how the intermediate is
// signed, how the leaf is (see signed_as()), when it is looked at (see time_of()), then a CertChain
// whose details are signed here; 'r': the octets of a whole chain.
// Oracle: it is accepted exactly when each rule of TRN-010 and TRN-011 holds, found out here by a
// reader of its own from what was signed by whom; what is said of it is what it says.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/crypto/noise/certificate_chain.h"
#include "harness/crypto/noise/two_sides.h"
#include "harness/crypto/xeddsa.h"

namespace {

using namespace parley;
using namespace parley::crypto;
using namespace parley::crypto::noise;

constexpr std::uint64_t kNow = 1'800'000'000;

// Of one message: the last number and the last octets of each field, which is what counts.
struct Message {
  std::map<std::uint64_t, std::uint64_t> numbers;
  std::map<std::uint64_t, Bytes> octets;
};

std::optional<std::uint64_t> take_varint(std::string_view& text) {
  unsigned __int128 out = 0;
  for (unsigned i = 0; i < 10 && i < text.size(); ++i) {
    const auto octet = static_cast<std::uint8_t>(text[i]);
    out |= static_cast<unsigned __int128>(octet & 0x7FU) << (7 * i);
    if (octet < 0x80) {
      text.remove_prefix(i + 1);
      return out > UINT64_MAX ? std::nullopt : std::optional(static_cast<std::uint64_t>(out));
    }
  }
  return std::nullopt;
}

std::optional<Message> message_in(std::string_view text) {
  constexpr std::array<std::size_t, 6> kFixed{0, 8, 0, 0, 0, 4};
  Message out;
  while (!text.empty()) {
    const auto key = take_varint(text);
    const auto number = key.value_or(0) >> 3U;
    const auto type = key.value_or(0) & 7U;
    if (number == 0 || number > (1U << 29U) - 1 || type == 3 || type == 4 || type > 5) {
      return std::nullopt;
    }
    const auto count = type == 0 || type == 2 ? take_varint(text) : kFixed[type];
    if (!count || (type != 0 && *count > text.size())) {
      return std::nullopt;
    }
    if (type == 0) {
      out.numbers[number] = *count;
      continue;
    }
    if (type == 2) {
      out.octets[number] = text.substr(0, *count);
    }
    text.remove_prefix(*count);
  }
  return out;
}

// Who is there to sign: the same that two_sides() has, none of which is the server.
struct Issuers {
  X25519KeyPair root = fixed_pair(11);
  X25519KeyPair intermediate = fixed_pair(12);
  X25519KeyPair stranger = fixed_pair(13);
  Bytes server = fixed_pair(4).public_key;
};
const Issuers& issuers() {
  static const Issuers made;
  return made;
}

struct Signed {
  std::optional<Certificate> certificate;
  Bytes by;  // whose signature holds; empty: nobody's
};

// `details` as `how` says: by whom it ought to be, by another, or in a way that does not hold.
Signed signed_as(const std::optional<Bytes>& details, std::uint8_t how, const X25519KeyPair& due) {
  if (!details) {
    return {};
  }
  const Issuers& all = issuers();
  const std::array<const X25519KeyPair*, 8> signers{
      &due, &all.root, &all.intermediate, &all.stranger, &due, &due, &due, &due};
  how %= signers.size();
  Rng rng(1);
  const auto right = xeddsa_sign(signers[how]->private_key, how == 7 ? *details + '\0' : *details,
                                 rng, SignBit::carried);
  PARLEY_ORACLE(right);
  Signed out{.certificate = Certificate{.details = details, .signature = *right, .unknown = {}},
             .by = how < 4 ? signers[how]->public_key : Bytes()};
  auto& signature = out.certificate->signature;
  if (how == 4) {
    signature->front() = static_cast<char>(signature->front() ^ 1);
  } else if (how == 5) {
    signature->clear();
  } else if (how == 6) {
    signature.reset();
  }
  return out;
}

struct Details {
  std::uint64_t serial = 0;
  std::uint64_t issuer = 0;
  std::optional<Bytes> key;
  std::uint64_t not_before = 0;
  std::uint64_t not_after = 0;
};

std::optional<Details> details_in(std::string_view octets) {
  auto message = message_in(octets);
  if (!message) {
    return std::nullopt;
  }
  auto& numbers = message->numbers;
  const auto key = message->octets.find(3);
  return Details{.serial = numbers[1],
                 .issuer = numbers[2],
                 .key = key == message->octets.end() ? std::nullopt : std::optional(key->second),
                 .not_before = numbers[4],
                 .not_after = numbers[5]};
}

// Of one certificate, beside those that it shares with the other.
bool holds(const Details& details, const Signed& made, std::string_view issuer_key,
           std::uint64_t now) {
  return made.by == issuer_key && details.key && details.key->size() == 32 &&
         details.serial <= UINT32_MAX && details.issuer <= UINT32_MAX &&
         details.not_before <= now && now <= details.not_after;
}

// Some second at which a rule turns, or the one that the seeds are made for.
std::uint64_t time_of(std::uint8_t when, const std::optional<Details>& intermediate,
                      const std::optional<Details>& leaf) {
  const auto& chosen = (when & 1U) != 0 ? leaf : intermediate;
  const auto details = chosen.value_or(Details{});
  const std::array<std::uint64_t, 5> times{kNow, details.not_before, details.not_before - 1,
                                           details.not_after, details.not_after + 1};
  // Seconds of the clock are signed.
  return std::min<std::uint64_t>(times[(when >> 1U) % times.size()], INT64_MAX);
}

bool same(const CertificateDetails& said, const Details& right) {
  return said.serial.value_or(0) == right.serial && said.key == right.key &&
         said.issuer_serial.value_or(0) == right.issuer &&
         said.not_before_s.value_or(0) == right.not_before &&
         said.not_after_s.value_or(0) == right.not_after;
}

ChainExpectation expected_at(std::uint64_t now) {
  return {.root_key = issuers().root.public_key,
          .server_static = issuers().server,
          .now = std::chrono::sys_seconds(std::chrono::seconds(now))};
}

void check_made(std::string_view how, std::string_view octets) {
  const auto draft = parse_certificate_chain(octets);
  if (!draft) {
    return;
  }
  const auto details_of = [](const std::optional<Certificate>& certificate) {
    return certificate ? certificate->details : std::nullopt;
  };
  const auto made_intermediate =
      signed_as(details_of(draft->intermediate), static_cast<std::uint8_t>(how[0]), issuers().root);
  const auto made_leaf =
      signed_as(details_of(draft->leaf), static_cast<std::uint8_t>(how[1]), issuers().intermediate);
  const auto read = [](const Signed& made) {
    return made.certificate ? details_in(*made.certificate->details) : std::nullopt;
  };
  const auto intermediate = read(made_intermediate);
  const auto leaf = read(made_leaf);
  const auto now = time_of(static_cast<std::uint8_t>(how[2]), intermediate, leaf);
  const bool right = intermediate && leaf &&
                     holds(*intermediate, made_intermediate, issuers().root.public_key, now) &&
                     holds(*leaf, made_leaf, *intermediate->key, now) &&
                     intermediate->issuer == 0 && leaf->issuer == intermediate->serial &&
                     leaf->key == issuers().server;
  const auto verified =
      verify_chain(write(CertificateChain{.leaf = made_leaf.certificate,
                                          .intermediate = made_intermediate.certificate,
                                          .unknown = draft->unknown}),
                   expected_at(now));
  PARLEY_ORACLE(verified.has_value() == right);
  if (verified) {
    PARLEY_ORACLE(same(verified->leaf, *leaf));
    PARLEY_ORACLE(same(verified->intermediate, *intermediate));
  }
}

// Nobody who has not the root's key makes a chain: of these octets only the details of the honest
// seed can be accepted.
void check_raw(std::string_view octets) {
  const auto verified = verify_chain(octets, expected_at(kNow));
  if (!verified) {
    PARLEY_ORACLE(!verified.error().detail.empty());
    return;
  }
  const Details intermediate{.serial = 7,
                             .key = issuers().intermediate.public_key,
                             .not_before = kNow - 86'400,
                             .not_after = kNow + 86'400};
  const Details leaf{.serial = 8,
                     .issuer = 7,
                     .key = issuers().server,
                     .not_before = kNow - 86'400,
                     .not_after = kNow + 86'400};
  PARLEY_ORACLE(same(verified->intermediate, intermediate) && same(verified->leaf, leaf));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with('c') && input.size() > 3) {
    check_made(input.substr(1, 3), input.substr(4));
  } else if (!input.empty()) {
    check_raw(input.substr(1));
  }
  return 0;
}
