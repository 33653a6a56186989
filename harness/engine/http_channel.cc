// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/http_channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>

#include "harness/crypto/digest_stream.h"
#include "harness/engine/call_proof.h"
#include "harness/engine/cast.h"
#include "harness/engine/media_exchange.h"
#include "harness/wire/http_date.h"
#include "harness/wire/http_reader.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

using wire::HttpMessage;

// What a request on this connection says in Host (RFC 9110 section 7.2).
std::string host_of(const std::string& label, const Scope& scope) {
  const auto service = service_of(label.substr(0, label.rfind('/')));
  const auto known = scope.values.find(service_host(service));
  return known == scope.values.end() ? "localhost" : known->second;
}

// When the run began, as Date says it (RFC 9110 section 6.6.1); nothing where that is not known.
std::string date_of(const Scope& scope) {
  const auto now = scope.values.find("noise.now");
  const auto text = now == scope.values.end() ? std::string_view() : std::string_view(now->second);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc()
             ? wire::http_date(std::chrono::sys_seconds(std::chrono::seconds(seconds)))
             : "";
}

constexpr std::size_t kMostHeld = 2 * 1024 * 1024;  // of a body; the rest of it is spooled
constexpr std::size_t kAnySize = std::size_t{1} << 40U;

// Files may be larger than what is said otherwise: how much a SUT may send in all its connections
// bound.
wire::HttpLimits limits_of(const std::string& label) {
  wire::HttpLimits out;
  const auto service = service_of(label.substr(0, label.rfind('/')));
  if (service == kUploadService || service == kProxyService) {
    out.max_body_octets = kAnySize;
  }
  return out;
}

// A body that comes, once it is too large to be held.
class SpooledBody {
 public:
  void add(const Bytes& octets) {
    if (!octets_) {
      octets_ = Spool::make().value_or(nullptr);
    }
    digest_.update(octets);
    length_ += octets.size();
    failed_ = failed_ || octets_ == nullptr || !octets_->append(octets);
  }
  LargeBody finish() {
    const LargeName name{.length = length_, .sha256 = to_hex(digest_.finish())};
    return {.name = to_string(name), .octets = failed_ ? nullptr : std::move(octets_)};
  }

 private:
  crypto::Sha256Stream digest_;
  std::shared_ptr<Spool> octets_;
  std::uint64_t length_ = 0;
  bool failed_ = false;
};

xml::Element large_octets(const std::string& name) {
  xml::Element out{
      .ns = {}, .name = std::string(wire::kHttpOctets), .attributes = {}, .children = {}};
  out.set_text(name);
  return out;
}

class HttpChannel : public Channel {
 public:
  HttpChannel(Side side, const std::string& label, const Scope& scope)
      : side_(side),
        scope_(scope),
        link_(label.substr(0, label.rfind('/'))),
        number_(label.substr(label.rfind('/') + 1)),
        host_(host_of(label, scope)),
        in_(side == Side::client ? wire::HttpRole::response : wire::HttpRole::request,
            limits_of(label)) {}

  std::vector<xml::Item> received(std::string_view octets) override {
    std::vector<xml::Item> out;
    for (auto& item : in_.feed(octets)) {
      if (const auto* failure = std::get_if<wire::HttpFailure>(&item)) {
        out.emplace_back(xml::Refused{.condition = "not-http",
                                      .detail = failure->error.detail,
                                      .offset = failure->error.offset.value_or(0)});
      } else {
        take(std::get<wire::HttpReceived>(item), out);
      }
    }
    const auto* begun = in_.begun();
    if (begun != nullptr && (spooled_ || begun->body.size() > kMostHeld)) {
      spool(in_.take_body());
    }
    return out;
  }

  // A body may last until then (RFC 9112 section 6.3). What is cut off is the connection's end and
  // nothing more.
  std::vector<xml::Item> ended() override {
    std::vector<xml::Item> out;
    for (auto& item : in_.end()) {
      if (auto* received = std::get_if<wire::HttpReceived>(&item)) {
        take(*received, out);
      }
    }
    return out;
  }

