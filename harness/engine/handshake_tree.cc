// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/handshake_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/wire/pretty.h"

namespace parley::engine {
namespace {

namespace noise = crypto::noise;
using xml::Element;

constexpr std::string_view kHex = "hex:";

Element element(std::string_view name) {
  return {.ns = "", .name = std::string(name), .attributes = {}, .children = {}};
}

// A tree under construction.
class TreeWriter {
 public:
  explicit TreeWriter(std::string_view name) : tree_(element(name)) {}

  void hex(std::string_view name, const std::optional<Bytes>& octets) {
    if (octets) {
      tree_.set(name, to_hex(*octets));
    }
  }
  void octets(std::string_view name, const std::optional<Bytes>& octets) {
    if (octets) {
      tree_.set(name, wire::is_text(*octets) && !octets->starts_with(kHex)
                          ? *octets
                          : std::string(kHex) + to_hex(*octets));
    }
  }
  void number(std::string_view name, const std::optional<std::uint64_t>& value) {
    if (value) {
      tree_.set(name, std::to_string(*value));
    }
  }
  void truth(std::string_view name, const std::optional<bool>& value) {
    if (value) {
      tree_.set(name, *value ? "true" : "false");
    }
  }
  void unknown(const std::vector<protobuf::Field>& fields) {
    for (const auto& field : fields) {
      auto child = element("field");
      child.set("number", std::to_string(field.number));
      if (field.type == protobuf::WireType::octets) {
        child.set("octets", to_hex(field.octets));
      } else {
        child.set("varint", std::to_string(field.value));
      }
      tree_.children.emplace_back(std::move(child));
    }
  }
  void child(Element inner) { tree_.children.emplace_back(std::move(inner)); }
  Element finish() && { return std::move(tree_); }

 private:
  Element tree_;
};

// Reads a tree's attributes; the first that is wrong is the error of all.
class TreeReader {
 public:
  explicit TreeReader(const Element& tree) : tree_(tree) {}

  std::optional<Bytes> hex(std::string_view name) { return from(name, tree_.find(name)); }
  std::optional<Bytes> octets(std::string_view name) {
    const auto* text = tree_.find(name);
    if (text == nullptr || !text->starts_with(kHex)) {
      return text == nullptr ? std::nullopt : std::optional<Bytes>(*text);
    }
    const auto digits = text->substr(kHex.size());
    return from(name, &digits);
  }
  std::optional<std::uint64_t> number(std::string_view name) {
    const auto* text = tree_.find(name);
    if (text == nullptr) {
      return std::nullopt;
    }
    std::uint64_t out = 0;
    const auto* end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, out);
    if (read.ec != std::errc() || read.ptr != end) {
      complain(
          fmt::format("'{}' of <{}/> is no number: {}", name, tree_.name, printable(*text, 40)));
    }
    return out;
  }
  std::optional<bool> truth(std::string_view name) {
    const auto* text = tree_.find(name);
    return text == nullptr ? std::nullopt : std::optional(*text == "true");
  }
  std::vector<protobuf::Field> unknown() {
    std::vector<protobuf::Field> out;
    for (const auto* child : tree_.elements()) {
      if (child->name != "field") {
        continue;
      }
      TreeReader field(*child);
      const auto number = static_cast<std::uint32_t>(field.number("number").value_or(0));
      const auto octets = field.hex("octets");
      out.push_back(octets ? protobuf::octets_field(number, *octets)
                           : protobuf::varint_field(number, field.number("varint").value_or(0)));
      complain(field.problem_);
    }
    return out;
  }
  const std::string& problem() const { return problem_; }

 private:
  std::optional<Bytes> from(std::string_view name, const std::string* digits) {
    if (digits == nullptr) {
      return std::nullopt;
    }
    auto out = from_hex(*digits);
    if (!out) {
      complain(fmt::format("'{}' of <{}/> is not hex", name, tree_.name));
    }
    return out.value_or("");
  }
  void complain(std::string problem) {
    if (problem_.empty()) {
      problem_ = std::move(problem);
    }
  }

  const Element& tree_;
  std::string problem_;
};

constexpr std::array<std::pair<std::string_view, noise::ChainKind>, 15> kChains{{
    {"valid", noise::ChainKind::valid},
    {"leaf-expired", noise::ChainKind::leaf_expired},
    {"leaf-not-yet-valid", noise::ChainKind::leaf_not_yet_valid},
    {"intermediate-expired", noise::ChainKind::intermediate_expired},
    {"intermediate-not-yet-valid", noise::ChainKind::intermediate_not_yet_valid},
    {"leaf-of-other-issuer", noise::ChainKind::leaf_of_other_issuer},
    {"intermediate-of-other-issuer", noise::ChainKind::intermediate_of_other_issuer},
    {"leaf-with-other-key", noise::ChainKind::leaf_with_other_key},
    {"leaf-with-wrong-signature", noise::ChainKind::leaf_with_wrong_signature},
    {"intermediate-with-wrong-signature", noise::ChainKind::intermediate_with_wrong_signature},
    {"leaf-signed-by-root", noise::ChainKind::leaf_signed_by_root},
    {"intermediate-signed-by-itself", noise::ChainKind::intermediate_signed_by_itself},
    {"unknown-root", noise::ChainKind::unknown_root},
    {"leaf-missing", noise::ChainKind::leaf_missing},
    {"intermediate-missing", noise::ChainKind::intermediate_missing},
}};

}  // namespace

