// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/noise_channel.h"

#include <gtest/gtest.h>

#include "harness/engine/two_channels.h"
#include "harness/wire/sample_tokens.h"

namespace parley::engine {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* kPing = "<iq id='1' type='get'/>";
constexpr const char* kNotAuthentic = "not-authentic: the authentication tag is wrong";

// The attribute of the only item's element.
std::string attribute(const Items& items, const std::string& name) {
  const auto* stanza = items.empty() ? nullptr : std::get_if<xml::Stanza>(&items[0]);
  return stanza == nullptr ? "no stanza" : stanza->element.get(name);
}

TEST(NoiseChannel, LogsInAndShowsWhatTheHandshakeCarried) {
  TwoChannels ends;
  EXPECT_EQ(lines_of(ends.client_says("<intro magic='6' dictionary='3'/>")),
            Lines{"<intro magic='6' dictionary='3'/>"});
  EXPECT_FALSE(ends.server->may_end(true));
  EXPECT_EQ(attribute(ends.client_says("<client-hello/>"), "ephemeral").size(), 64U);
  const auto hello = ends.server_says("<server-hello/>");
  ASSERT_EQ(hello.size(), 1U);
  EXPECT_EQ(attribute(hello, "hashing"), "whatsapp");
  const auto* chain = std::get<xml::Stanza>(hello[0]).element.child("chain");
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->get("state"), "valid");
  EXPECT_FALSE(chain->get("leaf-serial").empty());
  const auto finish = ends.client_says(TwoChannels::kFinish);
  ASSERT_EQ(finish.size(), 1U);
  const auto* payload = std::get<xml::Stanza>(finish[0]).element.child("payload");
  ASSERT_NE(payload, nullptr);
  EXPECT_EQ(xml::print(*payload), xml::print(*tree(TwoChannels::kFinish).child("payload")));
  EXPECT_TRUE(ends.client->may_end(false));
  EXPECT_TRUE(ends.server->may_end(false));
}

TEST(NoiseChannel, CarriesStanzasBothWaysAndTheEnd) {
  TwoChannels ends;
  ends.log_in();
  for (const char* stanza : {"<message id='a'><enc>x</enc></message>", kPing, "<ack/>"}) {
    EXPECT_EQ(lines_of(ends.client_says(stanza)), Lines{stanza});
    EXPECT_EQ(lines_of(ends.server_says(stanza)), Lines{stanza});
  }
  EXPECT_EQ(lines_of(ends.client_says("<xmlstreamend/>")), Lines{"end"});
}

TEST(NoiseChannel, WritesAndReadsTheTokensOfItsProfile) {
  constexpr const char* kMessage = "<message to='a'><enc>x</enc></message>";
  const auto octets_of = [&](const wire::Tokens& tokens) {
    TwoChannels ends(1, "whatsapp", tokens);
    ends.log_in();
    const auto octets = TwoChannels::written(*ends.client, kMessage);
    EXPECT_EQ(lines_of(ends.server->received(octets)), Lines{kMessage});
    return octets.size();
  };
  // Literally "message", "to" and "enc" take 2 + 7, 2 + 2 and 2 + 3 octets; each is one token.
  EXPECT_EQ(octets_of({}) - octets_of(wire::sample_tokens()), 15U);
}

TEST(NoiseChannel, ShowsRoutingOctetsAndKeepsThemOutOfThePrologue) {
  TwoChannels ends;
  EXPECT_EQ(lines_of(ends.client_says("<routing>0a0b</routing>")),
            Lines{"<routing>0a0b</routing>"});
  EXPECT_EQ(lines_of(ends.log_in()).size(), 1U);
  EXPECT_EQ(lines_of(ends.client_says(kPing)), Lines{kPing});
}

TEST(NoiseChannel, NamesTheHashingOfTheServerToAClientOfTheOtherForm) {
  TwoChannels ends(1, "specification");
  ends.client_says(TwoChannels::kIntroElement);
  ends.client_says("<client-hello/>");
  EXPECT_EQ(attribute(ends.server_says("<server-hello/>"), "hashing"), "whatsapp");
}

struct Chain {
  const char* kind;
  const char* state;
};
class ShowsChain : public testing::TestWithParam<Chain> {};

