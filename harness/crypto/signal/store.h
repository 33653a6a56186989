// SPDX-License-Identifier: GPL-3.0-or-later
// Where a device keeps its keys and sessions: octets by name. In memory here, on disk in
// folder_store.h. A provider works through a Transaction, so that a message which is refused leaves
// nothing behind. Not thread-safe: one owner a store.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto::signal {

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // Null: there is none of that name. Errors: io; malformed or truncated for a record that is not
  // as it was saved.
  virtual Result<std::optional<SecretBytes>> load(const std::string& name) const = 0;
  virtual Result<void> save(const std::string& name, const SecretBytes& record) = 0;
  // No error when there is none.
  virtual Result<void> remove(const std::string& name) = 0;
  // In order, those that begin with `prefix`.
  virtual Result<std::vector<std::string>> names(std::string_view prefix) const = 0;
};

class MemoryStore final : public Store {
 public:
  Result<std::optional<SecretBytes>> load(const std::string& name) const override;
  Result<void> save(const std::string& name, const SecretBytes& record) override;
  Result<void> remove(const std::string& name) override;
  Result<std::vector<std::string>> names(std::string_view prefix) const override;

 private:
  std::map<std::string, SecretBytes> records_;
};

// Changes kept back until commit(); without it they never were. Reads see them.
class Transaction final : public Store {
 public:
  // `below` must outlive it.
  explicit Transaction(Store& below) : below_(below) {}

  Result<std::optional<SecretBytes>> load(const std::string& name) const override;
  Result<void> save(const std::string& name, const SecretBytes& record) override;
  Result<void> remove(const std::string& name) override;
  Result<std::vector<std::string>> names(std::string_view prefix) const override;

  // Saves come before removals: a crash between them loses no session, only the removal of a key.
  Result<void> commit();

 private:
  Store& below_;
  std::map<std::string, std::optional<SecretBytes>> changes_;  // null: removed
};

}  // namespace parley::crypto::signal
