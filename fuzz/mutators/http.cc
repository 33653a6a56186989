// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/http.h"

#include <algorithm>
#include <vector>

#include "fuzz/mutators/octets.h"

namespace parley::mutators {
namespace {

using namespace std::string_view_literals;  // for octets with a zero among them

constexpr std::string_view kFirstLines[] = {"GET / HTTP/1.1\r\n"sv,
                                            "POST /users?a=b HTTP/1.1\r\n"sv,
                                            "HEAD / HTTP/1.0\r\n"sv,
                                            "PUT /f HTTP/1.1\r\n"sv,
                                            "OPTIONS * HTTP/1.1\r\n"sv,
                                            "GET http://a/ HTTP/1.1\r\n"sv,
                                            "CONNECT a:443 HTTP/1.1\r\n"sv,
                                            "HTTP/1.1 200 OK\r\n"sv,
                                            "HTTP/1.1 204 No Content\r\n"sv,
                                            "HTTP/1.1 100 Continue\r\n"sv,
                                            "HTTP/1.1 304 \r\n"sv,
                                            "HTTP/1.0 200\r\n"sv,
                                            "HTTP/1.1 101 Switching Protocols\r\n"sv,
                                            "HTTP/2.0 200 OK\r\n"sv,
                                            "HTTP/1.1 99 x\r\n"sv};
constexpr std::string_view kFields[] = {
    "Host: localhost\r\n"sv,
    "Content-Length: 0\r\n"sv,
    "Content-Length: 4\r\n"sv,
    "Content-Length: 5\r\n"sv,
    "Content-Length: +4\r\n"sv,
    "Content-Length: 4, 4\r\n"sv,
    "Content-Length: 4,5\r\n"sv,
    "Content-Length: 0x4\r\n"sv,
    "Content-Length: 04\r\n"sv,
    "Content-Length: -1\r\n"sv,
    "Content-Length: 18446744073709551616\r\n"sv,
    "Content-Length : 4\r\n"sv,
    "Transfer-Encoding: chunked\r\n"sv,
    "Transfer-Encoding: gzip, chunked\r\n"sv,
    "Transfer-Encoding: chunked, identity\r\n"sv,
    "Transfer-Encoding: xchunked\r\n"sv,
    "Transfer-Encoding:\tchunked\r\n"sv,
    "Transfer-Encoding : chunked\r\n"sv,
    "Transfer-Encoding: Chunked \r\n"sv,
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"sv,
    " folded\r\n"sv,
    "Connection: close\r\n"sv,
    "Connection: keep-alive, Upgrade\r\n"sv,
    "Upgrade: websocket\r\n"sv,
    "Expect: 100-continue\r\n"sv,
    "Trailer: X\r\n"sv,
    "Content-Type: application/json\r\n"sv,
    "X: \xFF\x01\r\n"sv,
    "X:\r\n"sv,
    ": x\r\n"sv,
    "no colon\r\n"sv,
    "X\0Y: z\r\n"sv,
    "Content-Encoding: deflate\r\n"sv,
    "\r\n"sv};
constexpr std::string_view kBodies[] = {"text"sv,
                                        "4\r\ntext\r\n0\r\n\r\n"sv,
                                        "0\r\n\r\n"sv,
                                        "4;a=\"b\r\nc\"\r\ntext\r\n0\r\nX: y\r\n\r\n"sv,
                                        "004\r\ntext\r\n"sv,
                                        "4 \r\ntext\r\n"sv,
                                        "-1\r\n"sv,
                                        "0x4\r\ntext\r\n"sv,
                                        "fffffffffffffffff\r\n"sv,
                                        "4\ntext\n0\n\n"sv,
                                        "4\r\ntextX\r\n"sv,
                                        "GET /next HTTP/1.1\r\nHost: b\r\n\r\n"sv};
constexpr std::string_view kEnds[] = {"\n"sv, "\r"sv, "\r\r\n"sv, ""sv, "\n\r"sv, " \r\n"sv};

// With their ends.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) {
    out += line;
  }
  return out;
}

std::string some_message(Random& random) {
  std::string out(random.pick(kFirstLines));
  for (auto count = random.below(5); count > 0; --count) {
    out += random.pick(kFields);
  }
  out += "\r\n";
  return random.one_in(2) ? out : out + std::string(random.pick(kBodies));
}

void edit_line(std::string& line, Random& random) {
  switch (random.below(5)) {
    case 0: {
      const auto end = std::min(line.find_last_not_of("\r\n") + 1, line.size());
      line.replace(end, line.size() - end, random.pick(kEnds));
      break;
    }
    case 1:
      line.insert(place_in(line, random), random.one_in(2) ? " " : "\t");
      break;
    case 2:
      for (auto& letter : line) {
        if (random.one_in(3) &&
            ((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'))) {
          letter = static_cast<char>(letter ^ 0x20);
        }
      }
      break;
    case 3: {
      const auto digit = line.find_first_of("0123456789", place_in(line, random));
      if (digit != std::string::npos) {
        line[digit] = static_cast<char>('0' + random.below(10));
        break;
      }
      [[fallthrough]];
    }
    default:
      edit_octets(line, random);
      break;
  }
}

void edit(std::vector<std::string>& lines, Random& random) {
  const auto place = [&] {
    return lines.begin() + static_cast<std::ptrdiff_t>(random.below(lines.size() + 1));
  };
  const auto at = random.below(lines.size());
  switch (lines.empty() ? 0 : random.below(9)) {
    case 0:
    case 1:
      lines.insert(place(), std::string(random.pick(kFields)));
      break;
    case 2:
      lines.insert(place(), std::string(random.pick(kBodies)));
      break;
    case 3:
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 4: {
      const auto copy = lines[at];
      lines.insert(place(), copy);
      break;
    }
    case 5:
      std::swap(lines[at], lines[random.below(lines.size())]);
      break;
    case 6:
      lines[0] = random.pick(kFirstLines);
      break;
    default:
      edit_line(lines[at], random);
      break;
  }
}

}  // namespace

std::string mutate_http(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  if (random.one_in(8)) {
    return mutate_octets(input, room, random.next());
  }
  auto lines = lines_of(input);
  if (random.one_in(10)) {
    lines.push_back(some_message(random));
  }
  for (auto count = random.small(4); count > 0; --count) {
    edit(lines, random);
  }
  return fitted(joined(lines), room);
}

std::string cross_http(std::string_view one, std::string_view other, std::size_t room,
                       std::uint64_t seed) {
  Random random(seed);
  auto lines = lines_of(one);
  const auto others = lines_of(other);
  if (!others.empty()) {
    const auto from = random.below(others.size());
    const auto count = std::min(random.small(6), others.size() - from);
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(random.below(lines.size() + 1)),
                 others.begin() + static_cast<std::ptrdiff_t>(from),
                 others.begin() + static_cast<std::ptrdiff_t>(from + count));
  }
  return fitted(joined(lines), room);
}

}  // namespace parley::mutators
