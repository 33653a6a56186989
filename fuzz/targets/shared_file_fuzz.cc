// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::omemo, a message that shares a file (shared_file.h). Input: the message's text.
// Oracles: what can be read is written and read again as the same, and its URL is https; what is
// encrypted under its key is read again, and not with a bit of its tag turned.
#include <cstdint>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/crypto/omemo/shared_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  using namespace parley::crypto::omemo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = read_shared_file(text);
  if (!file) {
    return 0;
  }
  PARLEY_ORACLE(file->https.starts_with("https://") && file->https.size() <= kMaxSharedUrl);
  const auto url = shared_file_url(*file);
  PARLEY_ORACLE(url);
  const auto again = read_shared_file(*url);
  PARLEY_ORACLE(again && again->https == file->https && again->key.iv == file->key.iv &&
                again->key.key.reveal() == file->key.key.reveal());
  auto octets = seal_shared_file(file->key, text);
  PARLEY_ORACLE(octets);
  const auto opened = open_shared_file(file->key, *octets);
  PARLEY_ORACLE(opened && *opened == text);
  octets->back() = static_cast<char>(octets->back() ^ 1);
  PARLEY_ORACLE(!open_shared_file(file->key, *octets));
  return 0;
}
