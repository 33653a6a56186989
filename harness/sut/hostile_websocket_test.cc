// SPDX-License-Identifier: GPL-3.0-or-later
// Servers of profile `whatsapp` that mean harm over a WebSocket (RFC 6455). What they say is put
// together here by hand.
#include <ostream>
#include <string>
#include <variant>

#include "harness/crypto/digest.h"
#include "harness/sut/hostile_judging.h"
#include "harness/sut/hostile_server.h"
#include "harness/testkit/run_to_end.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

// `asked`: the request for the upgrade has come. `open`: it is answered as it must be.
enum class WebStage { accept, asked, open };

class WebGuest : public Talker {
 public:
  using Talker::Talker;

  // False when the peer went before.
  asio::awaitable<bool> reach(WebStage stage) {
    if (stage == WebStage::accept) {
      co_return true;
    }
    Bytes head;
    while (head.find("\r\n\r\n") == Bytes::npos) {
      const auto event = co_await stream().read(0ms);
      const auto* octets = std::get_if<Bytes>(&event);
      if (octets == nullptr) {
        co_return false;
      }
      head += *octets;
    }
    if (stage == WebStage::asked) {
      co_return true;
    }
    const std::string field = "Sec-WebSocket-Key: ";
    const auto begin = head.find(field) + field.size();
    const auto key = head.substr(begin, head.find('\r', begin) - begin);
    co_return co_await say(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        to_base64(crypto::sha1(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) + "\r\n\r\n");
  }
};

using WebTrick = asio::awaitable<void> (*)(WebGuest& guest);

struct WebRow {
  const char* name;
  WebStage stage;
  WebTrick trick;
};
void PrintTo(const WebRow& row, std::ostream* out) { *out << row.name; }

// The header of a frame with a length of eight octets.
Bytes header(char first, std::uint64_t length) {
  Bytes out{first, '\x7F'};
  for (int shift = 56; shift >= 0; shift -= 8) {
    out += static_cast<char>(length >> shift);
  }
  return out;
}
constexpr char kBinary = '\x82';
constexpr char kBinaryAndMore = '\x02';
constexpr std::uint64_t kLargest = ~std::uint64_t{0} >> 1;  // section 5.2
constexpr std::uint64_t kMessage = std::uint64_t{1} << 24;  // one that is taken

asio::awaitable<void> falls_silent(WebGuest& guest) { co_await guest.hear_out(); }
asio::awaitable<void> leaves(WebGuest&) { co_return; }
asio::awaitable<void> says(WebGuest& guest, Bytes octets) {
  (void)co_await guest.say(std::move(octets));
  co_await guest.hear_out();
}
asio::awaitable<void> endless_head(WebGuest& guest) {
  return guest.flood("HTTP/1.1 101 Switching Protocols\r\n", "X: y\r\n", kEndless);
}
asio::awaitable<void> drips_a_head(WebGuest& guest) {
  return guest.drip("HTTP/1.1 101 Switching Protocols\r\n", "X: y\r\n");
}
asio::awaitable<void> claims_the_largest_frame(WebGuest& guest) {
  return says(guest, header(kBinary, kLargest));
}
asio::awaitable<void> endless_frame(WebGuest& guest) {
  return guest.flood(header(kBinary, kLargest), "x", kEndless);
}
asio::awaitable<void> endless_message(WebGuest& guest) {
  return guest.flood("", Bytes{kBinaryAndMore, '\x01', 'x'}, kEndless);
}
asio::awaitable<void> endless_fragments(WebGuest& guest) {
  return guest.flood(Bytes{kBinaryAndMore, '\x01', 'x'}, "\x00\x01x"s, kEndless);
}
asio::awaitable<void> endless_empty_fragments(WebGuest& guest) {
  return guest.flood(Bytes{kBinaryAndMore, '\0'}, "\0\0"s, kEndless);
}
asio::awaitable<void> drips_a_frame(WebGuest& guest) {
  return guest.drip(header(kBinary, kMessage), "x");
}
asio::awaitable<void> drips_empty_messages(WebGuest& guest) {
  return guest.drip("", Bytes{kBinary, '\0'});
}
asio::awaitable<void> floods_empty_messages(WebGuest& guest) {
  return guest.flood("", Bytes{kBinary, '\0'}, kEndless);
}
asio::awaitable<void> floods_pings(WebGuest& guest) {
  return guest.flood("", "\x89\x7D" + Bytes(125, 'x'), kEndless);
}
asio::awaitable<void> floods_pongs(WebGuest& guest) {
  return guest.flood("", "\x8A\x00"s, kEndless);
}
asio::awaitable<void> drips_pings(WebGuest& guest) { return guest.drip("", "\x89\x00"s); }
// The Close frame says that nothing follows (section 5.5.1).
asio::awaitable<void> floods_after_its_close(WebGuest& guest) {
  return guest.flood("\x88\x02\x03\xE8", Bytes{kBinary, '\x01', 'x'}, kEndless);
}
asio::awaitable<void> closes_and_stays(WebGuest& guest) { return says(guest, "\x88\x02\x03\xE8"); }
asio::awaitable<void> all_but_the_last_octet(WebGuest& guest) {
  return says(guest, header(kBinary, kMessage) + Bytes(kMessage - 1, 'x'));
}
asio::awaitable<void> floods_messages(WebGuest& guest) {
  return guest.flood("", Bytes{kBinary, '\x03', '\0', '\0', '\0'}, kEndless);
}
asio::awaitable<void> prints_garbage(WebGuest& guest) {
  return guest.flood("", Rng(3).octets(4096), kEndless);
}

using enum WebStage;
const WebRow kServers[] = {
    {"NeverAnswers", asked, falls_silent},
    {"ClosesAtTheRequest", asked, leaves},
    {"EndlessHead", asked, endless_head},
    {"DripsAHead", asked, drips_a_head},
    {"GarbageAtAccept", accept, prints_garbage},
    {"GarbageInsteadOfAHead", asked, prints_garbage},
    {"NeverSpeaks", open, falls_silent},
    {"EndsWithoutClose", open, leaves},
    {"ClaimsTheLargestFrame", open, claims_the_largest_frame},
    {"EndlessFrame", open, endless_frame},
    {"EndlessMessage", open, endless_message},
    {"EndlessFragments", open, endless_fragments},
    {"EndlessEmptyFragments", open, endless_empty_fragments},
    {"AllButTheLastOctet", open, all_but_the_last_octet},
    {"DripsAFrame", open, drips_a_frame},
    {"DripsEmptyMessages", open, drips_empty_messages},
    {"DripsPings", open, drips_pings},
    {"FloodsEmptyMessages", open, floods_empty_messages},
    {"FloodsMessages", open, floods_messages},
    {"FloodsPings", open, floods_pings},
    {"FloodsPongs", open, floods_pongs},
    {"FloodsAfterItsClose", open, floods_after_its_close},
    {"ClosesAndStays", open, closes_and_stays},
    {"Garbage", open, prints_garbage},
};

asio::awaitable<void> play_web_trick(net::Stream& stream, WebStage stage, WebTrick trick) {
  WebGuest guest(stream);
  if (co_await guest.reach(stage)) {
    co_await trick(guest);
  }
}

class HostileWebSocketServers : public testing::TestWithParam<WebRow> {};

TEST_P(HostileWebSocketServers, GetAVerdictInBoundedMemory) {
  (void)library();
  const MemoryWatch memory;
  const auto row = GetParam();
  const HostileServer server(
      [row](net::Stream& stream) { return play_web_trick(stream, row.stage, row.trick); });
  const std::map<std::string, std::string> endpoints{
      {"domain", "s.whatsapp.net"},
      {"websocket", "ws://" + server.address() + "/ws/chat"},
      {"root", std::string(64, '1')}};
  const auto verdicts = testkit::run_to_end(
      judged([&] { return attach_hostile("whatsapp", endpoints, ""); },
             {"transport/server-websocket-login", "transport/server-websocket-text"}, ""));
  expect_survived(verdicts, memory);
}
INSTANTIATE_TEST_SUITE_P(All, HostileWebSocketServers, testing::ValuesIn(kServers),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::sut