  std::string said_large() const override { return said_large_; }
  std::vector<LargeBody> take_large() override { return std::exchange(large_, {}); }

  Result<Bytes> write(const model::MessageForm& /*message*/, xml::Element element,
                      const Edits& edits) override {
    complete(element);
    if (auto changed = change(element, edits); !changed) {
      return std::unexpected(changed.error());
    }
    if (auto announced = announce_large(element); !announced) {
      return std::unexpected(announced.error());
    }
    auto message = wire::http_message_of(element);
    if (!message) {
      return std::unexpected(message.error());
    }
    auto form = wire::http_form_of(element);
    if (!form) {
      return std::unexpected(form.error());
    }
    if (side_ == Side::server && !open_.empty() && open_.front().method == "HEAD") {
      form->framing = wire::HttpFraming::head_alone;  // as GET is answered (RFC 9110 section 9.3.2)
    }
    auto octets = wire::write(*message, *form);
    return edits.bytes ? edits.bytes(std::move(octets)) : octets;
  }

  // Whatever a change has made of it, it asks something or answers something: once, also where
  // its framing says two things (RFC 9112 section 6.3). What a SUT answers twice is asked once.
  std::vector<xml::Item> sent(std::string_view octets) override {
    const bool asks = side_ == Side::client;
    wire::HttpLimits limits;
    limits.max_body_octets = kAnySize;  // a case may say more than a reader takes
    wire::HttpReader reader(asks ? wire::HttpRole::request : wire::HttpRole::response, limits);
    if (!asks && !open_.empty()) {
      reader.expect(open_.front().method);
    }
    auto tree = asks ? wire::http_request_tree("", "") : wire::http_response_tree("");
    auto items = reader.feed(octets);
    if (const auto* begun = reader.begun(); begun != nullptr && begun->body.empty()) {
      tree = wire::tree_of(*begun);  // what follows goes out beside it
    }
    std::ranges::move(reader.end(), std::back_inserter(items));  // a body may last until then
    for (const auto& item : items) {
      if (const auto* read = std::get_if<wire::HttpReceived>(&item)) {
        tree = wire::tree_of(read->message);
        break;
      }
    }
    if (asks) {
      in_.expect(tree.get("method"));
    }
    tree.set("id", asks ? next_question(tree) : next_answer());
    std::vector<xml::Item> out;
    out.emplace_back(xml::Stanza{std::move(tree), Bytes(octets)});
    return out;
  }

  bool idle() const override { return open_.empty(); }

  // Who cannot read it says so, or waits for more of it; an answer of ours ends its connection.
  Reading reads(model::MessageForm::Kind /*kind*/, std::string_view octets) const override {
    if (side_ == Side::server) {
      return Reading::whole;
    }
    wire::HttpReader reader(wire::HttpRole::request);
    const auto items = reader.feed(octets);
    const bool read = std::ranges::all_of(items, [](const wire::HttpItem& item) {
      return std::holds_alternative<wire::HttpReceived>(item);
    });
    return read && items.size() == 1 && !reader.unfinished() ? Reading::whole : Reading::waiting;
  }

 private:
  void spool(const Bytes& octets) {
    if (!spooled_) {
      spooled_.emplace();
    }
    spooled_->add(octets);
  }

  // Of a body too large to be held the head alone is written.
  Result<void> announce_large(xml::Element& message) {
    auto* octets = message.child(wire::kHttpOctets);
    said_large_ = octets != nullptr && is_large(octets->text()) ? octets->text() : "";
    if (said_large_.empty()) {
      return {};
    }
    const auto name = name_of(said_large_);
    if (!name) {
      return std::unexpected(name.error());
    }
    octets->children.clear();
    if (message.child(wire::kHttpWire) == nullptr) {
      message.children.emplace_back(xml::Element{
          .ns = {}, .name = std::string(wire::kHttpWire), .attributes = {}, .children = {}});
    }
    auto* wire = message.child(wire::kHttpWire);
    const auto framing = wire->get("framing");
    if (framing == "chunked") {
      wire->set("last-chunk", "");  // it follows
    } else if (framing != "verbatim" && wire->find("content-length") == nullptr) {
      wire->set("content-length", std::to_string(name->length));
    }
    return {};
  }