Element tree_of(const noise::HandshakeMessage& message) {
  if (const auto& hello = message.client_hello) {
    TreeWriter out("client-hello");
    out.hex("ephemeral", hello->ephemeral);
    out.hex("static", hello->static_key);
    out.hex("payload", hello->payload);
    out.truth("use-extended", hello->use_extended);
    out.number("pq-mode", hello->pq_mode);
    out.hex("extended-ephemeral", hello->extended_ephemeral);
    out.unknown(hello->unknown);
    return std::move(out).finish();
  }
  if (const auto& hello = message.server_hello) {
    TreeWriter out("server-hello");
    out.hex("ephemeral", hello->ephemeral);
    out.hex("static", hello->static_key);
    out.hex("payload", hello->payload);
    out.unknown(hello->unknown);
    return std::move(out).finish();
  }
  TreeWriter out(message.client_finish ? "client-finish" : "handshake-message");
  if (const auto& finish = message.client_finish) {
    out.hex("static", finish->static_key);
    out.hex("payload", finish->payload);
    out.unknown(finish->unknown);
  } else {
    out.unknown(message.unknown);
  }
  return std::move(out).finish();
}

Result<noise::HandshakeMessage> message_of(const Element& tree) {
  noise::HandshakeMessage out;
  TreeReader in(tree);
  if (tree.name == "client-hello") {
    out.client_hello = noise::ClientHello{.ephemeral = in.hex("ephemeral"),
                                          .static_key = in.hex("static"),
                                          .payload = in.hex("payload"),
                                          .use_extended = in.truth("use-extended"),
                                          .pq_mode = in.number("pq-mode"),
                                          .extended_ephemeral = in.hex("extended-ephemeral"),
                                          .unknown = in.unknown()};
  } else if (tree.name == "server-hello") {
    out.server_hello = noise::ServerHello{.ephemeral = in.hex("ephemeral"),
                                          .static_key = in.hex("static"),
                                          .payload = in.hex("payload"),
                                          .unknown = in.unknown()};
  } else if (tree.name == "client-finish") {
    out.client_finish = noise::ClientFinish{
        .static_key = in.hex("static"), .payload = in.hex("payload"), .unknown = in.unknown()};
  } else if (tree.name == "handshake-message") {
    out.unknown = in.unknown();
  } else {
    return fail(Errc::malformed, fmt::format("<{}/> is no handshake message", tree.name));
  }
  if (!in.problem().empty()) {
    return fail(Errc::malformed, in.problem());
  }
  return out;
}

bool is_handshake_message(std::string_view name) {
  return name == "client-hello" || name == "server-hello" || name == "client-finish" ||
         name == "handshake-message";
}

Element tree_of(const wire::ClientPayload& payload) {
  TreeWriter out("payload");
  out.number("username", payload.username);
  out.truth("passive", payload.passive);
  out.octets("user-agent", payload.user_agent);
  out.octets("push-name", payload.push_name);
  out.number("connect-type", payload.connect_type);
  out.number("connect-reason", payload.connect_reason);
  out.number("device", payload.device);
  out.number("product", payload.product);
  out.octets("fb-cat", payload.fb_cat);
  if (const auto& data = payload.interop_data) {
    TreeWriter inner("interop-data");
    inner.number("account-id", data->account_id);
    inner.octets("token", data->token);
    inner.truth("read-receipts", data->enable_read_receipts);
    inner.unknown(data->unknown);
    out.child(std::move(inner).finish());
  }
  out.unknown(payload.unknown);
  return std::move(out).finish();
}

Result<wire::ClientPayload> payload_of(const Element& tree) {
  TreeReader in(tree);
  wire::ClientPayload out{.username = in.number("username"),
                          .passive = in.truth("passive"),
                          .user_agent = in.octets("user-agent"),
                          .push_name = in.octets("push-name"),
                          .connect_type = in.number("connect-type"),
                          .connect_reason = in.number("connect-reason"),
                          .device = in.number("device"),
                          .product = in.number("product"),
                          .fb_cat = in.octets("fb-cat"),
                          .interop_data = {},
                          .unknown = in.unknown()};
  std::string problem = in.problem();
  if (const auto* data = tree.child("interop-data")) {
    TreeReader inner(*data);
    out.interop_data = wire::InteropData{.account_id = inner.number("account-id"),
                                         .token = inner.octets("token"),
                                         .enable_read_receipts = inner.truth("read-receipts"),
                                         .unknown = inner.unknown()};
    problem = problem.empty() ? inner.problem() : problem;
  }
  if (!problem.empty()) {
    return fail(Errc::malformed, problem);
  }
  return out;
}

Result<noise::ChainKind> chain_kind(std::string_view name) {
  const auto at = std::ranges::find(kChains, name, [](const auto& row) { return row.first; });
  if (at != kChains.end()) {
    return at->second;
  }
  std::vector<std::string> known;
  for (const auto& [text, kind] : kChains) {
    known.emplace_back(text);
  }
  return fail(Errc::not_found, unknown_name("certificate chain", name, known));
}

}  // namespace parley::engine
