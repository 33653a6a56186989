// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::media, an encrypted file. Input: a letter, an octet (the size of the pieces that
// it comes in, less one), then octets: 'r' the whole file, 's' a ciphertext that is given its right
// MAC, 'p' a plaintext, 'x' octets laid over an honest file (xor, the surplus appended).
// Oracles: in pieces and at once a file is judged the same and gives the same; what has a right MAC
// is read exactly when its padding is right, checked here by hand; plaintext comes back; a file
// that was tampered with is refused; why it is says nothing of a key.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/oracle.h"
#include "fuzz/oracles/secrets.h"
#include "harness/crypto/digest.h"
#include "harness/crypto/media/media_stream.h"

namespace {

using namespace parley;
using namespace parley::crypto;
using namespace parley::crypto::media;

const MediaKeys& keys() {
  static const MediaKeys out = expand_with(SecretBytes(Bytes(32, 'k')), info_of(MediaKind::image));
  return out;
}

// The plaintext, or the reason.
std::string judged_in_pieces(std::string_view file, std::size_t piece) {
  auto decryptor = MediaDecryptor::make(keys(), {});
  PARLEY_ORACLE(decryptor);
  Bytes text;
  Bytes out;
  for (std::size_t at = 0; at < file.size(); at += piece) {
    decryptor->update(file.substr(at, piece), out);
    text += out;
  }
  const auto done = decryptor->finish(out);
  return done ? "text " + text + out : std::string(to_string(done.error().reason));
}

std::string judged(std::string_view file, std::size_t piece) {
  const auto whole = decrypt_media(keys(), file, {});
  const auto outcome = whole ? "text " + *whole : std::string(to_string(whole.error().reason));
  PARLEY_ORACLE(outcome == judged_in_pieces(file, piece));
  for (const auto* key : {&keys().cipher, &keys().mac, &keys().reference}) {
    PARLEY_ORACLE(whole || !fuzz::says(whole.error().detail, key->reveal()));
  }
  return outcome;
}

bool padding_is_right(std::string_view text) {
  const std::size_t count = text.empty() ? 0 : static_cast<std::uint8_t>(text.back());
  return count >= 1 && count <= kCbcBlockOctets && count <= text.size() &&
         std::ranges::all_of(text.substr(text.size() - count),
                             [&](char octet) { return octet == text.back(); });
}

void check_sealed(std::string_view ciphertext, std::size_t piece) {
  const auto mac = hmac_sha256(keys().mac.reveal(), keys().iv + Bytes(ciphertext));
  const auto outcome = judged(Bytes(ciphertext) + mac.substr(0, kMediaMacOctets), piece);
  if (ciphertext.size() < kCbcBlockOctets) {
    PARLEY_ORACLE(outcome == "truncated");
    return;
  }
  const auto raw = aes256_cbc_decrypt(
      {.key = keys().cipher, .iv = keys().iv, .padding = CbcPadding::none}, ciphertext);
  const bool right = raw && padding_is_right(*raw);
  PARLEY_ORACLE(right == outcome.starts_with("text "));
  PARLEY_ORACLE(right || outcome == "padding");
}

void check_plaintext(std::string_view text, std::size_t piece) {
  const auto made = encrypt_media(keys(), text, SidecarWanted::yes);
  PARLEY_ORACLE(made);
  PARLEY_ORACLE(judged(made->file, piece) == "text " + Bytes(text));
  const auto read = decrypt_media(keys(), made->file, made->description);
  PARLEY_ORACLE(read && *read == text);
}

void check_tampered(std::string_view over, std::size_t piece) {
  static const auto honest = encrypt_media(keys(), "an honest file of three blocks, or so.");
  PARLEY_ORACLE(honest);
  Bytes file = honest->file;
  for (std::size_t i = 0; i < over.size(); ++i) {
    if (i < file.size()) {
      file[i] = static_cast<char>(file[i] ^ over[i]);
    } else {
      file += over[i];
    }
  }
  PARLEY_ORACLE(judged(file, piece).starts_with("text ") == (file == honest->file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < 2) {
    return 0;
  }
  const std::size_t piece = std::size_t{1} + static_cast<std::uint8_t>(input[1]);
  const auto rest = input.substr(2);
  switch (input[0]) {
    case 's':
      check_sealed(rest, piece);
      break;
    case 'p':
      check_plaintext(rest, piece);
      break;
    case 'x':
      check_tampered(rest, piece);
      break;
    default:
      judged(rest, piece);
      break;
  }
  return 0;
}
