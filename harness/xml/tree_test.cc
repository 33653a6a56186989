// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/xml/tree.h"

#include <gtest/gtest.h>

#include <array>
#include <span>

#include "harness/base/rng.h"

namespace parley::xml {
namespace {

Element element(std::string ns, std::string name, std::vector<Attribute> attributes = {},
                std::vector<Node> children = {}) {
  return {.ns = std::move(ns),
          .name = std::move(name),
          .attributes = std::move(attributes),
          .children = std::move(children)};
}

TEST(ElementFind, TellsPlainAttributesFromPrefixedOnes) {
  const Element message =
      element("jabber:client", "message", {{"urn:x", "id", "1"}, {"", "id", "2"}});
  EXPECT_EQ(message.get("id"), "2");
  EXPECT_EQ(message.find("to"), nullptr);
  EXPECT_EQ(message.get("to"), "");
}

TEST(ElementFind, KnowsXmlLangByThatName) {
  Element body = element("jabber:client", "body", {{"", "lang", "plain"}});
  EXPECT_EQ(body.find("xml:lang"), nullptr);
  body.set("xml:lang", "de");
  EXPECT_EQ(body.get("xml:lang"), "de");
  EXPECT_EQ(body.get("lang"), "plain");
  body.erase("xml:lang");
  EXPECT_EQ(body.attributes.size(), 1U);
}

TEST(ElementSet, ChangesInPlaceAndAppendsWhatIsNew) {
  Element iq = element("jabber:client", "iq", {{"", "type", "get"}, {"", "id", "1"}});
  iq.set("type", "set");
  iq.set("to", "a@b");
  EXPECT_EQ(print(iq, "jabber:client"), "<iq type='set' id='1' to='a@b'/>");
  iq.erase("type");
  EXPECT_EQ(iq.find("type"), nullptr);
}

TEST(ElementChild, IsTheFirstOfThatNameAndNamespace) {
  const Element message = element("a", "message", {},
                                  {"text", element("a", "body", {}, {"1"}),
                                   element("b", "body", {}, {"2"}), element("a", "x")});
  ASSERT_NE(message.child("body"), nullptr);
  EXPECT_EQ(message.child("body")->text(), "1");
  ASSERT_NE(message.child("body", "b"), nullptr);
  EXPECT_EQ(message.child("body", "b")->text(), "2");
  EXPECT_EQ(message.child("body", "c"), nullptr);
  EXPECT_EQ(message.elements().size(), 3U);
}

TEST(ElementText, JoinsItsOwnRunsOnly) {
  const Element body = element("a", "body", {}, {"1", element("a", "b", {}, {"2"}), "3"});
  EXPECT_EQ(body.text(), "13");
}

TEST(ElementSetText, ReplacesEveryRunAndKeepsElements) {
  Element body = element("a", "body", {}, {"1", element("a", "b"), "3"});
  body.set_text("new");
  EXPECT_EQ(print(body, "a"), "<body>new<b/></body>");
  body.set_text("");
  EXPECT_EQ(print(body, "a"), "<body><b/></body>");
}

TEST(ElementEquality, IgnoresTheOrderOfAttributesOnly) {
  const Element a = element("n", "e", {{"", "x", "1"}, {"", "y", "2"}}, {"t"});
  EXPECT_EQ(a, element("n", "e", {{"", "y", "2"}, {"", "x", "1"}}, {"t"}));
  EXPECT_FALSE(a == element("m", "e", a.attributes, a.children));
  EXPECT_FALSE(a == element("n", "f", a.attributes, a.children));
  EXPECT_FALSE(a == element("n", "e", {{"", "x", "1"}}, a.children));
  EXPECT_FALSE(a == element("n", "e", {{"", "x", "1"}, {"n", "y", "2"}}, a.children));
  EXPECT_FALSE(a == element("n", "e", a.attributes, {"u"}));
}

TEST(Print, DeclaresANamespaceOnlyWhereItChanges) {
  const Element iq =
      element("jabber:client", "iq", {},
              {element("urn:q", "query", {},
                       {element("urn:q", "item"), element("jabber:client", "back")})});
  EXPECT_EQ(print(iq, "jabber:client"),
            "<iq><query xmlns='urn:q'><item/><back xmlns='jabber:client'/></query></iq>");
  EXPECT_EQ(print(iq),
            "<iq xmlns='jabber:client'><query xmlns='urn:q'><item/>"
            "<back xmlns='jabber:client'/></query></iq>");
}

TEST(Print, UsesTheHeadersPrefixForTheStreamsNamespace) {
  const std::string streams(kStreamsNamespace);
  const Element features = element(streams, "features", {},
                                   {element("urn:tls", "starttls"), element("jabber:client", "x")});
  EXPECT_EQ(print(features, "jabber:client"),
            "<stream:features><starttls xmlns='urn:tls'/><x/></stream:features>");
  // No header, so no prefix, at any depth.
  EXPECT_EQ(print(element("n", "a", {}, {element(streams, "b")})),
            "<a xmlns='n'><b xmlns='http://etherx.jabber.org/streams'/></a>");
  EXPECT_EQ(print(element(streams, "features")),
            "<features xmlns='http://etherx.jabber.org/streams'/>");
}

TEST(Print, BindsPrefixesForForeignAttributes) {
  const Element e = element("n", "e", {{"urn:a", "x", "1"}, {"urn:b", "x", "2"}, {"", "x", "3"}});
  EXPECT_EQ(print(e, "n"), "<e xmlns:ns1='urn:a' ns1:x='1' xmlns:ns2='urn:b' ns2:x='2' x='3'/>");
  EXPECT_EQ(parse(print(e, "n"), "n"), e);
}

TEST(Escape, LeavesNothingThatMarkupOrNormalisationWouldChange) {
  EXPECT_EQ(escape_text("<&>'\"\r\n\t"), "&lt;&amp;&gt;'\"&#13;\n\t");
  EXPECT_EQ(escape_attribute("<&>'\"\r\n\t"), "&lt;&amp;&gt;&apos;\"&#13;&#10;&#9;");
}

TEST(PrintPretty, WritesOneLineANodeWithSortedAttributes) {
  const Element message = element("jabber:client", "message", {{"", "to", "b"}, {"", "id", "1"}},
                                  {element("jabber:client", "body", {}, {" hi "}),
                                   element("urn:x", "x", {}, {"t", element("urn:x", "y")})});
  EXPECT_EQ(print_pretty(message, "jabber:client"),
            "<message id='1' to='b'>\n"
            "  <body> hi </body>\n"
            "  <x xmlns='urn:x'>\n"
            "    t\n"
            "    <y/>\n"
            "  </x>\n"
            "</message>\n");
}

// Draws trees over everything that printing treats in its own way.
class TreeMaker {
 public:
  explicit TreeMaker(std::uint64_t seed) : rng_(seed) {}

