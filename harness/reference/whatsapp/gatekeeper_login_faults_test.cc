// SPDX-License-Identifier: GPL-3.0-or-later
// Each fault of the gatekeeper for `whatsapp` that acts on octets, frames, logins or what is stored
// shows, and what it breaks holds without it.
#include <gtest/gtest.h>

#include "harness/reference/whatsapp/gatekeeper_house.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

using Faults = std::vector<std::string>;

constexpr auto kMoment = std::chrono::milliseconds(50);

Bytes ping(const std::string& id) {
  return octets_of("<iq id='" + id + "' type='get' xmlns='w:p' to='s.whatsapp.net'/>");
}

Bytes text(const std::string& id, const std::string& to) {
  return octets_of("<message id='" + id + "' to='" + to + "'><enc v='2' type='msg'>" + id +
                   "</enc></message>");
}

std::string end_of(const Phone& phone) { return phone.all + (phone.ended ? "ended" : "open"); }

// Two handshakes: their keys, and what is to be said about the certificates.
asio::awaitable<std::string> two_handshakes(Faults faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone first = co_await house.connect("first");
  Phone second = co_await house.connect("second");
  const bool both = co_await first.greet() && co_await second.greet();
  std::string out = both ? "authentic " : "forged ";
  out += first.server_ephemeral == second.server_ephemeral ? "worn " : "fresh ";
  out += house.verify(first) ? "right chain" : "wrong chain";
  co_await house.keeper->stop();
  co_return out;
}

asio::awaitable<std::string> greet(Faults faults, void (*edit)(noise::ClientHello&), Bytes before) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone phone = co_await house.connect("who");
  const bool done = co_await phone.greet(edit, std::move(before));
  if (done) {
    phone.finish(third_party(100, "rosaline"));
    co_await phone.write(phone.finish_frame);
    co_await phone.hear();
  }
  co_await house.keeper->stop();
  co_return end_of(phone);
}

asio::awaitable<std::string> with_routing(Faults faults) {
  return greet(std::move(faults), nullptr, *wire::write_routing("edge-7"));
}

asio::awaitable<std::string> with_pq_mode(Faults faults) {
  return greet(std::move(faults), [](noise::ClientHello& hello) { hello.pq_mode = 1; }, {});
}

asio::awaitable<std::string> with_unknown_field(Faults faults) {
  return greet(std::move(faults),
               [](noise::ClientHello& hello) { hello.unknown = {protobuf::varint_field(99, 1)}; },
               {});
}

// A first message of IK with that login, to the server that tybalt has met.
struct Opening {
  noise::HandshakeState state;
  Bytes ephemeral;
  Bytes octets;
};
Opening open_ik(const Bytes& server_static, const wire::ClientPayload& login) {
  Rng rng(7);
  auto state = *noise::HandshakeState::make({.pattern = noise::Pattern::ik,
                                             .role = noise::Role::initiator,
                                             .prologue = kWhatsAppIntro,
                                             .dialect = noise::kWhatsApp,
                                             .local_static = *crypto::x25519_key_pair(rng),
                                             .local_ephemeral = {},
                                             .remote_static = server_static,
                                             .remote_ephemeral = {}});
  const auto parts = *state.write(wire::write(login), rng);
  return {.state = std::move(state),
          .ephemeral = parts.ephemeral,
          .octets = kWhatsAppIntro + *wire::write_frame(noise::write(noise::client_hello(parts)))};
}

// Logs in with it; what is heard then. Falls back where the server says so.
asio::awaitable<void> log_in_by(Phone& phone, Opening opening, wire::ClientPayload login) {
  phone.state = std::move(opening.state);
  co_await phone.write(opening.octets);
  const auto answer = co_await phone.frame();
  const auto message = noise::parse_handshake_message(answer.value_or(Bytes()));
  if (!message || !message->server_hello) {
    phone.ended = true;
    co_return;
  }
  const bool falls_back = message->server_hello->static_key.has_value();
  if (falls_back) {
    phone.state = *phone.state->fall_back(opening.ephemeral);
  }
  if (!phone.state->read(noise::to_parts(*message->server_hello))) {
    phone.all += "undecryptable";
    phone.ended = true;
    co_return;
  }
  phone.all += falls_back ? "fell back\n" : "by IK\n";
  if (falls_back) {
    phone.finish(login);
    co_await phone.write(phone.finish_frame);
  } else {
    phone.transport = *phone.state->split();
  }
  co_await phone.until("success");
}

