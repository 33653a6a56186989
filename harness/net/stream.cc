// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/net/stream.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <tuple>

#include "harness/net/deadline.h"
#include "harness/net/tls_contexts.h"

namespace parley::net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

bool is_end(const error_code& error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated;
}

}  // namespace

std::string to_string(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
}

Result<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return fail(Errc::malformed, "an address is host:port", text.size());
  }
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  const auto digits = text.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65535) {
    return fail(Errc::malformed, "a port is a number from 1 to 65535", colon + 1);
  }
  return Address{.host = std::string(host), .port = static_cast<std::uint16_t>(port)};
}

namespace {

class TcpStream final : public Stream {
 public:
  explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {
    error_code ignored;
    // Nagle's delay would make every small stanza wait for the peer's acknowledgement.
    socket_.set_option(tcp::no_delay(true), ignored);
  }

  asio::awaitable<Event> read(std::chrono::milliseconds timeout) override {
    auto done = co_await with_deadline(read_some(), timeout);
    if (!done) {
      co_return TimedOut{};
    }
    co_return std::move(*done);
  }

  asio::awaitable<Result<void>> write(Bytes octets) override {
    if (!socket_.is_open()) {
      co_return fail(Errc::io, "the connection is closed");
    }
    error_code error;
    std::size_t count = 0;
    if (tls_ != nullptr) {
      std::tie(error, count) = co_await asio::async_write(*tls_, asio::buffer(octets), use_tuple);
    } else {
      std::tie(error, count) = co_await asio::async_write(socket_, asio::buffer(octets), use_tuple);
    }
    if (error) {
      co_return fail(Errc::io, describe(error, nullptr), count);
    }
    co_return Result<void>();
  }

  asio::awaitable<Result<TlsSession>> start_tls(TlsContexts& contexts, TlsClientOptions options,
                                                std::chrono::milliseconds timeout) override {
    auto context = contexts.cache().client(options);
    if (!context) {
      co_return std::unexpected(context.error());
    }
    tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, **context);
    SSL_set_tlsext_host_name(tls_->native_handle(), options.host.c_str());
    if (options.verify) {
      SSL_set1_host(tls_->native_handle(), options.host.c_str());
    }
    co_return co_await handshake(asio::ssl::stream_base::client, timeout);
  }

  asio::awaitable<Result<TlsSession>> start_tls(TlsContexts& contexts, TlsServerOptions options,
                                                std::chrono::milliseconds timeout) override {
    auto context = contexts.cache().server(options);
    if (!context) {
      co_return std::unexpected(context.error());
    }
    tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, **context);
    co_return co_await handshake(asio::ssl::stream_base::server, timeout);
  }

  bool secure() const override { return secure_; }

  CertificateFault certificate_fault() const override {
    return tls_ == nullptr ? CertificateFault::none : certificate_fault_of(tls_->native_handle());
  }

  bool silent() override {
    if (!socket_.is_open()) {
      return false;
    }
    if (tls_ != nullptr) {
      SSL* ssl = tls_->native_handle();
      if (SSL_has_pending(ssl) != 0 || BIO_pending(SSL_get_rbio(ssl)) > 0) {
        return false;
      }
    }
    char octet = 0;
    error_code error;
    socket_.non_blocking(true, error);
    (void)socket_.receive(asio::buffer(&octet, 1), tcp::socket::message_peek, error);
    return error == asio::error::would_block;
  }

  void cancel() override {
    error_code ignored;
    socket_.cancel(ignored);
  }

  void close_saying(Bytes last) override {
    error_code ignored;
    if (!socket_.is_open()) {
      return;
    }
    const Bytes octets = secure_ ? last_records(last) : std::move(last);
    if (!octets.empty()) {
      // Once: a peer that does not read must not keep the thread.
      socket_.non_blocking(true, ignored);
      socket_.write_some(asio::buffer(octets), ignored);
    }
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    socket_.close(ignored);
  }

  void reset() override {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

 private:
  asio::awaitable<Event> read_some() {
    if (!socket_.is_open()) {
      co_return Failed{"the connection is closed"};
    }
    error_code error;
    std::size_t count = 0;
    if (tls_ != nullptr) {
      std::tie(error, count) = co_await tls_->async_read_some(asio::buffer(buffer_), use_tuple);
    } else {
      std::tie(error, count) = co_await socket_.async_read_some(asio::buffer(buffer_), use_tuple);
    }
    if (count > 0) {
      co_return Bytes(buffer_.data(), count);
    }
    if (is_end(error)) {
      co_return Closed{};
    }
    co_return Failed{describe(error, tls_ != nullptr ? tls_->native_handle() : nullptr),
                     error.category() == asio::error::get_ssl_category()
                         ? Failed::Cause::tls
                         : Failed::Cause::connection};
  }

  asio::awaitable<Result<TlsSession>> handshake(asio::ssl::stream_base::handshake_type role,
                                                std::chrono::milliseconds timeout) {
    auto done = co_await with_deadline(handshake_once(role), timeout);
    if (!done) {
      co_return fail(Errc::io, "the TLS handshake timed out");
    }
    SSL* ssl = tls_->native_handle();
    if (*done) {
      const bool alert = done->category() == asio::error::get_ssl_category();
      co_return fail(alert ? Errc::refused : Errc::io, describe(*done, ssl));
    }
    secure_ = true;
    co_return session_of(ssl);
  }

  asio::awaitable<error_code> handshake_once(asio::ssl::stream_base::handshake_type role) {
    const auto [error] = co_await tls_->async_handshake(role, use_tuple);
    co_return error;
  }

  // `last` and one close_notify, which waits for no other. Asio's engine would keep them: they are
  // caught in a memory of their own.
  Bytes last_records(const Bytes& last) {
    SSL* ssl = tls_->native_handle();
    SSL_set0_wbio(ssl, BIO_new(BIO_s_mem()));
    if (!last.empty()) {
      SSL_write(ssl, last.data(), static_cast<int>(last.size()));
    }
    SSL_shutdown(ssl);
    char* octets = nullptr;
    const long count = BIO_get_mem_data(SSL_get_wbio(ssl), &octets);
    return count > 0 ? Bytes(octets, static_cast<std::size_t>(count)) : Bytes();
  }

  tcp::socket socket_;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls_;
  bool secure_ = false;
  std::array<char, 16 * 1024> buffer_;
};

