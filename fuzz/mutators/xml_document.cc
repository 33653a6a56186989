// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/xml_document.h"

#include <string_view>

#include "fuzz/mutators/xml_tokens.h"

namespace parley::mutators::xml {
namespace {

constexpr std::string_view kLegalTexts[] = {
    "x"sv,
    "text"sv,
    " "sv,
    "\n"sv,
    "\r\n"sv,
    "\r"sv,
    "\t"sv,
    "&lt;"sv,
    "&gt;"sv,
    "&amp;"sv,
    "&apos;"sv,
    "&quot;"sv,
    "&#65;"sv,
    "&#x20AC;"sv,
    "&#10;"sv,
    "&#13;"sv,
    "&#x9;"sv,
    "&#x1F600;"sv,
    "&#x10FFFF;"sv,
    "&#xD7FF;"sv,
    "&#xE000;"sv,
    "\xC3\xA9"sv,
    "\xC2\x85"sv,
    "\xE2\x80\xA8"sv,
    "\xF0\x9F\x98\x80"sv,
    "x>"sv,
    "]]"sv,
    "]]&gt;"sv,
    "--"sv,
    "=\""sv,
    "\x7F"sv,
    "\xEF\xBF\xBD"sv,
    "\xEF\xBB\xBF"sv,
    "\xF4\x8F\xBF\xBF"sv,
};
constexpr std::string_view kLegalNames[] = {
    "a"sv, "b"sv, "body"sv, "x-1.y_z"sv, "_"sv, "\xC3\xA9"sv, "\xE4\xB8\xAD"sv, "query"sv, "item"sv,
};
constexpr std::string_view kLegalNamespaces[] = {
    "jabber:client"sv, "urn:xmpp:ping"sv, "n"sv, "m"sv, "n&amp;m"sv, "a b"sv, "\xC3\xA9"sv, "N"sv,
};
constexpr std::string_view kSpaces[] = {" "sv, " "sv, " "sv, "\n"sv, "\t "sv, "\r\n"sv};
constexpr std::string_view kPrefixes[] = {"p"sv, "q"sv, "stream"sv};

std::string some_text(Random& random) {
  std::string out;
  for (auto count = random.small(6); count > 0; --count) {
    out += random.pick(kLegalTexts);
  }
  return out;
}

// Legal within both quotes.
std::string some_value(Random& random) {
  std::string out;
  for (auto count = random.small(4) - 1; count > 0; --count) {
    const auto piece = random.pick(kLegalTexts);
    if (piece.find_first_of("'\"") == std::string_view::npos) {
      out += piece;
    }
  }
  return out;
}

std::string quoted(std::string_view value, Random& random) {
  const char quote = random.one_in(2) ? '\'' : '"';
  return quote + std::string(value) + quote;
}

std::string attribute(std::string_view name, std::string_view value, Random& random) {
  std::string out(random.pick(kSpaces));
  out += name;
  out += random.one_in(8) ? " = " : "=";
  return out + quoted(value, random);
}

std::string some_cdata(Random& random) {
  constexpr std::string_view kInside[] = {"x"sv,  "<a>"sv,     "&amp;"sv, "]"sv,
                                          "]]"sv, "</body>"sv, "\r\n"sv,  " "sv};
  std::string out = "<![CDATA[";
  for (auto count = random.small(4) - 1; count > 0; --count) {
    out += random.pick(kInside);
  }
  return out + "]]>";
}

std::string some_children(Random& random, std::size_t depth) {
  std::string out;
  for (auto count = random.small(5) - 1; count > 0; --count) {
    switch (random.below(depth > 0 ? 4 : 3)) {
      case 0:
        out += some_cdata(random);
        break;
      case 3:
        out += some_element(random, depth - 1);
        break;
      default:
        out += some_text(random);
        break;
    }
  }
  return out;
}

// Declarations and attributes that are legal together: each name once, each prefix bound here.
std::string some_attributes(Random& random, std::string_view bound) {
  std::string out;
  if (!bound.empty()) {
    out += attribute("xmlns:" + std::string(bound), random.pick(kLegalNamespaces), random);
    if (random.one_in(3)) {
      out += attribute(std::string(bound) + ":b", some_value(random), random);
    }
  }
  if (random.one_in(4)) {
    out += attribute("xmlns", random.one_in(4) ? ""sv : random.pick(kLegalNamespaces), random);
  }
  if (random.one_in(8)) {
    out += attribute("xml:lang", "en", random);
  }
  constexpr std::string_view kOnce[] = {"b"sv, "to"sv, "id"sv, "\xC3\xA9"sv};
  for (const auto name : kOnce) {
    if (random.one_in(4)) {
      out += attribute(name, some_value(random), random);
    }
  }
  return out;
}

std::string enclosed(const std::string& name, const std::string& attributes,
                     const std::string& children, Random& random) {
  const std::string space = random.one_in(6) ? std::string(random.pick(kSpaces)) : "";
  if (children.empty() && random.one_in(2)) {
    return "<" + name + attributes + space + "/>";
  }
  return "<" + name + attributes + space + ">" + children + "</" + name + space + ">";
}

std::string stanza_attributes(Random& random, std::string_view types) {
  constexpr std::string_view kAddresses[] = {"a@a.example"sv, "b@b.example/r"sv, "b.example"sv,
                                             "a@a.example/r/@x"sv};
  std::string out;
  if (!random.one_in(4)) {
    out += attribute("to", random.pick(kAddresses), random);
  }
  if (random.one_in(2)) {
    out += attribute("from", random.pick(kAddresses), random);
  }
  if (!random.one_in(3)) {
    out +=
        attribute("id", random.one_in(2) ? "1" : "a" + std::to_string(random.below(1000)), random);
  }
  // One of the words of `types`.
  std::size_t words = 1;
  for (const char letter : types) {
    words += letter == ' ' ? 1 : 0;
  }
  for (auto skip = random.below(words); skip > 0; --skip) {
    types.remove_prefix(types.find(' ') + 1);
  }
  return out + attribute("type", types.substr(0, types.find(' ')), random);
}

std::string some_payload(Random& random) {
  constexpr std::string_view kPayloads[] = {
      "<query xmlns='jabber:iq:roster'><item jid='c@c.example' subscription='both'/></query>"sv,
      "<ping xmlns='urn:xmpp:ping'/>"sv,
      "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind>"sv,
      "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>"sv,
      "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"sv,
      "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'><key rid='2'>AA==</key>"
      "<iv>AA==</iv></header><payload>AA==</payload></encrypted>"sv,
      "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'/></pubsub>"sv,
      "<r xmlns='urn:xmpp:sm:3'/>"sv,
  };
  return random.one_in(4) ? some_element(random, 3) : std::string(random.pick(kPayloads));
}

void append_character(std::string& out, char32_t character, std::size_t width, bool big_endian) {
  const auto put = [&](std::uint32_t unit) {
    for (std::size_t i = 0; i < width; ++i) {
      out += static_cast<char>(unit >> (8 * (big_endian ? width - 1 - i : i)));
    }
  };
  if (width == 2 && character > 0xFFFF) {
    put(0xD800 + ((static_cast<std::uint32_t>(character) - 0x10000) >> 10U));
    put(0xDC00 + ((static_cast<std::uint32_t>(character) - 0x10000) & 0x3FFU));
    return;
  }
  put(character);
}

// The next character of `text`, which loses it.
char32_t take_character(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  if (length == 1 || length > text.size()) {
    text.remove_prefix(1);
    return lead;
  }
  char32_t out = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    out = (out << 6U) | (static_cast<std::uint8_t>(text[i]) & 0x3FU);
  }
  text.remove_prefix(length);
  return out;
}

}  // namespace