  void take(wire::HttpReceived& received, std::vector<xml::Item>& out) {
    auto& message = received.message;
    const auto* response = message.response();
    if (response != nullptr && response->status < 200 && response->status != 101) {
      return;  // answers nothing: the final response follows (RFC 9110 section 15.2)
    }
    if (spooled_) {
      spool(std::exchange(message.body, {}));
    }
    auto tree = wire::tree_of(message);
    if (spooled_) {
      large_.push_back(spooled_->finish());
      spooled_.reset();
      tree.children.emplace_back(large_octets(large_.back().name));
    }
    tree.set("id", side_ == Side::client ? next_answer() : next_question(tree));
    // Who only reads what is published calls nobody, and has nothing to prove.
    if (side_ == Side::server && tree.get("method") != "GET") {
      read_proof(tree, {.link = link_, .message = message}, scope_);
    }
    out.emplace_back(xml::Stanza{std::move(tree), wire::write(message)});
  }

  // The call's proof holds for what it was before the change, or for what has become of it.
  static Result<void> change(xml::Element& message, const Edits& edits) {
    const bool proof_after = edits.proof == model::StanzaEdit::Proof::after;
    if (auto proved = proof_after ? Result<void>() : make_proof(message); !proved) {
      return proved;
    }
    if (auto edited = edits.stanza ? edits.stanza(message) : Result<void>(); !edited) {
      return edited;
    }
    if (!proof_after && message.child(kProof) != nullptr) {
      return fail(Errc::malformed, "what changes the proof itself says `proof: after`");
    }
    return make_proof(message);
  }

  // What an honest message of its kind has.
  void complete(xml::Element& message) const {
    if (side_ == Side::client && wire::http_header(message, "host") == nullptr) {
      wire::set_http_header(message, "host", host_);
    }
    if (message.child(wire::kHttpJson) != nullptr &&
        wire::http_header(message, "content-type") == nullptr) {
      wire::set_http_header(message, "content-type", "application/json");
    }
    // Each thing that is asked of us goes over a connection of its own too (RFC 9112 section 9.6).
    if (side_ == Side::server && wire::http_header(message, "connection") == nullptr) {
      wire::set_http_header(message, "connection", "close");
    }
    const auto date = side_ == Side::server ? date_of(scope_) : "";
    if (!date.empty() && wire::http_header(message, "date") == nullptr) {
      wire::set_http_header(message, "date", date);
    }
  }

  std::string next_question(const xml::Element& request) {
    open_.push_back(
        {.id = fmt::format("{}.{}", number_, ++asked_), .method = request.get("method")});
    return open_.back().id;
  }
  // Answers come in the order of the questions (RFC 9112 section 9.3.2).
  std::string next_answer() {
    if (open_.empty()) {
      return "";
    }
    auto out = std::move(open_.front().id);
    open_.pop_front();
    return out;
  }

  struct Question {
    std::string id;
    std::string method;
  };

  Side side_;
  const Scope& scope_;
  std::string link_;
  std::string number_;  // of the connection
  std::string host_;
  wire::HttpReader in_;
  std::optional<SpooledBody> spooled_;  // of the message that comes
  std::vector<LargeBody> large_;
  std::string said_large_;
  std::deque<Question> open_;  // what is asked and not yet answered
  int asked_ = 0;
};

}  // namespace

std::string service_host(const std::string& service) {
  return fmt::format("service.{}.host", service);
}

std::unique_ptr<Channel> make_http_channel(Side side, const std::string& label,
                                           const Scope& scope) {
  return std::make_unique<HttpChannel>(side, label, scope);
}

}  // namespace parley::engine
