// SPDX-License-Identifier: GPL-3.0-or-later
// Stanzas read from an XML stream, in reads of 16 KiB: messages as clients send them, and large
// ones.
#include <benchmark/benchmark.h>

#include <string>

#include "harness/xml/reader.h"

namespace parley::xml {
namespace {

constexpr std::size_t kReadOctets = 16 * 1024;

std::string stanzas(std::size_t body_octets) {
  const std::string one =
      "<message from='alice@example.org/a' to='bob@example.net' type='chat' id='5f0c2a'><body>" +
      std::string(body_octets, 'x') +
      "</body><active xmlns='http://jabber.org/protocol/chatstates'/>"
      "</message>";
  std::string out;
  while (out.size() < 4 * kReadOctets) {
    out += one;
  }
  return out;
}

void stanzas_read(benchmark::State& state) {
  const auto octets = stanzas(static_cast<std::size_t>(state.range(0)));
  std::size_t read = 0;
  for (auto _ : state) {
    StreamReader reader;
    reader.feed(
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
        "version='1.0'>");
    for (std::size_t at = 0; at < octets.size(); at += kReadOctets) {
      const auto items = reader.feed(std::string_view(octets).substr(at, kReadOctets));
      read += items.size();
    }
  }
  if (read == 0) {
    state.SkipWithError("no stanza was read");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(octets.size()));
}
BENCHMARK(stanzas_read)->ArgName("body")->Arg(60)->Arg(100'000);

}  // namespace
}  // namespace parley::xml