asio::awaitable<std::string> by_ik(Faults faults, bool right_key, Bytes token) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  const Phone tybalt = co_await house.login("tybalt", third_party(300, "cat"));
  const Bytes key = right_key ? tybalt.server_static : Bytes(32, '\x09');
  const auto login = third_party(100, token);
  Phone romeo = co_await house.connect("romeo");
  co_await log_in_by(romeo, open_ik(key, login), login);
  co_await house.keeper->stop();
  co_return romeo.all;
}

asio::awaitable<std::string> known_server(Faults faults) {
  return by_ik(std::move(faults), true, "rosaline");
}
asio::awaitable<std::string> known_server_wrong_token(Faults faults) {
  return by_ik(std::move(faults), true, "capulet");
}
asio::awaitable<std::string> other_server(Faults faults) {
  return by_ik(std::move(faults), false, "rosaline");
}

// Romeo's first message of IK comes once more, from a thief; what romeo hears.
asio::awaitable<std::string> replay_ik(Faults faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  const Phone tybalt = co_await house.login("tybalt", third_party(300, "cat"));
  const auto login = third_party(100, "rosaline");
  const auto opening = open_ik(tybalt.server_static, login);
  Phone romeo = co_await house.connect("romeo");
  co_await log_in_by(romeo, opening, login);
  Phone thief = co_await house.connect("thief");
  co_await thief.write(opening.octets);
  co_await thief.frame();
  co_await thief.frame(kMoment);  // success, where the login was taken
  co_await romeo.fence("f1");
  co_await house.keeper->stop();
  co_return end_of(romeo);
}

// A ping in two segments, then two in one.
asio::awaitable<std::string> segments(Faults faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone romeo = co_await house.login("romeo", third_party(100, "rosaline"));
  const Bytes split = romeo.sealed(ping("q1"));
  co_await romeo.write(split.substr(0, 2));
  co_await romeo.hear(kMoment);
  co_await romeo.write(split.substr(2));
  co_await romeo.until("q1");
  if (!romeo.ended) {
    const Bytes joined = romeo.sealed(ping("q2")) + romeo.sealed(ping("q3"));
    co_await romeo.write(joined);
    co_await romeo.until("q3");
  }
  co_await house.keeper->stop();
  co_return end_of(romeo);
}

// One frame that is not the next: after each, whether romeo was answered.
asio::awaitable<std::string> frames(Faults faults, Bytes (*make)(Phone&)) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone romeo = co_await house.login("romeo", third_party(100, "rosaline"));
  co_await romeo.write(make(romeo));
  co_await romeo.until("q9");
  co_await house.keeper->stop();
  co_return end_of(romeo);
}

asio::awaitable<std::string> replayed(Faults faults) {
  return frames(std::move(faults), [](Phone& romeo) {
    const Bytes frame = romeo.sealed(ping("q1"));
    return frame + frame + romeo.sealed(ping("q9"));
  });
}

asio::awaitable<std::string> reordered(Faults faults) {
  return frames(std::move(faults), [](Phone& romeo) {
    const Bytes first = romeo.sealed(ping("q1"));
    return romeo.sealed(ping("q2")) + first + romeo.sealed(ping("q9"));
  });
}

asio::awaitable<std::string> skipped(Faults faults) {
  return frames(std::move(faults), [](Phone& romeo) {
    romeo.sealed(ping("q1"));
    return romeo.sealed(ping("q9"));
  });
}

asio::awaitable<std::string> tampered(Faults faults) {
  return frames(std::move(faults), [](Phone& romeo) {
    Bytes frame = romeo.sealed(ping("q1"));
    frame.back() = static_cast<char>(frame.back() ^ 1);  // of the tag
    return frame + romeo.sealed(ping("q9"));
  });
}

asio::awaitable<std::string> tampered_first(Faults faults) {
  return frames(std::move(faults), [](Phone& romeo) {
    Bytes frame = romeo.sealed(ping("q1"));
    char& first = frame[frame.size() - 16];  // of the tag
    first = static_cast<char>(first ^ 1);
    return frame + romeo.sealed(ping("q9"));
  });
}