std::string some_element(Random& random, std::size_t depth) {
  const auto prefix = random.one_in(3) ? random.pick(kPrefixes) : ""sv;
  std::string name = prefix.empty() || random.one_in(3) ? "" : std::string(prefix) + ":";
  name += random.pick(kLegalNames);
  return enclosed(name, some_attributes(random, prefix), some_children(random, depth), random);
}

std::string some_stanza(Random& random) {
  switch (random.below(4)) {
    case 0:
      return enclosed("presence",
                      stanza_attributes(random, "unavailable subscribe subscribed probe error"),
                      random.one_in(2) ? "<show>away</show><priority>1</priority>" : "", random);
    case 1:
      return enclosed("iq", stanza_attributes(random, "get set result error"), some_payload(random),
                      random);
    default: {
      std::string children = "<body>" + some_text(random) + "</body>";
      if (random.one_in(3)) {
        children += "<subject xml:lang='de'>" + some_text(random) + "</subject>";
      }
      if (random.one_in(3)) {
        children += some_payload(random);
      }
      return enclosed("message", stanza_attributes(random, "chat normal groupchat error"), children,
                      random);
    }
  }
}

std::string some_stream(Random& random) {
  std::string out = random.one_in(3) ? "<?xml version='1.0'?>" : "";
  out += "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
  out += attribute("to", "b.example", random);
  out += " version='1.0'>";
  for (auto count = random.small(4); count > 0; --count) {
    out += random.one_in(4) ? some_element(random, 4) : some_stanza(random);
    out += random.one_in(4) ? random.pick(kSpaces) : ""sv;
  }
  return random.one_in(2) ? out : out + "</stream:stream>";
}

std::string some_document(Random& random) {
  constexpr std::string_view kDeclarations[] = {
      "<?xml version='1.0'?>"sv, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"sv,
      "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>"sv};
  constexpr std::string_view kTypes[] = {
      "<!DOCTYPE a>"sv,
      "<!DOCTYPE a [<!ENTITY e 'x'><!ELEMENT a ANY><!ATTLIST a b CDATA 'c'><!-- c --><?x?>]>"sv,
      "<!DOCTYPE a PUBLIC 'p' 'u' []>"sv,
      "<!DOCTYPE a [<!NOTATION n SYSTEM 'u'> <!ENTITY % p '<!ENTITY f \"y\">'>]>"sv};
  constexpr std::string_view kBeside[] = {"<!-- c -->"sv, "<?x y?>"sv, "\n"sv, "<!---->"sv};
  std::string out;
  const auto beside = [&] { out += random.one_in(3) ? random.pick(kBeside) : ""sv; };
  if (random.one_in(2)) {
    out += random.pick(kDeclarations);
  }
  beside();
  if (random.one_in(2)) {
    out += random.pick(kTypes);
  }
  beside();
  out += some_element(random, 5);
  beside();
  return out;
}

std::string in_another_encoding(std::string_view text, Random& random) {
  const std::size_t width = std::size_t{1} << random.below(3);
  const bool big_endian = random.one_in(2);
  std::string out;
  if (width == 1) {
    out = "<?xml version='1.0' encoding='iso-8859-1'?>";
  } else if (random.one_in(2)) {
    append_character(out, 0xFEFF, width, big_endian);
  }
  while (!text.empty()) {
    append_character(out, take_character(text), width, big_endian);
  }
  return out;
}

}  // namespace parley::mutators::xml
