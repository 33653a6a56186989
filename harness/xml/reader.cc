// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/xml/reader.h"

#include <expat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "harness/base/text.h"

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

// Follows UTF-8 over any segmentation. Source: RFC 3629 section 4.
class Utf8Check {
 public:
  // Offset within `octets` of the first octet that cannot continue valid UTF-8.
  std::optional<std::size_t> feed(std::string_view octets) {
    for (std::size_t i = 0; i < octets.size(); ++i) {
      if (!step(static_cast<std::uint8_t>(octets[i]))) {
        return i;
      }
    }
    return std::nullopt;
  }

 private:
  bool step(std::uint8_t octet) {
    if (left_ == 0) {
      return begin(octet);
    }
    if (octet < low_ || octet > high_) {
      return false;
    }
    low_ = 0x80;
    high_ = 0xBF;
    --left_;
    return true;
  }

  bool begin(std::uint8_t lead) {
    low_ = 0x80;
    high_ = 0xBF;
    if (lead < 0x80) {
      return true;
    }
    if (lead < 0xC2 || lead > 0xF4) {
      return false;
    }
    left_ = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    low_ = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    high_ = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    return true;
  }

  int left_ = 0;
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;
};

// Follows markup just far enough to say when expat is to see the octets so far. expat scans a token
// again from its start each time it sees more of it, so a long token goes to it at its end and
// whenever it has doubled. What expat has seen depends on the octets alone, never on how they were
// segmented. What is ill-formed may be followed wrongly: expat refuses it.
class TokenCheck {
 public:
  // True when everything up to and with `octet` goes to expat.
  bool step(char octet) {
    ++length_;
    const bool due = advance(octet);
    before_ = {before_[1], octet};
    return due || length_ <= kShort || std::has_single_bit(length_);
  }
  bool in_text() const { return within_ == Within::text; }

 private:
  static constexpr std::size_t kShort = 64;  // octets that are cheap to scan again and again
  enum class Within { text, reference, opening, declaration, tag, comment, instruction, cdata };

  bool advance(char octet) {
    switch (within_) {
      case Within::text:
        if (octet == '<' || octet == '&') {
          within_ = octet == '<' ? Within::opening : Within::reference;
          length_ = 1;
          quote_ = '\0';
        }
        return true;
      case Within::reference:
        return std::string_view(";<>&'\" \t\r\n").contains(octet) && leave();
      case Within::opening:
        within_ = octet == '!'   ? Within::declaration
                  : octet == '?' ? Within::instruction
                                 : Within::tag;
        return within_ == Within::tag && in_tag(octet);
      case Within::declaration:
        within_ = octet == '-' ? Within::comment : octet == '[' ? Within::cdata : Within::tag;
        return false;
      case Within::tag:
        return in_tag(octet);
      case Within::comment:
        return octet == '>' && before_ == std::array{'-', '-'} && leave();
      case Within::instruction:
        return octet == '>' && before_[1] == '?' && leave();
      case Within::cdata:  // its text is no token: expat reports it as it comes
        return octet != '>' || before_ != std::array{']', ']'} || leave();
    }
    return true;
  }

  bool in_tag(char octet) {
    if (quote_ != '\0') {
      quote_ = octet == quote_ ? '\0' : quote_;
      return false;
    }
    if (octet == '\'' || octet == '"') {
      quote_ = octet;
    }
    return octet == '<' || octet == '[' || (octet == '>' && leave());
  }

  bool leave() {
    within_ = Within::text;
    return true;
  }

  Within within_ = Within::text;
  std::size_t length_ = 0;  // of the token so far
  char quote_ = '\0';       // what ends the attribute value; 0 outside of one
  std::array<char, 2> before_{};
};

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
    for (const char octet : good) {
      // Finding "]]>" expat drops the text right before it, unless that came in an earlier call.
      const bool apart = octet == ']' && tokens.in_text();
      if (apart) {
        parse_pending(pending.size());
      }
      pending += octet;
      due = tokens.step(octet) ? pending.size() : due;
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
