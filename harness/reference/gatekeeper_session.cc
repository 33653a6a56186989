// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/gatekeeper_session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "harness/base/text.h"
#include "harness/reference/fragile_xml.h"

namespace parley::reference {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxQueueOctets = 4 * 1024 * 1024;
constexpr auto kLoginTimeout = 120s;
constexpr std::string_view kCloseTag = "</stream:stream>";
constexpr std::string_view kWhiteSpace = " \t\r\n";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(kWhiteSpace) == std::string_view::npos;
}

Leniency leniency_of(const FaultSet& faults) {
  return {.comments = faults.has(Fault::gk_accepts_comment),
          .instructions = faults.has(Fault::gk_accepts_pi),
          .doctype = faults.has(Fault::gk_accepts_doctype),
          .invalid_utf8 = faults.has(Fault::gk_accepts_invalid_utf8),
          .duplicate_attributes = faults.has(Fault::gk_accepts_duplicate_attribute),
          .unbound_prefixes = faults.has(Fault::gk_accepts_unbound_prefix),
          .control_characters = faults.has(Fault::gk_accepts_control_characters),
          .undefined_entities = faults.has(Fault::gk_accepts_undefined_entity),
          .mismatched_tags = faults.has(Fault::gk_accepts_mismatched_tags),
          .text_between = faults.has(Fault::gk_accepts_text_between_stanzas),
          .cdata_dropped = faults.has(Fault::gk_cdata_dropped),
          .prefixes_unknown = faults.has(Fault::gk_prefix_unknown),
          .double_quotes_unread = faults.has(Fault::gk_double_quotes_unread)};
}

// RFC 6120 section 4.7.5: major and minor are separate numbers.
bool is_old_version(const std::string* version) {
  if (version == nullptr || version->find('.') == std::string::npos) {
    return true;
  }
  const std::string major = version->substr(0, version->find('.'));
  return major.empty() || major.find_first_not_of("0123456789") != std::string::npos ||
         major.find_first_not_of('0') == std::string::npos;
}

void move_namespace(xml::Element& element, const std::string& from) {
  if (element.ns == from) {
    element.ns = kClientNs;
  }
  for (auto& node : element.children) {
    if (auto* inner = std::get_if<xml::Element>(&node)) {
      move_namespace(*inner, from);
    }
  }
}

}  // namespace

Session::Session(Gatekeeper& keeper, asio::any_io_executor executor,
                 std::unique_ptr<net::Stream> stream, const FaultSet& faults)
    : keeper_(keeper), stream_(std::move(stream)), faults_(faults), drained_(executor) {
  drained_.expires_at(asio::steady_timer::time_point::max());
  restart_reader();
}

asio::awaitable<void> Session::run(Security security) {
  const auto self = shared_from_this();
  if (security == Security::direct_tls && !co_await start_tls()) {
    stream_->close();
    co_return;
  }
  std::size_t last_read = 0;
  while (!closing_) {
    const auto timeout = authenticated() ? 0ms : std::chrono::milliseconds(kLoginTimeout);
    net::Event event = co_await stream_->read(timeout);
    auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr) {
      on_connection_end();
      break;
    }
    last_read = octets->size();
    co_await take(std::move(*octets));
  }
  leave();
  co_await flush();
  co_await drain(last_read);
  stream_->close();
}

// What the peer still writes is read for a moment: a reset would take our last words with it.
asio::awaitable<void> Session::drain(std::size_t last_read) {
  constexpr std::size_t kWorthWaiting = 4096;
  constexpr std::size_t kMaxDrained = 8 * 1024 * 1024;
  std::size_t drained = 0;
  while (!broken_ && closing_ && last_read >= kWorthWaiting && drained < kMaxDrained) {
    const net::Event event = co_await stream_->read(5ms);
    const auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr) {
      break;
    }
    drained += octets->size();
  }
}

void Session::drop() {
  leave();
  closing_ = true;
  broken_ = true;
  stream_->close();
}

void Session::send(const xml::Element& stanza) {
  ++sent_;
  send(xml::print(stanza, kClientNs));
}