// Twenty frames, then one under the counter of the first of them.
asio::awaitable<std::string> long_ago(Faults faults) {
  return frames(std::move(faults), [](Phone& romeo) {
    const auto old = romeo.transport->send;
    Bytes out;
    for (int i = 0; i < 20; ++i) {
      out += romeo.sealed(ping("q1"));
    }
    romeo.transport->send = old;
    return out + romeo.sealed(ping("q9"));
  });
}

asio::awaitable<std::string> far_ahead(Faults faults) {
  return frames(std::move(faults), [](Phone& romeo) {
    romeo.transport->send.set_nonce(romeo.transport->send.nonce() + 256);
    return romeo.sealed(ping("q9"));
  });
}

asio::awaitable<std::string> in_clear(Faults faults) {
  return frames(std::move(faults), [](Phone&) { return *wire::write_frame(ping("q9")); });
}

asio::awaitable<std::string> log_in(Faults faults, wire::ClientPayload payload) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone phone = co_await house.login("who", std::move(payload));
  co_await house.keeper->stop();
  co_return end_of(phone);
}

asio::awaitable<std::string> wrong_token(Faults faults) {
  return log_in(std::move(faults), third_party(100, "juliet"));
}
asio::awaitable<std::string> token_prefix(Faults faults) {
  return log_in(std::move(faults), third_party(100, "rosa"));
}
asio::awaitable<std::string> token_and_nul(Faults faults) {
  return log_in(std::move(faults), third_party(100, Bytes("rosaline\0x", 10)));
}
asio::awaitable<std::string> token_in_spaces(Faults faults) {
  return log_in(std::move(faults), third_party(100, " rosaline\n"));
}
asio::awaitable<std::string> token_of_another(Faults faults) {
  return log_in(std::move(faults), third_party(100, "cat"));
}
asio::awaitable<std::string> empty_token(Faults faults) {
  return log_in(std::move(faults), third_party(100, ""));
}
asio::awaitable<std::string> unknown_account(Faults faults) {
  return log_in(std::move(faults), third_party(999, "x"));
}
asio::awaitable<std::string> other_product(Faults faults) {
  auto payload = third_party(100, "rosaline");
  payload.product = wire::kProductInteropMessenger;
  return log_in(std::move(faults), std::move(payload));
}

// Romeo says a message without waiting for success; what tybalt hears.
asio::awaitable<std::string> after_failure(Faults faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone tybalt = co_await house.login("tybalt", third_party(300, "cat"));
  Phone romeo = co_await house.connect("romeo");
  co_await romeo.greet();
  romeo.finish(third_party(100, "juliet"));
  co_await romeo.write(romeo.finish_frame);
  co_await romeo.until("<failure");
  co_await romeo.say(text("m1", "12-300@interop"));
  co_await romeo.hear();
  co_await tybalt.fence("f1");
  co_await house.keeper->stop();
  co_return tybalt.all;
}

asio::awaitable<std::string> twice(Faults faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone first = co_await house.login("first", third_party(100, "rosaline"));
  Phone second = co_await house.login("second", third_party(100, "rosaline"));
  co_await first.hear();
  co_await first.hear(kMoment);
  co_await house.keeper->stop();
  co_return end_of(first);
}

// Two messages to tybalt, who is away, then three logins of his; the second acknowledges.
asio::awaitable<std::string> away(Faults faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone romeo = co_await house.login("romeo", third_party(100, "rosaline"));
  co_await romeo.say(text("m1", "12-300@interop"));
  co_await romeo.say(text("m2", "12-300@interop"));
  co_await romeo.until("id='m2'");
  romeo.stream->reset();
  std::string out;
  for (const char* round : {"first", "second", "third"}) {
    Phone tybalt = co_await house.login(round, third_party(300, "cat"));
    co_await tybalt.fence("f1");
    out += std::string(round) + " got: " + tybalt.bodies + ";\n" + tybalt.all;
    if (std::string_view(round) == "second") {
      co_await tybalt.acknowledge();
      co_await tybalt.fence("f2");
    }
    tybalt.stream->close();
  }
  co_await house.keeper->stop();
  co_return out;
}

