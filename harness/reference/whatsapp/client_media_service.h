// SPDX-License-Identifier: GPL-3.0-or-later
// For the tests of what a client does with files: where it uploads them and whence it fetches them,
// over HTTPS on loopback, with a second host beside it and one in the clear. Not part of any
// library.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <ctime>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/certificate.h"
#include "harness/crypto/media/media_stream.h"
#include "harness/net/http_server.h"
#include "harness/reference/whatsapp/client_correspondent.h"

namespace parley::reference::whatsapp {

namespace media = crypto::media;

struct MediaService {
  struct Request {
    std::string line;  // "POST /v1/uploads"
    wire::HttpMessage message;
    int host = 0;  // 0: the right one, 1: the other, 2: in the clear

    std::string field(std::string_view name) const { return wire::value_of(message.headers, name); }
  };
  struct Page {
    int status = 200;
    Bytes content{};
    wire::HttpFields headers{};
    wire::HttpForm form{};
    std::function<asio::awaitable<void>(net::Stream&)> takeover{};
  };

  explicit MediaService(crypto::LeafKind kind = crypto::LeafKind::valid) : kind_(kind) {}

  // What the client's `connect` is told.
  nlohmann::json open(const asio::any_io_executor& executor) {
    const auto authority = crypto::CertificateAuthority::make(Rng(1), std::time(nullptr));
    ca_path_ = fmt::format("{}/parley-client-media-{}.pem", testing::TempDir(), getpid());
    std::ofstream(ca_path_) << authority->pem();
    for (const auto kind : {kind_, crypto::LeafKind::valid}) {
      const auto leaf = authority->issue("localhost", kind);
      listen(executor,
             net::TlsServerOptions{.chain_pem = leaf->chain_pem, .key_pem = leaf->key_pem});
    }
    listen(executor, std::nullopt);
    return {{"upload", url(0, "/v1/uploads")},
            {"upload_token", "up-token"},
            {"hosts", nlohmann::json::array({url(0)})},
            {"download_token", "down-token"},
            {"ca", ca_path_}};
  }
  void stop() {
    for (const auto& server : servers_) {
      server->stop();
    }
  }

  std::string url(std::size_t host, const std::string& path = "") const {
    return fmt::format("http{}://localhost:{}{}", host == 2 ? "" : "s",
                       servers_[host]->address().port, path);
  }
  // What an upload was answered with.
  const std::string& answered_url() const { return answered_url_; }
  // Of what was asked, how much of it begins so.
  std::ptrdiff_t asked(std::string_view line) const {
    return std::ranges::count_if(
        requests, [&](const Request& request) { return request.line.starts_with(line); });
  }
  const Request* upload() const {
    const auto at = std::ranges::find(requests, "POST /v1/uploads", &Request::line);
    return at == requests.end() ? nullptr : &*at;
  }

  // What an upload is answered with, one after the other, the last one for ever.
  std::vector<Page> uploads{{.status = 201, .content = {}}};  // without content: the right one
  std::map<std::string, std::vector<Page>> files;             // by path, likewise
  std::vector<Request> requests;

 private:
  void listen(const asio::any_io_executor& executor, std::optional<net::TlsServerOptions> tls) {
    net::HttpServerOptions options{.tls = std::move(tls)};
    options.limits.max_body_octets = 64 * 1024 * 1024;
    const auto host = static_cast<int>(servers_.size());
    net::HttpHandler handler = [this, host](wire::HttpReceived request, const net::HttpPeer&) {
      return answered(answer({.line = {}, .message = std::move(request.message), .host = host}));
    };
    auto made = net::HttpServer::open(executor, contexts_, std::move(options), std::move(handler));
    ASSERT_TRUE(made);
    servers_.push_back(std::move(*made));
    asio::co_spawn(executor, servers_.back()->run(),
                   [](const std::exception_ptr& failure) { EXPECT_EQ(failure, nullptr); });
  }

  static asio::awaitable<net::HttpAnswer> answered(net::HttpAnswer answer) { co_return answer; }

  net::HttpAnswer answer(Request request) {
    const auto& [method, target] = *request.message.request();
    request.line = method + " " + target;
    requests.push_back(request);
    const auto path = target.substr(0, target.find('?'));
    auto& pages = method == "POST" ? uploads : files[path];
    if (pages.empty()) {
      return {.message = wire::http_response(404)};
    }
    const Page page = pages.front();
    if (pages.size() > 1) {
      pages.erase(pages.begin());
    }
    auto content = page.content;
    if (method == "POST" && page.status == 201 && content.empty()) {
      answered_url_ = url(0, "/media/1?a=b");
      content = nlohmann::json{{"url", answered_url_}}.dump();
    }
    return {.message = wire::http_response(page.status, page.headers, std::move(content)),
            .form = page.form,
            .then = net::HttpAnswer::Then::close,
            .takeover = page.takeover};
  }

  crypto::LeafKind kind_;
  std::string ca_path_;
  std::string answered_url_;
  net::TlsContexts contexts_;
  std::vector<std::unique_ptr<net::HttpServer>> servers_;
};

// A file as it lies at a host, and the message that announces it.
struct HostedFile {
  Bytes file;
  wire::MediaMessage message;
};
inline HostedFile hosted(const Bytes& plaintext, FileKind kind = FileKind::document) {
  Rng rng(5);
  const auto key = media::make_media_key(rng);
  auto made = media::encrypt_media(*media::expand(key, keys_of(kind)), plaintext);
  HostedFile out{.file = std::move(made->file), .message = {}};
  out.message.type = message_of(kind);
  out.message.mimetype = "application/pdf";
  out.message.file_sha256 = made->description.file_sha256;
  out.message.file_enc_sha256 = made->description.file_enc_sha256;
  out.message.file_length = made->description.file_length;
  out.message.media_key = key;
  return out;
}

inline Bytes content_of(const wire::MediaMessage& message) {
  wire::Content content;
  content.media.push_back(message);
  return wire::write(content);
}

}  // namespace parley::reference::whatsapp