  Element make(int depth) {
    Element out = element(pick(kNamespaces), rng_.token(1 + rng_.below(4)));
    for (std::uint64_t i = rng_.below(4); i > 0; --i) {
      out.attributes.push_back({pick(kAttributeNamespaces), "a" + std::to_string(i), text()});
    }
    for (std::uint64_t i = depth > 0 ? rng_.below(4) : 0; i > 0; --i) {
      if (rng_.below(2) == 0) {
        out.children.emplace_back(make(depth - 1));
      } else if (out.children.empty() || std::holds_alternative<Element>(out.children.back())) {
        out.children.emplace_back(text() + "x");
      }
    }
    return out;
  }

 private:
  static constexpr std::array kNamespaces{"", "jabber:client", "http://etherx.jabber.org/streams",
                                          "http://www.w3.org/XML/1998/namespace", "urn:'&<>"};
  static constexpr std::array kAttributeNamespaces{"", "http://www.w3.org/XML/1998/namespace",
                                                   "urn:a", "urn:'&"};

  std::string pick(std::span<const char* const> names) { return names[rng_.below(names.size())]; }
  std::string text() {
    constexpr std::array<const char*, 12> kPieces{"a",  "<",  ">",  "&", "'",   "\"",
                                                  "\r", "\n", "\t", " ", "]]>", "é😀"};
    std::string out;
    for (std::uint64_t i = rng_.below(6); i > 0; --i) {
      out += kPieces.at(rng_.below(kPieces.size()));
    }
    return out;
  }

  Rng rng_;
};

TEST(Print, GivesWhatParsesToAnEqualTree) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Element tree = TreeMaker(seed).make(4);
    for (const auto* default_ns : {"", "jabber:client", "urn:'&<>"}) {
      const std::string text = print(tree, default_ns);
      // With a default namespace there is a header around, and that has bound 'stream'.
      const std::string bound = *default_ns == '\0' ? "" : std::string(kStreamsNamespace);
      const std::string header = std::string("<h xmlns='") + escape_attribute(default_ns) + "'" +
                                 (bound.empty() ? "" : " xmlns:stream='" + bound + "'") + ">";
      const auto whole = parse(header + text + "</h>");
      ASSERT_TRUE(whole) << whole.error() << "\n" << text;
      ASSERT_EQ(whole->elements().size(), 1U);
      EXPECT_TRUE(*whole->elements()[0] == tree) << text;
    }
  }
}

TEST(Parse, TakesTheDefaultNamespaceOfAStreamHeader) {
  const auto message = parse("<message><body>hi</body></message>", "jabber:client");
  ASSERT_TRUE(message) << message.error();
  EXPECT_EQ(message->ns, "jabber:client");
  EXPECT_EQ(message->child("body", "jabber:client")->text(), "hi");
}

struct BadElement {
  const char* name;
  std::string text;
  Errc code;
  std::size_t offset;
};
class RejectsElement : public testing::TestWithParam<BadElement> {};

TEST_P(RejectsElement, WithCodeAndOffset) {
  const auto parsed = parse(GetParam().text, "jabber:client");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, GetParam().code) << parsed.error();
  EXPECT_EQ(parsed.error().offset, GetParam().offset) << parsed.error();
}

INSTANTIATE_TEST_SUITE_P(
    Texts, RejectsElement,
    testing::Values(
        BadElement{"Empty", "", Errc::truncated, 0},
        BadElement{"OnlyWhiteSpace", " \n", Errc::truncated, 2},
        BadElement{"Unfinished", "<a><b/>", Errc::truncated, 7},
        BadElement{"UnfinishedTag", "<a", Errc::truncated, 2},
        BadElement{"TwoElements", "<a/><b/>", Errc::malformed, 8},
        BadElement{"ASecondUnfinishedElement", "<a/><b", Errc::malformed, 6},
        BadElement{"TextAfterIt", "<a/>x", Errc::malformed, 4},
        BadElement{"ClosesTheStandInForTheStream", "<a/></parley>", Errc::malformed, 13},
        BadElement{"WrongEndTag", "<a></b>", Errc::malformed, 5},
        BadElement{"Comment", "<a><!-- --></a>", Errc::malformed, 3},
        BadElement{"TooLarge", "<a>" + std::string(300'000, 'x') + "</a>", Errc::too_large, 0}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::xml
