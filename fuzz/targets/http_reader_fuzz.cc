// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::HttpReader. Input: the octets of one direction of an HTTP/1.1 connection, read as
// requests and as responses to GET, HEAD and GET.
// Oracles: any segmentation gives the same items, also where bodies are taken in pieces; nothing
// follows a failure; the limits hold; what has no oddity is written and read as the same message.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/base/rng.h"
#include "harness/wire/http_reader.h"

namespace {

using namespace parley;
using namespace parley::wire;

// Small, so that short inputs reach it.
constexpr HttpLimits kSmall{.max_head_octets = 400,
                            .max_headers = 8,
                            .max_body_octets = 300,
                            .max_extension_octets = 40,
                            .max_trailer_octets = 60};
constexpr const char* kMethods[] = {"GET", "HEAD", "GET"};

// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 8'192, .octets_each = 64, .allocations = 64, .allocations_each = 1};

std::string listed(const HttpOddities& oddities) {
  std::string out;
  for (const auto& oddity : oddities) {
    out += std::string(to_string(oddity.kind)) + " at " + std::to_string(oddity.offset) + "; ";
  }
  return out;
}

std::string shown(const HttpItem& item) {
  if (const auto* failure = std::get_if<HttpFailure>(&item)) {
    return failure->error.detail + " at " + std::to_string(*failure->error.offset) + "; " +
           listed(failure->oddities);
  }
  const auto& received = std::get<HttpReceived>(item);
  return write(received.message, {.framing = HttpFraming::verbatim}) + listed(received.oddities) +
         std::to_string(received.offset) + "+" + std::to_string(received.octets) +
         (received.keeps_alive ? " stays" : " closes") +
         (received.until_close ? " at the end" : "");
}

HttpReader reader_of(HttpRole role) {
  HttpReader out(role, kSmall);
  for (const auto* method : kMethods) {
    if (role == HttpRole::response) {
      out.expect(method);
    }
  }
  return out;
}

enum class Bodies { whole, in_pieces };

// What was taken of a body belongs in front of what is left of it.
void put_back(Bytes& taken, std::vector<HttpItem>& items) {
  for (auto& item : items) {
    if (auto* received = std::get_if<HttpReceived>(&item)) {
      received->message.body.insert(0, std::exchange(taken, {}));
    }
  }
}

std::vector<HttpItem> read_in_segments(HttpRole role, std::string_view octets,
                                       std::uint64_t longest, Bodies bodies) {
  auto reader = reader_of(role);
  Rng cuts = Rng(longest).child(octets);
  std::vector<HttpItem> out;
  Bytes taken;
  const auto add = [&](std::vector<HttpItem> items) {
    put_back(taken, items);
    std::ranges::move(items, std::back_inserter(out));
    if (bodies == Bodies::in_pieces) {
      taken += reader.take_body();
      PARLEY_ORACLE(taken.size() <= kSmall.max_body_octets);
    }
  };
  while (!octets.empty()) {
    const auto segment = octets.substr(0, 1 + cuts.below(longest));
    octets.remove_prefix(segment.size());
    add(reader.feed(segment));
  }
  add(reader.end());
  return out;
}

void check_again(HttpRole role, const HttpReceived& received) {
  const auto& message = received.message;
  HttpForm form;
  const bool chunked = lists_token(message.headers, "Transfer-Encoding", "chunked");
  PARLEY_ORACLE(chunked || message.trailers.empty());
  if (received.until_close || (message.body.empty() && !chunked)) {
    form.framing = HttpFraming::verbatim;
  }
  HttpReader again(role);
  if (role == HttpRole::response) {
    const bool head_alone = !received.until_close && message.body.empty() && !chunked;
    again.expect(head_alone ? "HEAD" : "GET");
  }
  auto items = again.feed(write(message, form));
  std::ranges::move(again.end(), std::back_inserter(items));
  PARLEY_ORACLE(!items.empty());
  const auto* same = std::get_if<HttpReceived>(&items.front());
  PARLEY_ORACLE(same != nullptr);
  PARLEY_ORACLE(same->message == message);
  PARLEY_ORACLE(same->oddities.empty());
}

void check(HttpRole role, const std::vector<HttpItem>& items, std::string_view octets) {
  for (const auto& item : items) {
    if (const auto* failure = std::get_if<HttpFailure>(&item)) {
      PARLEY_ORACLE(&item == &items.back());
      PARLEY_ORACLE(*failure->error.offset <= octets.size());
      continue;
    }
    const auto& received = std::get<HttpReceived>(item);
    PARLEY_ORACLE(received.offset + received.octets <= octets.size());
    PARLEY_ORACLE(received.message.headers.size() <= kSmall.max_headers);
    PARLEY_ORACLE(received.message.trailers.size() <= kSmall.max_headers);
    PARLEY_ORACLE(received.message.body.size() <= kSmall.max_body_octets);
    if (received.oddities.empty()) {
      check_again(role, received);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  for (const auto role : {HttpRole::request, HttpRole::response}) {
    auto whole = reader_of(role);
    const auto items = fuzz::bounded(kBound, octets.size(), [&] {
      auto out = whole.feed(octets);
      std::ranges::move(whole.end(), std::back_inserter(out));
      return out;
    });
    check(role, items, octets);
    for (const std::uint64_t longest : {std::uint64_t{1}, std::uint64_t{5}, std::uint64_t{64}}) {
      for (const auto bodies : {Bodies::whole, Bodies::in_pieces}) {
        const auto cut = fuzz::bounded(
            kBound, octets.size(), [&] { return read_in_segments(role, octets, longest, bodies); });
        PARLEY_ORACLE(std::ranges::equal(cut, items, {}, shown, shown));
      }
    }
  }
  return 0;
}
