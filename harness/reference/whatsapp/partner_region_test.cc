// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_region.h"

#include <gtest/gtest.h>

#include <vector>

namespace parley::reference::whatsapp {
namespace {

// A letter for each address that user "49" asks from: s when it is served then, a when it is away.
std::string seen_from(const std::vector<std::string>& addresses,
                      const std::vector<std::string>& faults = {}) {
  Whereabouts where;
  EXPECT_TRUE(where.set("192.0.2.0/24", "198.51.100.0/24"));
  std::string out;
  for (const auto& address : addresses) {
    where.see("49", address, *fault_set(faults));
    out += where.is_away("49") ? 'a' : 's';
  }
  return out;
}

TEST(Whereabouts, AreInsideWhereATableSaysSoAlone) {
  EXPECT_EQ(seen_from({"192.0.2.0", "192.0.2.255", "", "198.51.100.7", "203.0.113.7", "192.0.3.0",
                       "192.0.1.255", "2001:db8::7", "nowhere", "192.0.2.7 "}),
            "sssaaaaaaa");
}

TEST(Whereabouts, AreThoseOfAnAddressInEitherForm) {
  EXPECT_EQ(seen_from({"::ffff:192.0.2.7", "::ffff:198.51.100.7", "::ffff:c000:207",
                       "::ffff:c633:6407", "::c000:207"}),
            "sasaa");
}

TEST(Whereabouts, CountAtEachRequest) {
  const std::vector<std::string> trip{"192.0.2.7", "198.51.100.7", "198.51.100.7", "192.0.2.7"};
  EXPECT_EQ(seen_from(trip), "saas");
  EXPECT_EQ(seen_from(trip, {"wp-region-ignored"}), "ssss");
  EXPECT_EQ(seen_from(trip, {"wp-region-checked-once"}), "ssss");
  EXPECT_EQ(seen_from(trip, {"wp-region-denied-once"}), "sass");
  EXPECT_EQ(seen_from(trip, {"wp-region-serves-nobody"}), "aaaa");
  EXPECT_EQ(seen_from(trip, {"wp-may-serve-nobody-back"}), "saaa");
}

TEST(Whereabouts, AreMistakenForThoseOfTheFirstUser) {
  const auto faults = *fault_set({"wp-region-of-first-user"});
  Whereabouts where;
  ASSERT_TRUE(where.set("192.0.2.0/24", "198.51.100.0/24"));
  where.see("49", "192.0.2.7", faults);
  where.see("50", "198.51.100.7", faults);
  EXPECT_FALSE(where.is_away("50"));
}

TEST(Whereabouts, AreMistakenWhereATableIsReadWrongly) {
  EXPECT_EQ(seen_from({"::ffff:198.51.100.7", "198.51.100.7"}, {"wp-region-mapped-inside"}), "sa");
  EXPECT_EQ(seen_from({"2001:db8::7", "::ffff:198.51.100.7"}, {"wp-region-ipv6-inside"}), "sa");
  EXPECT_EQ(seen_from({"203.0.113.7", "198.51.100.7"}, {"wp-region-unplaced-inside"}), "sa");
}

TEST(Whereabouts, OfWhoIsGoneAreForgotten) {
  Whereabouts where;
  ASSERT_TRUE(where.set("192.0.2.0/24", "198.51.100.0/24"));
  where.see("49", "198.51.100.7", FaultSet());
  where.forget("49");
  EXPECT_FALSE(where.is_away("49"));
}

TEST(ReadRange, TakesTheFirstAddressAndALength) {
  EXPECT_TRUE(read_range("192.0.2.0/24"));
  for (const auto* text : {"", "192.0.2.0", "192.0.2.7/24", "192.0.2.0/33", "192.0.2/24", "x/24"}) {
    EXPECT_FALSE(read_range(text)) << text;
  }
}

}  // namespace
}  // namespace parley::reference::whatsapp
