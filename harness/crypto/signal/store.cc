// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/store.h"

#include <set>
#include <utility>

namespace parley::crypto::signal {

Result<std::optional<SecretBytes>> MemoryStore::load(const std::string& name) const {
  const auto at = records_.find(name);
  return at == records_.end() ? std::nullopt : std::optional(at->second);
}

Result<void> MemoryStore::save(const std::string& name, const SecretBytes& record) {
  records_.insert_or_assign(name, record);
  return {};
}

Result<void> MemoryStore::remove(const std::string& name) {
  records_.erase(name);
  return {};
}

Result<std::vector<std::string>> MemoryStore::names(std::string_view prefix) const {
  std::vector<std::string> out;
  for (auto at = records_.lower_bound(std::string(prefix));
       at != records_.end() && at->first.starts_with(prefix); ++at) {
    out.push_back(at->first);
  }
  return out;
}

Result<std::optional<SecretBytes>> Transaction::load(const std::string& name) const {
  const auto at = changes_.find(name);
  return at == changes_.end() ? below_.load(name) : at->second;
}

Result<void> Transaction::save(const std::string& name, const SecretBytes& record) {
  changes_.insert_or_assign(name, record);
  return {};
}

Result<void> Transaction::remove(const std::string& name) {
  changes_.insert_or_assign(name, std::nullopt);
  return {};
}

Result<std::vector<std::string>> Transaction::names(std::string_view prefix) const {
  const auto below = below_.names(prefix);
  if (!below) {
    return std::unexpected(below.error());
  }
  std::set<std::string> out(below->begin(), below->end());
  for (const auto& [name, record] : changes_) {
    if (!record) {
      out.erase(name);
    } else if (name.starts_with(prefix)) {
      out.insert(name);
    }
  }
  return std::vector<std::string>(out.begin(), out.end());
}

Result<void> Transaction::commit() {
  for (const auto& [name, record] : changes_) {
    if (!record) {
      continue;
    }
    if (auto saved = below_.save(name, *record); !saved) {
      return saved;
    }
  }
  for (const auto& [name, record] : changes_) {
    if (record) {
      continue;
    }
    if (auto removed = below_.remove(name); !removed) {
      return removed;
    }
  }
  changes_.clear();
  return {};
}

}  // namespace parley::crypto::signal
