// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/scram.h"

#include <gtest/gtest.h>

namespace parley::crypto {
namespace {

using namespace std::string_literals;

// The example of RFC 7677 section 3.
constexpr std::string_view kPassword = "pencil";
constexpr std::string_view kClientNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view kClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

Bytes salt() { return from_base64("W22ZaJ0SNY7soEsUEjb6gQ==").value_or(""); }
ScramCredentials credentials() { return scram_credentials(kPassword, salt(), 4096); }

// RFC 4616 section 4.
TEST(SaslPlain, IsWhatTheExamplesSay) {
  EXPECT_EQ(sasl_plain("", "tim", "tanstaaftanstaaf"), "\0tim\0tanstaaftanstaaf"s);
  EXPECT_EQ(sasl_plain("Ursel", "Kurt", "xipj3plmq"), "Ursel\0Kurt\0xipj3plmq"s);
}

TEST(Scram, SpeaksEveryMessageOfTheExample) {
  EXPECT_EQ(scram_client_first("user", kClientNonce), kClientFirst);
  EXPECT_EQ(scram_server_first(kClientFirst, kServerNonce, salt(), 4096),
            std::string(kServerFirst));
  EXPECT_EQ(scram_client_final(kPassword, kClientFirst, kServerFirst), std::string(kClientFinal));
  EXPECT_EQ(scram_server_final(credentials(), kClientFirst, kServerFirst, kClientFinal),
            std::string(kServerFinal));
  EXPECT_TRUE(scram_server_final_is_right(kPassword, kClientFirst, kServerFirst, kServerFinal));
}

TEST(ScramCredentials, GivesTheSameFromTheCacheAndApart) {
  const auto first = credentials();
  const auto again = credentials();
  EXPECT_EQ(first.stored_key, again.stored_key);
  EXPECT_EQ(first.server_key, again.server_key);
  EXPECT_NE(first.stored_key, scram_credentials("pencil2", salt(), 4096).stored_key);
  EXPECT_NE(first.stored_key, scram_credentials(kPassword, salt() + "x", 4096).stored_key);
  EXPECT_NE(first.stored_key, scram_credentials(kPassword, salt(), 4097).stored_key);
}

struct Name {
  const char* user;
  const char* escaped;
};
class ScramUser : public testing::TestWithParam<Name> {};

TEST_P(ScramUser, IsEscapedAndUnescaped) {
  const auto message = scram_client_first(GetParam().user, "abc");
  EXPECT_EQ(message, "n,,n="s + GetParam().escaped + ",r=abc");
  EXPECT_EQ(scram_user(message), std::string(GetParam().user));
}

INSTANTIATE_TEST_SUITE_P(Names, ScramUser,
                         testing::Values(Name{"user", "user"}, Name{"a,b", "a=2Cb"},
                                         Name{"a=b", "a=3Db"}, Name{"a=2Cb", "a=3D2Cb"},
                                         Name{"=3D", "=3D3D"}, Name{",=,", "=2C=3D=2C"},
                                         Name{"Grüße", "Grüße"}));

struct WrongFinal {
  const char* name;
  std::string client_final;
  Errc code;
};
class ScramRefuses : public testing::TestWithParam<WrongFinal> {};

TEST_P(ScramRefuses, AWrongClientFinal) {
  const auto answer =
      scram_server_final(credentials(), kClientFirst, kServerFirst, GetParam().client_final);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, GetParam().code) << answer.error();
}

std::string final_with(std::string_view what, std::string_view with) {
  std::string out(kClientFinal);
  return out.replace(out.find(what), what.size(), with);
}

INSTANTIATE_TEST_SUITE_P(
    Finals, ScramRefuses,
    testing::Values(
        WrongFinal{"ProofBit", final_with("p=d", "p=e"), Errc::bad_signature},
        WrongFinal{"NonceOfServer", final_with("$k0,", "$k1,"), Errc::bad_signature},
        WrongFinal{"NonceOfClientOnly", final_with(kServerNonce, ""), Errc::bad_signature},
        WrongFinal{"ChannelBinding", final_with("c=biws", "c=eSws"), Errc::bad_signature},
        WrongFinal{"AnotherPassword",
                   scram_client_final("pencil2", kClientFirst, kServerFirst).value_or(""),
                   Errc::bad_signature},
        WrongFinal{"ExtensionAfterSigning", final_with(",p=", ",x=1,p="), Errc::bad_signature},
        WrongFinal{"ExtensionAfterTheProof", std::string(kClientFinal) + ",x=1", Errc::malformed},
        WrongFinal{"ProofTooShort", "c=biws,r=abc,p=dHzb", Errc::malformed},
        WrongFinal{"ProofNotBase64", "c=biws,r=abc,p=???", Errc::malformed},
        WrongFinal{"NoProof", "c=biws,r=abc", Errc::malformed},
        WrongFinal{"NoNonce", final_with("r=", "q="), Errc::malformed},
        WrongFinal{"NoBinding", final_with("c=", "b="), Errc::malformed},
        WrongFinal{"Empty", "", Errc::malformed}),
    [](const auto& row) { return row.param.name; });

// The proof is right for what is claimed, so that nothing else refuses it.
TEST(ScramClaims, AreRefusedForWhatTheyClaimAlone) {
  for (const auto& claim : {ScramClaim{.nonce = "parley-foreign-nonce", .channel_binding = ""},
                            ScramClaim{.nonce = "", .channel_binding = "y,,"}}) {
    const auto final = scram_client_final(kPassword, kClientFirst, kServerFirst, claim);
    ASSERT_TRUE(final);
    EXPECT_NE(*final, kClientFinal);
    const auto answer = scram_server_final(credentials(), kClientFirst, kServerFirst, *final);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::bad_signature);
  }
}