TEST_P(ShowsChain, InItsState) {
  TwoChannels ends;
  ends.client_says(TwoChannels::kIntroElement);
  ends.client_says("<client-hello/>");
  const auto hello =
      ends.server_says("<server-hello chain='" + std::string(GetParam().kind) + "'/>");
  ASSERT_EQ(hello.size(), 1U);
  const auto* chain = std::get<xml::Stanza>(hello[0]).element.child("chain");
  ASSERT_NE(chain, nullptr);
  EXPECT_EQ(chain->get("state"), GetParam().state);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, ShowsChain,
    testing::Values(Chain{"leaf-expired", "the leaf has expired"},
                    Chain{"intermediate-not-yet-valid", "the intermediate is not yet valid"},
                    Chain{"leaf-with-other-key", "the leaf's key is not the server's static key"},
                    Chain{"leaf-missing", "the leaf, its details or its signature is missing"}),
    [](const auto& row) {
      auto name = std::string(row.param.kind);
      std::erase(name, '-');
      return name;
    });

// One edit at one layer of a message that the client sends after the login, or of the handshake.
struct EditRow {
  const char* name;
  const char* message;
  Edits edits;
  Lines items;  // that the server gets
};
Result<void> set_id(xml::Element& element) {
  element.set("id", "other");
  return {};
}
Result<void> short_ephemeral(xml::Element& element) {
  element.set("ephemeral", "00");
  return {};
}
Result<Bytes> nothing(const Bytes&) { return Bytes(); }
Result<Bytes> longer(const Bytes& octets) { return octets + Bytes(1, '\0'); }
Result<Bytes> last_flipped(Bytes octets) {
  octets.back() = static_cast<char>(octets.back() ^ 1);
  return octets;
}
Result<Bytes> twice(const Bytes& octets) { return octets + octets; }

const EditRow kEdits[] = {
    {"Stanza", kPing, {.stanza = set_id}, {"<iq id='other' type='get'/>"}},
    {"BytesAway", kPing, {.bytes = nothing}, {"not-a-stanza: a stanza without its flags octet"}},
    {"BytesLonger", kPing, {.bytes = longer}, {kPing}},
    {"FrameFlipped", kPing, {.frame = last_flipped}, {kNotAuthentic}},
    {"FrameTwice", kPing, {.frame = twice}, {kPing, kNotAuthentic}},
    {"CounterSkips", kPing, {.counter = 1}, {kNotAuthentic}},
    {"CounterFromTheEnd", kPing, {.counter = -1}, {}},
};

class EditsAStanza : public testing::TestWithParam<EditRow> {};

TEST_P(EditsAStanza, AtItsLayerOnly) {
  TwoChannels ends;
  ends.log_in();
  EXPECT_EQ(lines_of(ends.client_says(GetParam().message, GetParam().edits)), GetParam().items);
}
INSTANTIATE_TEST_SUITE_P(Layers, EditsAStanza, testing::ValuesIn(kEdits),
                         [](const auto& row) { return row.param.name; });

const EditRow kHelloEdits[] = {
    {"Handshake",
     "<client-hello/>",
     {.handshake = short_ephemeral},
     {"handshake: the client's ephemeral key has not 32 octets"}},
    {"Bytes", "<client-hello/>", {.bytes = longer}, {"handshake: field number 0 is out of range"}},
    {"NoBytes", "<client-hello/>", {.bytes = nothing}, {"<handshake-message/>"}},
};

class EditsAHello : public testing::TestWithParam<EditRow> {};

TEST_P(EditsAHello, AtItsLayerOnly) {
  TwoChannels ends;
  ends.client_says(TwoChannels::kIntroElement);
  EXPECT_EQ(lines_of(ends.client_says(GetParam().message, GetParam().edits)), GetParam().items);
}
INSTANTIATE_TEST_SUITE_P(Layers, EditsAHello, testing::ValuesIn(kHelloEdits),
                         [](const auto& row) { return row.param.name; });

TEST(NoiseChannel, RefusesAServerHelloWithAnAlteredKey) {
  TwoChannels ends;
  ends.client_says(TwoChannels::kIntroElement);
  ends.client_says("<client-hello/>");
  const Edits edits{.handshake = [](xml::Element& hello) -> Result<void> {
    auto key = hello.get("static");
    key[0] = key[0] == '0' ? '1' : '0';
    hello.set("static", key);
    return {};
  }};
  EXPECT_EQ(lines_of(ends.server_says("<server-hello/>", edits)),
            Lines{"handshake: the authentication tag is wrong"});
}

