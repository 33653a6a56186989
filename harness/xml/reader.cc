// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/xml/reader.h"

#include <expat.h>

#include <algorithm>
#include <utility>

#include "harness/base/text.h"
#include "harness/xml/octet_checks.h"

namespace parley::xml {
namespace {

// Separates namespace, name and prefix in what expat reports; not a character that XML allows, so
// no namespace name can hold it (expat's CVE-2022-25236 was about separators that could).
constexpr char kSeparator = '\x1F';

struct ParserFree {
  void operator()(XML_Parser parser) const noexcept { XML_ParserFree(parser); }
};
using ParserPtr = std::unique_ptr<std::remove_pointer_t<XML_Parser>, ParserFree>;

struct Name {
  std::string ns;
  std::string local;
};

Name split_name(std::string_view text) {
  const auto at = text.rfind(kSeparator);
  if (at == std::string_view::npos) {
    return {.ns = "", .local = std::string(text)};
  }
  return {.ns = std::string(text.substr(0, at)), .local = std::string(text.substr(at + 1))};
}

constexpr std::string_view kWhiteSpace = " \t\r\n";

bool is_white_space(std::string_view text) {
  return text.find_first_not_of(kWhiteSpace) == std::string_view::npos;
}

}  // namespace

struct StreamReader::State {
  explicit State(Limits bounds) : limits(bounds) { reset(); }

  void reset() {
    parser.reset(XML_ParserCreateNS("UTF-8", kSeparator));
    // expat's own deferral would hold back a tag's end until more octets come (TokenCheck defers).
    // Older releases have no deferral and nothing to switch off.
#ifdef PARLEY_EXPAT_DEFERS
    XML_SetReparseDeferralEnabled(parser.get(), XML_FALSE);
#endif
    XML_SetUserData(parser.get(), this);
    XML_SetElementHandler(parser.get(), on_start, on_end);
    XML_SetCharacterDataHandler(parser.get(), on_text);
    XML_SetCommentHandler(parser.get(), on_comment);
    XML_SetProcessingInstructionHandler(parser.get(), on_instruction);
    XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
    XML_SetXmlDeclHandler(parser.get(), on_declaration);
    XML_SetStartNamespaceDeclHandler(parser.get(), on_namespace);
    utf8 = Utf8Check();
    tokens = TokenCheck();
    open.clear();
    items.clear();
    pending.clear();
    unread.clear();
    unread_from = received = parsed = boundary = 0;
    elements = 0;
    default_ns.clear();
    done = false;
  }

