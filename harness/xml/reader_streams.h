// SPDX-License-Identifier: GPL-3.0-or-later
// The streams of reader_test.cc, apart for their number: what the reader must refuse or accept.
// All are read under kSmall.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/xml/reader.h"

namespace parley::xml::streams {

using namespace std::string_literals;  // for octets with zeros among them

inline constexpr std::string_view kHeader =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='a.example' version='1.0'>";

// Small, so that streams that break one of them are cut at every octet in no time.
inline constexpr Limits kSmall{
    .max_stanza_octets = 300, .max_depth = 5, .max_attributes = 4, .max_elements = 6};

// A stream and what becomes of it: refused with `condition`, or not when that is empty.
struct Input {
  std::string name;
  std::string octets;
  std::string condition;
};

inline std::string after_header(std::string_view octets) {
  return std::string(kHeader).append(octets);
}
inline std::string in_body(std::string_view octets) {
  return after_header("<message><body>").append(octets).append("</body></message>");
}

inline std::string many(std::size_t count, std::string_view piece) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += piece;
  }
  return out;
}

inline std::string attributes(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += " a" + std::to_string(i) + "=''";
  }
  return out;
}

inline std::vector<Input> restricted_xml() {
  const std::string bomb = "<!DOCTYPE s [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><s>&b;&b;</s>";
  return {
      {"Doctype", "<!DOCTYPE s>" + after_header(""), "restricted-xml"},
      {"DoctypeAfterXmlDeclaration", "<?xml version='1.0'?><!DOCTYPE s>", "restricted-xml"},
      {"DoctypeWithInternalSubset", "<!DOCTYPE s [<!ELEMENT s ANY>]>", "restricted-xml"},
      {"ExternalSubset", "<!DOCTYPE s SYSTEM 'file:///etc/passwd'>", "restricted-xml"},
      {"EntityBomb", bomb, "restricted-xml"},
      {"ExternalEntity", "<!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><s>&x;</s>",
       "restricted-xml"},
      {"CommentBeforeHeader", "<!-- x -->" + after_header(""), "restricted-xml"},
      {"CommentBetweenStanzas", after_header("<!-- x -->"), "restricted-xml"},
      {"CommentInStanza", in_body("a<!-- > -->b"), "restricted-xml"},
      {"EmptyComment", in_body("<!---->"), "restricted-xml"},
      {"InstructionBeforeHeader", "<?x y?>" + after_header(""), "restricted-xml"},
      {"InstructionBetweenStanzas", after_header("<?x y?>"), "restricted-xml"},
      {"InstructionInStanza", in_body("<?x > ?>"), "restricted-xml"},
      {"DoctypeInStanza", in_body("<!DOCTYPE s>"), "not-well-formed"},
      {"UndefinedEntity", in_body("&nbsp;"), "not-well-formed"},
      {"UndefinedEntityInAttribute", after_header("<a b='&nbsp;'/>"), "not-well-formed"},
      {"EntityNameInWrongCase", in_body("&AMP;"), "not-well-formed"},
      {"LateXmlDeclaration", " <?xml version='1.0'?>" + after_header(""), "not-well-formed"},
      {"XmlDeclarationInStream", after_header("<?xml version='1.0'?>"), "not-well-formed"},
      {"XmlDeclarationWithoutVersion", "<?xml encoding='UTF-8'?>", "not-well-formed"},
      {"XmlVersion11", "<?xml version='1.1'?>" + after_header(""), "not-well-formed"},
  };
}

inline std::vector<Input> encodings() {
  return {
      {"DeclaredLatin1", "<?xml version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding"},
      {"DeclaredUtf16", "<?xml version='1.0' encoding='UTF-16'?>", "unsupported-encoding"},
      {"DeclaredNonsense", "<?xml version='1.0' encoding='x'?>", "unsupported-encoding"},
      {"Utf16BigEndianMark", "\xFE\xFF\0<\0s"s, "bad-format"},
      {"Utf16LittleEndianMark", "\xFF\xFE<\0s\0"s, "bad-format"},
      {"Utf16BigEndianUnmarked", "\0<\0s"s, "unsupported-encoding"},
      {"Utf16LittleEndianUnmarked", "<\0s\0>\0"s, "unsupported-encoding"},
      {"ControlThenNul", "\x01\0<s>"s, "not-well-formed"},
      {"Utf8Mark", "\xEF\xBB\xBF" + after_header(""), "not-well-formed"},
      {"Utf8MarkBetweenStanzas", after_header("\xEF\xBB\xBF<a/>"), "bad-format"},
  };
}

