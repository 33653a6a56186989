// SPDX-License-Identifier: GPL-3.0-or-later
// A reference server's certificate, and the file that tells others which CA to trust. The folder
// goes with the object when it was made for it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/crypto/certificate.h"

namespace parley::reference {

// A PEM file that another party has named. Errors: io.
Result<std::string> read_pem(const std::string& path);

class CertificateFolder {
 public:
  // For the DNS name `host`; ca.pem lies in `folder`, or in a fresh temporary one where that is
  // empty. Errors: io.
  static Result<CertificateFolder> make(const Rng& rng, const std::string& host,
                                        const std::string& folder);
  CertificateFolder() = default;
  CertificateFolder(CertificateFolder&& other) noexcept;
  CertificateFolder& operator=(CertificateFolder&& other) noexcept;
  ~CertificateFolder();

  const crypto::Leaf& leaf() const { return leaf_; }
  // Another one of the same CA, for the same host or that name. Errors: io, also of a folder that
  // was not made.
  Result<crypto::Leaf> issue(crypto::LeafKind kind) const { return issue(host_, kind); }
  Result<crypto::Leaf> issue(const std::string& name, crypto::LeafKind kind) const;
  const std::string& ca_pem() const { return ca_pem_; }
  const std::string& ca_path() const { return ca_path_; }

 private:
  std::optional<crypto::CertificateAuthority> authority_;
  std::string host_;
  crypto::Leaf leaf_;
  std::string ca_pem_;
  std::string ca_path_;
  std::filesystem::path own_folder_;  // empty when it is somebody else's
};

}  // namespace parley::reference