  static State& self(void* data) { return *static_cast<State*>(data); }
  static void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
    self(data).start(name, attributes);
  }
  static void on_end(void* data, const XML_Char*) { self(data).end(); }
  static void on_text(void* data, const XML_Char* text, int length) {
    self(data).text({text, static_cast<std::size_t>(length)});
  }
  static void on_comment(void* data, const XML_Char*) {
    self(data).refuse("restricted-xml", "a comment (RFC 6120 section 11.1)");
  }
  static void on_instruction(void* data, const XML_Char*, const XML_Char*) {
    self(data).refuse("restricted-xml", "a processing instruction (RFC 6120 section 11.1)");
  }
  static void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    self(data).refuse("restricted-xml", "a document type declaration (RFC 6120 section 11.1)");
  }
  static void on_declaration(void* data, const XML_Char* version, const XML_Char* encoding, int) {
    const std::string_view named = encoding == nullptr ? "" : encoding;
    const bool utf8_named =
        named.empty() || (named.size() == 5 &&
                          std::ranges::equal(named, std::string_view("UTF-8"), [](char a, char b) {
                            return (a & ~0x20) == (b & ~0x20);
                          }));
    if (!utf8_named) {
      self(data).refuse("unsupported-encoding",
                        "the declared encoding is not UTF-8 (section 11.6)");
    } else if (version != nullptr && std::string_view(version) != "1.0") {
      self(data).refuse("not-well-formed", "the XML version is not 1.0");
    }
  }
  static void on_namespace(void* data, const XML_Char* prefix, const XML_Char* uri) {
    State& state = self(data);
    if (prefix == nullptr && state.open.empty()) {
      state.default_ns = uri == nullptr ? "" : uri;
    }
  }

  void start(const XML_Char* name, const XML_Char** attributes) {
    if (done) {
      return;
    }
    if (open.size() + 1 > limits.max_depth) {
      refuse("policy-violation", "elements are nested too deeply");
      return;
    }
    auto [ns, local] = split_name(name);
    Element element{
        .ns = std::move(ns), .name = std::move(local), .attributes = {}, .children = {}};
    element.attributes.reserve(
        static_cast<std::size_t>(XML_GetSpecifiedAttributeCount(parser.get())) / 2);
    for (std::size_t i = 0; attributes[i] != nullptr; i += 2) {
      auto [attribute_ns, attribute_name] = split_name(attributes[i]);
      element.attributes.push_back(
          {std::move(attribute_ns), std::move(attribute_name), attributes[i + 1]});
    }
    if (element.attributes.size() > limits.max_attributes) {
      refuse("policy-violation", "an element has too many attributes");
      return;
    }
    if (open.empty()) {
      items.emplace_back(StreamOpened{.element = element, .content_ns = default_ns});
      open.push_back(std::move(element));
      boundary = end_of_token();
      return;
    }
    if (open.size() == 1) {
      elements = 0;
      boundary = static_cast<std::size_t>(XML_GetCurrentByteIndex(parser.get()));
    }
    if (++elements > limits.max_elements) {
      refuse("policy-violation", "a stanza has too many elements");
      return;
    }
    open.push_back(std::move(element));
  }

  void end() {
    if (done || open.empty()) {
      return;
    }
    Element element = std::move(open.back());
    open.pop_back();
    if (open.empty()) {
      items.emplace_back(StreamClosed{});
      done = true;
      return;
    }
    if (open.size() == 1) {
      const std::size_t from = boundary;
      boundary = end_of_token();
      if (boundary - from > limits.max_stanza_octets) {
        refuse("policy-violation", "a stanza is too large");
        return;
      }
      items.emplace_back(Stanza{.element = std::move(element),
                                .raw = unread.substr(from - unread_from, boundary - from)});
      return;
    }
    open.back().children.emplace_back(std::move(element));
  }

  std::size_t end_of_token() const {
    return static_cast<std::size_t>(XML_GetCurrentByteIndex(parser.get())) +
           static_cast<std::size_t>(XML_GetCurrentByteCount(parser.get()));
  }

  void text(std::string_view run) {
    if (done) {
      return;
    }
    if (open.size() <= 1) {
      if (const auto at = run.find_first_not_of(kWhiteSpace); at != std::string_view::npos) {
        refuse("bad-format", "character data between stanzas", at);
      }
      return;
    }
    auto& children = open.back().children;
    if (!children.empty() && std::holds_alternative<std::string>(children.back())) {
      std::get<std::string>(children.back()) += run;
    } else {
      children.emplace_back(std::string(run));
    }
  }

  // `after` octets behind where expat's current token begins.
  void refuse(std::string condition, std::string detail, std::size_t after = 0) {
    if (done) {
      return;
    }
    done = true;
    const auto at = XML_GetCurrentByteIndex(parser.get());
    items.emplace_back(Refused{.condition = std::move(condition),
                               .detail = std::move(detail),
                               .offset = at < 0 ? received : static_cast<std::size_t>(at) + after});
    XML_StopParser(parser.get(), XML_FALSE);
  }

  void refuse_at(std::string condition, std::string detail, std::size_t offset) {
    done = true;
    items.emplace_back(Refused{std::move(condition), std::move(detail), offset});
  }

  // Gives expat the first `count` of the pending octets.
  void parse_pending(std::size_t count) {
    if (count == 0 || done) {
      return;
    }
    unread.append(pending, 0, count);
    const auto status = XML_Parse(parser.get(), pending.data(), static_cast<int>(count), XML_FALSE);
    parsed += count;
    pending.erase(0, count);
    if (status == XML_STATUS_ERROR && !done) {
      const auto code = XML_GetErrorCode(parser.get());
      const char* text = XML_ErrorString(code);
      refuse("not-well-formed", text == nullptr ? "not well-formed" : text);
    }
    trim();
  }

  // Drops the octets of stanzas that are complete.
  void trim() {
    const std::size_t keep_from = std::min(boundary, parsed);
    if (open.size() <= 1 && keep_from > unread_from) {
      unread.erase(0, keep_from - unread_from);
      unread_from = keep_from;
    }
  }

  // expat believes a byte order mark, and guesses UTF-16 from a zero among the first two octets,
  // whatever encoding it was told.
  bool refuse_guesses(std::string_view octets) {
    if (received == 0 && static_cast<std::uint8_t>(octets[0]) == 0xEF) {
      refuse_at("not-well-formed", "octets before the stream header (a byte order mark?)", 0);
    } else if (received < 2 && octets[0] == '\0') {
      refuse_at("unsupported-encoding", "the stream is not UTF-8 (section 11.6)", 0);
    }
    return done;
  }

  void take(std::string_view octets) {
    if (refuse_guesses(octets)) {
      return;
    }
    const auto bad = utf8.feed(octets);
    const auto good = octets.substr(0, bad.value_or(octets.size()));
    std::size_t due = 0;
    for (auto left = good; !left.empty();) {
      // Finding "]]>" expat drops the text right before it, unless that came in an earlier call.
      const bool apart = left.front() == ']' && tokens.in_text();
      if (apart) {
        parse_pending(pending.size());
      }
      const auto run = tokens.follow(left);
      due = run.due > 0 ? pending.size() + run.due : due;
      pending += left.substr(0, run.octets);
      left.remove_prefix(run.octets);
      if (apart) {
        parse_pending(pending.size());
        due = 0;
      }
      if (done) {
        return;
      }
    }
    received += good.size();
    parse_pending(bad ? pending.size() : due);
    if (!done && bad) {
      refuse_at("bad-format", "invalid UTF-8 (section 11.6)", received);
    }
    skip_white_space();
    if (!done && stanza_octets() > limits.max_stanza_octets) {
      refuse_at("policy-violation", "a stanza is too large", boundary);
    }
  }

  // How much of the stanza under way has come.
  std::size_t stanza_octets() const { return received - std::min(received, boundary); }

  // Whether only white space came since the last stanza or the header.
  bool idle() const {
    const auto tail =
        std::string_view(unread).substr(std::min(unread.size(), boundary - unread_from));
    return open.size() == 1 && is_white_space(tail) && is_white_space(pending);
  }

  // Between stanzas white space is legal and unbounded (keepalives): it belongs to no stanza.
  void skip_white_space() {
    if (done || open.size() != 1) {
      return;
    }
    const auto tail = std::string_view(unread).substr(boundary - unread_from);
    boundary += std::min(tail.find_first_not_of(kWhiteSpace), tail.size());
    trim();
  }

  Limits limits;
  ParserPtr parser;
  Utf8Check utf8;
  TokenCheck tokens;
  std::vector<Element> open;
  std::vector<Item> items;
  Bytes pending;                // fed, not yet given to expat
  Bytes unread;                 // given to expat, from `unread_from`
  std::size_t unread_from = 0;  // all offsets count from the start of the stream
  std::size_t received = 0;
  std::size_t parsed = 0;
  std::size_t boundary = 0;  // where the stanza being read began, or the last one ended
  std::size_t elements = 0;
  std::string default_ns;
  bool done = false;
};