// Each invalid form in text, in an attribute's value and in names. Source: RFC 3629 section 3.
inline std::vector<Input> invalid_utf8() {
  const std::vector<std::pair<std::string, std::string>> forms{{"LoneContinuation", "\x80"},
                                                               {"LoneLastContinuation", "\xBF"},
                                                               {"LeadAlone", "\xC3"},
                                                               {"LeadOfThreeCut", "\xE2\x82"},
                                                               {"LeadOfFourCut", "\xF0\x9F\x98"},
                                                               {"OverlongTwo", "\xC0\xAF"},
                                                               {"OverlongTwoOfLt", "\xC0\xBC"},
                                                               {"OverlongThree", "\xE0\x80\xBC"},
                                                               {"OverlongFour", "\xF0\x80\x80\xBC"},
                                                               {"HighSurrogate", "\xED\xA0\x80"},
                                                               {"LowSurrogate", "\xED\xBF\xBF"},
                                                               {"AboveTheLast", "\xF4\x90\x80\x80"},
                                                               {"LeadF5", "\xF5\x80\x80\x80"},
                                                               {"OctetFe", "\xFE"},
                                                               {"OctetFf", "\xFF"}};
  std::vector<Input> out;
  for (const auto& [name, form] : forms) {
    out.push_back({name + "InText", in_body(form), "bad-format"});
    out.push_back({name + "InCdata", in_body("<![CDATA[" + form + "]]>"), "bad-format"});
    out.push_back({name + "InAttribute", after_header("<a b='" + form + "'/>"), "bad-format"});
    out.push_back({name + "InElementName", after_header("<a" + form + "/>"), "bad-format"});
    out.push_back({name + "InAttributeName", after_header("<a b" + form + "=''/>"), "bad-format"});
    out.push_back({name + "InEndTag", in_body("</body" + form), "bad-format"});
    out.push_back({name + "InHeader", "<s a='" + form + "'>", "bad-format"});
  }
  return out;
}

inline std::vector<Input> illegal_characters() {
  const std::vector<std::pair<std::string, std::string>> forms{{"Nul", "\0"s},
                                                               {"ControlOne", "\x01"},
                                                               {"Escape", "\x1B"},
                                                               {"Separator", "\x1F"},
                                                               {"Fffe", "\xEF\xBF\xBE"},
                                                               {"Ffff", "\xEF\xBF\xBF"},
                                                               {"RefNul", "&#0;"},
                                                               {"RefHexNul", "&#x0;"},
                                                               {"RefOne", "&#1;"},
                                                               {"RefSeparator", "&#x1F;"},
                                                               {"RefSurrogate", "&#xD800;"},
                                                               {"RefAboveLast", "&#x110000;"},
                                                               {"RefFffe", "&#xFFFE;"},
                                                               {"RefOverflow", "&#4294967361;"},
                                                               {"RefEmpty", "&#;"},
                                                               {"RefHexEmpty", "&#x;"},
                                                               {"RefBigX", "&#X41;"},
                                                               {"RefUnended", "&#65 "},
                                                               {"BareAmpersand", "& "},
                                                               {"LessThan", "<"}};
  std::vector<Input> out;
  for (const auto& [name, form] : forms) {
    out.push_back({name + "InText", in_body(form), "not-well-formed"});
    out.push_back({name + "InAttribute", after_header("<a b='" + form + "'/>"), "not-well-formed"});
    out.push_back(
        {name + "InNamespace", after_header("<a xmlns='" + form + "'/>"), "not-well-formed"});
    out.push_back({name + "InName", after_header("<a" + form + "/>"), "not-well-formed"});
  }
  return out;
}

