// SPDX-License-Identifier: GPL-3.0-or-later
// SUTs of profile `whatsapp` that mean harm.
#include <boost/asio/io_context.hpp>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "harness/engine/noise_channel.h"
#include "harness/sut/hostile_driver.h"
#include "harness/sut/hostile_judging.h"
#include "harness/sut/hostile_server.h"
#include "harness/testkit/run_to_end.h"
#include "harness/wire/deflate.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

// How far the server goes along before its trick. `hello`: it has read the client's; `greeted`: it
// has written its own; `finish`: it has read the client's last; `session`: the login is granted.
enum class NoiseStage { accept, hello, greeted, finish, session };

const model::Profile& profile() { return library().profiles.at("whatsapp"); }

const engine::Scope& server_scope() {
  static const engine::Scope made{
      .values = {{"noise.now",
                  std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count())}},
      .rng = Rng(7)};
  return made;
}

// One connection, seen from the server.
class NoiseGuest : public Talker {
 public:
  explicit NoiseGuest(net::Stream& stream)
      : Talker(stream),
        channel_(engine::make_noise_channel(profile(), engine::Side::server, "hostile",
                                            server_scope())) {}

  // False when the peer went before.
  asio::awaitable<bool> reach(NoiseStage stage) {
    if (stage == NoiseStage::accept) {
      co_return true;
    }
    if (!co_await heard("client-hello") || stage == NoiseStage::hello) {
      co_return stage == NoiseStage::hello;
    }
    const bool greeted = co_await say(written("<server-hello/>"));
    if (!greeted || stage == NoiseStage::greeted) {
      co_return greeted;
    }
    if (!co_await heard("client-finish") || stage == NoiseStage::finish) {
      co_return stage == NoiseStage::finish;
    }
    co_return co_await say(written("<success t='1'/>"));
  }

  // The octets of a message, with edits, noted as sent.
  Bytes written(const std::string& text, const engine::Edits& edits = {}) {
    const auto element = xml::parse(text);
    const auto octets = element ? channel_->write({}, *element, edits) : Bytes();
    if (!octets) {
      return {};
    }
    channel_->sent(*octets);
    return *octets;
  }
  // The same with these octets for a stanza's.
  Bytes sealed(const Bytes& stanza) {
    engine::Edits edits;
    edits.bytes = [&stanza](const Bytes&) -> Result<Bytes> { return stanza; };
    return written("<a/>", edits);
  }

 private:
  asio::awaitable<bool> heard(std::string name) {
    for (;;) {
      auto event = co_await stream().read(0ms);
      const auto* octets = std::get_if<Bytes>(&event);
      if (octets == nullptr) {
        co_return false;
      }
      for (const auto& item : channel_->received(*octets)) {
        const auto* stanza = std::get_if<xml::Stanza>(&item);
        if (stanza != nullptr && stanza->element.name == name) {
          co_return true;
        }
      }
    }
  }

  std::unique_ptr<engine::Channel> channel_;
};

using NoiseTrick = asio::awaitable<void> (*)(NoiseGuest& guest);

struct NoiseRow {
  const char* name;
  NoiseStage stage;
  NoiseTrick trick;
};
void PrintTo(const NoiseRow& row, std::ostream* out) { *out << row.name; }

// A frame with a length of its own choice.
Bytes frame(std::size_t claimed, const Bytes& payload) {
  return Bytes{static_cast<char>(claimed >> 16), static_cast<char>(claimed >> 8),
               static_cast<char>(claimed)} +
         payload;
}
constexpr std::size_t kLargest = (std::size_t{1} << 24) - 1;

asio::awaitable<void> leaves(NoiseGuest&) { co_return; }
asio::awaitable<void> falls_silent(NoiseGuest& guest) { co_await guest.hear_out(); }
asio::awaitable<void> resets(NoiseGuest& guest) {
  guest.stream().reset();
  co_return;
}
asio::awaitable<void> says(NoiseGuest& guest, Bytes octets) {
  (void)co_await guest.say(std::move(octets));
  co_await guest.hear_out();
}