StreamReader::StreamReader(Limits limits) : state_(std::make_unique<State>(limits)) {}
StreamReader::StreamReader(StreamReader&&) noexcept = default;
StreamReader& StreamReader::operator=(StreamReader&&) noexcept = default;
StreamReader::~StreamReader() = default;

std::vector<Item> StreamReader::feed(std::string_view octets) {
  // Slices bound what one call can hold in memory; none goes past where a stanza is too large.
  constexpr std::size_t kSlice = 16 * 1024;
  while (!octets.empty() && !state_->done) {
    const std::size_t room = state_->limits.max_stanza_octets - state_->stanza_octets();
    const bool guessable = state_->received < 2;  // by expat: these two are judged one by one
    const auto slice = octets.substr(0, guessable ? 1 : std::min(kSlice, room) + 1);
    state_->take(slice);
    octets.remove_prefix(slice.size());
  }
  return std::exchange(state_->items, {});
}

void StreamReader::restart() { state_->reset(); }

bool StreamReader::inside_stanza() const { return !state_->open.empty() && !state_->idle(); }

Result<Element> parse(std::string_view text, std::string_view default_ns) {
  StreamReader reader;
  const std::string header =
      default_ns.empty() ? "<parley>" : "<parley xmlns='" + escape_attribute(default_ns) + "'>";
  reader.feed(header);
  const auto items = reader.feed(text);
  const auto where = [&](std::size_t offset) { return offset - std::min(offset, header.size()); };
  for (const auto& item : items) {
    if (const auto* refused = std::get_if<Refused>(&item)) {
      const auto code =
          refused->condition == "policy-violation" ? Errc::too_large : Errc::malformed;
      return fail(code, refused->detail, where(refused->offset));
    }
  }
  if (items.size() != 1 || !std::holds_alternative<Stanza>(items[0]) || reader.inside_stanza()) {
    return fail(items.empty() ? Errc::truncated : Errc::malformed, "not exactly one element",
                text.size());
  }
  return std::get<Stanza>(items[0]).element;
}

}  // namespace parley::xml
