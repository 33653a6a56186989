// SPDX-License-Identifier: GPL-3.0-or-later
// HTTP messages written and read: a callback as servers send it to each other, and a key set in
// chunks; whole, and in segments of a TCP connection.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "harness/base/rng.h"
#include "harness/wire/http_reader.h"

namespace parley::wire {
namespace {

HttpMessage callback(std::size_t octets) {
  Rng rng(1);
  return http_request("POST", "/push",
                      {{"Host", "partner.test:8443"},
                       {"Content-Type", "application/json"},
                       {"Authorization", "Bearer " + rng.token(200)},
                       {"Accept", "application/json"}},
                      rng.token(octets));
}

HttpForm form_of(const benchmark::State& state) {
  const auto chunk = static_cast<std::size_t>(state.range(1));
  const auto octets = static_cast<std::size_t>(state.range(0));
  return chunk == 0 ? HttpForm{}
                    : HttpForm{.framing = HttpFraming::chunked,
                               .chunks = std::vector<std::size_t>(octets / chunk, chunk)};
}

void requests_written(benchmark::State& state) {
  const auto message = callback(static_cast<std::size_t>(state.range(0)));
  const auto form = form_of(state);
  std::size_t octets = 0;
  for (auto _ : state) {
    const auto written = write(message, form);
    octets += written.size();
    benchmark::DoNotOptimize(written);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(octets));
}
BENCHMARK(requests_written)->ArgNames({"body", "chunk"})->ArgsProduct({{200, 100'000}, {0, 1'000}});

void requests_read(benchmark::State& state) {
  const auto octets = write(callback(static_cast<std::size_t>(state.range(0))), form_of(state));
  const auto segment = static_cast<std::size_t>(state.range(2));
  HttpReader reader(HttpRole::request);
  for (auto _ : state) {
    std::size_t messages = 0;
    for (std::size_t at = 0; at < octets.size(); at += segment) {
      messages += reader.feed(std::string_view(octets).substr(at, segment)).size();
    }
    if (messages != 1 || !reader.idle()) {
      state.SkipWithError("not one request");
      return;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(octets.size()));
}
BENCHMARK(requests_read)
    ->ArgNames({"body", "chunk", "segment"})
    ->ArgsProduct({{200, 100'000}, {0, 1'000}, {1, 1'460, 1'000'000}});

}  // namespace
}  // namespace parley::wire
