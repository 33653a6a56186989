// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/folder_store.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "harness/crypto/digest.h"

namespace parley::crypto::signal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "PSR1";
constexpr std::size_t kLengthOctets = 4;
constexpr std::size_t kFrameOctets = kMark.size() + kLengthOctets + kSha256Octets;
constexpr std::string_view kSuffix = ".record";
constexpr const char* kLongName = "a record's name is too long for a file";

Bytes length_of(std::size_t size) {
  Bytes out;
  for (std::size_t i = kLengthOctets; i-- > 0;) {
    out += static_cast<char>(size >> (8 * i) & 0xFFU);
  }
  return out;
}

Bytes checksum(std::string_view name, std::string_view framed) {
  return sha256(Bytes(length_of(name.size())) + Bytes(name) + Bytes(framed));
}

Result<SecretBytes> unframed(const std::string& name, std::string_view file) {
  if (file.size() < kFrameOctets) {
    return fail(Errc::truncated, "a record's file is cut off", file.size());
  }
  if (!file.starts_with(kMark)) {
    return fail(Errc::malformed, "a record's file has another mark", 0);
  }
  std::size_t size = 0;
  for (const char octet : file.substr(kMark.size(), kLengthOctets)) {
    size = size << 8U | static_cast<std::uint8_t>(octet);
  }
  if (size != file.size() - kFrameOctets) {
    const auto code = size > file.size() - kFrameOctets ? Errc::truncated : Errc::malformed;
    return fail(
        code,
        fmt::format("a record of {} octets has a file of {}", size, file.size() - kFrameOctets),
        kMark.size());
  }
  const auto framed = file.substr(0, file.size() - kSha256Octets);
  if (file.substr(framed.size()) != checksum(name, framed)) {
    return fail(Errc::malformed, "a record's file is not as it was written", framed.size());
  }
  return SecretBytes(framed.substr(kMark.size() + kLengthOctets));
}

}  // namespace

Result<std::unique_ptr<FolderStore>> FolderStore::open(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return fail(Errc::io, "a store's folder cannot be made: " + error.message());
  }
  fs::permissions(folder, fs::perms::owner_all, error);
  if (error) {
    return fail(Errc::io, "a store's folder cannot be closed to others: " + error.message());
  }
  return std::unique_ptr<FolderStore>(new FolderStore(folder));
}

fs::path FolderStore::path_of(const std::string& name) const {
  return folder_ / (to_hex(name) + std::string(kSuffix));
}

Result<std::optional<SecretBytes>> FolderStore::load(const std::string& name) const {
  if (name.size() > kMaxNameOctets) {
    return fail(Errc::too_large, kLongName);
  }
  const auto path = path_of(name);
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return std::optional<SecretBytes>();
  }
  const auto size = error ? 0 : fs::file_size(path, error);
  if (error) {
    return fail(Errc::io, "a record cannot be looked at: " + error.message());
  }
  if (size > kMaxRecordOctets + kFrameOctets) {
    return fail(Errc::too_large, fmt::format("a record's file of {} octets", size));
  }
  std::ifstream in(path, std::ios::binary);
  Bytes file(std::istreambuf_iterator<char>(in), {});
  if (!in) {
    return fail(Errc::io, "a record cannot be read");
  }
  auto record = unframed(name, file);
  OPENSSL_cleanse(file.data(), file.size());
  if (!record) {
    return std::unexpected(record.error());
  }
  return std::optional(std::move(*record));
}

Result<void> FolderStore::save(const std::string& name, const SecretBytes& record) {
  if (name.size() > kMaxNameOctets) {
    return fail(Errc::too_large, kLongName);
  }
  if (record.size() > kMaxRecordOctets) {
    return fail(Errc::too_large, fmt::format("a record of {} octets", record.size()));
  }
  Bytes framed = Bytes(kMark) + length_of(record.size()) + Bytes(record.reveal());
  framed += checksum(name, framed);
  const auto path = path_of(name);
  const fs::path fresh = path.string() + ".new";
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out.write(framed.data(), static_cast<std::streamsize>(framed.size()));
    out.flush();
    OPENSSL_cleanse(framed.data(), framed.size());
    if (!out) {
      return fail(Errc::io, "a record cannot be written");
    }
  }
  std::error_code error;
  fs::rename(fresh, path, error);
  if (error) {
    return fail(Errc::io, "a record cannot be put in its place: " + error.message());
  }
  return {};
}

Result<void> FolderStore::remove(const std::string& name) {
  std::error_code error;
  fs::remove(path_of(name), error);
  if (error) {
    return fail(Errc::io, "a record cannot be removed: " + error.message());
  }
  return {};
}

Result<std::vector<std::string>> FolderStore::names(std::string_view prefix) const {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const auto file = at->path().filename().string();
    if (!file.ends_with(kSuffix)) {
      continue;
    }
    const auto name = from_hex(file.substr(0, file.size() - kSuffix.size()));
    if (name && name->starts_with(prefix)) {
      out.push_back(*name);
    }
  }
  if (error) {
    return fail(Errc::io, "a store's folder cannot be listed: " + error.message());
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace parley::crypto::signal
