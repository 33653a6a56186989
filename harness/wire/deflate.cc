// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/deflate.h"

#include <zlib.h>

#include <array>
#include <limits>
#include <memory>
#include <new>

namespace parley::wire {
namespace {

struct InflateEnd {
  void operator()(z_stream* stream) const noexcept { inflateEnd(stream); }
};

constexpr std::size_t kChunkOctets = 16 * 1024;

}  // namespace

Result<Inflated> inflate(std::string_view octets, std::size_t max_octets) {
  if (octets.size() > std::numeric_limits<uInt>::max()) {
    return fail(Errc::too_large, "the compressed octets are more than zlib takes at once", 0);
  }
  z_stream state{};
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));
  state.avail_in = static_cast<uInt>(octets.size());
  if (inflateInit(&state) != Z_OK) {
    return fail(Errc::unsupported, "zlib could not begin");
  }
  const std::unique_ptr<z_stream, InflateEnd> end(&state);
  Inflated out{.octets = {}, .used = 0};
  std::array<char, kChunkOctets> chunk;
  while (true) {
    state.next_out = reinterpret_cast<Bytef*>(chunk.data());
    state.avail_out = static_cast<uInt>(chunk.size());
    const int result = ::inflate(&state, Z_NO_FLUSH);
    const std::size_t made = chunk.size() - state.avail_out;
    out.used = octets.size() - state.avail_in;
    if (made > max_octets - out.octets.size()) {
      return fail(Errc::too_large, "the inflated octets are more than the limit", out.used);
    }
    out.octets.append(chunk.data(), made);
    if (result == Z_STREAM_END) {
      return out;
    }
    if (result == Z_BUF_ERROR || (result == Z_OK && made == 0 && state.avail_in == 0)) {
      return fail(Errc::truncated, "the compressed octets end too early", out.used);
    }
    if (result != Z_OK) {
      return fail(Errc::malformed, "not zlib data", out.used);
    }
  }
}

Bytes deflate(std::string_view octets) {
  auto size = compressBound(static_cast<uLong>(octets.size()));
  Bytes out(size, '\0');
  // With the size that compressBound gives, only memory can be missing.
  if (compress(reinterpret_cast<Bytef*>(out.data()), &size,
               reinterpret_cast<const Bytef*>(octets.data()),
               static_cast<uLong>(octets.size())) != Z_OK) {
    throw std::bad_alloc();
  }
  out.resize(size);
  return out;
}

}  // namespace parley::wire