inline std::vector<Input> names_and_nesting() {
  const std::string malformed = "not-well-formed";
  const std::string bound = "<a xmlns:p='n' xmlns:q='n' ";
  return {
      {"DuplicateAttribute", after_header("<a b='1' b='2'/>"), malformed},
      {"DuplicateAttributeByNamespace", after_header(bound + "p:b='1' q:b='2'/>"), malformed},
      {"DuplicateDeclaration", after_header("<a xmlns:p='n' xmlns:p='m'/>"), malformed},
      {"UnboundElementPrefix", after_header("<p:a/>"), malformed},
      {"UnboundAttributePrefix", after_header("<a p:b=''/>"), malformed},
      {"PrefixBoundToNothing", after_header("<a xmlns:p=''/>"), malformed},
      {"XmlPrefixRebound", after_header("<a xmlns:xml='n'/>"), malformed},
      {"XmlNamespaceUnderAnotherPrefix",
       after_header("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>"), malformed},
      {"XmlnsPrefixDeclared", after_header("<a xmlns:xmlns='n'/>"), malformed},
      {"XmlnsNamespaceDeclared", after_header("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>"),
       malformed},
      {"TwoColons", after_header("<p:b:c xmlns:p='n'/>"), malformed},
      {"NameBeginsWithColon", after_header("<:a/>"), malformed},
      {"NameBeginsWithDigit", after_header("<1a/>"), malformed},
      {"UnquotedAttribute", after_header("<a b=c/>"), malformed},
      {"AttributeWithoutValue", after_header("<a b/>"), malformed},
      {"NoSpaceBetweenAttributes", after_header("<a b=''c=''/>"), malformed},
      {"CdataEndInText", in_body("]]>"), malformed},
      {"TextAndCdataEndBetweenStanzas", after_header("<a/>x]]>"), "bad-format"},
      {"BracketsAndCdataEndBetweenStanzas", after_header("<a/>]]]>"), "bad-format"},
      {"TextAndCdataEndInText", in_body("x]]>"), malformed},
      {"WrongEndTag", after_header("<a></b>"), malformed},
      {"CrossedTags", after_header("<a><b></a></b>"), malformed},
      {"PrefixOfEndTagDiffers", after_header("<p:a xmlns:p='n' xmlns:q='n'></q:a>"), malformed},
      {"EndTagWithAttribute", after_header("<a></a b=''>"), malformed},
      {"SpaceBeforeName", after_header("< a/>"), malformed},
      {"TextBeforeHeader", "x" + after_header(""), malformed},
      {"TextBetweenStanzas", after_header("<a/>x<b/>"), "bad-format"},
      {"EntityBetweenStanzas", after_header("<a/>&amp;"), "bad-format"},
      {"CdataBetweenStanzas", after_header("<![CDATA[x]]>"), "bad-format"},
      {"NulAfterStanza", after_header("<a/>\0"s), malformed},
      {"NulAndStanzaAfterStanza", after_header("<a/>\0<b/>"s), malformed},
      {"StrayGreaterThanIsText", after_header("<a/>>"), "bad-format"},
  };
}

inline std::vector<Input> beyond_small_limits() {
  const std::string policy = "policy-violation";
  return {
      {"Depth", after_header(many(5, "<a>")), policy},
      {"DepthByAnEmptyElement", after_header(many(4, "<a>") + "<b/>"), policy},
      {"Attributes", after_header("<a" + attributes(5) + "/>"), policy},
      {"AttributesOfHeader", "<s" + attributes(5) + ">", policy},
      {"Elements", after_header("<a>" + many(6, "<b/>") + "</a>"), policy},
      {"StanzaSize", after_header("<a>" + many(294, "x") + "</a>"), policy},
      {"StanzaSizeAfterWhiteSpace", after_header("  \n<a>" + many(294, "x") + "</a>"), policy},
      {"StanzaSizeThenMalformed", after_header("<a>" + many(310, "x") + "\x01"), policy},
      {"StanzaSizeThenInvalidUtf8", after_header("<a>" + many(310, "x") + "\xFF>"), policy},
      {"EndlessText", after_header("<a>" + many(400, "x")), policy},
      {"EndlessCdata", after_header("<a><![CDATA[" + many(400, "]")), policy},
      {"EndlessAttribute", after_header("<a b='" + many(400, ">")), policy},
      {"EndlessStartTag", after_header("<a " + many(400, " ")), policy},
      {"EndlessName", after_header("<a" + many(400, "b")), policy},
      {"EndlessEntity", after_header("<a>&" + many(400, "b")), policy},
      {"EndlessComment", after_header("<!--" + many(400, " ->")), policy},
      {"EndlessInstruction", after_header("<?a" + many(400, " >")), policy},
      {"EndlessHeader", "<s a='" + many(400, "x"), policy},
      {"EndlessProlog", many(400, " "), policy},
  };
}

