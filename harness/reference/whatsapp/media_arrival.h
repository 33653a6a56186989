// SPDX-License-Identifier: GPL-3.0-or-later
// A file on its way down: decrypted piece by piece, but had only when it has been proven. Sources:
// MED-002 to MED-004, MED-018. One owner.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "harness/crypto/media/media_stream.h"
#include "harness/reference/faults.h"
#include "harness/wire/http_message.h"

namespace parley::reference::whatsapp {

// A file as its user has it: a stand-in keeps its hash alone.
struct HadFile {
  std::uint64_t length = 0;
  Bytes sha256;
};
// An error says why there is none, in English.
using FileOutcome = std::expected<HadFile, std::string>;

class Arrival {
 public:
  // `most` octets at the most. `proven`: the hash of the plaintext that the decryptor checks, if it
  // does.
  Arrival(crypto::media::MediaDecryptor decryptor, std::uint64_t most, std::optional<Bytes> proven,
          const FaultSet& faults);

  // A piece of an answer's body; false when no more of it is wanted.
  bool take(const wire::HttpMessage& head, const Bytes& piece);
  // An answer is over: whether it was the file, or a part of it.
  bool end(const wire::HttpMessage& head);
  // Whether there are further parts.
  bool in_parts() const { return received_ < whole_; }
  FileOutcome finish();

  int status() const { return status_; }
  std::uint64_t received() const { return received_; }
  // All of it, where it is opened carelessly.
  const Bytes& kept() const { return kept_; }

 private:
  bool is_file(const wire::HttpMessage& head) const;
  void add(const Bytes& plaintext);

  crypto::media::MediaDecryptor decryptor_;
  std::uint64_t most_;
  FaultSet faults_;
  bool keeps_;
  std::optional<Bytes> proven_;
  crypto::Sha256Stream plain_;
  std::uint64_t length_ = 0;  // of what was decrypted
  std::uint64_t received_ = 0;
  std::uint64_t before_ = 0;  // received when the part before ended
  std::uint64_t whole_ = 0;   // as a part has said
  int status_ = 0;
  Bytes kept_;
};

}  // namespace parley::reference::whatsapp
