// SPDX-License-Identifier: GPL-3.0-or-later
// A store on disk: one file a record, in one folder that its owner alone may read. A file holds a
// mark, the record's length, the record and SHA-256 over all of it with the record's name, so that
// one that was torn, cut, swapped or overwritten is an error and never a record. A new file
// replaces the old one whole. File names are the hex of record names: no peer's name can leave the
// folder.
#pragma once

#include <filesystem>

#include "harness/crypto/signal/store.h"

namespace parley::crypto::signal {

inline constexpr std::size_t kMaxRecordOctets = std::size_t{1} << 26U;
inline constexpr std::size_t kMaxNameOctets = 110;  // twice that and a suffix fit a file's name

class FolderStore final : public Store {
 public:
  // Makes the folder where it is missing. Errors: io.
  static Result<std::unique_ptr<FolderStore>> open(const std::filesystem::path& folder);

  // Errors: truncated for a file shorter than it says; malformed for one that is otherwise not as
  // it was written; too_large, also for the name; io.
  Result<std::optional<SecretBytes>> load(const std::string& name) const override;
  Result<void> save(const std::string& name, const SecretBytes& record) override;
  Result<void> remove(const std::string& name) override;
  Result<std::vector<std::string>> names(std::string_view prefix) const override;

 private:
  explicit FolderStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path path_of(const std::string& name) const;
  std::filesystem::path folder_;
};

}  // namespace parley::crypto::signal
