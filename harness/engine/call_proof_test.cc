// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/call_proof.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/base/text.h"
#include "harness/engine/channel.h"
#include "harness/engine/http_channel.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

const Scope& scope() {
  static const Scope made{.values = {{"noise.now", "1800000000"},
                                     {"partner.secret", "736563726574"},
                                     {service_host("partner"), "localhost:8443"}}};
  return made;
}

xml::Element call(const std::string& proof) {
  return *xml::parse("<http-request method='POST' target='/v1/pushes'>" + proof +
                     "<json><user>a</user></json></http-request>");
}
constexpr const char* kSigned =
    "<proof by='signature' state='valid' key='736563726574' keyid='gatekeeper'"
    " created='1800000000' nonce='n1' alg='hmac-sha256' covered='@method @path content-digest'/>";

// What the other side makes of it.
std::string state_of(const Result<Bytes>& octets) {
  if (!octets) {
    return octets.error().detail;
  }
  const auto channel = make_http_channel(Side::server, "server/partner/1", scope());
  const auto came = channel->received(*octets);
  const auto* stanza = came.empty() ? nullptr : std::get_if<xml::Stanza>(&came.front());
  const auto* proof = stanza == nullptr ? nullptr : stanza->element.child(kProof);
  return proof == nullptr ? "none" : proof->get("by") + " " + proof->get("state");
}

Result<Bytes> written(const std::string& proof, const Edits& edits = {}) {
  const auto channel = make_http_channel(Side::client, "server/partner/1", scope());
  return channel->write({}, call(proof), edits);
}

TEST(CallProof, SignsWhatIsSent) {
  const auto octets = written(kSigned);
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_EQ(octets->find("<proof"), Bytes::npos);
  EXPECT_EQ(octets->find("736563726574"), Bytes::npos);
  EXPECT_NE(octets->find("\r\nsignature-input: sig1=(\"@method\" \"@path\" \"content-digest\");"
                         "created=1800000000;nonce=\"n1\";alg=\"hmac-sha256\";"
                         "keyid=\"gatekeeper\"\r\nsignature: sig1=:"),
            Bytes::npos)
      << *octets;
  EXPECT_EQ(state_of(octets), "signature valid");
}

TEST(CallProof, SaysWhatTheSignatureSays) {
  const auto channel = make_http_channel(Side::server, "server/partner/1", scope());
  const auto came = channel->received(*written(kSigned));
  ASSERT_EQ(came.size(), 1U);
  const auto* proof = std::get<xml::Stanza>(came[0]).element.child(kProof);
  ASSERT_NE(proof, nullptr);
  EXPECT_EQ(proof->get("keyid"), "gatekeeper");
  EXPECT_EQ(proof->get("created"), "1800000000");
  EXPECT_EQ(proof->get("nonce"), "n1");
  EXPECT_EQ(proof->get("covered"), "@method @path content-digest");
  EXPECT_EQ(proof->find("key"), nullptr);
}

TEST(CallProof, BearsTheSecret) {
  const auto octets = written("<proof by='bearer' key='736563726574'/>");
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_NE(octets->find("\r\nauthorization: Bearer 736563726574\r\n"), Bytes::npos) << *octets;
  EXPECT_EQ(state_of(octets), "bearer valid");
  EXPECT_EQ(state_of(replace_all(*octets, "Bearer ", "bearer   ")), "bearer valid");
  EXPECT_EQ(state_of(written("<proof by='bearer' key='00'/>")), "bearer secret-wrong");
}

TEST(CallProof, IsBrokenByAChangeThatComesAfterIt) {
  Edits edits;
  edits.stanza = [](xml::Element& message) -> Result<void> {
    message.child(wire::kHttpJson)->child("user")->set_text("b");
    return {};
  };
  EXPECT_EQ(state_of(written(kSigned, edits)), "signature digest-wrong");
  edits.proof = model::StanzaEdit::Proof::after;
  EXPECT_EQ(state_of(written(kSigned, edits)), "signature valid");
}

struct Edited {
  const char* name;
  const char* attribute;
  const char* value;
  const char* state;
};
class ProofThatIsEdited : public testing::TestWithParam<Edited> {};

