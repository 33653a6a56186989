// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/misread.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/wire/http_message.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kLength = "content-length";
constexpr std::string_view kEncoding = "transfer-encoding";

// Lines of a head, the start line among them, without their ends; and what is behind it.
struct Head {
  std::vector<std::string> lines;
  Bytes rest;
};

Head head_of(const Bytes& octets) {
  Head out;
  const auto end = octets.find(kHeadEnd);
  std::size_t at = 0;
  while (end != Bytes::npos && at <= end) {
    const auto next = octets.find(kLineEnd, at);
    out.lines.push_back(octets.substr(at, next - at));
    at = next + kLineEnd.size();
  }
  out.rest = end == Bytes::npos ? octets : octets.substr(end + kHeadEnd.size());
  return out;
}

bool names(const std::string& line, std::string_view name) {
  return wire::same_name(std::string_view(line).substr(0, line.find(':')), name);
}

std::size_t count(const Head& head, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(
      head.lines, [&](const std::string& line) { return names(line, name); }));
}

void erase(Head& head, std::string_view name) {
  std::erase_if(head.lines, [&](const std::string& line) { return names(line, name); });
}

void erase_one(Head& head, std::string_view name, bool (*is_it)(std::size_t at, std::size_t all)) {
  const auto all = count(head, name);
  std::size_t at = 0;
  std::erase_if(head.lines,
                [&](const std::string& line) { return names(line, name) && is_it(at++, all); });
}

Bytes joined(const Head& head) {
  Bytes out;
  for (const auto& line : head.lines) {
    out += line;
    out += kLineEnd;
  }
  return out.empty() ? head.rest : out + Bytes(kLineEnd) + head.rest;
}

// Where the first line ends in a line feed alone: a head all of whose lines end as they must.
Bytes with_line_ends(Bytes octets) {
  constexpr std::string_view kBareEnd = "\n\n";
  const auto first = octets.find('\n');
  const auto end = octets.find(kBareEnd);
  if (end == Bytes::npos || octets[first - (first > 0 ? 1 : 0)] == '\r') {
    return octets;
  }
  const auto rest = end + kBareEnd.size();
  return replace_all(octets.substr(0, rest), "\n", kLineEnd) + octets.substr(rest);
}

// Folded lines, bare line feeds and chunk extensions as everybody else writes them, and no word of
// the connection's end; what has none of these is left.
Bytes without_oddities(const Bytes& octets) {
  auto plain = with_line_ends(octets);
  plain = replace_all(std::move(plain), "\r\n ", "");
  plain = replace_all(std::move(plain), ";a=b\r\n", kLineEnd);
  plain = replace_all(std::move(plain), ";a\n\r\n", kLineEnd);
  if (plain == octets) {
    return octets;
  }
  auto head = head_of(plain);
  erase(head, "connection");
  return joined(head);
}

Bytes misread(Bytes octets, const FaultSet& faults, const Misreads& misreads) {
  auto head = head_of(octets);
  const bool both = count(head, kLength) > 0 && count(head, kEncoding) > 0;
  if (both && faults.has(misreads.length_alone)) {
    erase(head, kEncoding);
  } else if (both && faults.has(misreads.encoding_alone)) {
    erase(head, kLength);
  } else if (count(head, kLength) > 1 && faults.has(misreads.first_length)) {
    erase_one(head, kLength, [](std::size_t at, std::size_t) { return at > 0; });
  } else if (count(head, kLength) > 1 && faults.has(misreads.last_length)) {
    erase_one(head, kLength, [](std::size_t at, std::size_t all) { return at + 1 < all; });
  } else {
    return faults.has(misreads.goes_on) ? without_oddities(octets) : octets;
  }
  return joined(head);
}

}  // namespace

std::function<Bytes(Bytes)> misread_under(const FaultSet& faults, const Misreads& misreads) {
  const auto all = {misreads.length_alone, misreads.encoding_alone, misreads.first_length,
                    misreads.last_length, misreads.goes_on};
  if (std::ranges::none_of(all, [&](Fault fault) { return faults.has(fault); })) {
    return {};
  }
  return [faults, misreads](Bytes octets) { return misread(std::move(octets), faults, misreads); };
}

}  // namespace parley::reference::whatsapp
