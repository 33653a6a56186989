// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <string>

#include "harness/model/copied_suites.h"
#include "harness/model/shipped_suites.h"

namespace parley::model {
namespace {

TEST_F(Suites, RefuseADeclarationThatIsEmptyOrHasAnUnknownFeature) {
  Problems problems;
  const auto& library = shipped_suites().library;
  write("sut.yaml", "# nothing\n");
  EXPECT_FALSE(load_declaration(folder_ / "sut.yaml", library, problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].mend, "'parley init' writes one");
  problems.clear();
  write("sut.yaml",
        "parley: 1\nname: x\nprofile: xmpp\nparty: gatekeeper.server\n"
        "endpoints: { starttls: '127.0.0.1:1' }\nfeatures: [starttls, xep-198]\n");
  EXPECT_FALSE(load_declaration(folder_ / "sut.yaml", library, problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].line, 6U);
  EXPECT_NE(problems[0].message.find("did you mean 'xep-0198'"), std::string::npos)
      << problems[0].message;
}

TEST_F(Suites, TakeADeclarationOfAServerThatHasFilesGotElsewhere) {
  Problems problems;
  write("sut.yaml",
        "parley: 1\nname: x\nprofile: xmpp\nparty: gatekeeper.server\nendpoints: { starttls: "
        "'127.0.0.1:1', media: 'https://localhost:2', download: 'https://localhost:3' }\n");
  const auto declaration =
      load_declaration(folder_ / "sut.yaml", shipped_suites().library, problems);
  ASSERT_TRUE(declaration) << to_string(problems.front());
  EXPECT_EQ(declaration->endpoints.at("download"), "https://localhost:3");
}

TEST_F(Suites, RefuseADeclarationWithAFeatureOfAnotherProfile) {
  Problems problems;
  const auto& library = shipped_suites().library;
  write("sut.yaml",
        "parley: 1\nname: x\nprofile: whatsapp\nparty: gatekeeper.server\n"
        "endpoints: { tcp: '127.0.0.1:1' }\nfeatures: [noise-xx, sasl-plain]\n");
  EXPECT_FALSE(load_declaration(folder_ / "sut.yaml", library, problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].line, 6U);
  EXPECT_NE(problems[0].message.find("'sasl-plain'"), std::string::npos) << problems[0].message;
}

TEST_F(Suites, RefuseADeclarationWithAnUnknownProfile) {
  Problems problems;
  const auto& library = shipped_suites().library;
  write("sut.yaml",
        "parley: 1\nname: x\nprofile: xmp\nparty: gatekeeper.server\nendpoints: { starttls: "
        "'127.0.0.1:1' }\n");
  EXPECT_FALSE(load_declaration(folder_ / "sut.yaml", library, problems));
  ASSERT_FALSE(problems.empty());
  EXPECT_NE(problems[0].message.find("did you mean 'xmpp'"), std::string::npos)
      << problems[0].message;
}

}  // namespace
}  // namespace parley::model