asio::awaitable<void> endless_frame(NoiseGuest& guest) {
  return guest.flood(frame(kLargest, ""), "x", kEndless);
}
asio::awaitable<void> claims_the_largest_frame(NoiseGuest& guest) {
  return says(guest, frame(kLargest, ""));
}
asio::awaitable<void> all_but_the_last_octet(NoiseGuest& guest) {
  return says(guest, frame(kLargest, Bytes(kLargest - 1, 'x')));
}
// ServerHello { payload: 16 MiB } in one message.
asio::awaitable<void> sixteen_mebibytes_of_hello(NoiseGuest& guest) {
  Bytes field = "\x1A\xF6\xFF\xFF\x07\x1A\xF1\xFF\xFF\x07"s;
  return says(guest, frame(kLargest, field + Bytes(kLargest - field.size(), 'x')));
}
asio::awaitable<void> drips_a_frame(NoiseGuest& guest) {
  return guest.drip(frame(kLargest, ""), "x");
}
asio::awaitable<void> drips_empty_frames(NoiseGuest& guest) { return guest.drip("", frame(0, "")); }
asio::awaitable<void> floods_empty_frames(NoiseGuest& guest) {
  return guest.flood("", frame(0, ""), kEndless);
}
asio::awaitable<void> floods_small_frames(NoiseGuest& guest) {
  return guest.flood("", frame(17, Bytes(17, 'x')), kEndless);
}
asio::awaitable<void> floods_unknown_messages(NoiseGuest& guest) {
  return guest.flood("", frame(2, "\x08\x01"), kEndless);
}
asio::awaitable<void> prints_garbage(NoiseGuest& guest) {
  return guest.flood("", Rng(3).octets(4096), kEndless);
}
asio::awaitable<void> prints_nuls(NoiseGuest& guest) {
  return guest.flood("", Bytes(4096, '\0'), kEndless);
}
asio::awaitable<void> speaks_http(NoiseGuest& guest) {
  (void)co_await guest.say("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
}
asio::awaitable<void> answers_with_an_intro(NoiseGuest& guest) { return says(guest, "WA\x06\x03"); }
asio::awaitable<void> greets_twice(NoiseGuest& guest) {
  auto hello = guest.written("<server-hello/>");
  return says(guest, hello + hello);
}
asio::awaitable<void> greets_with_a_zero_key(NoiseGuest& guest) {
  engine::Edits edits;
  edits.handshake = [](xml::Element& hello) -> Result<void> {
    hello.set("ephemeral", std::string(64, '0'));
    return {};
  };
  return says(guest, guest.written("<server-hello/>", edits));
}
asio::awaitable<void> greets_with_many_fields(NoiseGuest& guest) {
  Bytes fields;
  for (int i = 0; i < 60'000; ++i) {
    fields += "\x98\x06\x01"s;  // field 99
  }
  return says(guest, frame(fields.size(), fields));
}
asio::awaitable<void> greets_as_a_client(NoiseGuest& guest) {
  engine::Edits edits;
  edits.handshake = [](xml::Element& hello) -> Result<void> {
    hello.name = "client-hello";
    return {};
  };
  return says(guest, guest.written("<server-hello/>", edits));
}
asio::awaitable<void> ends_the_stream(NoiseGuest& guest) {
  return says(guest, guest.written("<xmlstreamend/>"));
}
asio::awaitable<void> says_the_same_frame_again(NoiseGuest& guest) {
  return guest.flood("", guest.written("<message id='1'><enc>x</enc></message>"), kEndless);
}
asio::awaitable<void> floods_stanzas(NoiseGuest& guest) {
  bool stands = true;
  while (stands) {
    Bytes chunk;
    while (chunk.size() < 64 * 1024) {
      chunk += guest.written("<message id='1' from='1@s.whatsapp.net'><enc>x</enc></message>");
    }
    stands = co_await guest.say(std::move(chunk));
  }
}
// A node of one text, deflated.
Bytes bomb(std::size_t octets) {
  const Bytes length{static_cast<char>(octets >> 24), static_cast<char>(octets >> 16),
                     static_cast<char>(octets >> 8), static_cast<char>(octets)};
  return "\x02"s + wire::deflate("\xF8\x02\xFC\x01x\xFE"s + length + Bytes(octets, '\0'));
}
asio::awaitable<void> drops_a_zlib_bomb(NoiseGuest& guest) {
  return says(guest, guest.sealed(bomb(std::size_t{8} << 20)));
}
asio::awaitable<void> floods_bombs_of(NoiseGuest& guest, Bytes stanza) {
  bool stands = true;
  while (stands) {
    stands = co_await guest.say(guest.sealed(stanza));
  }
}
asio::awaitable<void> floods_zlib_bombs(NoiseGuest& guest) {
  return floods_bombs_of(guest, bomb(1'000'000));
}
asio::awaitable<void> floods_large_zlib_bombs(NoiseGuest& guest) {
  return floods_bombs_of(guest, bomb(std::size_t{8} << 20));
}
Bytes repeated(std::string_view unit, std::size_t count) {
  Bytes out;
  for (std::size_t i = 0; i < count; ++i) {
    out += unit;
  }
  return out;
}
// 9,000 child nodes of five octets.
asio::awaitable<void> floods_deflated_nodes(NoiseGuest& guest) {
  return floods_bombs_of(guest, "\x02"s + wire::deflate("\xF8\x02\xFC\x01x\xF9\x23\x28"s +
                                                        repeated("\xF8\x01\xFC\x01y", 9'000)));
}
asio::awaitable<void> nests_deeply(NoiseGuest& guest) {
  return says(guest, guest.sealed("\0"s + repeated("\xF8\x02\xFC\x01x\xF8\x01", 100'000)));
}
asio::awaitable<void> has_many_children(NoiseGuest& guest) {
  return says(guest, guest.sealed("\0\xF8\x02\xFC\x01x\xF9\xFF\xFF"s +
                                  repeated("\xF8\x01\xFC\x01y", 65'535)));
}
asio::awaitable<void> has_many_attributes(NoiseGuest& guest) {
  return says(guest,
              guest.sealed("\0\xF9\xFF\xFF\xFC\x01x"s + repeated("\xFC\x01y\xFC\x01z", 32'767)));
}
asio::awaitable<void> claims_a_long_string(NoiseGuest& guest) {
  return says(guest, guest.sealed("\0\xF8\x02\xFC\x01x\xFE\xFF\xFF\xFF\xFF"s));
}
asio::awaitable<void> sends_nothing_in_frames(NoiseGuest& guest) {
  return floods_bombs_of(guest, "");
}

using enum NoiseStage;
const NoiseRow kServers[] = {
    {"NeverAnswers", accept, falls_silent},
    {"NeverAnswersTheHello", hello, falls_silent},
    {"NeverAnswersTheLogin", finish, falls_silent},
    {"NeverAnswersAfterLogin", session, falls_silent},
    {"ClosesAtAccept", accept, leaves},
    {"ClosesAtTheHello", hello, leaves},
    {"ClosesAfterItsHello", greeted, leaves},
    {"ClosesAtTheLogin", finish, leaves},
    {"ClosesAfterLogin", session, leaves},
    {"ResetsAtAccept", accept, resets},
    {"ResetsAtTheHello", hello, resets},
    {"ResetsAfterItsHello", greeted, resets},
    {"ResetsAfterLogin", session, resets},
    {"EndlessFrame", hello, endless_frame},
    {"EndlessFrameUnasked", accept, endless_frame},
    {"EndlessFrameAfterLogin", session, endless_frame},
    {"ClaimsTheLargestFrame", hello, claims_the_largest_frame},
    {"ClaimsTheLargestFrameAfterLogin", session, claims_the_largest_frame},
    {"AllButTheLastOctet", hello, all_but_the_last_octet},
    {"AllButTheLastOctetAfterLogin", session, all_but_the_last_octet},
    {"HelloOf16Mebibytes", hello, sixteen_mebibytes_of_hello},
    {"DripsAHello", hello, drips_a_frame},
    {"DripsAFrameAfterLogin", session, drips_a_frame},
    {"DripsEmptyFrames", hello, drips_empty_frames},
    {"FloodsEmptyFrames", hello, floods_empty_frames},
    {"FloodsEmptyFramesAfterLogin", session, floods_empty_frames},
    {"FloodsSmallFramesAfterLogin", session, floods_small_frames},
    {"FloodsUnknownMessages", hello, floods_unknown_messages},
    {"GarbageAtAccept", accept, prints_garbage},
    {"GarbageInsteadOfAHello", hello, prints_garbage},
    {"GarbageAfterTheHandshake", finish, prints_garbage},
    {"GarbageAfterLogin", session, prints_garbage},
    {"NulsAfterLogin", session, prints_nuls},
    {"SpeaksHttp", hello, speaks_http},
    {"AnswersWithAnIntro", hello, answers_with_an_intro},
    {"GreetsTwice", hello, greets_twice},
    {"GreetsWithAZeroKey", hello, greets_with_a_zero_key},
    {"GreetsWithManyFields", hello, greets_with_many_fields},
    {"GreetsAsAClient", hello, greets_as_a_client},
    {"EndsTheStreamAtOnce", finish, ends_the_stream},
    {"EndsTheStreamAfterLogin", session, ends_the_stream},
    {"SaysTheSameFrameAgain", session, says_the_same_frame_again},
    {"FloodsStanzas", session, floods_stanzas},
    {"ZlibBomb", session, drops_a_zlib_bomb},
    {"FloodsZlibBombs", session, floods_zlib_bombs},
    {"FloodsLargeZlibBombs", session, floods_large_zlib_bombs},
    {"FloodsDeflatedNodes", session, floods_deflated_nodes},
    {"NestsDeeply", session, nests_deeply},
    {"ManyChildren", session, has_many_children},
    {"ManyAttributes", session, has_many_attributes},
    {"ClaimsALongString", session, claims_a_long_string},
    {"NothingInFrames", session, sends_nothing_in_frames},
};

asio::awaitable<void> play_noise_trick(net::Stream& stream, NoiseStage stage, NoiseTrick trick) {
  NoiseGuest guest(stream);
  if (co_await guest.reach(stage)) {
    co_await trick(guest);
  }
}

class HostileNoiseServers : public testing::TestWithParam<NoiseRow> {};

TEST_P(HostileNoiseServers, GetAVerdictInBoundedMemory) {
  (void)library();
  const auto root = engine::played_root(server_scope());
  ASSERT_TRUE(root) << root.error();
  const MemoryWatch memory;
  const auto row = GetParam();
  const HostileServer server(
      [row](net::Stream& stream) { return play_noise_trick(stream, row.stage, row.trick); });
  const std::map<std::string, std::string> endpoints{
      {"domain", "s.whatsapp.net"}, {"tcp", server.address()}, {"root", *root}};
  const auto verdicts = testkit::run_to_end(
      judged([&] { return attach_hostile("whatsapp", endpoints, ""); },
             {"stanza/server-binary-ping", "stanza/server-binary-unknown-flags/f01"}, ""));
  expect_survived(verdicts, memory);
}
INSTANTIATE_TEST_SUITE_P(All, HostileNoiseServers, testing::ValuesIn(kServers),
                         [](const auto& row) { return std::string(row.param.name); });

struct NoiseDriverRow {
  const char* name;
  const char* body;  // what it does when asked to connect
};
void PrintTo(const NoiseDriverRow& row, std::ostream* out) { *out << row.name; }

const NoiseDriverRow kDrivers[] = {
    {"HangsAtConnect", "time.sleep(600)"},
    {"NeverConnects", "answer(request, {})"},
    {"ConnectsAndHangs", "dial(params); time.sleep(600)"},
    {"ConnectsAndIsSilent", "dial(params); answer(request, {})"},
    {"ConnectsAndCloses", "dial(params).close(); answer(request, {})"},
    {"ClosesInsideTheIntro",
     "peer = dial(params); peer.sendall(INTRO[:3]); peer.close(); answer(request, {})"},
    {"ClosesAfterTheIntro",
     "peer = dial(params); peer.sendall(INTRO); peer.close(); answer(request, {})"},
    {"ClaimsTheLargestFrame",
     "dial(params).sendall(INTRO + b'\\xff\\xff\\xff'); answer(request, {})"},
    {"EndlessFrame",
     "speak(params, INTRO + b'\\xff\\xff\\xff', b'x' * 65536, 10 ** 6); answer(request, {})"},
    {"EndlessRouting",
     "speak(params, b'ED\\x00\\x01\\x00\\x10\\x00', b'x' * 65536, 10 ** 6); answer(request, {})"},
    {"FloodsEmptyFrames", "speak(params, INTRO, bytes(65535), 10 ** 6); answer(request, {})"},
    {"FloodsIntros", "speak(params, INTRO, INTRO * 10000, 10 ** 6); answer(request, {})"},
    {"Garbage", "speak(params, b'', os.urandom(65536), 10 ** 6); answer(request, {})"},
    {"SpeaksTls", "dial(params).sendall(b'\\x16\\x03\\x01\\x02\\x00\\x01'); answer(request, {})"},
    {"HelloWithoutAKey",
     "dial(params).sendall(INTRO + b'\\x00\\x00\\x02\\x12\\x00'); answer(request, {})"},
    {"HelloWithAZeroKey",
     "dial(params).sendall(INTRO + b'\\x00\\x00\\x24\\x12\\x22\\x0a\\x20' + bytes(32)); "
     "answer(request, {})"},
    {"FinishBeforeHello",
     "dial(params).sendall(INTRO + b'\\x00\\x00\\x02\\x22\\x00'); answer(request, {})"},
    {"ConnectsManyTimes", "[dial(params) for i in range(100)]; answer(request, {})"},
};

class HostileNoiseDrivers : public testing::TestWithParam<NoiseDriverRow> {};

TEST_P(HostileNoiseDrivers, GetAVerdictInBoundedMemory) {
  (void)library();
  const HostileDriver driver("whatsapp",
                             "INTRO = b'WA\\x06\\x03'; " + std::string(GetParam().body));
  const MemoryWatch memory;
  const auto verdicts = driver.judged_by(
      {"transport/client-noise-opening", "transport/client-noise-ephemeral-size/short"});
  expect_survived(verdicts, memory);
}
INSTANTIATE_TEST_SUITE_P(All, HostileNoiseDrivers, testing::ValuesIn(kDrivers),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::sut
