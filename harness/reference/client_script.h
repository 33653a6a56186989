// SPDX-License-Identifier: GPL-3.0-or-later
// For the tests of the reference client: a small server that serves one connection and says what it
// is told to say, right or wrong. Not part of any library.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/crypto/certificate.h"
#include "harness/crypto/scram.h"
#include "harness/net/stream.h"

namespace parley::reference {

namespace asio = boost::asio;
using crypto::LeafKind;
using std::chrono::milliseconds;

inline constexpr milliseconds kSilence{400};
inline const std::string kHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='parley.test' version='1.0'>";
inline const std::string kSasl = " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";

// What the server does other than a good one.
struct Server {
  std::string header = kHeader;
  bool in_pieces = false;  // every stream header comes in two writes
  bool starttls = true;
  std::string clear_mechanisms{};
  std::string mechanisms = "<mechanism>SCRAM-SHA-256</mechanism><mechanism>PLAIN</mechanism>";
  std::string proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
  LeafKind leaf = LeafKind::valid;
  net::TlsVersion max_version = net::TlsVersion::tls1_3;
  std::string auth_answer{};  // to <auth/>, in place of a challenge
  bool foreign_nonce = false;
  int iterations = 4096;
  bool wrong_signature = false;
  bool bind_error = false;
  std::string roster_answer{};  // to the roster request, its id in place of "${id}"
  std::string then{};           // once the user is bound
  std::string segment{};        // a second write behind `then`
  bool cut = false;             // the connection ends behind `then`
};

struct Certificates {
  std::string ca_file;
  std::map<LeafKind, crypto::Leaf> leaves;
};

inline const Certificates& certificates() {
  static const Certificates made = [] {
    Certificates out;
    const auto ca = crypto::CertificateAuthority::make(Rng(1), std::time(nullptr));
    out.ca_file = testing::TempDir() + "parley_client_test_ca.pem";
    std::ofstream(out.ca_file) << ca->pem();
    for (const auto kind : {LeafKind::valid, LeafKind::expired, LeafKind::other_host,
                            LeafKind::self_signed, LeafKind::unknown_ca}) {
      out.leaves[kind] = *ca->issue("parley.test", kind);
    }
    return out;
  }();
  return made;
}

// Serves one connection; `log` takes what the client sends and what it tells its user.
class Script {
 public:
  Script(Server server, std::string& log) : server_(std::move(server)), log_(log) {}

