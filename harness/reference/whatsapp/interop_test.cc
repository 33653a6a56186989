// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/interop.h"

#include <gtest/gtest.h>

namespace parley::reference::whatsapp {
namespace {

struct Spelling {
  const char* name;
  const char* partner;
  std::string identifier;
  std::string normalised;  // empty: names nobody
};
class Identifiers : public testing::TestWithParam<Spelling> {};

TEST_P(Identifiers, NameTheUserInEverySpelling) {
  const auto* partner = find_partner(GetParam().partner);
  ASSERT_NE(partner, nullptr);
  const auto found = identified(GetParam().identifier, *partner, FaultSet());
  EXPECT_EQ(found ? found->normalised : "", GetParam().normalised);
  EXPECT_EQ(found ? found->number : "", found ? "4912" : "");
}

INSTANTIATE_TEST_SUITE_P(
    Each, Identifiers,
    testing::Values(Spelling{"Mail", "12", "u4912@parley.invalid", "u4912@parley.invalid"},
                    Spelling{"MailInCapitals", "12", "U4912@PARLEY.invalid",
                             "u4912@parley.invalid"},
                    Spelling{"MailWithATag", "12", "u4912+x@parley.invalid", ""},
                    Spelling{"MailElsewhere", "12", "u4912@parley.example", ""},
                    Spelling{"MailOfNobody", "12", "@parley.invalid", ""},
                    Spelling{"MailWithALeadingZero", "12", "u04912@parley.invalid", ""},
                    Spelling{"NumberAtTheFirst", "12", "+4912", ""},
                    Spelling{"Number", "13", "+4912", "+4912"},
                    Spelling{"NumberWithSeparators", "13", "+49 (1)-2", "+4912"},
                    Spelling{"NumberWithPrefix", "13", "004912", "+4912"},
                    Spelling{"NumberOfACountry", "13", "04912", ""},
                    Spelling{"MailAtTheSecond", "13", "u4912@parley.invalid", ""},
                    Spelling{"Name", "14", "U4912", "u4912"}, Spelling{"Empty", "12", "", ""}),
    [](const auto& info) { return info.param.name; });

TEST(FindPartner, TakesDecimalDigitsAlone) {
  EXPECT_EQ(find_partner("15")->status, "removed");
  for (const auto* id : {"", "012", " 12", "12 ", "+12", "16", "268", "65548"}) {
    EXPECT_EQ(find_partner(id), nullptr) << id;
  }
}

TEST(PreparedConsent, IsToTheActivePartners) {
  EXPECT_EQ(prepared_consent().partners, (std::set<std::uint16_t>{12, 13}));
  EXPECT_TRUE(Consent().partners.empty());
}

}  // namespace
}  // namespace parley::reference::whatsapp
