// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/careless_media.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "harness/crypto/aes_cbc.h"
#include "harness/crypto/digest.h"
#include "harness/crypto/media/media_keys.h"
#include "harness/reference/whatsapp/media_file.h"

namespace parley::reference::whatsapp {
namespace {

namespace media = crypto::media;
using media::kMediaMacOctets;

constexpr std::size_t kFewMacOctets = 4;
constexpr std::size_t kBlock = crypto::kCbcBlockOctets;

constexpr std::array kCareless{
    Fault::wt_media_mac_unchecked,      Fault::wt_media_mac_of_four_octets,
    Fault::wt_media_mac_of_last_octets, Fault::wt_media_mac_without_iv_taken,
    Fault::wt_media_mac_optional,       Fault::wt_media_any_keys,
    Fault::wt_media_padding_unchecked,  Fault::wt_media_padding_kept,
    Fault::wt_media_cut_taken,          Fault::wt_media_shown_unproven,
};

// The file in its two parts.
struct Parts {
  std::string_view ciphertext;
  std::string_view mac;
};

class Opening {
 public:
  Opening(std::string_view file, const wire::MediaMessage& message, const FaultSet& faults)
      : file_(file), message_(message), faults_(faults), parts_(parts_of(file, faults)) {}

  std::optional<Bytes> run() const {
    const bool cut = has(Fault::wt_media_cut_taken) && file_.size() < announced_octets();
    const auto keys = keys_under(cut);
    const bool hashed = message_.file_enc_sha256 == crypto::sha256(file_);
    if (!keys || !(hashed || cut || lenient(Fault::wt_media_enc_hash_unchecked))) {
      return std::nullopt;
    }
    auto plaintext = decrypted(*keys);
    if (plaintext && !cut) {
      plaintext = without_padding(std::move(*plaintext));
    }
    const bool holds =
        plaintext && (is_as_announced(*plaintext) || cut || has(Fault::wt_media_padding_kept));
    return holds || has(Fault::wt_media_shown_unproven) ? plaintext : std::nullopt;
  }

 private:
  bool has(Fault fault) const { return faults_.has(fault); }
  bool lenient(Fault fault) const { return has(fault) || has(Fault::wt_media_shown_unproven); }

  static Parts parts_of(std::string_view file, const FaultSet& faults) {
    const bool bare = faults.has(Fault::wt_media_mac_optional) && file.size() % kBlock == 0;
    const auto mac = bare ? 0 : std::min(file.size(), kMediaMacOctets);
    return {.ciphertext = file.substr(0, file.size() - mac), .mac = file.substr(file.size() - mac)};
  }

  std::uint64_t announced_octets() const {
    return (message_.file_length.value_or(0) / kBlock + 1) * kBlock + kMediaMacOctets;
  }

  // The keys under which the MAC holds.
  std::optional<media::MediaKeys> keys_under(bool cut) const {
    std::vector<media::MediaKind> kinds{keys_of(kind_of(message_))};
    if (has(Fault::wt_media_any_keys)) {
      kinds.assign(media::media_kinds().begin(), media::media_kinds().end());
    }
    for (const auto kind : kinds) {
      auto keys = media::expand_with(*message_.media_key, media::info_of(kind));
      if (mac_holds(keys) || cut) {
        return keys;
      }
    }
    return lenient(Fault::wt_media_mac_unchecked)
               ? std::optional(media::expand_with(*message_.media_key, media::info_of(kinds[0])))
               : std::nullopt;
  }

  bool mac_holds(const media::MediaKeys& keys) const {
    const auto& [ciphertext, mac] = parts_;
    if (mac.empty()) {
      return has(Fault::wt_media_mac_optional);
    }
    const auto right = crypto::hmac_sha256(keys.mac.reveal(), keys.iv + Bytes(ciphertext))
                           .substr(0, kMediaMacOctets);
    const auto bare = crypto::hmac_sha256(keys.mac.reveal(), ciphertext).substr(0, kMediaMacOctets);
    const auto first = kFewMacOctets;
    const auto last = kMediaMacOctets - kFewMacOctets;
    return mac == right ||
           (has(Fault::wt_media_mac_of_four_octets) &&
            mac.substr(0, first) == std::string_view(right).substr(0, first)) ||
           (has(Fault::wt_media_mac_of_last_octets) && mac.size() == right.size() &&
            mac.substr(last) == std::string_view(right).substr(last)) ||
           (has(Fault::wt_media_mac_without_iv_taken) && mac == bare);
  }

  // Of whole blocks; the padding is still there.
  std::optional<Bytes> decrypted(const media::MediaKeys& keys) const {
    const auto whole = parts_.ciphertext.size() / kBlock * kBlock;
    const bool even = whole == parts_.ciphertext.size() || lenient(Fault::wt_media_cut_taken);
    auto out = crypto::aes256_cbc_decrypt(
        {.key = keys.cipher, .iv = keys.iv, .padding = crypto::CbcPadding::none},
        parts_.ciphertext.substr(0, whole));
    return even && out ? std::optional(std::move(*out)) : std::nullopt;
  }

  std::optional<Bytes> without_padding(Bytes text) const {
    if (has(Fault::wt_media_padding_kept)) {
      return text;
    }
    const std::size_t count = text.empty() ? 0 : static_cast<std::uint8_t>(text.back());
    const bool right = count >= 1 && count <= kBlock && count <= text.size() &&
                       text.ends_with(Bytes(count, text.back()));
    if (!right && !lenient(Fault::wt_media_padding_unchecked)) {
      return std::nullopt;
    }
    text.resize(text.size() - std::min(count, text.size()));
    return text;
  }

  bool is_as_announced(const Bytes& text) const {
    return (message_.file_sha256 == crypto::sha256(text) || has(Fault::wt_media_hash_unchecked)) &&
           (message_.file_length == text.size() || has(Fault::wt_media_length_unchecked));
  }

  std::string_view file_;
  const wire::MediaMessage& message_;
  const FaultSet& faults_;
  Parts parts_;
};

}  // namespace

bool opens_carelessly(const FaultSet& faults) {
  return std::ranges::any_of(kCareless, [&](Fault fault) { return faults.has(fault); });
}

std::optional<Bytes> open_carelessly(std::string_view file, const wire::MediaMessage& message,
                                     const FaultSet& faults) {
  return Opening(file, message, faults).run();
}

}  // namespace parley::reference::whatsapp
