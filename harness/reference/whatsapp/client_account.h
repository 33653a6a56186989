// SPDX-License-Identifier: GPL-3.0-or-later
// What the driver's `connect` says about one user of the binary dialect, and what the client keeps
// of a user from one connection to the next. Plain values: safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/crypto/noise/handshake_state.h"
#include "harness/reference/json_rpc.h"
#include "harness/reference/whatsapp/address.h"
#include "harness/reference/whatsapp/client_cipher.h"
#include "harness/reference/whatsapp/media_access.h"
#include "harness/reference/whatsapp/media_line.h"
#include "harness/reference/whatsapp/media_upload.h"

namespace parley::reference::whatsapp {

enum class Hashing { whatsapp, specification };
enum class Transport { tcp, websocket };
enum class ContentForm { clear, signal };
enum class Side { third_party, gatekeeper };  // whose user it is
enum class Reconnect { never, when_told };  // told by a stream error, or by a connection that broke

struct ClientAccount {
  std::string user;  // decimal digits
  std::uint64_t number = 0;
  std::string token;
  Side side = Side::third_party;
  std::uint16_t integrator = kDefaultIntegrator;  // of a third party's user
  std::string host;
  std::uint16_t port = 0;
  Bytes root_key;  // of the certificate chain; 32 octets
  Hashing hashing = Hashing::whatsapp;
  Reconnect reconnect = Reconnect::never;
  bool passive = false;                    // log in passively, then ask to be active
  bool woken = false;                      // it connects because its own server has woken it
  std::chrono::milliseconds keepalive{0};  // between pings of an idle client; 0 is none
  ContentForm content = ContentForm::clear;
  Transport transport = Transport::tcp;
  std::string path;     // of the WebSocket
  std::string origin;   // of its request
  Bytes routing;        // sent before the intro header; none when empty
  Bytes server_static;  // the server's key, of an earlier handshake; may be empty
  std::chrono::sys_seconds server_static_until{};  // when its certificate expires
  std::optional<MediaAccess> media{};              // none: it neither sends nor shows any
  const Dialect* dialect = &kWhatsAppDialect;
};

// "12-447700900001@interop", of the gatekeeper's own "447700900001@s.whatsapp.net"
std::string jid_of(const ClientAccount& account);

// Errors: kInvalidParams for a missing or wrong member. Members: user, password, host, port, ca
// (the root key in hex); optionally integrator, spec_hashing, reconnect, passive, keepalive_ms,
// content ("clear", "signal"), routing (hex), transport ("tcp", "websocket") with path and origin,
// server_static (hex) and server_static_until (seconds since 1970, in digits), media (as
// media_access.h has it).
std::expected<ClientAccount, RpcError> parse_client_account(
    const nlohmann::json& params, const Dialect& dialect = kWhatsAppDialect);

// A message that the server has not acknowledged yet.
struct Unacknowledged {
  std::string id;
  std::string to;
  std::string text;
  Bytes content{};          // of media: its protobuf
  std::string mediatype{};  // of media, as <enc/> says it
};

// An encrypted message that its peer may ask for again.
struct Sent {
  Unacknowledged message;
  int resends = 0;
  Sealed last{};
};

// Lives until the driver's `reset`.
struct ClientMemory {
  std::set<std::pair<std::string, std::string>> shown;  // sender and id
  std::deque<Unacknowledged> outbox;                    // in the order of sending
  std::optional<crypto::noise::Transport> transport;    // under wt-skips-handshake
  std::string first_token{};                            // under wt-keeps-first-proof
  std::unique_ptr<ClientCipher> cipher;                 // made when it is first needed
  bool uploaded = false;                                // the server has its prekeys
  std::deque<Sent> sent;
  std::map<std::pair<std::string, std::string>, int> asked;  // again: sender and id
  std::shared_ptr<MediaLine> line{};                         // the driver's, for all its users
  std::set<std::string> file_names{};                        // of files that its user has
  std::shared_ptr<KeptKeys> media_keys = std::make_shared<KeptKeys>();
};

}  // namespace parley::reference::whatsapp
