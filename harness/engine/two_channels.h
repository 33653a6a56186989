// SPDX-License-Identifier: GPL-3.0-or-later
// For tests: the two ends of one connection of binary stanzas in Noise frames, each a channel of
// its own; what one writes is what the other receives. Keys and times are fixed. Not thread safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "harness/engine/channel.h"
#include "harness/engine/noise_channel.h"

namespace parley::engine {

using Items = std::vector<xml::Item>;

// One line an item: "<stanza/>", "end", "not-authentic: the authentication tag is wrong".
inline std::vector<std::string> lines_of(const Items& items) {
  std::vector<std::string> out;
  for (const auto& item : items) {
    if (const auto* stanza = std::get_if<xml::Stanza>(&item)) {
      out.push_back(xml::print(stanza->element));
    } else if (const auto* refused = std::get_if<xml::Refused>(&item)) {
      out.push_back(refused->condition + ": " + refused->detail);
    } else {
      out.emplace_back(std::holds_alternative<xml::StreamClosed>(item) ? "end" : "header");
    }
  }
  return out;
}

inline xml::Element tree(const std::string& text) {
  return xml::parse(text).value_or(xml::Element{});
}

class TwoChannels {
 public:
  // `seed` makes the keys. `hashing` is the client's; the server speaks WhatsApp's form.
  // `tokens` is the dictionary of both.
  explicit TwoChannels(std::uint64_t seed = 1, const std::string& hashing = "whatsapp",
                       const wire::Tokens& tokens = {})
      : client_scope_{.values = {}, .rng = Rng(seed)}, server_scope_{.values = {}, .rng = Rng(2)} {
    profile_of_client_.settings["noise-hashing"].value = hashing;
    profile_of_client_.tokens = profile_of_server_.tokens = tokens;
    for (auto* scope : {&client_scope_, &server_scope_}) {
      scope->values["noise.now"] = "1800000000";
    }
    client_scope_.values["noise.root"] = played_root(server_scope_).value_or("");
    client = make_noise_channel(profile_of_client_, Side::client, "alice/1", client_scope_);
    server = make_noise_channel(profile_of_server_, Side::server, "server/1", server_scope_);
  }
  TwoChannels(const TwoChannels&) = delete;
  TwoChannels& operator=(const TwoChannels&) = delete;

  // Writes `element` at one end and notes it as sent there; empty when it could not be written.
  static Bytes written(Channel& by, const std::string& element, const Edits& edits = {}) {
    const auto octets = by.write({}, tree(element), edits);
    if (!octets) {
      return {};
    }
    by.sent(*octets);
    return *octets;
  }
  // What the other end makes of it.
  Items client_says(const std::string& element, const Edits& edits = {}) {
    return server->received(written(*client, element, edits));
  }
  Items server_says(const std::string& element, const Edits& edits = {}) {
    return client->received(written(*server, element, edits));
  }

  static constexpr const char* kIntroElement = "<intro magic='6' dictionary='3'/>";
  static constexpr const char* kFinish =
      "<client-finish><payload product='2'><interop-data account-id='7' token='t'/></payload>"
      "</client-finish>";

  // Up to and with the last message of the handshake, which is the last item.
  Items log_in() {
    client_says(kIntroElement);
    client_says("<client-hello/>");
    server_says("<server-hello/>");
    return client_says(kFinish);
  }

  std::unique_ptr<Channel> client;
  std::unique_ptr<Channel> server;

 private:
  model::Profile profile_of_client_;
  model::Profile profile_of_server_;
  Scope client_scope_;
  Scope server_scope_;
};

}  // namespace parley::engine
