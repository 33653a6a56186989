// SPDX-License-Identifier: GPL-3.0-or-later
// A file encrypted, decrypted and proven, piece by piece, for ci/bench: how long that takes beside
// what the command line has for it, and in how much memory. Arguments: the file, where it is to lie
// encrypted, where decrypted. Prints the seconds of each way.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>

#include "harness/crypto/media/media_stream.h"

namespace {

using namespace parley;
namespace media = crypto::media;

constexpr std::size_t kPieceOctets = std::size_t{64} << 10U;

// Calls `take` with each piece of a file. False where it cannot be read.
template <class Take>
bool in_pieces(const char* name, const Take& take) {
  std::ifstream in(name, std::ios::binary);
  Bytes piece(kPieceOctets, '\0');
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    take(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount())));
  }
  return in.eof();
}

std::optional<media::MediaDescription> encrypt(const media::MediaKeys& keys, const char* from,
                                               const char* to) {
  auto encryptor = media::MediaEncryptor::make(keys, media::SidecarWanted::no);
  std::ofstream out(to, std::ios::binary);
  Bytes ready;
  const bool read = in_pieces(from, [&](std::string_view piece) {
    (void)encryptor->update(piece, ready);
    out << ready;
  });
  auto description = encryptor->finish(ready);
  out << ready;
  return read && out && description ? std::optional(*description) : std::nullopt;
}

bool decrypt(const media::MediaKeys& keys, const media::MediaDescription& description,
             const char* from, const char* to) {
  auto decryptor = media::MediaDecryptor::make(keys, description);
  std::ofstream out(to, std::ios::binary);
  Bytes ready;
  const bool read = in_pieces(from, [&](std::string_view piece) {
    decryptor->update(piece, ready);
    out << ready;
  });
  const bool whole = decryptor->finish(ready).has_value();
  out << ready;
  return read && out && whole;
}

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: parley_media_file FILE ENCRYPTED DECRYPTED\n", stderr);
    return 2;
  }
  const auto keys =
      media::expand_with(SecretBytes(Bytes(32, 'k')), media::info_of(media::MediaKind::video));
  auto began = std::chrono::steady_clock::now();
  const auto description = encrypt(keys, argv[1], argv[2]);
  const double encrypting = seconds_since(began);
  began = std::chrono::steady_clock::now();
  if (!description || !decrypt(keys, *description, argv[2], argv[3])) {
    std::fputs("the file does not come back\n", stderr);
    return 1;
  }
  std::printf("%.3f %.3f\n", encrypting, seconds_since(began));
  return 0;
}
