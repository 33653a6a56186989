// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/mask.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "harness/base/encoding.h"
#include "harness/report/finding.h"
#include "harness/report/golden.h"
#include "harness/report/json_report.h"
#include "harness/report/junit.h"
#include "harness/report/terminal.h"

namespace parley::report {
namespace {

const std::string kMessage = to_base64(std::string("\0romeo\0secret", 13));  // ends with "=="

struct Row {
  const char* name;
  std::string text;
  std::string shown;
};
class MaskedText : public testing::TestWithParam<Row> {};

TEST_P(MaskedText, HidesThePasswordAndNothingElse) {
  EXPECT_EQ(masked(GetParam().text), GetParam().shown);
  EXPECT_EQ(masked(GetParam().text).size(), GetParam().text.size());
}

const std::string kStars(18, '*');
const std::string kScram = to_base64("n,,n=romeo,r=0123456789");

INSTANTIATE_TEST_SUITE_P(
    Texts, MaskedText,
    testing::Values(
        Row{"Bearer", "a Bearer abc.d-e_f of", "a Bearer ********* of"},
        Row{"BearerAlone", "Bearer ", "Bearer "},
        Row{"Jwt", "token 'eyJhbGciOiJFUzI1NiJ9.e30.sig' ends",
            "token '" + std::string(28, '*') + "' ends"},
        Row{"Plain", "<auth mechanism='PLAIN'>" + kMessage + "</auth><a>bc</a>",
            "<auth mechanism='PLAIN'>" + kStars + "==</auth><a>bc</a>"},
        Row{"Prefixed", "<s:auth mechanism='PLAIN'>" + kMessage + "</s:auth>",
            "<s:auth mechanism='PLAIN'>" + kStars + "==</s:auth>"},
        Row{"KeepsWhatIsWrongWithIt", "<auth mechanism=\"PLAIN\">AHJv !bWVv=</auth>",
            "<auth mechanism=\"PLAIN\">**** !****=</auth>"},
        Row{"InCdata", "<auth mechanism='PLAIN'><![CDATA[AHJv]]></auth>",
            "<auth mechanism='PLAIN'><![*****[****]]></auth>"},
        Row{"CutOff", "<auth mechanism='PLAIN'>AHJvbW", "<auth mechanism='PLAIN'>******"},
        Row{"UnknownMechanism", "<auth mechanism='X'>AHJv</auth>",
            "<auth mechanism='X'>****</auth>"},
        Row{"Empty", "<auth mechanism='PLAIN'/><b>cd</b>", "<auth mechanism='PLAIN'/><b>cd</b>"},
        Row{"ResponseAfterPlain", "<auth mechanism='PLAIN'/><response>AHJv</response>",
            "<auth mechanism='PLAIN'/><response>****</response>"},
        Row{"OutsideItsElement", "text: expected '" + kMessage + "', came ''",
            "text: expected '" + kStars + "==', came ''"},
        Row{"ScramStays",
            "<auth mechanism='SCRAM-SHA-256'>" + kScram +
                "</auth><response>Yz1iaXdz"
                "</response>",
            "<auth mechanism='SCRAM-SHA-256'>" + kScram + "</auth><response>Yz1iaXdz</response>"},
        Row{"Token", "<interop-data account-id='49' token='a&apos;b>'/> <x fb-cat=\"c\"/>",
            "<interop-data account-id='49' token='*********'/> <x fb-cat=\"*\"/>"},
        Row{"TokenCutOff", "<interop-data token='abc", "<interop-data token='***"},
        Row{"TokenThatDiffers", "payload/interop-data/@token: expected ab, came cd",
            "payload/interop-data/@token: ********************"},
        Row{"Authorization", "GET / HTTP/1.1\r\nAuthorization: Bearer ab.c\r\nHost: a\r\n",
            "GET / HTTP/1.1\r\nAuthorization: ***********\r\nHost: a\r\n"},
        Row{"AuthorizationEscaped", "authorization :a b\\x0D\\x0Ahost: a",
            "authorization :***\\x0D\\x0Ahost: a"},
        Row{"AuthorizationCutOff", "authorization: Bearer ab", "authorization: *********"},
        Row{"AuthorizationOfATree", "<authorization>Bearer ab</authorization><host>a</host>",
            "<authorization>*********</authorization><host>a</host>"},
        Row{"AuthorizationOfATreeInLines", "<authorization>ab</authorization>\n  <host/>",
            "<authorization>**</authorization>\n  <host/>"},
        Row{"AuthorizationThatDiffers", "headers/authorization/text(): expected ab, came cd",
            "headers/authorization/text(): ********************"},
        Row{"AccessTokenInAUrl", "POST /p?access_token=ab12 HTTP/1.1\\x0D\\x0A",
            "POST /p?access_token=**** HTTP/1.1\\x0D\\x0A"},
        Row{"AccessTokenOfATree", "<r target='/p?ACCESS_TOKEN=ab12&amp;a=b'/>",
            "<r target='/p?ACCESS_TOKEN=****&amp;a=b'/>"},
        Row{"AccessTokenCutOff", "/p?access_token=ab", "/p?access_token=**"},
        Row{"TheWordAuthorization", "no authorization at all", "no authorization at all"},
        Row{"OtherTextStays", "<message><body>AHJvbWVv a &lt; b</body></message>",
            "<message><body>AHJvbWVv a &lt; b</body></message>"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Mask, FollowsAMessageThatComesInPieces) {
  const std::string text = "<auth mechanism='PLAIN'>" + kMessage + "</auth>";
  for (std::size_t size = 1; size < text.size(); ++size) {
    Mask mask;
    std::string shown;
    for (std::size_t at = 0; at < text.size(); at += size) {
      shown += mask.hide(text.substr(at, size));
    }
    EXPECT_EQ(shown, masked(text)) << size;
  }
}

TEST(Mask, HidesThePasswordOfADriversCall) {
  const auto shown = without_password(nlohmann::json{{"user", "romeo"}, {"password", "secret"}});
  EXPECT_EQ(shown, (nlohmann::json{{"user", "romeo"}, {"password", "***"}}));
}

TEST(Ladder, ShowsNoPassword) {
  engine::Event auth;
  auth.kind = engine::Event::Kind::received;
  auth.link = "user";
  auth.octets = "<auth mechanism='PLAIN'>" + kMessage.substr(0, 5);
  auto rest = auth;
  rest.octets = kMessage.substr(5) + "</auth>";
  engine::Event call;
  call.kind = engine::Event::Kind::call;
  call.text = "connect";
  call.data = {{"user", "romeo"}, {"password", "secret"}};
  engine::Transcript transcript;
  transcript.runs.push_back(
      {.name = "plain", .values = {{"user.password", "secret"}}, .events = {call, auth, rest}});
  const auto shown = ladder(transcript);
  EXPECT_EQ(shown.find("secret"), std::string::npos) << shown;
  EXPECT_EQ(shown.find(kMessage.substr(0, 5)), std::string::npos) << shown;
  EXPECT_EQ(shown.find(kMessage.substr(5)), std::string::npos) << shown;
}

TEST(Ladder, ShowsNoAuthorization) {
  engine::Event request;
  request.kind = engine::Event::Kind::sent;
  request.link = "alice/enlistment";
  request.octets = "GET / HTTP/1.1\r\nauthorization: Bearer secret\r\nhost: a\r\n\r\n";
  engine::Transcript transcript;
  transcript.runs.push_back({.name = "plain", .values = {}, .events = {request}});
  const Reading reading{.binary = true, .runs = {}};
  const auto shown = ladder(transcript, reading, Octets::full);
  EXPECT_NE(shown.find("authorization: *************\\x0D\\x0Ahost: a"), std::string::npos)
      << shown;
}

TEST(Reports, ShowNoPassword) {
  auto run = golden::run();
  const auto library = golden::library();
  auto& result = run.results[2];
  for (auto* text : {&result.verdict.sent, &result.verdict.came, &result.verdict.expected,
                     &result.verdict.difference, &result.verdict.reason}) {
    *text = "<auth mechanism='PLAIN'>" + kMessage + "</auth>";
  }
  const auto subject = subject_of(result, library);
  const std::string texts[] = {json_report(run, library).dump(), junit_report(run, library),
                               summary(run, library), six_lines(subject, result, "parley run")};
  for (const auto& text : texts) {
    EXPECT_EQ(text.find(kMessage), std::string::npos) << text;
    EXPECT_NE(text.find(kStars), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace parley::report