TEST_P(ProofThatIsEdited, IsMadeAsTheChangeHasIt) {
  Edits edits;
  edits.stanza = [](xml::Element& message) -> Result<void> {
    message.child(kProof)->set(GetParam().attribute, GetParam().value);
    return {};
  };
  edits.proof = model::StanzaEdit::Proof::after;
  EXPECT_EQ(state_of(written(kSigned, edits)), GetParam().state);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ProofThatIsEdited,
    testing::Values(Edited{"secret", "key", "00", "signature signature-wrong"},
                    Edited{"stale", "created", "1799999939", "signature stale"},
                    Edited{"undated", "created", "", "signature created-missing"},
                    Edited{"at_the_runs_end", "created", "1800000600", "signature valid"},
                    Edited{"expired", "expires", "1800000000", "signature expired"},
                    Edited{"no_nonce", "nonce", "", "signature nonce-missing"},
                    Edited{"algorithm", "alg", "rsa-v1_5-sha256", "signature algorithm-wrong"},
                    Edited{"covered", "covered", "@method @path", "signature not-covered"},
                    Edited{"bearer", "by", "bearer", "bearer valid"},
                    Edited{"no_number", "created", "now", "a time of a proof is no number"},
                    Edited{"no_hex", "key", "secret", "the key of a proof is no hex"},
                    Edited{"unknown", "by", "word", "there is no proof by 'word'"}),
    [](const auto& row) { return row.param.name; });

TEST(CallProof, IsNotChangedUnseen) {
  Edits edits;
  edits.stanza = [](xml::Element& message) -> Result<void> {
    message.children.emplace_back(*xml::parse("<proof nonce='n2'/>"));
    return {};
  };
  EXPECT_EQ(state_of(written(kSigned, edits)), "what changes the proof itself says `proof: after`");
}

TEST(CallProof, IsWantedOfEachCall) {
  EXPECT_EQ(state_of(written("")), "signature signature-missing");
}

struct Shown {
  const char* name;
  nlohmann::json handshake;
  const char* state;
};
class CertificateOfACaller : public testing::TestWithParam<Shown> {};

TEST_P(CertificateOfACaller, ProvesTheCall) {
  auto known = scope();
  known.values["partner.client-name"] = "gatekeeper.test";
  note_certificate("server/partner", GetParam().handshake, known);
  const auto channel = make_http_channel(Side::server, "server/partner/2", known);
  const auto came = channel->received(*written("<proof by='mutual-tls' state='valid'/>"));
  ASSERT_EQ(came.size(), 1U);
  const auto* proof = std::get<xml::Stanza>(came[0]).element.child(kProof);
  ASSERT_NE(proof, nullptr);
  EXPECT_EQ(proof->get("by") + " " + proof->get("state"), GetParam().state);
}

INSTANTIATE_TEST_SUITE_P(
    Each, CertificateOfACaller,
    testing::Values(Shown{"right",
                          {{"certificate", "valid"}, {"names", {"a.test", "gatekeeper.test"}}},
                          "mutual-tls valid"},
                    Shown{"of_another",
                          {{"certificate", "valid"}, {"names", {"a.test"}}},
                          "mutual-tls other-name"},
                    Shown{"expired",
                          {{"certificate", "expired"}, {"names", {"gatekeeper.test"}}},
                          "mutual-tls expired"},
                    Shown{"none",
                          {{"certificate", "none"}, {"names", nlohmann::json::array()}},
                          "mutual-tls none"},
                    Shown{"unasked", nullptr, "signature signature-missing"}),
    [](const auto& row) { return row.param.name; });

TEST(CallProof, IsNotReadWithoutASecret) {
  const Scope none{.values = {{"noise.now", "1800000000"}}};
  const auto channel = make_http_channel(Side::server, "alice/enlistment/1", none);
  const auto came = channel->received(*written(""));
  ASSERT_EQ(came.size(), 1U);
  EXPECT_EQ(std::get<xml::Stanza>(came[0]).element.child(kProof), nullptr);
}

}  // namespace
}  // namespace parley::engine