void Session::send(std::string octets) {
  if (broken_ || closing_) {
    return;  // nothing follows the end of a stream
  }
  queue_ += octets;
  if (queue_.size() > kMaxQueueOctets) {
    broken_ = closing_ = true;  // the peer does not read: its presence ends with the read loop
    queue_.clear();
    stream_->reset();
    return;
  }
  if (writing_) {
    return;
  }
  writing_ = true;
  const auto self = shared_from_this();
  asio::co_spawn(drained_.get_executor(), write_queue(), [self](std::exception_ptr failure) {
    self->writing_ = false;
    self->broken_ = self->broken_ || failure != nullptr;
    self->drained_.cancel();
  });
}

asio::awaitable<void> Session::write_queue() {
  while (!queue_.empty() && !broken_) {
    const auto written = co_await stream_->write(std::exchange(queue_, {}));
    broken_ = broken_ || !written;
  }
}

asio::awaitable<void> Session::flush() {
  while (writing_) {
    boost::system::error_code cancelled;
    co_await drained_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

xml::Limits Session::limits() const {
  xml::Limits out;
  if (has(Fault::gk_size_unbounded)) {
    out.max_stanza_octets = 64 * 1024 * 1024;
    out.max_elements = 1'000'000;
    out.max_attributes = 100'000;
  }
  if (has(Fault::gk_depth_unbounded)) {
    out.max_depth = 5'000;
  }
  return out;
}

void Session::restart_reader() {
  reader_ = xml::StreamReader(limits());
  front_.restart();
  front_.forgive(leniency_of(faults_));
  lenient_ = leniency_of(faults_).any();
  header_seen_ = header_sent_ = false;
  restarted_ = true;
  partial_.clear();
  acted_on_ = 0;
}

void Session::adopt_faults(const FaultSet& more) {
  faults_.add(more);
  const Leniency leniency = leniency_of(faults_);
  if (leniency.any() && !lenient_) {
    front_.assume_header();
  }
  lenient_ = leniency.any();
  front_.forgive(leniency);
}

// A stream that goes on where the peer's header is missing or was left behind.
void Session::feed_assumed_header() {
  restart_reader();
  header_seen_ = header_sent_ = true;
  front_.assume_header();
  reader_.feed(
      "<stream:stream xmlns='jabber:client' version='1.0' "
      "xmlns:stream='http://etherx.jabber.org/streams'>");
}

// With gk-no-restart-…: false while it cannot be told whether a new stream begins.
bool Session::skip_header(Bytes& chunk) {
  unparsed_ += chunk;
  chunk.clear();
  if (unparsed_.size() < 8 && unparsed_.find('>') == Bytes::npos) {
    return false;
  }
  const auto at = unparsed_.find_first_not_of(kWhiteSpace);
  const auto start = std::string_view(unparsed_).substr(std::min(at, unparsed_.size()));
  if (!start.starts_with("<?") && !start.starts_with("<stream")) {
    feed_assumed_header();
  }
  header_may_lack_ = false;
  chunk = std::exchange(unparsed_, {});
  return true;
}

asio::awaitable<void> Session::take(Bytes chunk) {
  if (keeper_.deaf() || stuck_) {
    co_return;
  }
  if (has(Fault::gk_drops_others_after_empty_cdata) && bound() &&
      chunk.find(kEmptyCdata) != Bytes::npos) {
    keeper_.drop_others(*this);
  }
  const bool white = !chunk.empty() && is_blank(Bytes(1, chunk.front()));
  if (has(Fault::gk_whitespace_breaks) && header_seen_ && white && !reader_.inside_stanza()) {
    on_closed();
    co_return;
  }
  if (has(Fault::gk_header_segmentation) && !header_seen_ && !chunk.ends_with('>')) {
    stream_error("not-well-formed");
    co_return;
  }
  if (header_may_lack_ && !skip_header(chunk)) {
    co_return;
  }
  while (!chunk.empty() && !closing_ && !stuck_) {
    // Before binding, streams restart and TLS begins between two elements: one is taken at a time.
    // So too where a fault finds its way again behind what was refused.
    const bool resumes = has(Fault::gk_wrong_condition) || has(Fault::gk_stream_error_keeps_open);
    const auto end = bound() && !resumes ? Bytes::npos : chunk.find('>');
    Bytes piece = chunk.substr(0, end == Bytes::npos ? end : end + 1);
    chunk.erase(0, piece.size());
    if (has(Fault::gk_acts_on_partial) && header_seen_) {
      piece = act_on_partial(std::move(piece));
    }
    auto items = reader_.feed(lenient_ ? front_.filter(piece) : piece);
    restarted_ = false;
    for (auto& item : items) {
      co_await handle(std::move(item), chunk);
      if (closing_ || restarted_ || stuck_) {
        break;
      }
    }
    if (restarted_ && header_may_lack_ && !chunk.empty() && !skip_header(chunk)) {
      co_return;
    }
  }
  if (has(Fault::gk_segmentation)) {
    on_segment_end();
  }
}

asio::awaitable<void> Session::handle(xml::Item item, Bytes& rest) {
  if (const auto* opened = std::get_if<xml::StreamOpened>(&item)) {
    on_header(*opened);
  } else if (auto* stanza = std::get_if<xml::Stanza>(&item)) {
    partial_.clear();
    if (acted_on_ > 0) {
      --acted_on_;
      co_return;
    }
    co_await handle_element(std::move(stanza->element), rest);
  } else if (std::holds_alternative<xml::StreamClosed>(item)) {
    on_closed();
  } else {
    on_refused(std::get<xml::Refused>(item));
  }
}

asio::awaitable<void> Session::handle_element(xml::Element element, Bytes& rest) {
  if (has(Fault::gk_accepts_any_content_namespace) && content_ns_ != kClientNs) {
    move_namespace(element, content_ns_);
  }
  if (!secure_ && element.ns == kTlsNs && element.name == "starttls") {
    co_await on_starttls(rest);
  } else if (bound()) {
    on_stanza(std::move(element));
  } else if (authenticated()) {
    before_bind(element);
  } else {
    before_login(element);
  }
}

std::string_view Session::header_error(const xml::StreamOpened& opened) const {
  const xml::Element& header = opened.element;
  if (!has(Fault::gk_accepts_any_stream_namespace)) {
    if (header.ns != kStreamNs) {
      return "invalid-namespace";
    }
    if (header.name != "stream") {
      return "bad-format";
    }
  }
  if (opened.content_ns != kClientNs && !has(Fault::gk_accepts_any_content_namespace)) {
    return "invalid-namespace";
  }
  const auto to = parse_jid(header.get("to"));
  if ((!to || to->full() != keeper_.domain()) && !has(Fault::gk_accepts_any_host)) {
    return "host-unknown";
  }
  if (is_old_version(header.find("version")) && !has(Fault::gk_accepts_old_version)) {
    return "unsupported-version";
  }
  if (header.get("version") != "1.0" && has(Fault::gk_minor_version_refused)) {
    return "unsupported-version";
  }
  const auto from = parse_jid(client_from_);
  if (authenticated() && from && from->bare() != bare()) {
    return "invalid-from";
  }
  return {};
}

void Session::on_header(const xml::StreamOpened& opened) {
  client_from_ = opened.element.get("from");
  lang_ = opened.element.get("xml:lang");
  content_ns_ = opened.content_ns;
  const auto from = parse_jid(client_from_);
  if (from && !authenticated()) {
    if (const Account* named = keeper_.find_bare(from->bare())) {
      adopt_faults(named->faults);
    }
  }
  header_seen_ = true;
  if (const auto condition = header_error(opened); !condition.empty()) {
    stream_error(condition);
    return;
  }
  send_header();
  if (!has(Fault::gk_features_missing)) {
    send_features();
  }
  if (authenticated() && has(Fault::gk_greets_before_bind)) {
    send("<message from='" + xml::escape_attribute(keeper_.domain()) +
         "'><body>Welcome</body></message>");
  }
}

void Session::send_header() {
  stream_id_ = has(Fault::gk_header_reuses_id) ? "parley-stream" : keeper_.fresh_id();
  std::string out =
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
      "xmlns:stream='http://etherx.jabber.org/streams'";
  if (!has(Fault::gk_header_without_id)) {
    out += " id='" + stream_id_ + "'";
  }
  if (!has(Fault::gk_header_without_from)) {
    out += " from='" + xml::escape_attribute(keeper_.domain()) + "'";
  }
  if (const auto to = parse_jid(client_from_)) {
    out += " to='" + xml::escape_attribute(to->full()) + "'";
  }
  if (!has(Fault::gk_header_without_version)) {
    out += " version='1.0'";
  }
  if (!has(Fault::gk_header_without_lang)) {
    out += " xml:lang='en'";
  }
  header_sent_ = true;
  send(out + ">");
}

void Session::send_features() {
  std::string out = "<stream:features>";
  if (!secure_) {
    const bool lax = has(Fault::gk_no_tls_required);
    out += "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>";
    out += lax ? "</starttls><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
                 "<mechanism>PLAIN</mechanism></mechanisms>"
               : "<required/></starttls>";
  } else if (!authenticated()) {
    out +=
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256"
        "</mechanism><mechanism>PLAIN</mechanism></mechanisms>";
  } else {
    out +=
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><session "
        "xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>"
        "<sm xmlns='urn:xmpp:sm:3'/>";
  }
  send(out + "</stream:features>");
}

// Where a fault has it sit on what it cannot read.
bool Session::sticks_at(const xml::Refused& refused) const {
  return (has(Fault::gk_stuck_after_mismatched_tag) && says_mismatched_tag(refused)) ||
         (has(Fault::gk_stuck_after_bad_utf8) && says_bad_utf8(refused));
}

void Session::on_refused(const xml::Refused& refused) {
  if (bound() && sticks_at(refused)) {
    stuck_ = true;
    return;
  }
  if (has(Fault::gk_wrong_condition) && header_sent_) {
    xml::Element message = make_element("message", kClientNs);
    message.set("from", keeper_.domain());
    error(message, kBadRequest);
    feed_assumed_header();
    return;
  }
  if (has(Fault::gk_segmentation) && header_sent_) {
    feed_assumed_header();
    return;
  }
  stream_error(refused.condition);
  if (!closing_) {
    feed_assumed_header();  // gk-stream-error-keeps-open
  }
}

void Session::on_closed() {
  if (!header_sent_) {
    send_header();
  }
  if (!has(Fault::gk_no_close_answer)) {
    send(std::string(kCloseTag));
  }
  if (has(Fault::gk_close_keeps_connection)) {
    leave();
    return;
  }
  closing_ = true;
}

void Session::stream_error(std::string_view condition) {
  if (!header_sent_ && !has(Fault::gk_error_without_header)) {
    send_header();
  }
  std::string out = "<stream:error>";
  if (!header_sent_) {
    out = "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>";
  }
  out += "<" + std::string(condition) + " xmlns='" + std::string(kStreamErrorNs) +
         "'/></stream:error>";
  if (has(Fault::gk_stream_error_keeps_open)) {
    send(std::move(out));
    return;
  }
  if (!has(Fault::gk_stream_error_without_close)) {
    out += kCloseTag;
  }
  send(std::move(out));
  closing_ = true;
}

void Session::on_segment_end() {
  if (header_seen_ && reader_.inside_stanza()) {
    feed_assumed_header();
  }
}

// Delivers a message as soon as its body is whole; the rest of it is then skipped. Returns what
// the reader is to see.
Bytes Session::act_on_partial(Bytes piece) {
  partial_ += piece;
  const auto body = partial_.find("</body>");
  if (body == Bytes::npos || acted_on_ > 0) {
    return piece;
  }
  const auto start = partial_.rfind("<message", body);
  if (start == Bytes::npos) {
    return piece;
  }
  const auto head = partial_.substr(start, body + 7 - start);
  if (auto message = xml::parse(head + missing_end_tags(head), kClientNs); message && bound()) {
    ++acted_on_;
    on_stanza(std::move(*message));
  }
  return piece;
}

void Session::on_connection_end() {
  broken_ = true;
  if (!has(Fault::gk_acts_on_partial) || acted_on_ > 0 || !bound()) {
    return;
  }
  const auto start = partial_.find("<message");
  if (start == Bytes::npos) {
    return;
  }
  // A tag that was cut is no part of what was understood.
  auto head = partial_.substr(start);
  if (const auto open = head.rfind('<'); head.find('>', open) == Bytes::npos) {
    head.resize(open);
  }
  if (auto message = xml::parse(head + missing_end_tags(head), kClientNs)) {
    on_stanza(std::move(*message));
  }
}

// The session is over for everybody else: no stanza reaches it and its contacts know (RFC 6121
// section 4.5.2).
void Session::leave() {
  release_held_message();
  if (available()) {
    xml::Element gone = make_element("presence", kClientNs);
    gone.set("type", "unavailable");
    gone.set("from", full());
    go_offline(gone);
  }
  if (account_ != nullptr) {
    std::erase(account_->sessions, this);
  }
  account_ = nullptr;
}

}  // namespace parley::reference