  asio::awaitable<void> run(net::Listener& listener, net::TlsContexts& contexts) {
    auto stream = co_await listener.accept(milliseconds(5'000));
    bool open = stream != nullptr;
    while (open) {
      const net::Event event = co_await stream->read(fenced_ ? kSilence : milliseconds(1'000));
      const auto* octets = std::get_if<Bytes>(&event);
      if (octets == nullptr) {
        log_ += std::holds_alternative<net::TimedOut>(event) ? "[silence]" : "[end]";
        break;
      }
      log_ += *octets;
      held_ += *octets;
      for (std::string answer = react(); open && !answer.empty(); answer = react()) {
        if (server_.in_pieces && answer.starts_with(server_.header)) {
          const std::size_t half = server_.header.size() / 2;
          co_await stream->write(answer.substr(0, half));
          co_await pause();
          answer.erase(0, half);
        }
        open = (co_await stream->write(answer)).has_value();
        if (answer.starts_with("<proceed")) {
          const auto& leaf = certificates().leaves.at(server_.leaf);
          net::TlsServerOptions options{.chain_pem = leaf.chain_pem,
                                        .key_pem = leaf.key_pem,
                                        .min_version = server_.max_version < net::TlsVersion::tls1_2
                                                           ? net::TlsVersion::tls1_0
                                                           : net::TlsVersion::tls1_2,
                                        .max_version = server_.max_version};
          held_.clear();
          secure_ = (co_await stream->start_tls(contexts, std::move(options), milliseconds(2'000)))
                        .has_value();
          log_ += secure_ ? "[tls]" : "[tls refused]";
          open = secure_;
        }
      }
      if (fenced_ && !server_.segment.empty()) {
        // Until the first write has been taken the second must not join it.
        co_await pause();
        co_await stream->write(std::exchange(server_.segment, {}) + fence());
      }
      open = open && !done_;
    }
    if (stream != nullptr) {
      stream->close();
    }
  }

 private:
  static asio::awaitable<void> pause() {
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(50));
    co_await timer.async_wait(asio::use_awaitable);
  }

  // Whether an element that begins so has come whole; takes its octets out.
  bool came(const std::string& begin, const std::string& end, std::string& found) {
    const auto at = held_.find(begin);
    const auto to = at == Bytes::npos ? at : held_.find(end, at);
    if (to == Bytes::npos) {
      return false;
    }
    found = held_.substr(at, to + end.size() - at);
    held_.erase(at, to + end.size() - at);
    return true;
  }

  std::string react() {
    std::string found;
    if (came("<stream:stream", ">", found)) {
      return server_.header + features();
    }
    if (came("<starttls", "/>", found)) {
      return server_.proceed;
    }
    if (came("<auth", "</auth>", found)) {
      return on_auth(found);
    }
    if (came("<response", "</response>", found)) {
      return on_response(found);
    }
    if (came("<iq", "</iq>", found)) {
      return found.find("xmpp-bind") != std::string::npos ? on_bind(found) : on_request(found);
    }
    if (bound_ && !fenced_ && came("<presence", "/>", found)) {
      fenced_ = true;
      return server_.segment.empty() && !server_.cut ? server_.then + fence() : server_.then;
    }
    done_ = done_ || held_.find("id='fence'") != Bytes::npos ||
            held_.find("</stream:stream>") != Bytes::npos || (server_.cut && fenced_);
    return {};
  }

  static std::string fence() {
    return "<iq type='get' id='fence' from='parley.test'><ping xmlns='urn:xmpp:ping'/></iq>";
  }

  std::string features() {
    std::string out = "<stream:features>";
    if (!secure_ && server_.starttls) {
      out += "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    }
    const std::string offered = secure_ ? server_.mechanisms : server_.clear_mechanisms;
    if (authenticated_) {
      out += "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
    } else if (!offered.empty()) {
      out += "<mechanisms" + kSasl + ">" + offered + "</mechanisms>";
    }
    return out + "</stream:features>";
  }

  static std::string payload(const std::string& element) {
    const auto begin = element.find('>') + 1;
    return from_base64(element.substr(begin, element.rfind('<') - begin)).value_or("");
  }

  std::string success(const std::string& text) {
    authenticated_ = true;
    return "<success" + kSasl + ">" + text + "</success>";
  }

  std::string on_auth(const std::string& auth) {
    if (!server_.auth_answer.empty()) {
      authenticated_ = true;
      return std::exchange(server_.auth_answer, {});
    }
    if (auth.find("'PLAIN'") != std::string::npos) {
      return success("");
    }
    client_first_ = payload(auth);
    server_first_ = server_.foreign_nonce ? "r=foreign-nonce,s=c2FsdA==,i=4096"
                                          : *crypto::scram_server_first(client_first_, "more",
                                                                        "salt", server_.iterations);
    return "<challenge" + kSasl + ">" + to_base64(server_first_) + "</challenge>";
  }

  std::string on_response(const std::string& response) {
    const auto credentials = crypto::scram_credentials("secret", "salt", server_.iterations);
    auto right =
        crypto::scram_server_final(credentials, client_first_, server_first_, payload(response));
    const std::string wrong = "v=" + to_base64(std::string(32, 'x'));
    return success(to_base64(server_.wrong_signature ? wrong : right.value_or(wrong)));
  }

  static std::string id_of(const std::string& iq) {
    const auto at = iq.find(" id='") + 5;
    return iq.substr(at, iq.find('\'', at) - at);
  }

  std::string on_request(const std::string& iq) {
    if (iq.find("jabber:iq:roster") != std::string::npos && !server_.roster_answer.empty()) {
      return replace_all(server_.roster_answer, "${id}", id_of(iq));
    }
    return " ";
  }

  std::string on_bind(const std::string& iq) {
    const std::string id = id_of(iq);
    if (server_.bind_error) {
      return "<iq type='error' id='" + id +
             "'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
             "</error></iq>";
    }
    bound_ = true;
    return "<iq type='result' id='" + id +
           "'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@parley.test/r</jid></bind>"
           "</iq>";
  }

  Server server_;
  std::string& log_;
  Bytes held_;
  std::string client_first_;
  std::string server_first_;
  bool secure_ = false;
  bool authenticated_ = false;
  bool bound_ = false;
  bool fenced_ = false;
  bool done_ = false;
};

}  // namespace parley::reference
