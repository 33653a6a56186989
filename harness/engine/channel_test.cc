// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/channel.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/engine/expression.h"

namespace parley::engine {
namespace {

using Kind = model::MessageForm::Kind;
using namespace std::string_literals;

struct Struck {
  const char* name;
  Kind kind;
  std::string octets;
  Reading reading;
};
class ReadsOctets : public testing::TestWithParam<Struck> {};

TEST_P(ReadsOctets, AsAStrictReaderDoes) {
  model::Profile profile;
  profile.content_ns = "jabber:client";
  const Scope scope;
  const auto channel = make_channel(profile, Side::client, "alice", scope);
  EXPECT_EQ(channel->reads(GetParam().kind, GetParam().octets), GetParam().reading);
}

const std::string kHeader =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "version='1.0' to='a.example'>";

INSTANTIATE_TEST_SUITE_P(
    Xml, ReadsOctets,
    testing::Values(Struck{"a_header", Kind::header, kHeader, Reading::whole},
                    Struck{"half_a_header", Kind::header, kHeader.substr(0, 20), Reading::waiting},
                    Struck{"no_header", Kind::header, "<a b='", Reading::waiting},
                    Struck{"a_wrong_header", Kind::header, "<a b c>", Reading::broken},
                    Struck{"a_header_in_utf16", Kind::header, "\0<\0s"s, Reading::broken},
                    // These may begin UTF-16, which is wrong, but not noticed before the second.
                    Struck{"one_octet_of_utf16", Kind::header, "\0"s, Reading::waiting},
                    Struck{"three_octets_of_utf16", Kind::header, "\0<\0"s, Reading::waiting},
                    Struck{"half_a_byte_order_mark", Kind::header, "\xEF\xBB", Reading::waiting},
                    Struck{"a_stanza", Kind::element, "<iq/>", Reading::whole},
                    Struck{"half_a_stanza", Kind::element, "<iq", Reading::waiting},
                    Struck{"an_octet_of_no_text", Kind::element, "\0"s, Reading::broken},
                    Struck{"text_between_stanzas", Kind::element, "x", Reading::waiting}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::engine
