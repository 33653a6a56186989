// SPDX-License-Identifier: GPL-3.0-or-later
// A file on its way up: the octets as they go out, encrypted piece by piece, and then what the
// message says of them. Sources: MED-001, MED-002. One owner.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/base/repeated_octets.h"
#include "harness/crypto/media/media_stream.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/media_file.h"

namespace parley::reference::whatsapp {

class Sealing {
 public:
  // Errors: as MediaEncryptor::make.
  static Result<Sealing> make(const OutgoingFile& file, const SecretBytes& media_key,
                              const FaultSet& faults);

  std::uint64_t octets() const;  // of all that goes out
  Bytes next();                  // nothing at the end
  // Null until everything has gone out.
  const std::optional<crypto::media::MediaDescription>& description() const { return description_; }

 private:
  // How the uploaded octets differ from those that are right.
  struct Bends {
    explicit Bends(const FaultSet& faults, const SecretBytes& media_key);
    bool any() const { return plaintext || mac != Mac::right || !behind.empty(); }

    enum class Mac { right, missing, wrong, without_iv, whole };
    bool plaintext = false;
    Mac mac = Mac::right;
    Bytes behind;  // the file
  };

  Sealing(const OutgoingFile& file, const crypto::media::MediaKeys& keys,
          crypto::media::MediaEncryptor encryptor, Bends bends);
  Bytes encrypted();
  void bend(Bytes& out);

  RepeatedOctets file_;
  crypto::media::MediaEncryptor encryptor_;
  Bends bends_;
  crypto::HmacSha256Stream mac_;  // that a careless one sends
  crypto::Sha256Stream sent_;     // where that is not what is right
  std::optional<crypto::media::MediaDescription> description_;
};

}  // namespace parley::reference::whatsapp
