// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/symmetric_state.h"

#include <utility>

#include "harness/crypto/digest.h"

namespace parley::crypto::noise {
namespace {

// A name of up to HASHLEN octets is padded, a longer one hashed (section 5.2).
Bytes first_hash(std::string_view protocol_name) {
  if (protocol_name.size() > kSha256Octets) {
    return sha256(protocol_name);
  }
  Bytes out(protocol_name);
  out.resize(kSha256Octets, '\0');
  return out;
}

struct KeyPairOfHkdf {
  SecretBytes first;
  SecretBytes second;
};

// HKDF with two outputs (section 4.3), which is RFC 5869 with an empty info.
KeyPairOfHkdf hkdf_pair(const SecretBytes& chaining_key, std::string_view key_material) {
  const SecretBytes both = hkdf_sha256({.salt = chaining_key.reveal(),
                                        .key_material = key_material,
                                        .info = "",
                                        .octets = 2 * kSha256Octets});
  return {.first = SecretBytes(both.reveal().substr(0, kSha256Octets)),
          .second = SecretBytes(both.reveal().substr(kSha256Octets))};
}

}  // namespace

SymmetricState::SymmetricState(std::string_view protocol_name, const Dialect& dialect)
    : dialect_(dialect), cipher_(dialect), chaining_key_(first_hash(protocol_name)) {
  transcripts_.push_back({.hashing = dialect.hashing, .hash = first_hash(protocol_name)});
  if (dialect.else_try && *dialect.else_try != dialect.hashing) {
    transcripts_.push_back({.hashing = *dialect.else_try, .hash = first_hash(protocol_name)});
  }
}

void SymmetricState::mix_key(const SecretBytes& key_material) {
  auto [chaining_key, key] = hkdf_pair(chaining_key_, key_material.reveal());
  chaining_key_ = std::move(chaining_key);
  cipher_.initialize_key(std::move(key));
}

void SymmetricState::mix_hash(std::string_view text) {
  for (auto& transcript : transcripts_) {
    transcript.hash += text;
    transcript.hash = sha256(transcript.hash);
  }
}

void SymmetricState::mix_payload(std::string_view ciphertext) {
  if (has_key()) {
    mix_hash(ciphertext);
    return;
  }
  forms_differ_ = true;
  for (auto& transcript : transcripts_) {
    if (transcript.hashing == PayloadHashing::always) {
      transcript.hash += ciphertext;
      transcript.hash = sha256(transcript.hash);
    }
  }
}

Result<Bytes> SymmetricState::encrypt_and_hash(std::string_view plaintext) {
  auto ciphertext = cipher_.encrypt_with_ad(handshake_hash(), plaintext);
  if (ciphertext) {
    mix_payload(*ciphertext);
  }
  return ciphertext;
}

Result<Bytes> SymmetricState::decrypt_and_hash(std::string_view ciphertext) {
  for (std::size_t i = 0; i < transcripts_.size(); ++i) {
    auto plaintext = cipher_.decrypt_with_ad(transcripts_[i].hash, ciphertext);
    if (!plaintext) {
      if (plaintext.error().code == Errc::bad_signature && i + 1 < transcripts_.size()) {
        continue;
      }
      return plaintext;
    }
    if (has_key() && forms_differ_) {
      transcripts_ = {Transcript(transcripts_[i])};
      seen_ = transcripts_.front().hashing;
    }
    mix_payload(ciphertext);
    return plaintext;
  }
  return fail(Errc::bad_signature, "the authentication tag is wrong");
}

SymmetricState::Split SymmetricState::split() const {
  auto [first, second] = hkdf_pair(chaining_key_, "");
  Split out{.initiator_sends = CipherState(dialect_), .responder_sends = CipherState(dialect_)};
  out.initiator_sends.initialize_key(std::move(first));
  out.responder_sends.initialize_key(std::move(second));
  return out;
}

}  // namespace parley::crypto::noise
