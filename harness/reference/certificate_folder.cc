// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/certificate_folder.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

namespace parley::reference {
namespace {

namespace fs = std::filesystem;

Result<fs::path> make_temporary_folder() {
  std::error_code error;
  auto pattern = (fs::temp_directory_path(error) / "parley-gatekeeper-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr) {
    return fail(Errc::io, "a temporary folder cannot be made");
  }
  return fs::path(pattern);
}

std::int64_t now_s() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())
      .time_since_epoch()
      .count();
}

}  // namespace

Result<std::string> read_pem(const std::string& path) {
  constexpr std::size_t kMaxPemOctets = std::size_t{64} << 10U;
  std::ifstream file(path, std::ios::binary);
  std::string out(kMaxPemOctets + 1, '\0');
  file.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(file.gcount()));
  if (out.empty() || out.size() > kMaxPemOctets) {
    return fail(Errc::io, "ca: there is no such PEM file");
  }
  return out;
}

Result<CertificateFolder> CertificateFolder::make(const Rng& rng, const std::string& host,
                                                  const std::string& folder) {
  auto ca = crypto::CertificateAuthority::make(rng.child("ca"), now_s());
  auto leaf = ca ? ca->issue(host, crypto::LeafKind::valid) : std::unexpected(ca.error());
  if (!leaf) {
    return std::unexpected(leaf.error());
  }
  CertificateFolder out;
  out.leaf_ = std::move(*leaf);
  out.ca_pem_ = ca->pem();
  out.host_ = host;
  out.authority_ = std::move(*ca);
  fs::path where = folder;
  if (where.empty()) {
    auto made = make_temporary_folder();
    if (!made) {
      return std::unexpected(made.error());
    }
    where = out.own_folder_ = std::move(*made);
  }
  std::error_code error;
  fs::create_directories(where, error);
  out.ca_path_ = fs::absolute(where / "ca.pem", error).string();
  std::ofstream file(out.ca_path_, std::ios::binary);
  file << out.ca_pem_;
  if (!file.flush()) {
    return fail(Errc::io, "cannot write " + out.ca_path_);
  }
  return out;
}

Result<crypto::Leaf> CertificateFolder::issue(const std::string& name,
                                              crypto::LeafKind kind) const {
  return authority_ ? authority_->issue(name, kind) : fail(Errc::io, "there is no CA");
}

CertificateFolder::CertificateFolder(CertificateFolder&& other) noexcept {
  *this = std::move(other);
}

CertificateFolder& CertificateFolder::operator=(CertificateFolder&& other) noexcept {
  std::swap(authority_, other.authority_);
  std::swap(host_, other.host_);
  std::swap(leaf_, other.leaf_);
  std::swap(ca_pem_, other.ca_pem_);
  std::swap(ca_path_, other.ca_path_);
  std::swap(own_folder_, other.own_folder_);
  return *this;
}

CertificateFolder::~CertificateFolder() {
  std::error_code ignored;
  if (!own_folder_.empty()) {
    fs::remove_all(own_folder_, ignored);
  }
}

}  // namespace parley::reference