// What follows a frame that the peer refused. It goes out twice: a peer may have counted that frame
// or not.
TEST(NoiseChannel, IsReadByAPeerThatCountsOnlyTheFramesThatItTook) {
  TwoChannels ends;
  ends.log_in();
  EXPECT_EQ(lines_of(ends.client_says(kPing)), Lines{kPing});
  EXPECT_EQ(lines_of(ends.client_says(kPing, {.counter = -1})), Lines{kNotAuthentic});
  EXPECT_EQ(lines_of(ends.client_says(kPing, {.frame = last_flipped})),
            (Lines{kNotAuthentic, kNotAuthentic}));
  // The peer still waits for counter 1.
  EXPECT_EQ(lines_of(ends.client_says(kPing)), (Lines{kNotAuthentic, kPing}));
  EXPECT_EQ(lines_of(ends.client_says("<ack/>")), (Lines{kNotAuthentic, "<ack/>"}));
}

TEST(NoiseChannel, IsReadByAPeerThatCountsEveryFrame) {
  TwoChannels ends;
  ends.log_in();
  // The peer counts what it is to refuse: it has had another frame under that counter.
  const auto counted = [&](const Edits& edits) {
    const auto honest = ends.client->write({}, tree(kPing), {});
    ends.server->received(*honest);
    TwoChannels::written(*ends.client, kPing, edits);
  };
  counted({.frame = last_flipped});
  EXPECT_EQ(lines_of(ends.client_says(kPing)), (Lines{kPing, kNotAuthentic}));
}

TEST(NoiseChannel, SaysOnceWhatFollowsAFrameThatIsAuthentic) {
  TwoChannels ends;
  ends.log_in();
  EXPECT_EQ(lines_of(ends.client_says(kPing, {.bytes = nothing})),
            Lines{"not-a-stanza: a stanza without its flags octet"});
  EXPECT_EQ(lines_of(ends.client_says(kPing)), Lines{kPing});
}

TEST(NoiseChannel, ShowsOnceWhatItSaysTwice) {
  TwoChannels ends;
  ends.log_in();
  TwoChannels::written(*ends.client, kPing, {.frame = last_flipped});
  const auto both = ends.client->write({}, tree(kPing), {});
  EXPECT_EQ(lines_of(ends.client->sent(*both)), Lines{kPing});
}

TEST(NoiseChannel, KeepsNoTraceOfWhatWasWrittenAndNotSent) {
  TwoChannels ends;
  ends.client_says(TwoChannels::kIntroElement);
  const auto hello = ends.client->write({}, tree("<client-hello/>"), {});
  ASSERT_TRUE(hello) << hello.error();
  EXPECT_EQ(ends.client->write({}, tree("<client-hello/>"), {}), hello);
  // Something else is written and sent in its place.
  EXPECT_FALSE(TwoChannels::written(*ends.client, kPing).empty());
  EXPECT_EQ(ends.client->write({}, tree("<client-hello/>"), {}), hello);
}

TEST(NoiseChannel, CountsNoFrameThatWasNotSent) {
  TwoChannels ends;
  ends.log_in();
  const auto ping = ends.client->write({}, tree(kPing), {});
  EXPECT_EQ(ends.client->write({}, tree(kPing), {}), ping);
  EXPECT_EQ(lines_of(ends.client_says("<ack/>")), Lines{"<ack/>"});
  EXPECT_NE(ends.client->write({}, tree(kPing), {}), ping);
}

struct BadMessage {
  const char* name;
  const char* message;
  Edits edits;
  std::string detail;
};
Result<void> refuse_tree(xml::Element&) { return fail(Errc::malformed, "the edit"); }
Result<Bytes> refuse_octets(const Bytes&) { return fail(Errc::malformed, "the edit"); }
Result<void> no_hex(xml::Element& element) {
  element.set("ephemeral", "xyz");
  return {};
}

class WriteRefuses : public testing::TestWithParam<BadMessage> {};

TEST_P(WriteRefuses, NamingTheErrorAndGoesOnAsBefore) {
  TwoChannels ends;
  ends.client_says(TwoChannels::kIntroElement);
  const auto octets = ends.client->write({}, tree(GetParam().message), GetParam().edits);
  ASSERT_FALSE(octets) << to_hex(*octets);
  EXPECT_EQ(octets.error().detail, GetParam().detail);
  ends.client_says("<client-hello/>");
  const auto server = ends.server->write({}, tree("<server-hello chain='leaf-expird'/>"), {});
  EXPECT_EQ(server.error().code, Errc::not_found);
  EXPECT_NE(server.error().detail.find("leaf-expired"), std::string::npos) << server.error();
  ends.server_says("<server-hello/>");
  ends.client_says(TwoChannels::kFinish);
  EXPECT_EQ(lines_of(ends.client_says(kPing)), Lines{kPing});
}

