// SPDX-License-Identifier: GPL-3.0-or-later
// Binary stanzas written and read: a message as clients send it, and a large one of many nodes.
#include <benchmark/benchmark.h>

#include <string>

#include "harness/base/rng.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/sample_tokens.h"

namespace parley::wire {
namespace {

using xml::Element;

Element element(const std::string& name, std::vector<std::pair<std::string, std::string>> values) {
  Element out{.ns = {}, .name = name, .attributes = {}, .children = {}};
  for (auto& [key, value] : values) {
    out.attributes.push_back({"", std::move(key), std::move(value)});
  }
  return out;
}

// For each device a ciphertext of 300 octets.
Element message(std::size_t devices) {
  Rng rng(1);
  auto out = element("message", {{"id", "3EB0C767D097B7C7C030"},
                                 {"to", "12-4912345678@interop"},
                                 {"type", "text"},
                                 {"t", "1700000000"}});
  for (std::size_t i = 0; i < devices; ++i) {
    auto to = element("to", {{"jid", "49123456" + std::to_string(i) + ":5@s.whatsapp.net"}});
    auto enc = element("enc", {{"v", "2"}, {"type", "msg"}});
    enc.set_text(rng.octets(300));
    to.children.emplace_back(std::move(enc));
    out.children.emplace_back(std::move(to));
  }
  return out;
}

constexpr int kWithTokens = 1;
const Tokens* tokens_of(const benchmark::State& state) {
  return state.range(1) == kWithTokens ? &sample_tokens() : nullptr;
}

void stanzas_written(benchmark::State& state) {
  const auto stanza = message(static_cast<std::size_t>(state.range(0)));
  const WriteOptions options{.tokens = tokens_of(state)};
  std::size_t octets = 0;
  for (auto _ : state) {
    const auto written = encode(stanza, options);
    octets += written->size();
    benchmark::DoNotOptimize(written);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(octets));
}
BENCHMARK(stanzas_written)
    ->ArgNames({"devices", "tokens"})
    ->ArgsProduct({{1, 1'000}, {0, kWithTokens}});

void stanzas_read(benchmark::State& state) {
  const ReadOptions options{.tokens = tokens_of(state)};
  const auto octets =
      *encode(message(static_cast<std::size_t>(state.range(0))), {.tokens = options.tokens});
  for (auto _ : state) {
    const auto decoded = decode(octets, options);
    if (!decoded) {
      state.SkipWithError(decoded.error().detail.c_str());
      return;
    }
    benchmark::DoNotOptimize(decoded);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(octets.size()));
}
BENCHMARK(stanzas_read)
    ->ArgNames({"devices", "tokens"})
    ->ArgsProduct({{1, 1'000}, {0, kWithTokens}});

}  // namespace
}  // namespace parley::wire