// One message to tybalt on each of two connections, under one id.
asio::awaitable<std::string> resend(Faults faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone tybalt = co_await house.login("tybalt", third_party(300, "cat"));
  for (const char* round : {"first", "second"}) {
    Phone romeo = co_await house.login(round, third_party(100, "rosaline"));
    co_await romeo.say(text("m1", "12-300@interop"));
    co_await romeo.fence("f1");
    co_await romeo.say_text("<xmlstreamend/>");
    co_await romeo.until("<xmlstreamend");
  }
  co_await tybalt.fence("f2");
  co_await house.keeper->stop();
  co_return "got: " + tybalt.bodies + ";";
}

asio::awaitable<std::string> passive(Faults faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone romeo = co_await house.login("romeo", third_party(100, "rosaline"));
  co_await romeo.say(text("m1", "12-300@interop"));
  co_await romeo.fence("f1");
  auto payload = third_party(300, "cat");
  payload.passive = true;
  Phone tybalt = co_await house.login("tybalt", payload);
  co_await tybalt.fence("f2");
  co_await house.keeper->stop();
  co_return tybalt.all;
}

struct Bent {
  const char* fault;
  asio::awaitable<std::string> (*act)(Faults);
  std::string without;  // in what is heard when there is no fault, and not with it
  std::string with;     // the reverse
};
void PrintTo(const Bent& bent, std::ostream* out) { *out << bent.fault; }
class WhatsAppLoginFaultShows : public testing::TestWithParam<Bent> {};

TEST_P(WhatsAppLoginFaultShows, OnTheWire) {
  const Bent& bent = GetParam();
  const std::string good = testkit::run_to_end(bent.act({}));
  const std::string bad = testkit::run_to_end(bent.act({bent.fault}));
  const std::string heard = "without:\n" + good + "\nwith:\n" + bad;
  ASSERT_FALSE(bent.without.empty() && bent.with.empty());
  if (!bent.without.empty()) {
    EXPECT_NE(good.find(bent.without), std::string::npos) << heard;
    EXPECT_EQ(bad.find(bent.without), std::string::npos) << heard;
  }
  if (!bent.with.empty()) {
    EXPECT_EQ(good.find(bent.with), std::string::npos) << heard;
    EXPECT_NE(bad.find(bent.with), std::string::npos) << heard;
  }
}

Bent bad_chain(const char* fault) { return {fault, two_handshakes, "right chain", "wrong chain"}; }

INSTANTIATE_TEST_SUITE_P(Certificates, WhatsAppLoginFaultShows,
                         testing::Values(bad_chain("wg-chain-leaf-expired"),
                                         bad_chain("wg-chain-leaf-not-yet-valid"),
                                         bad_chain("wg-chain-intermediate-expired"),
                                         bad_chain("wg-chain-intermediate-not-yet-valid"),
                                         bad_chain("wg-chain-leaf-of-other-issuer"),
                                         bad_chain("wg-chain-intermediate-of-other-issuer"),
                                         bad_chain("wg-chain-leaf-with-other-key"),
                                         bad_chain("wg-chain-leaf-with-wrong-signature"),
                                         bad_chain("wg-chain-intermediate-with-wrong-signature"),
                                         bad_chain("wg-chain-leaf-signed-by-root"),
                                         bad_chain("wg-chain-intermediate-signed-by-itself"),
                                         bad_chain("wg-chain-unknown-root"),
                                         bad_chain("wg-chain-leaf-missing"),
                                         bad_chain("wg-chain-intermediate-missing")));

