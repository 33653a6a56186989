// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/media/media_forgery.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/crypto/digest.h"

namespace parley::crypto::media {
namespace {

// A file in its making. What a row bends is followed by what is computed from it.
struct Draft {
  const MediaForgeryInput& input;
  MediaKeys keys;
  Bytes plaintext;
  Bytes ciphertext;
  Bytes mac;
  ForgedMedia out;
};

using Maker = Result<ForgedMedia> (*)(Draft& draft);

struct Row {
  MediaForgery forgery;
  Maker make;
};

void encrypt(Draft& draft, CbcPadding padding = CbcPadding::pkcs7) {
  draft.ciphertext =
      aes256_cbc_encrypt({.key = draft.keys.cipher, .iv = draft.keys.iv, .padding = padding},
                         draft.plaintext)
          .value_or(Bytes());
}

void authenticate(Draft& draft) {
  draft.mac = hmac_sha256(draft.keys.mac.reveal(), draft.keys.iv + draft.ciphertext)
                  .substr(0, kMediaMacOctets);
}

Bytes sidecar_of(const Draft& draft) {
  SidecarMaker maker(draft.keys.mac);
  maker.update(draft.out.file);
  return maker.finish();
}

// What the message says is true of the file, whatever the file is.
void describe(Draft& draft) {
  draft.out.file = draft.ciphertext + draft.mac;
  draft.out.description = {.file_sha256 = sha256(draft.plaintext),
                           .file_enc_sha256 = sha256(draft.out.file),
                           .file_length = draft.plaintext.size(),
                           .sidecar = sidecar_of(draft)};
}

// The keys or the plaintext bent: (Draft&) -> void, all else made of them.
template <auto Bend>
Result<ForgedMedia> from_keys(Draft& draft) {
  Bend(draft);
  encrypt(draft);
  authenticate(draft);
  describe(draft);
  return std::move(draft.out);
}

// The ciphertext bent, under a right MAC.
template <auto Bend>
Result<ForgedMedia> from_ciphertext(Draft& draft) {
  encrypt(draft);
  Bend(draft);
  authenticate(draft);
  describe(draft);
  return std::move(draft.out);
}

// The MAC bent, or what it stands under, with a right description.
template <auto Bend>
Result<ForgedMedia> from_mac(Draft& draft) {
  encrypt(draft);
  authenticate(draft);
  Bend(draft);
  describe(draft);
  return std::move(draft.out);
}

// What the message says bent: (ForgedMedia&, const Draft&) -> void.
template <auto Bend>
Result<ForgedMedia> described(Draft& draft) {
  encrypt(draft);
  authenticate(draft);
  describe(draft);
  Bend(draft.out, draft);
  return std::move(draft.out);
}

// Padding as given. What is announced is the text that is left to whoever cuts off as many octets
// as the last one says and looks at nothing: nothing but the padding is wrong.
template <auto Padded>
Result<ForgedMedia> padded(Draft& draft) {
  draft.plaintext = Padded();
  encrypt(draft, CbcPadding::none);
  authenticate(draft);
  const std::size_t count = static_cast<std::uint8_t>(draft.plaintext.back());
  draft.plaintext.resize(draft.plaintext.size() - std::min(count, draft.plaintext.size()));
  describe(draft);
  return std::move(draft.out);
}

void flip(Bytes& octets, std::size_t at) { octets[at] = static_cast<char>(octets[at] ^ 1); }

template <std::size_t At>
Result<ForgedMedia> mac_bit(Draft& draft) {
  return from_mac<[](Draft& d) { flip(d.mac, At); }>(draft);
}

template <MediaKind Kind>
Result<ForgedMedia> of_kind(Draft& draft) {
  const auto kind = draft.input.kind == Kind ? MediaKind::document : Kind;
  draft.keys = expand_with(draft.input.media_key, info_of(kind));
  return from_keys<[](Draft&) {}>(draft);
}

void with_info(Draft& draft, std::string_view info) {
  draft.keys = expand_with(draft.input.media_key, info);
}

constexpr std::string_view kMac = "observed clients: HMAC-SHA-256(iv | ciphertext)[:10]";
constexpr std::string_view kKeys = "observed clients: HKDF-SHA-256, info by kind";
constexpr std::string_view kPad = "RFC 5652 section 6.3";
constexpr std::string_view kEncHash = "observed clients: fileEncSha256";
constexpr std::string_view kHash = "observed clients: fileSha256";
constexpr std::string_view kLength = "observed clients: fileLength";
constexpr std::string_view kSidecar = "observed: streamingSidecar";
constexpr auto kLegal = MediaAcceptance::legal;
using R = MediaRefusal;

constexpr std::array kRows{
    // --- the MAC ---
    Row{{"mac-bit-0", kMac, "a bit of its first octet", R::mac}, mac_bit<0>},
    Row{{"mac-bit-1", kMac, "a bit of its second octet", R::mac}, mac_bit<1>},
    Row{{"mac-bit-2", kMac, "a bit of its third octet", R::mac}, mac_bit<2>},
    Row{{"mac-bit-3", kMac, "a bit of its fourth octet", R::mac}, mac_bit<3>},
    Row{{"mac-bit-4", kMac, "a bit of its fifth octet", R::mac}, mac_bit<4>},
    Row{{"mac-bit-5", kMac, "a bit of its sixth octet", R::mac}, mac_bit<5>},
    Row{{"mac-bit-6", kMac, "a bit of its seventh octet", R::mac}, mac_bit<6>},
    Row{{"mac-bit-7", kMac, "a bit of its eighth octet", R::mac}, mac_bit<7>},
    Row{{"mac-bit-8", kMac, "a bit of its ninth octet", R::mac}, mac_bit<8>},
    Row{{"mac-bit-9", kMac, "a bit of its last octet", R::mac}, mac_bit<9>},
    Row{{"mac-zeros", kMac, "ten octets zero", R::mac},
        from_mac<[](Draft& d) { d.mac = Bytes(kMediaMacOctets, '\0'); }>},
    Row{{"mac-missing", kMac, "none: its place is the ciphertext's", R::mac},
        from_mac<[](Draft& d) { d.mac.clear(); }>},
    Row{{"mac-short", kMac, "nine octets of it", R::mac},
        from_mac<[](Draft& d) { d.mac.pop_back(); }>},
    Row{{"mac-whole", kMac, "all 32 octets of it", R::mac}, from_mac<[](Draft& d) {
          d.mac = hmac_sha256(d.keys.mac.reveal(), d.keys.iv + d.ciphertext);
        }>},
    Row{{"mac-end", kMac, "the last ten octets of it instead of the first", R::mac},
        from_mac<[](Draft& d) {
          d.mac = hmac_sha256(d.keys.mac.reveal(), d.keys.iv + d.ciphertext)
                      .substr(kSha256Octets - kMediaMacOctets);
        }>},
    Row{{"mac-without-iv", kMac, "over the ciphertext alone", R::mac}, from_mac<[](Draft& d) {
          d.mac = hmac_sha256(d.keys.mac.reveal(), d.ciphertext).substr(0, kMediaMacOctets);
        }>},
    Row{{"mac-over-plaintext", kMac, "over iv and plaintext", R::mac}, from_mac<[](Draft& d) {
          d.mac =
              hmac_sha256(d.keys.mac.reveal(), d.keys.iv + d.plaintext).substr(0, kMediaMacOctets);
        }>},
    Row{{"mac-key-cipher", kMac, "made with the cipher's key", R::mac}, from_mac<[](Draft& d) {
          d.mac = hmac_sha256(d.keys.cipher.reveal(), d.keys.iv + d.ciphertext)
                      .substr(0, kMediaMacOctets);
        }>},
    Row{{"mac-key-reference", kMac, "made with the reference key", R::mac}, from_mac<[](Draft& d) {
          d.mac = hmac_sha256(d.keys.reference.reveal(), d.keys.iv + d.ciphertext)
                      .substr(0, kMediaMacOctets);
        }>},
    Row{{"mac-in-front", kMac, "before the ciphertext", R::mac}, from_mac<[](Draft& d) {
          d.ciphertext = d.mac + d.ciphertext;
          d.mac.clear();
        }>},
    Row{{"octet-behind", kMac, "an octet behind the MAC", R::mac},
        from_mac<[](Draft& d) { d.mac += '\0'; }>},
    Row{{"ciphertext-first-bit", kMac, "a bit of the first block, the hash renewed", R::mac},
        from_mac<[](Draft& d) { flip(d.ciphertext, 0); }>},
    Row{{"ciphertext-last-bit", kMac, "a bit of the last block, the hash renewed", R::mac},
        from_mac<[](Draft& d) { flip(d.ciphertext, d.ciphertext.size() - 1); }>},
    Row{{"block-in-front", kMac, "a block before the first, the hash renewed", R::mac},
        from_mac<[](Draft& d) { d.ciphertext.insert(0, Bytes(kCbcBlockOctets, 'x')); }>},
    Row{{"block-dropped", kMac, "the first block missing, the hash renewed", R::mac},
        from_mac<[](Draft& d) { d.ciphertext.erase(0, kCbcBlockOctets); }>},
    // --- keys ---
    Row{{"kind-video", kKeys, "keys of a video", R::mac}, of_kind<MediaKind::video>},
    Row{{"kind-audio", kKeys, "keys of an audio file", R::mac}, of_kind<MediaKind::audio>},
    Row{{"kind-thumbnail", kKeys, "keys of an image's thumbnail", R::mac},
        of_kind<MediaKind::image_thumbnail>},
    Row{{"kind-sticker-pack", kKeys, "keys of a pack of stickers", R::mac},
        of_kind<MediaKind::sticker_pack>},
    Row{{"info-empty", kKeys, "no info string", R::mac},
        from_keys<[](Draft& d) { with_info(d, ""); }>},
    Row{{"info-lower-case", kKeys, "the info string in lower case", R::mac},
        from_keys<[](Draft& d) { with_info(d, "whatsapp image keys"); }>},
    Row{{"info-with-nul", kKeys, "a NUL behind the info string", R::mac}, from_keys<[](Draft& d) {
          with_info(d, std::string(info_of(d.input.kind)) + std::string(1, '\0'));
        }>},
    Row{{"key-of-another", kKeys, "encrypted with another media key", R::mac},
        from_keys<[](Draft& d) {
          d.keys = expand_with(d.input.other_key, info_of(d.input.kind));
        }>},
    Row{{"key-unexpanded", kKeys, "the media key itself as cipher and MAC key", R::mac},
        from_keys<[](Draft& d) {
          d.keys.cipher = d.input.media_key;
          d.keys.mac = d.input.media_key;
        }>},
    Row{{"keys-swapped", kKeys, "cipher and MAC key in each other's place", R::mac},
        from_keys<[](Draft& d) { std::swap(d.keys.cipher, d.keys.mac); }>},
    Row{{"iv-zero", kKeys, "an iv of zeros", R::mac},
        from_keys<[](Draft& d) { d.keys.iv = Bytes(kCbcBlockOctets, '\0'); }>},
    Row{{"iv-in-front", kKeys, "the iv before the ciphertext", R::mac},
        from_mac<[](Draft& d) { d.ciphertext = d.keys.iv + d.ciphertext; }>},
    Row{{"key-short", kKeys, "the message says 31 octets of the key", R::key},
        described<[](ForgedMedia& out, const Draft& d) {
          out.media_key = SecretBytes(d.input.media_key.reveal().substr(1));
        }>},
    Row{{"key-long", kKeys, "the message says 33 octets", R::key},
        described<[](ForgedMedia& out, const Draft& d) {
          out.media_key = SecretBytes(Bytes(d.input.media_key.reveal()) + "x");
        }>},
    Row{{"key-empty", kKeys, "the message says no key", R::key},
        described<[](ForgedMedia& out, const Draft&) { out.media_key = SecretBytes(); }>},
    // --- padding, under a right MAC and a right hash of the file ---
    Row{{"padding-zero", kPad, "the last octet says 0", R::padding},
        padded<[] { return Bytes(15, 'x') + Bytes(1, '\0'); }>},
    Row{{"padding-17", kPad, "17, more than a block", R::padding},
        padded<[] { return Bytes(32, '\x11'); }>},
    Row{{"padding-uneven", kPad, "3, but one of the three octets is another", R::padding},
        padded<[] { return Bytes(13, 'x') + "\x02\x03\x03"; }>},
    Row{{"padding-missing", kPad, "text to the last octet", R::padding},
        padded<[] { return Bytes(16, 'x'); }>},
    Row{{"padding-255", kPad, "255", R::padding}, padded<[] { return Bytes(256, '\xFF'); }>},
    Row{{"blocks-uneven", kPad, "an octet less than whole blocks", R::padding},
        from_ciphertext<[](Draft& d) { d.ciphertext.pop_back(); }>},
    Row{{"blocks-octet-more", kPad, "an octet more than whole blocks", R::padding},
        from_ciphertext<[](Draft& d) { d.ciphertext += 'x'; }>},
    // --- cut ---
    Row{{"empty", kEncHash, "no octet at all", R::truncated}, from_mac<[](Draft& d) {
          d.ciphertext.clear();
          d.mac.clear();
        }>},
    Row{{"mac-alone", kEncHash, "a MAC over no ciphertext", R::truncated},
        from_ciphertext<[](Draft& d) { d.ciphertext.clear(); }>},
    Row{{"one-octet-less", kEncHash, "the file without its last octet", R::enc_hash},
        described<[](ForgedMedia& out, const Draft&) { out.file.pop_back(); }>},
    Row{{"without-mac", kEncHash, "the file ends before the MAC", R::enc_hash},
        described<[](ForgedMedia& out, const Draft& d) {
          out.file = d.ciphertext + d.ciphertext.substr(0, kMediaMacOctets);
        }>},
    Row{{"one-octet-more", kEncHash, "an octet behind the file", R::enc_hash},
        described<[](ForgedMedia& out, const Draft&) { out.file += 'x'; }>},
    Row{{"file-twice", kEncHash, "the file twice, one after the other", R::enc_hash},
        described<[](ForgedMedia& out, const Draft&) { out.file += Bytes(out.file); }>},
    // --- what the message says ---
    Row{{"enc-hash-bit", kEncHash, "a bit of the file's hash", R::enc_hash},
        described<[](ForgedMedia& out, const Draft&) {
          flip(*out.description.file_enc_sha256, 31);
        }>},
    Row{{"enc-hash-short", kEncHash, "31 octets of the file's hash", R::enc_hash},
        described<[](ForgedMedia& out, const Draft&) {
          out.description.file_enc_sha256->pop_back();
        }>},
    Row{{"enc-hash-empty", kEncHash, "a hash of no octets", R::enc_hash},
        described<[](ForgedMedia& out, const Draft&) {
          out.description.file_enc_sha256->clear();
        }>},
    Row{{"enc-hash-without-mac", kEncHash, "the hash of the ciphertext alone", R::enc_hash},
        described<[](ForgedMedia& out, const Draft& d) {
          out.description.file_enc_sha256 = sha256(d.ciphertext);
        }>},
    Row{{"hashes-swapped", kEncHash, "each hash in the other's place", R::enc_hash},
        described<[](ForgedMedia& out, const Draft&) {
          std::swap(out.description.file_sha256, out.description.file_enc_sha256);
        }>},
    Row{{"hash-bit", kHash, "a bit of the plaintext's hash", R::hash},
        described<[](ForgedMedia& out, const Draft&) { flip(*out.description.file_sha256, 0); }>},
    Row{{"hash-empty", kHash, "a hash of no octets", R::hash},
        described<[](ForgedMedia& out, const Draft&) { out.description.file_sha256->clear(); }>},
    Row{{"plaintext-of-another", kHash,
         "another text rightly encrypted and announced, but for the plaintext's hash", R::hash},
        described<[](ForgedMedia& out, const Draft& d) {
          out.description.file_sha256 = sha256(d.plaintext + "x");
        }>},
    Row{{"length-one-more", kLength, "an octet more than there is", R::length, kLegal},
        described<[](ForgedMedia& out, const Draft&) { ++*out.description.file_length; }>},
    Row{{"length-one-less", kLength, "an octet less than there is", R::length, kLegal},
        described<[](ForgedMedia& out, const Draft&) { --*out.description.file_length; }>},
    Row{{"length-zero", kLength, "none", R::length, kLegal},
        described<[](ForgedMedia& out, const Draft&) { out.description.file_length = 0; }>},
    Row{{"length-huge", kLength, "2^63: who reserves what is announced falls", R::length, kLegal},
        described<[](ForgedMedia& out, const Draft&) {
          out.description.file_length = std::uint64_t{1} << 63U;
        }>},
    Row{{"length-of-file", kLength, "the length of the encrypted file", R::length, kLegal},
        described<[](ForgedMedia& out, const Draft&) {
          out.description.file_length = out.file.size();
        }>},
    Row{{"sidecar-bit", kSidecar, "a bit of its first entry", R::sidecar, kLegal},
        described<[](ForgedMedia& out, const Draft&) { flip(*out.description.sidecar, 0); }>},
    Row{{"sidecar-entry-more", kSidecar, "an entry more than the file has", R::sidecar, kLegal},
        described<[](ForgedMedia& out, const Draft&) {
          *out.description.sidecar += Bytes(kMediaMacOctets, 'x');
        }>},
    Row{{"sidecar-cut", kSidecar, "an octet less than whole entries", R::sidecar, kLegal},
        described<[](ForgedMedia& out, const Draft&) { out.description.sidecar->pop_back(); }>},
    Row{{"sidecar-empty", kSidecar, "no entry", R::sidecar, kLegal},
        described<[](ForgedMedia& out, const Draft&) { out.description.sidecar->clear(); }>},
};

}  // namespace

std::span<const MediaForgery> media_forgeries() {
  static const std::vector<MediaForgery> list = [] {
    std::vector<MediaForgery> out;
    for (const auto& row : kRows) {
      out.push_back(row.forgery);
    }
    return out;
  }();
  return list;
}

const MediaForgery* find_media_forgery(std::string_view name) {
  const auto list = media_forgeries();
  const auto at = std::ranges::find(list, name, &MediaForgery::name);
  return at == list.end() ? nullptr : &*at;
}

Result<ForgedMedia> forge_media(std::string_view name, const MediaForgeryInput& input) {
  const auto at = std::ranges::find(kRows, name, [](const Row& row) { return row.forgery.name; });
  if (at == kRows.end()) {
    std::vector<std::string> known;
    for (const auto& row : kRows) {
      known.emplace_back(row.forgery.name);
    }
    return fail(Errc::not_found, unknown_name("media forgery", name, known));
  }
  auto keys = expand(input.media_key, input.kind);
  if (!keys || input.plaintext.empty()) {
    return keys ? fail(Errc::malformed, "a forgery needs a plaintext")
                : std::unexpected(keys.error());
  }
  Draft draft{.input = input,
              .keys = std::move(*keys),
              .plaintext = input.plaintext,
              .ciphertext = {},
              .mac = {},
              .out = {.file = {}, .description = {}, .media_key = input.media_key}};
  return at->make(draft);
}

}  // namespace parley::crypto::media
