// SPDX-License-Identifier: GPL-3.0-or-later
// One TCP connection, plain or under TLS, and the listener that accepts them.
// Nothing here throws on what a peer does: each read is an Event. One stream belongs to one
// io_context thread. Sources: RFC 9293; RFC 8446, RFC 5246 through OpenSSL.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/result.h"

namespace parley::net {

namespace asio = boost::asio;

struct Address {
  std::string host;  // a loopback address or name
  std::uint16_t port = 0;

  friend bool operator==(const Address&, const Address&) = default;
};
std::string to_string(const Address& address);         // "127.0.0.1:5222"; IPv6 in brackets
Result<Address> parse_address(std::string_view text);  // errors: malformed

struct Closed {};  // the peer sent FIN (under TLS: close_notify or FIN)
struct TimedOut {};
struct Failed {
  enum class Cause { connection, tls };
  std::string reason;               // "connection reset by peer", "TLS: …"
  Cause cause = Cause::connection;  // tls: an alert, or octets that are none of it
};
using Event = std::variant<Bytes, Closed, TimedOut, Failed>;

enum class TlsVersion { tls1_0, tls1_1, tls1_2, tls1_3 };
std::string_view to_string(TlsVersion version);  // "1.2"

// What a client offers and demands. The chain is verified against `ca_pem` and `host`, unless
// `verify` is off; the outcome is then only reported.
struct TlsClientOptions {
  std::string ca_pem;
  std::string host;  // SNI and the name to verify
  bool verify = true;
  TlsVersion min_version = TlsVersion::tls1_2;
  TlsVersion max_version = TlsVersion::tls1_3;
  std::string chain_pem{};  // shown to a server that asks, leaf first; empty: none is shown
  std::string key_pem{};
};
struct TlsServerOptions {
  std::string chain_pem;  // leaf first
  std::string key_pem;
  TlsVersion min_version = TlsVersion::tls1_2;
  TlsVersion max_version = TlsVersion::tls1_3;
  // Not empty: the client is asked for a certificate of this CA, and without one that holds the
  // handshake fails; under TLS 1.3 a client learns of that only when it reads. What is only
  // reported stands in the session.
  enum class ClientCheck { required, reported };
  std::string client_ca_pem{};
  ClientCheck client_check = ClientCheck::required;
};

// What is wrong with the certificate that a peer showed.
enum class CertificateFault { none, untrusted, expired, other_name, other_purpose };
std::string_view to_string(CertificateFault fault);  // "valid", "untrusted", "other-name"

struct TlsSession {
  TlsVersion version;
  std::string cipher;
  std::string peer_subject;             // empty when the peer showed no certificate
  std::vector<std::string> peer_names;  // DNS names that its certificate is for, "*." included
  CertificateFault peer_fault = CertificateFault::none;  // `expired` also says not yet valid
  bool peer_is_client_alone = false;  // its extended key usage names that and nothing else
};

// Contexts are made once for each set of options and shared (making one costs more than a
// handshake).
class TlsContexts {
 public:
  TlsContexts();
  ~TlsContexts();
  struct Cache;
  Cache& cache() { return *cache_; }

 private:
  std::unique_ptr<Cache> cache_;
};

class Stream {
 public:
  // Errors: io with the reason ("connection refused", "timed out").
  static asio::awaitable<Result<std::unique_ptr<Stream>>> connect(
      Address to, std::chrono::milliseconds timeout);
  virtual ~Stream() = default;

  // Up to 16 KiB of a stream, or one whole message. Cancelled by close(). TimedOut never comes
  // without a timeout (0 means none).
  virtual asio::awaitable<Event> read(std::chrono::milliseconds timeout) = 0;
  // Errors: io. Waits until the octets are handed to the kernel.
  virtual asio::awaitable<Result<void>> write(Bytes octets) = 0;
  // No read() may be under way. Errors: refused when the peer's alert or our check ended the
  // handshake; malformed for wrong PEM; io otherwise.
  virtual asio::awaitable<Result<TlsSession>> start_tls(TlsContexts& contexts,
                                                        TlsClientOptions options,
                                                        std::chrono::milliseconds timeout) = 0;
  virtual asio::awaitable<Result<TlsSession>> start_tls(TlsContexts& contexts,
                                                        TlsServerOptions options,
                                                        std::chrono::milliseconds timeout) = 0;
  virtual bool secure() const = 0;
  // Of the handshake that start_tls() refused; `expired` also says not yet valid.
  virtual CertificateFault certificate_fault() const { return CertificateFault::none; }
  // Whether it is known that nothing has come which a read() would return, neither octet nor end.
  // No read() may be under way.
  virtual bool silent() { return false; }
  // Ends a read() under way with Failed; no octet is lost. Only for a stream without TLS.
  virtual void cancel() = 0;
  // Sends close_notify under TLS (best effort) and FIN, then drops the socket.
  void close() { close_saying({}); }
  // The same, after `last` as far as it can be written at once. No write() may be under way.
  virtual void close_saying(Bytes last) = 0;
  // Sends RST.
  virtual void reset() = 0;
};

class Listener {
 public:
  // Listens on 127.0.0.1; port 0 lets the system choose. Errors: io.
  static Result<std::unique_ptr<Listener>> open(asio::any_io_executor executor,
                                                std::uint16_t port = 0);
  virtual ~Listener() = default;
  virtual Address address() const = 0;
  // Null when the listener was closed or the timeout (0: none) passed.
  virtual asio::awaitable<std::unique_ptr<Stream>> accept(std::chrono::milliseconds timeout) = 0;
  virtual void close() = 0;
};

}  // namespace parley::net