INSTANTIATE_TEST_SUITE_P(
    Messages, WriteRefuses,
    testing::Values(
        BadMessage{"StanzaEdit", "<client-hello/>", {.stanza = refuse_tree}, "the edit"},
        BadMessage{"HandshakeEdit", "<client-hello/>", {.handshake = refuse_tree}, "the edit"},
        BadMessage{"BytesEdit", "<client-hello/>", {.bytes = refuse_octets}, "the edit"},
        BadMessage{"FrameEdit", "<client-hello/>", {.frame = refuse_octets}, "the edit"},
        BadMessage{"NotHex",
                   "<client-hello/>",
                   {.handshake = no_hex},
                   "'ephemeral' of <client-hello/> is not hex"},
        BadMessage{"RoutingNotHex", "<routing>xyz</routing>", {}, "not a hex digit"},

        BadMessage{"FinishFirst",
                   "<client-finish><payload username='1'/></client-finish>",
                   {},
                   "a handshake message before a ClientHello"}),
    [](const auto& row) { return row.param.name; });

// What an end gets depends on its values and the octets alone: that is what a replay rests on.
TEST(NoiseChannel, GivesTheSameOctetsAndItemsAgain) {
  const auto session = [](std::uint64_t seed) {
    TwoChannels ends(seed);
    Bytes octets = TwoChannels::written(*ends.client, TwoChannels::kIntroElement);
    Lines items = lines_of(ends.server->received(octets));
    const auto say = [&](Channel& from, Channel& to, const char* element) {
      const auto written = TwoChannels::written(from, element);
      octets += written;
      const auto line = lines_of(to.received(written));
      items.insert(items.end(), line.begin(), line.end());
    };
    say(*ends.client, *ends.server, "<client-hello/>");
    say(*ends.server, *ends.client, "<server-hello/>");
    say(*ends.client, *ends.server, TwoChannels::kFinish);
    say(*ends.client, *ends.server, kPing);
    say(*ends.server, *ends.client, "<success t='1'/>");
    return std::pair(octets, items);
  };
  const auto once = session(1);
  EXPECT_EQ(once.second.size(), 6U);
  EXPECT_EQ(session(1), once);
  EXPECT_NE(session(3).first, once.first);
}

TEST(NoiseChannel, ShowsWhatWasSentAsFarAsItCanBeRead) {
  TwoChannels ends;
  ends.log_in();
  const auto ping = ends.client->write({}, tree(kPing), {});
  EXPECT_EQ(lines_of(ends.client->sent(*ping)), Lines{kPing});
  const auto broken = ends.client->write({}, tree(kPing), {.bytes = nothing});
  EXPECT_TRUE(ends.client->sent(*broken).empty());
  const auto flipped = ends.client->write({}, tree(kPing), {.frame = last_flipped});
  EXPECT_TRUE(ends.client->sent(*flipped).empty());
  // The counter has gone on with every frame.
  const auto last = ends.client->write({}, tree(kPing), {});
  EXPECT_EQ(lines_of(ends.client->sent(*last)), Lines{kPing});
}

struct Misplaced {
  const char* name;
  std::string octets;
  Lines items;
};
class ServerRefuses : public testing::TestWithParam<Misplaced> {};

TEST_P(ServerRefuses, NamingTheError) {
  TwoChannels ends;
  EXPECT_EQ(lines_of(ends.server->received(*from_hex(GetParam().octets))), GetParam().items);
}

INSTANTIATE_TEST_SUITE_P(
    Octets, ServerRefuses,
    testing::Values(
        Misplaced{
            "NoIntro", "474554", {"not-a-frame: neither an intro header nor a routing pre-intro"}},
        Misplaced{"EmptyFrame",
                  "57410603 000000",
                  {"<intro magic='6' dictionary='3'/>", "<handshake-message/>"}},
        Misplaced{"NoProtobuf",
                  "57410603 000002 ffff",
                  {"<intro magic='6' dictionary='3'/>", "handshake: a varint is cut off"}},
        Misplaced{"FinishBeforeHello",
                  "57410603 000004 22020a00",
                  {"<intro magic='6' dictionary='3'/>",
                   "handshake: a ClientFinish before a ClientHello"}},
        Misplaced{"KeyOfSmallOrder",
                  "57410603 000024 12220a20" + std::string(64, '0'),
                  {"<intro magic='6' dictionary='3'/>",
                   "handshake: the peer's X25519 key is of small order: the product is zero"}},
        Misplaced{"RoutingTooLong",
                  "45440001 ffffff",
                  {"policy-violation: the claimed length is more than the limit"}}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::engine
