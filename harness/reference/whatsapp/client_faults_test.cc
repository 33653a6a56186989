// SPDX-License-Identifier: GPL-3.0-or-later
// The faults of the reference client of profile `whatsapp`, each against a small server that says
// what its row says: its sign is there with the fault and not without it.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "harness/reference/whatsapp/client_observe.h"
#include "harness/reference/whatsapp/faults_client.h"

namespace parley::reference::whatsapp {
namespace {

enum class Sign { appears, vanishes };

struct FaultRow {
  const char* fault;
  Server server;
  std::string sign;
  Sign changes = Sign::appears;
  bool connect_again = false;
};

class WhatsAppClientFault : public testing::TestWithParam<FaultRow> {};

TEST_P(WhatsAppClientFault, MakesTheDifference) {
  const FaultRow& row = GetParam();
  const Press press = [](ClientDriver& driver) {
    const std::string peer = "13-5@interop";
    (void)driver.handle("send",
                        {{"user", "5550100"}, {"to", peer}, {"text", "hello"}, {"id", "s1"}});
    (void)driver.handle("chatstate", {{"user", "5550100"}, {"to", peer}, {"state", "composing"}});
    (void)driver.handle("ping", {{"user", "5550100"}});
  };
  ASSERT_TRUE(find_fault(row.fault)) << row.fault << " is not in the table";
  const std::string conforming = observe(row.server, {}, press, row.connect_again);
  const std::string faulty = observe(row.server, with(row.fault), press, row.connect_again);
  const bool appears = row.changes == Sign::appears;
  EXPECT_EQ(shows(conforming, row.sign), !appears) << conforming;
  EXPECT_EQ(shows(faulty, row.sign), appears) << faulty;
}

// Octets of the binary form by hand, for what no writer writes.
Bytes str(const Bytes& text) {
  Bytes out("\xFC");
  out += static_cast<char>(text.size());
  return out += text;
}
Bytes list(int size) {
  Bytes out("\xF8");
  return out += static_cast<char>(size);
}
const Bytes kZeros(2, '\0');
const Bytes kInteropBare = "\xF5" + str("5") + kZeros + Bytes("\0\x0D", 2);
const Bytes kInterop = kInteropBare + str("interop");

// A message with children and, after its own, one more attribute.
Bytes raw_message(const Bytes& from, const Bytes& attribute, int count, const Bytes& children) {
  return Bytes(1, '\0') + list(attribute.empty() ? 8 : 10) + str("message") + str("id") +
         str("m1") + str("from") + from + str("type") + str("text") + attribute + list(count) +
         children;
}
Bytes raw_enc(const Bytes& content) {
  return list(6) + str("enc") + str("v") + str("2") + str("type") + str("msg") + content;
}
Bytes with_attribute(const Bytes& attribute) {
  return raw_message(kInterop, attribute, 1, raw_enc(str("shown")));
}
Bytes with_child(const Bytes& child) {
  return raw_message(kInterop, "", 2, raw_enc(str("shown")) + child);
}
Bytes with_flags(Bytes octets, char flags) {
  octets[0] = flags;
  return octets;
}

// A message with one more child.
Bytes message_with(xml::Element child, std::uint8_t flags = 0) {
  auto message = *xml::parse(
      "<message id='m1' from='12-5@interop' type='text'><enc v='2' type='msg'>shown</enc>"
      "</message>");
  message.children.emplace_back(std::move(child));
  wire::Encoding encoding;
  encoding.flags = flags;
  return wire::encode(message, {}, encoding).value_or("");
}
Bytes with_large_child() {
  xml::Element child = stanza_element("x");
  child.set_text(std::string(5 << 20, 'x'));
  return message_with(std::move(child), wire::kCompressedFlag);
}
Bytes with_deep_child() {
  xml::Element child = stanza_element("x");
  for (int i = 0; i < 100; ++i) {
    xml::Element around = stanza_element("x");
    around.children.emplace_back(std::move(child));
    child = std::move(around);
  }
  return message_with(std::move(child));
}
Bytes with_many_children() {
  xml::Element child = stanza_element("x");
  for (int i = 0; i < 12'000; ++i) {
    child.children.emplace_back(stanza_element("y"));
  }
  return message_with(std::move(child));
}
Bytes with_many_attributes() {
  xml::Element child = stanza_element("x");
  for (int i = 0; i < 100; ++i) {
    child.set("a" + std::to_string(i), "1");
  }
  return message_with(std::move(child));
}

noise::Dialect specification_form() {
  noise::Dialect out = noise::kWhatsApp;
  out.hashing = noise::PayloadHashing::always;
  return out;
}
void flip_static(noise::ServerHello& hello) { (*hello.static_key)[0] ^= 1; }
void flip_chain(noise::ServerHello& hello) { (*hello.payload)[0] ^= 1; }
void shorten_ephemeral(noise::ServerHello& hello) { hello.ephemeral->pop_back(); }
void drop_static(noise::ServerHello& hello) { hello.static_key.reset(); }
void drop_chain(noise::ServerHello& hello) { hello.payload.reset(); }
void flip_tag(noise::ServerHello& hello) { hello.payload->back() ^= 1; }
void add_unknown(noise::ServerHello& hello) {
  hello.unknown.push_back(protobuf::varint_field(77, 1));
}

const std::string kShown = "\"text\":\"shown\"";
const std::string kFinish = "[finish ";
const Bytes kMessage = node(message_text("m1", "13-5@interop", "shown"));
const Bytes kSecond = node(message_text("m2", "13-5@interop", "second"));
const Bytes kPresence = node("<presence from='12-5@interop'/>");
const std::string kPresenceNotice =
    "[presence {\"from\":\"12-5@interop\",\"type\":\"available\",\"user\":\"5550100\"}]";
const Bytes kUnknownIq = node("<iq type='get' id='u1' xmlns='x' from='s.whatsapp.net'><q/></iq>");
const Bytes kTwoPayloads =
    node("<iq type='get' id='u1' xmlns='x' from='s.whatsapp.net'><q/><q/></iq>");
const Bytes kEmptyIq = node("<iq type='get' id='u1' xmlns='x' from='s.whatsapp.net'/>");
const Bytes kPing = node("<iq type='get' id='p1' xmlns='w:p' from='s.whatsapp.net'/>");
const Bytes kTwoEncs = node(
    "<message id='m1' from='12-5@interop' type='text'><enc v='2' type='msg'>shown</enc>"
    "<enc v='2' type='msg'>other</enc></message>");
const Bytes kWrapped = node(
    "<message id='m1' from='12-5@interop' type='text'><participants><to jid='12-1@interop'>"
    "<enc v='2' type='msg'>shown</enc></to></participants></message>");
const Bytes kMismatch = node(
    "<message id='m1' from='12-5@interop' type='text'>"
    "<enc v='2' type='msg' mediatype='image'>shown</enc></message>");
const Bytes kMalformedFrom = node(message_text("m1", "1000-5@interop", "shown"));
const Bytes kConflict = node("<stream-error><conflict type='replaced'/></stream-error>");
const Bytes kRestart = node("<stream-error code='515'/>");
const std::string kResult = "<iq type='result' to='s.whatsapp.net' id='u1'/>";

// clang-format off: one fault is one row
const FaultRow kLoginFaults[] = {
    {"wt-wrong-protocol-name", {}, kFinish, Sign::vanishes},
    {"wt-logs-in-as-native", {}, "[finish product=0"},
    {"wt-intro-missing", {}, "[intro ", Sign::vanishes},
    {"wt-intro-twice", {}, kFinish, Sign::vanishes},
    {"wt-intro-wrong-version", {}, "[intro 57410502]"},
    {"wt-prologue-not-mixed", {}, kFinish, Sign::vanishes},
    {"wt-routing-in-prologue", {}, kFinish, Sign::vanishes},
    {"wt-length-little-endian", {}, kFinish, Sign::vanishes},
    {"wt-spec-hashing", {}, kFinish, Sign::vanishes},
    {"wt-accepts-other-hashing", {.dialect = specification_form()}, "[connected"},
    {"wt-accepts-odd-ephemeral", {.bend = shorten_ephemeral}, "[wrong finish]"},
    {"wt-accepts-missing-static", {.bend = drop_static}, "[wrong finish]"},
    {"wt-accepts-missing-certificate", {.bend = drop_chain}, "[wrong finish]"},
    {"wt-ignores-static-tag", {.bend = flip_static}, "[wrong finish]"},
    {"wt-ignores-certificate-tag", {.bend = flip_chain}, "[wrong finish]"},
    {"wt-root-unchecked", {.chain = ChainKind::unknown_root}, "[connected"},
    {"wt-intermediate-link-unchecked", {.chain = ChainKind::intermediate_of_other_issuer}, "[connected"},
    {"wt-leaf-link-unchecked", {.chain = ChainKind::leaf_of_other_issuer}, "[connected"},
    {"wt-leaf-signature-unchecked", {.chain = ChainKind::leaf_with_wrong_signature}, "[connected"},
    {"wt-leaf-key-unchecked", {.chain = ChainKind::leaf_with_other_key}, "[connected"},
    {"wt-accepts-expired", {.chain = ChainKind::leaf_expired}, "[connected"},
    {"wt-accepts-not-yet-valid", {.chain = ChainKind::leaf_not_yet_valid}, "[connected"},
    {"wt-intermediate-validity-unchecked", {.chain = ChainKind::intermediate_expired}, "[connected"},
    {"wt-token-in-clear", {}, "secret-token][finish"},
    {"wt-number-in-clear", {}, "[routing 5550100]"},
    {"wt-skips-handshake", {.cut = true, .connections = 2}, "[again][intro 57410603][no handshake]", Sign::appears, true},
    {"wt-refuses-unknown-fields", {.bend = add_unknown}, "[connected", Sign::vanishes},
    {"wt-failure-ignored", {.login_answer = "<failure reason='401'/>"}, "[connected"},
    {"wt-reconnects-after-failure", {.login_answer = "<failure reason='401'/>", .connections = 2}, "[again]"},
    {"wt-stanza-before-success", {.before_success = {kPing}}, "<presence type='available'/>[success]"},
    {"wt-honours-before-success", {.before_success = {kMessage}}, kShown},
};
const FaultRow kKnownServerFaults[] = {
    {"wt-early-payload-in-clear", {.connect = known_until("4102444800")}, "secret-token][finish"},
    {"wt-uses-expired-key", {.connect = known_until("1000000000")}, "[early]"},
    {"wt-no-fallback", {.refuses_ik = true, .connect = known_until("4102444800")}, kFinish, Sign::vanishes},
    {"wt-fallback-in-clear", {.refuses_ik = true, .connect = known_until("4102444800")}, "[wrong finish]"},
    {"wt-fallback-chain-unchecked", {.chain = ChainKind::unknown_root, .refuses_ik = true, .connect = known_until("4102444800")}, kFinish},
    {"wt-ik-chain-unchecked", {.chain = ChainKind::unknown_root, .connect = known_until("4102444800")}, "[connected"},
    {"wt-ik-ignores-tag", {.bend = flip_tag, .connect = known_until("4102444800")}, "[connected"},
};
const FaultRow kTransportFaults[] = {
    {"wt-segmentation", {.then = {kMessage}, .frames = Frames::halved}, kShown, Sign::vanishes},
    {"wt-joined-frames-lost", {.then = {kMessage, kSecond}}, "\"text\":\"second\"", Sign::vanishes},
    {"wt-counter-skips", {}, kFenceAnswer, Sign::vanishes},
    {"wt-counter-starts-at-one", {}, "[undecryptable]"},
    {"wt-counter-stays", {}, "[undecryptable]"},
    {"wt-one-counter", {}, "[undecryptable]"},
    {"wt-accepts-replayed-frame", {.then = {kPresence}, .frames = Frames::replayed}, kPresenceNotice + kPresenceNotice},
    {"wt-accepts-reordered-frame", {.then = {kMessage, kSecond}, .frames = Frames::swapped}, "\"text\":\"second\""},
    {"wt-accepts-tampered-frame", {.then = {kMessage}, .frames = Frames::tampered}, "\"text\":\"showo\""},
    {"wt-accepts-clear-frame", {.then = {kMessage}, .frames = Frames::clear}, kShown},
    {"wt-stays-unanswered", {.fence = false, .ping_from = "12-6@interop", .most_stanzas = 7, .connect = {{"keepalive_ms", 100}}}, "a ping was not answered", Sign::vanishes},
    {"wt-no-keepalive", {.fence = false, .ping_from = "12-6@interop", .connect = {{"keepalive_ms", 100}}}, "a ping was not answered", Sign::vanishes},
};
const FaultRow kFormFaults[] = {
    {"wt-flags-unchecked", {.then = {with_flags(kMessage, 4)}}, kShown},
    {"wt-compressed-unread", {.then = {node(message_text("m1", "12-5@interop", "shown"), wire::kCompressedFlag)}}, kShown, Sign::vanishes},
    {"wt-inflates-without-bound", {.then = {with_large_child()}}, kShown},
    {"wt-accepts-empty-list", {.then = {with_child(Bytes(1, '\0'))}}, kShown},
    {"wt-accepts-empty-name", {.then = {with_child(list(1) + str(""))}}, kShown},
    {"wt-accepts-missing-content", {.then = {with_child(list(2) + str("x"))}}, kShown},
    {"wt-accepts-trailing-octets", {.then = {kMessage + "x"}}, kShown},
    {"wt-accepts-unknown-token", {.then = {with_attribute("\x09" + str("x"))}}, kShown},
    {"wt-accepts-overlong-length", {.then = {raw_message(kInterop, "", 1, raw_enc("\xFC\x09shown"))}}, kShown},
    {"wt-masked-bits-counted", {.then = {raw_message(kInterop, "", 1, raw_enc(Bytes("\xFD\xF0\x00\x05shown", 9)))}}, kShown, Sign::vanishes},
    {"wt-accepts-invalid-nibble", {.then = {with_attribute(str("k") + Bytes("\xFF\x01\xCD"))}}, kShown},
    {"wt-depth-unbounded", {.then = {with_deep_child()}}, kShown},
    {"wt-children-unbounded", {.then = {with_many_children()}}, kShown},
    {"wt-attributes-unbounded", {.then = {with_many_attributes()}}, kShown},
    {"wt-accepts-invalid-utf8", {.then = {with_attribute(str("k") + str("\xC3("))}}, kShown},
    {"wt-accepts-duplicate-keys", {.then = {with_attribute(str("id") + str("m2"))}}, kShown},
    {"wt-interop-server-unread", {.then = {kMessage}}, kShown, Sign::vanishes},
    {"wt-interop-server-demanded", {.then = {raw_message(kInteropBare, "", 1, raw_enc(str("shown")))}}, kShown, Sign::vanishes},
    {"wt-interop-tuple-unread", {.then = {raw_message("\xF4" + kInteropBare.substr(1) + Bytes(1, '\0'), "", 1, raw_enc(str("shown")))}}, kShown, Sign::vanishes},
    {"wt-accepts-other-interop-server", {.then = {raw_message(kInteropBare + str("msgr"), "", 1, raw_enc(str("shown")))}}, kShown},
    {"wt-integrator-not-shown", {.then = {kMessage}}, "\"from\":\"12-5@interop\""},
    {"wt-integrator-lost-in-answers", {.then = {kMessage}}, "<ack class='message' id='m1' to='12-5@interop'/>"},
    {"wt-integrators-merged", {.then = {node(message_text("m1", "12-5@interop", "first")), kMessage}}, kShown, Sign::vanishes},
    {"wt-accepts-malformed-jid", {.then = {kMalformedFrom}}, kShown},
    {"wt-acts-on-partial", {.then = {kMessage.substr(0, kMessage.size() - 2)}}, "\"text\":\"sho\""},
};
const FaultRow kStanzaFaults[] = {
    {"wt-iq-unanswered", {}, kFenceAnswer, Sign::vanishes},
    {"wt-iq-answered-twice", {.then = {kPing}}, "id='p1'/><iq type='result' to='s.whatsapp.net' id='p1'/>"},
    {"wt-iq-wrong-id", {.then = {kPing}}, "id='p1x'"},
    {"wt-answers-results", {.then = {node("<iq type='result' id='x1' from='s.whatsapp.net'/>")}}, "id='x1'"},
    {"wt-answers-errors", {.then = {node("<iq type='error' id='x1' from='s.whatsapp.net'/>")}}, "id='x1'"},
    {"wt-accepts-empty-iq", {.then = {kEmptyIq}}, kResult},
    {"wt-accepts-two-payloads", {.then = {kTwoPayloads}}, kResult},
    {"wt-unknown-xmlns-result", {.then = {kUnknownIq}}, kResult},
    {"wt-unknown-xmlns-unanswered", {.then = {kUnknownIq}}, "id='u1'", Sign::vanishes},
    {"wt-unknown-children-refused", {.then = {message_with(stanza_element("x"))}}, kShown, Sign::vanishes},
    {"wt-unknown-id-result-taken", {.then = {node("<iq type='result' id='x1' from='s.whatsapp.net'/>")}}, "\"id\":\"x1\""},
    {"wt-forged-result-taken", {.ping_from = "12-6@interop"}, "[answered"},
    {"wt-reorders", {.then = {kMessage, kSecond}}, "\"text\":\"second\",\"type\":\"text\",\"user\":\"5550100\"}][received"},
    {"wt-shows-twice", {.then = {kMessage}}, "\"user\":\"5550100\"}][received"},
    {"wt-shows-resend", {.then = {kMessage, kPing, kMessage}}, "\"user\":\"5550100\"}][received"},
    {"wt-message-unacked", {.then = {kMessage}}, "<ack class='message' id='m1'", Sign::vanishes},
    {"wt-receipt-unacked", {.then = {node("<receipt id='r1' from='12-5@interop' type='read'/>")}}, "<ack class='receipt' id='r1' to='12-5@interop' type='read'/>", Sign::vanishes},
    {"wt-notification-unacked", {.then = {node("<notification id='n1' from='s.whatsapp.net' type='odd'/>")}}, "<ack class='notification' id='n1' to='s.whatsapp.net' type='odd'/>", Sign::vanishes},
    {"wt-call-unacked", {.then = {node("<call id='c1' from='12-5@interop'><offer/></call>")}}, "<ack class='call' id='c1'", Sign::vanishes},
    {"wt-ack-wrong-class", {.then = {kMessage}}, "<ack class='message' id='m1'", Sign::vanishes},
    {"wt-ack-wrong-id", {.then = {kMessage}}, "<ack class='message' id='m1x'"},
    {"wt-ack-wrong-to", {.then = {kMessage}}, "<ack class='message' id='m1' to='12-5550100@interop'"},
    {"wt-unknown-stanza-unacked", {.then = {node("<odd id='o1' from='s.whatsapp.net'/>")}}, "<ack class='odd' id='o1' to='s.whatsapp.net' error='488'/>", Sign::vanishes},
    {"wt-nack-without-error", {.then = {kTwoEncs}}, "error='487'", Sign::vanishes},
    {"wt-resend-unacked", {.then = {kMessage, kMessage}}, "<receipt id='m1' to='13-5@interop'/><ack class='message' id='m1'", Sign::vanishes},
    {"wt-receipt-of-other-type", {.then = {kMessage}}, "<receipt id='m1' to='13-5@interop' type='retry'"},
    {"wt-may-ask-again", {.then = {kTwoEncs}}, "<receipt id='m1' to='12-5@interop' type='retry'"},
    {"wt-may-begin-with-pkmsg", {}, "type='pkmsg'"},
    {"wt-similar-server-taken", {.ping_from = "s.whatsapp.net.example"}, "[answered"},
    {"wt-receipt-missing", {.then = {kMessage}}, "<receipt id='m1'", Sign::vanishes},
    {"wt-receipt-without-showing", {.then = {kMessage}}, kShown, Sign::vanishes},
    {"wt-receipt-for-unreadable", {.then = {kTwoEncs}}, "<receipt id='m1'"},
    {"wt-sends-participants", {}, "<participants><to jid='13-5@interop'><enc"},
    {"wt-sends-two-encs", {}, "</enc><enc"},
    {"wt-accepts-two-encs", {.then = {kTwoEncs}}, kShown},
    {"wt-accepts-participants", {.then = {kWrapped}}, kShown},
    {"wt-sends-wrong-type", {}, "to='13-5@interop' type='text'", Sign::vanishes},
    {"wt-shows-mismatched-type", {.then = {kMismatch}}, kShown},
    {"wt-reconnects-after-conflict", {.then = {kConflict}, .connections = 2}, "[again]"},
    {"wt-stays-after-stream-error", {.then = {kConflict}}, kFenceAnswer},
    {"wt-sends-after-stream-error", {.then = {kConflict}}, "/><presence type='available'/>"},
    {"wt-no-reconnect", {.then = {kRestart}, .connections = 2, .connect = {{"reconnect", true}}}, "[again]", Sign::vanishes},
    {"wt-stream-end-unanswered", {.then = {node("<xmlstreamend/>")}}, "<xmlstreamend/>", Sign::vanishes},
    {"wt-sends-two-chatstates", {}, "<composing/><paused/>"},
    {"wt-shows-bad-chatstate", {.then = {node("<chatstate from='12-5@interop'><composing/><paused/></chatstate>")}}, "\"type\":\"composing\""},
};
// clang-format on

TEST(WhatsAppClientFaults, StandInTheTableAsAmongTheEnumerators) {
  EXPECT_EQ(faults().size(), static_cast<std::size_t>(Fault::count));
  EXPECT_EQ(to_string(Fault::wt_wrong_protocol_name), "wt-wrong-protocol-name");
  EXPECT_EQ(to_string(Fault::wt_shows_bad_chatstate), "wt-shows-bad-chatstate");
  for (const FaultEntry& entry : client_faults()) {
    EXPECT_EQ(entry.party, "third-party.client") << entry.name;
    EXPECT_EQ(entry.profile, "whatsapp") << entry.name;
    EXPECT_TRUE(std::regex_search(std::string(entry.breaks), std::regex("[(; ][A-Z]{3}-[0-9]{3}")))
        << entry.name;
  }
}

std::string row_name(const testing::TestParamInfo<FaultRow>& row) {
  std::string name = row.param.fault;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Login, WhatsAppClientFault, testing::ValuesIn(kLoginFaults), row_name);
INSTANTIATE_TEST_SUITE_P(KnownServer, WhatsAppClientFault, testing::ValuesIn(kKnownServerFaults),
                         row_name);
INSTANTIATE_TEST_SUITE_P(Transport, WhatsAppClientFault, testing::ValuesIn(kTransportFaults),
                         row_name);
INSTANTIATE_TEST_SUITE_P(Form, WhatsAppClientFault, testing::ValuesIn(kFormFaults), row_name);
INSTANTIATE_TEST_SUITE_P(Stanzas, WhatsAppClientFault, testing::ValuesIn(kStanzaFaults), row_name);

}  // namespace
}  // namespace parley::reference::whatsapp