inline std::vector<Input> refused_streams() {
  std::vector<Input> out;
  for (auto&& part : {restricted_xml(), encodings(), invalid_utf8(), illegal_characters(),
                      names_and_nesting(), beyond_small_limits()}) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

inline std::vector<Input> accepted_streams() {
  return {
      {"NothingYet", "", ""},
      {"OnlyHeader", std::string(kHeader), ""},
      {"XmlDeclarationFirst", "<?xml version='1.0'?>" + after_header("<a/>"), ""},
      {"XmlDeclarationWithEncoding",
       "<?xml version=\"1.0\" encoding='utf-8'?>\n" + after_header("<a/></stream:stream>"), ""},
      {"FiveEntities", in_body("&lt;&gt;&amp;&apos;&quot;"), ""},
      {"CharacterReferences", in_body("&#65;&#x42;&#x1F600;&#9;&#xD;&#x10FFFF;"), ""},
      {"Cdata", in_body("a<![CDATA[<b>&c;]]]]><![CDATA[>]]>d"), ""},
      {"EmptyCdataBetweenStanzas", after_header("<a/><![CDATA[]]><b/>"), ""},
      {"BracketsInText", in_body("]] ]> ]"), ""},
      {"LineEnds", in_body("a\r\nb\rc\nd"), ""},
      {"FourOctetUtf8", in_body("😀") + "<a b='😀' 東京='é'/><é東/>", ""},
      {"ZeroWidthNoBreakSpaceInText", in_body("\xEF\xBB\xBFhi"), ""},
      {"XmlLang", after_header("<a xml:lang='de'><b/></a>"), ""},
      {"Prefixes", after_header("<p:a xmlns:p='n' p:b='1' b='2'><c xmlns='m'/></p:a>"), ""},
      {"PrefixOfHeader", after_header("<stream:features/><stream:error><x/></stream:error>"), ""},
      {"DefaultNamespaceUndeclared", after_header("<a xmlns=''/>"), ""},
      {"BothQuotes", after_header("<a b='\"' c=\"'\"/>"), ""},
      {"GreaterThanInAttribute", after_header("<a b='>>' c=\">\"> > </a>"), ""},
      {"SpaceInsideTags", after_header("<a\n\tb = 'c'\r\n></a >"), ""},
      {"Keepalives", after_header(" \r\n\t<a/>\n\n<b/> "), ""},
      {"Closed", after_header("<a/></stream:stream>"), ""},
      {"WhatFollowsTheEndIsNotRead", after_header("</stream:stream><a/>\xFF"), ""},
      {"EmptyStream", "<s/>", ""},
      {"HeaderWithoutNamespace", "<s><a/></s>", ""},
      {"AtTheLimits",
       after_header("<a" + attributes(4) + ">" + many(3, "<b>") + many(3, "</b>") +
                    "<b/><b/></a><c>" + many(293, "x") + "</c>"),
       ""},
      {"ManyStanzas", after_header(many(100, "<a>" + many(20, "x") + "</a>\n")), ""},
      {"UnfinishedStanza", after_header("<a/><b><c>text &am"), ""},
      {"KeepalivesBeyondTheLimit", after_header(many(400, " ") + "<a>" + many(280, "x")), ""},
  };
}

}  // namespace parley::xml::streams