class ScramRefusesServer : public testing::TestWithParam<const char*> {};

TEST_P(ScramRefusesServer, FirstMessage) {
  const auto answer = scram_client_final(kPassword, kClientFirst, GetParam());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::malformed) << answer.error();
  EXPECT_FALSE(scram_server_final_is_right(kPassword, kClientFirst, GetParam(), kServerFinal));
}

INSTANTIATE_TEST_SUITE_P(
    Messages, ScramRefusesServer,
    testing::Values("", "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaA==", "r=rOprNGfwEbeRWgbNEkqOx,i=4096",
                    "s=W22ZaA==,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,s=?,i=4096",
                    "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaA==,i=0",
                    "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaA==,i=-1",
                    "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaA==,i=4096x",
                    "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaA==,i=2000000000",
                    "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaA==,i=99999999999999999999",
                    // RFC 5802 section 5.1: the nonce begins with the client's.
                    "r=somebodyElse,s=W22ZaA==,i=4096", "r=,s=W22ZaA==,i=4096"));

class ScramRefusesClient : public testing::TestWithParam<const char*> {};

TEST_P(ScramRefusesClient, FirstMessage) {
  const auto answer = scram_server_first(GetParam(), kServerNonce, salt(), 4096);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::malformed) << answer.error();
}

INSTANTIATE_TEST_SUITE_P(Messages, ScramRefusesClient,
                         testing::Values("", "n", "n,", "n,,", "n,,n=user",
                                         "n,,n=user,r=", "n,,n=user,x=abc"));

TEST(ScramServerFinalIsRight, RefusesEverythingElse) {
  for (const auto* wrong :
       {"", "v=", "e=invalid-proof", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5="}) {
    EXPECT_FALSE(scram_server_final_is_right(kPassword, kClientFirst, kServerFirst, wrong))
        << wrong;
  }
  EXPECT_FALSE(scram_server_final_is_right("pencil2", kClientFirst, kServerFirst, kServerFinal));
}

}  // namespace
}  // namespace parley::crypto
