// SPDX-License-Identifier: GPL-3.0-or-later
// Channels of binary stanzas in Noise frames against damaged and hostile octets: a recorded
// session cut, segmented and flipped everywhere, and what claims or grows to more than may be kept.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "harness/engine/two_channels.h"
#include "harness/testkit/heap_watch.h"
#include "harness/wire/deflate.h"
#include "harness/wire/frame.h"

namespace parley::engine {
namespace {

using namespace std::string_literals;
using Lines = std::vector<std::string>;

constexpr std::size_t kMebibyte = std::size_t{1} << 20;
constexpr std::size_t kHeapOctets = 64 * kMebibyte;  // for one connection
constexpr std::size_t kReadOctets = 16 * 1024;       // that one read of a stream gives
constexpr std::size_t kRunOctets = 4 * kMebibyte;    // that a run takes from a SUT

// What one end was sent in an honest session, in bursts: between them it speaks itself.
using Bursts = std::vector<Bytes>;

struct Recording {
  Bursts to_client;
  Bursts to_server;
};

const Recording& recording() {
  static const Recording made = [] {
    TwoChannels ends;
    Recording out;
    const auto say = [](Channel& from, Channel& to, std::initializer_list<const char*> elements) {
      Bytes octets;
      for (const char* element : elements) {
        octets += TwoChannels::written(from, element);
      }
      to.received(octets);
      return octets;
    };
    auto& client = *ends.client;
    auto& server = *ends.server;
    out.to_server.push_back(say(client, server, {TwoChannels::kIntroElement, "<client-hello/>"}));
    out.to_client.push_back(say(server, client, {"<server-hello/>"}));
    out.to_server.push_back(say(client, server,
                                {TwoChannels::kFinish, "<iq id='1' type='get'/>",
                                 "<message id='2'><enc/></message>", "<xmlstreamend/>"}));
    out.to_client.push_back(
        say(server, client,
            {"<success t='1'/>", "<message id='3'><enc>x</enc></message>", "<xmlstreamend/>"}));
    return out;
  }();
  return made;
}

struct End {
  const char* name;
  Side side;
  std::size_t items;  // of the whole session
};
void PrintTo(const End& end, std::ostream* out) { *out << end.name; }

const Bursts& bursts_of(Side side) {
  return side == Side::server ? recording().to_server : recording().to_client;
}

std::size_t octets_of(const Bursts& bursts) {
  std::size_t out = 0;
  for (const auto& burst : bursts) {
    out += burst.size();
  }
  return out;
}

// What one end makes of bursts, in segments of so many octets (0: in one), to the cut.
using AfterPiece = std::function<void(std::size_t octets, const Lines& lines)>;
Lines played(Side side, const Bursts& bursts, std::size_t segment, std::size_t cut = SIZE_MAX,
             const AfterPiece& after_piece = {}) {
  TwoChannels ends;
  auto& end = side == Side::server ? *ends.server : *ends.client;
  if (side == Side::client) {
    TwoChannels::written(end, TwoChannels::kIntroElement);
    TwoChannels::written(end, "<client-hello/>");
  }
  Lines out;
  std::size_t fed = 0;
  for (const auto& whole : bursts) {
    const auto burst = std::string_view(whole).substr(0, cut);
    cut -= burst.size();
    const std::size_t size = segment == 0 ? std::max<std::size_t>(burst.size(), 1) : segment;
    for (std::size_t at = 0; at < burst.size(); at += size) {
      std::ranges::move(lines_of(end.received(burst.substr(at, size))), std::back_inserter(out));
      fed += std::min(size, burst.size() - at);
      if (after_piece) {
        after_piece(fed, out);
      }
    }
    if (burst.size() == whole.size() && &whole == &bursts.front()) {
      TwoChannels::written(end, side == Side::server ? "<server-hello/>" : TwoChannels::kFinish);
    }
  }
  return out;
}

class RecordedSession : public testing::TestWithParam<End> {
 protected:
  Side side() const { return GetParam().side; }
  const Bursts& bursts() const { return bursts_of(side()); }
  Lines whole() const { return played(side(), bursts(), 0); }
};

constexpr std::size_t kSegments[] = {0, 1, 2, 3, 7};

TEST_P(RecordedSession, IsTheSameInEverySegmentation) {
  EXPECT_EQ(whole().size(), GetParam().items);
  EXPECT_EQ(whole().back(), "end");
  for (const auto segment : kSegments) {
    EXPECT_EQ(played(side(), bursts(), segment), whole()) << segment;
  }
}

TEST_P(RecordedSession, CutAtEveryOctetGivesWhatWasWholeAndNothingElse) {
  const auto all = whole();
  std::vector<Lines> at_cut;
  for (std::size_t cut = 0; cut < octets_of(bursts()); ++cut) {
    at_cut.push_back(played(side(), bursts(), 0, cut));
    const auto& lines = at_cut.back();
    ASSERT_LT(lines.size(), all.size()) << cut;
    ASSERT_TRUE(std::equal(lines.begin(), lines.end(), all.begin())) << cut << ": " << lines.back();
  }
  at_cut.push_back(all);
  // The same after every piece of every segmentation.
  for (const auto segment : kSegments) {
    played(side(), bursts(), segment, SIZE_MAX, [&](std::size_t octets, const Lines& lines) {
      EXPECT_EQ(lines, at_cut.at(octets)) << octets << " in pieces of " << segment;
    });
  }
}

// Everything is authenticated, or shown: the flip is seen, and what came before it stays.
TEST_P(RecordedSession, ShowsAFlippedBitAtEveryOctet) {
  const auto all = whole();
  for (std::size_t burst = 0; burst < bursts().size(); ++burst) {
    for (std::size_t at = 0; at < bursts()[burst].size(); ++at) {
      auto flipped = bursts();
      flipped[burst][at] = static_cast<char>(flipped[burst][at] ^ (1 << at % 8));
      const auto lines = played(side(), flipped, 0);
      EXPECT_NE(lines, all) << burst << "." << at;
      EXPECT_EQ(played(side(), flipped, 1), lines) << burst << "." << at;
      // The end is authentic by itself: it never comes out of damaged octets alone.
      EXPECT_LE(lines.size(), all.size() + 1) << burst << "." << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ends, RecordedSession,
                         testing::Values(End{"Server", Side::server, 6},
                                         End{"Client", Side::client, 4}),
                         [](const auto& row) { return row.param.name; });

// A connection that is fed like one of a run, whose items are all kept as a run keeps them.
class Kept {
 public:
  explicit Kept(Channel& channel) : channel_(channel) {}

  void feed(std::string_view octets) {
    for (std::size_t at = 0; at < octets.size(); at += kReadOctets) {
      auto items = channel_.received(octets.substr(at, kReadOctets));
      std::ranges::move(items, std::back_inserter(items_));
    }
  }
  const Items& items() const { return items_; }

 private:
  Channel& channel_;
  Items items_;
};

Bytes header(std::size_t length) {
  return {static_cast<char>(length >> 16), static_cast<char>(length >> 8),
          static_cast<char>(length)};
}

// Whether the handshake is over when the flood begins.
enum class When { handshake, transport };

struct Flood {
  const char* name;
  When when;
  std::size_t claimed;  // by each frame
  std::size_t sent;     // octets of the last one
  std::size_t frames;
  std::size_t items;
  const char* last;  // item; what it says begins so
};
void PrintTo(const Flood& flood, std::ostream* out) { *out << flood.name; }

class Floods : public testing::TestWithParam<Flood> {};

TEST_P(Floods, TakeBoundedMemory) {
  TwoChannels ends;
  if (GetParam().when == When::transport) {
    ends.log_in();
  } else {
    ends.client_says(TwoChannels::kIntroElement);
  }
  const auto whole = header(GetParam().claimed) + Bytes(GetParam().claimed, '\x0A');
  const testkit::HeapWatch heap;
  Kept kept(*ends.server);
  for (std::size_t i = 1; i < GetParam().frames; ++i) {
    kept.feed(whole);
  }
  kept.feed(std::string_view(whole).substr(0, 3 + GetParam().sent));
  EXPECT_LE(heap.peak_octets(), kHeapOctets);
  ASSERT_EQ(kept.items().size(), GetParam().items);
  if (GetParam().items != 0) {
    EXPECT_TRUE(lines_of(kept.items()).back().starts_with(GetParam().last))
        << lines_of(kept.items()).back();
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Floods,
    testing::Values(
        Flood{"LargestFrameWithoutEnd", When::handshake, wire::kMaxFrameOctets,
              wire::kMaxFrameOctets - 1, 1, 0, ""},
        Flood{"LargestFrame", When::handshake, wire::kMaxFrameOctets, wire::kMaxFrameOctets, 1, 1,
              "policy-violation: the handshake message is longer than the limit"},
        Flood{"LargestFrameClaimedOnly", When::transport, wire::kMaxFrameOctets, 0, 1, 0, ""},
        Flood{"LargestFrameOfTransport", When::transport, wire::kMaxFrameOctets,
              wire::kMaxFrameOctets, 1, 1, "not-authentic"},
        Flood{"LongestHandshakeMessage", When::handshake, 256 * 1024, 256 * 1024, 1, 1,
              "policy-violation: more than 4096 fields"},
        Flood{"HandshakeMessageBeyondIt", When::handshake, 256 * 1024 + 1, 256 * 1024 + 1, 1, 1,
              "policy-violation"},
        // As many as a run keeps (Run::too_much_kept).
        Flood{"EmptyFrames", When::handshake, 0, 0, 20'000, 20'000, "<handshake-message/>"},
        Flood{"EmptyFramesOfTransport", When::transport, 0, 0, 20'000, 20'000, "not-authentic"},
        Flood{"SmallFramesOfTransport", When::transport, 17, 17, 20'000, 20'000, "not-authentic"}),
    [](const auto& row) { return row.param.name; });

// A frame of these octets in the place of a stanza's.
Bytes frame_of(TwoChannels& ends, const Bytes& octets) {
  Edits edits;
  edits.bytes = [&octets](const Bytes&) -> Result<Bytes> { return octets; };
  return TwoChannels::written(*ends.client, "<a/>", edits);
}
Bytes deflated(const Bytes& body) { return "\x02"s + wire::deflate(body); }

// `count` children of the fewest octets that they can have.
Bytes wide(std::size_t count) {
  auto out = *from_hex("f802 ff8115 f9") + header(count).substr(1);
  for (std::size_t i = 0; i < count; ++i) {
    out += *from_hex("f801 ff8115");
  }
  return out;
}
Bytes long_text(std::size_t octets) {
  return *from_hex("f802 ff8115 fe 00") + header(octets) + Bytes(octets, '\0');
}

struct Bombs {
  const char* name;
  Bytes body;
  std::size_t stanzas;  // that are taken before the connection has inflated all it may
};
void PrintTo(const Bombs& bombs, std::ostream* out) { *out << bombs.name; }

class ZlibBombs : public testing::TestWithParam<Bombs> {};

TEST_P(ZlibBombs, TakeBoundedMemoryHoweverManyCome) {
  TwoChannels ends;
  ends.log_in();
  const auto stanza = deflated(GetParam().body);
  const testkit::HeapWatch heap;
  Kept kept(*ends.server);
  std::size_t sent = 0;
  for (int i = 0; i < 100 && sent < kRunOctets; ++i) {
    const auto frame = frame_of(ends, stanza);
    sent += frame.size();
    kept.feed(frame);
  }
  EXPECT_LE(heap.peak_octets(), kHeapOctets);
  const auto stanzas = std::ranges::count_if(
      kept.items(), [](const auto& item) { return std::holds_alternative<xml::Stanza>(item); });
  EXPECT_EQ(static_cast<std::size_t>(stanzas), GetParam().stanzas);
  EXPECT_TRUE(lines_of(kept.items()).back().starts_with("policy-violation"))
      << lines_of(kept.items()).back();
}

INSTANTIATE_TEST_SUITE_P(All, ZlibBombs,
                         testing::Values(Bombs{"Text", long_text(kMebibyte - 10), 2},
                                         Bombs{"TextBeyondTheLimit", long_text(3 * kMebibyte), 0},
                                         Bombs{"TextBeyondTheString", long_text(kMebibyte + 1), 0},
                                         Bombs{"Nodes", wide(9'000), 46},
                                         Bombs{"NodesBeyondTheLimit", wide(10'001), 0}),
                         [](const auto& row) { return row.param.name; });

// 100,000 lists in each other, as they are and deflated.
TEST(DeepLists, AreRefusedWithoutGrowing) {
  TwoChannels ends;
  ends.log_in();
  Bytes deep;
  for (int i = 0; i < 100'000; ++i) {
    deep += *from_hex("f802 ff8115 f801");
  }
  const auto deep_and_deflated = deflated(deep);
  const testkit::HeapWatch heap;
  for (const auto& stanza : {"\0"s + deep, deep_and_deflated}) {
    EXPECT_EQ(lines_of(ends.server->received(frame_of(ends, stanza))),
              Lines{"policy-violation: nodes are nested deeper than the limit"});
  }
  EXPECT_EQ(lines_of(ends.client_says("<a/>")), Lines{"<a/>"});
  EXPECT_LE(heap.peak_octets(), 8 * kMebibyte);
}

}  // namespace
}  // namespace parley::engine