INSTANTIATE_TEST_SUITE_P(
    Handshakes, WhatsAppLoginFaultShows,
    testing::Values(Bent{"wg-reuses-ephemeral", two_handshakes, "fresh", "worn"},
                    Bent{"wg-specification-hashing", two_handshakes, "authentic", "forged"},
                    Bent{"wg-refuses-routing", with_routing, "<success", "ended"},
                    Bent{"wg-routing-in-prologue", with_routing, "<success", ""},
                    Bent{"wg-ignores-pq-mode", with_pq_mode, "ended", "<success"},
                    Bent{"wg-pq-mode-unanswered", with_pq_mode, "ended", "open"},
                    Bent{"wg-refuses-unknown-protobuf-fields", with_unknown_field, "<success",
                         "ended"},
                    Bent{"wg-honours-replayed-ik", replay_ik, "<iq id='f1'", "replaced"},
                    Bent{"wg-ik-counter-starts-at-one", known_server, "by IK\nromeo: <success",
                         "undecryptable"},
                    Bent{"wg-ik-token-unchecked", known_server_wrong_token,
                         "by IK\nromeo: <failure", "<success"},
                    Bent{"wg-no-fallback", other_server, "fell back\nromeo: <success", ""},
                    Bent{"wg-fallback-under-xx-name", other_server, "fell back\nromeo: <success",
                         "undecryptable"}));

INSTANTIATE_TEST_SUITE_P(
    Frames, WhatsAppLoginFaultShows,
    testing::Values(Bent{"wg-segmentation", segments, "id='q1'", ""},
                    Bent{"wg-joined-frames-lost", segments, "id='q3'", ""},
                    Bent{"wg-accepts-replayed-frame", replayed, "ended", "id='q9'"},
                    Bent{"wg-accepts-reordered-frame", reordered, "ended", "id='q9'"},
                    Bent{"wg-accepts-skipped-frame", skipped, "ended", "id='q9'"},
                    Bent{"wg-accepts-tampered-frame", tampered, "ended", "id='q9'"},
                    Bent{"wg-compares-first-15", tampered, "ended", "id='q9'"},
                    Bent{"wg-compares-last-15", tampered_first, "ended", "id='q9'"},
                    Bent{"wg-accepts-forgotten-frame", long_ago, "ended", "id='q9'"},
                    Bent{"wg-accepts-far-frame", far_ahead, "ended", "id='q9'"},
                    Bent{"wg-accepts-clear-frame", in_clear, "ended", "id='q9'"}));

INSTANTIATE_TEST_SUITE_P(
    Logins, WhatsAppLoginFaultShows,
    testing::Values(Bent{"wg-accepts-wrong-token", wrong_token, "<failure", "<success"},
                    Bent{"wg-accepts-empty-token", empty_token, "<failure", "<success"},
                    Bent{"wg-accepts-token-prefix", token_prefix, "<failure", "<success"},
                    Bent{"wg-accepts-token-to-nul", token_and_nul, "<failure", "<success"},
                    Bent{"wg-accepts-token-in-spaces", token_in_spaces, "<failure", "<success"},
                    Bent{"wg-accepts-token-of-another", token_of_another, "<failure", "<success"},
                    Bent{"wg-failure-asks-for-retry", wrong_token, "reason='401'", "reason='503'"},
                    Bent{"wg-accepts-unknown-account", unknown_account, "<failure", "<success"},
                    Bent{"wg-accepts-any-product", other_product, "<failure", "<success"},
                    Bent{"wg-goes-on-after-failure", after_failure, "", "<message id='m1'"},
                    Bent{"wg-replaced-keeps-session", twice, "replaced", "open"},
                    Bent{"wg-replaced-without-conflict", twice, "replaced", ""}));

INSTANTIATE_TEST_SUITE_P(
    Stored, WhatsAppLoginFaultShows,
    testing::Values(Bent{"wg-sends-before-success", away, "", "got: m1 m2 ;\nfirst: <message"},
                    Bent{"wg-offline-lost", away, "first got: m1 m2 ;", "first got: ;"},
                    Bent{"wg-offline-reversed", away, "first got: m1 m2 ;", "first got: m2 m1 ;"},
                    Bent{"wg-no-redelivery", away, "second got: m1 m2 ;", "second got: ;"},
                    Bent{"wg-redelivers-acked", away, "third got: ;", "third got: m1 m2 ;"},
                    Bent{"wg-forgets-sent-ids", resend, "got: m1 ;", "got: m1 m1 ;"},
                    Bent{"wg-acks-before-storing", away, "first got: m1 m2 ;", "first got: m1 ;"},
                    Bent{"wg-no-passive-hold", passive, "", "<message id='m1'"}));

}  // namespace
}  // namespace parley::reference::whatsapp