class TcpListener final : public Listener {
 public:
  explicit TcpListener(tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {}

  Address address() const override {
    error_code ignored;
    return {.host = "127.0.0.1", .port = acceptor_.local_endpoint(ignored).port()};
  }

  asio::awaitable<std::unique_ptr<Stream>> accept(std::chrono::milliseconds timeout) override {
    auto done = co_await with_deadline(accept_one(), timeout);
    co_return done ? std::move(*done) : nullptr;
  }

  void close() override {
    error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  asio::awaitable<std::unique_ptr<Stream>> accept_one() {
    auto [error, socket] = co_await acceptor_.async_accept(use_tuple);
    if (error) {
      co_return nullptr;
    }
    co_return std::make_unique<TcpStream>(std::move(socket));
  }

  tcp::acceptor acceptor_;
};

asio::awaitable<error_code> connect_once(tcp::socket& socket, tcp::endpoint to) {
  const auto [error] = co_await socket.async_connect(to, use_tuple);
  co_return error;
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<Stream>>> Stream::connect(
    Address to, std::chrono::milliseconds timeout) {
  error_code error;
  const std::string host = to.host == "localhost" ? "127.0.0.1" : to.host;
  const auto ip = asio::ip::make_address(host, error);
  if (error) {
    co_return fail(Errc::malformed, fmt::format("'{}' is not an IP address", to.host));
  }
  if (!ip.is_loopback()) {
    co_return fail(Errc::refused, fmt::format("{} is not a loopback address", to.host));
  }
  tcp::socket socket(co_await asio::this_coro::executor);
  auto done = co_await with_deadline(connect_once(socket, tcp::endpoint(ip, to.port)), timeout);
  if (!done) {
    co_return fail(Errc::io, "timed out");
  }
  if (*done) {
    co_return fail(Errc::io, done->message());
  }
  std::unique_ptr<Stream> stream = std::make_unique<TcpStream>(std::move(socket));
  co_return stream;
}

Result<std::unique_ptr<Listener>> Listener::open(asio::any_io_executor executor,
                                                 std::uint16_t port) {
  error_code error;
  tcp::acceptor acceptor(executor);
  const tcp::endpoint at(asio::ip::address_v4::loopback(), port);
  acceptor.open(at.protocol(), error);
  if (!error) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  }
  if (!error) {
    acceptor.bind(at, error);
  }
  if (!error) {
    acceptor.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    return fail(Errc::io, fmt::format("listening on 127.0.0.1:{}: {}", port, error.message()));
  }
  return std::unique_ptr<Listener>(std::make_unique<TcpListener>(std::move(acceptor)));
}

}  // namespace parley::net
