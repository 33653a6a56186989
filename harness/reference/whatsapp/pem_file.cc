// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/pem_file.h"

#include <fstream>

namespace parley::reference::whatsapp {

Result<std::string> read_pem_file(const std::string& path) {
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

}  // namespace parley::reference::whatsapp
