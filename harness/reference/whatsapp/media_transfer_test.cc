// SPDX-License-Identifier: GPL-3.0-or-later
// Files of 100 MiB on their way up and down: neither is held in memory.
#include <gtest/gtest.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <ctime>

#include "harness/crypto/certificate.h"
#include "harness/reference/whatsapp/media_download.h"
#include "harness/reference/whatsapp/media_sealing.h"
#include "harness/reference/whatsapp/media_upload.h"
#include "harness/testkit/heap_watch.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

using namespace std::chrono_literals;
using asio::experimental::awaitable_operators::operator&&;
using testkit::HeapWatch;
using testkit::run_to_end;

constexpr std::size_t kFewOctets = 4 * 1024 * 1024;  // of TLS, of pieces under way, on both sides
constexpr auto kLong = std::chrono::milliseconds(60'000);

OutgoingFile large_file() {
  return {.kind = FileKind::video,
          .octets = Bytes(1'000, 'v') + "!",
          .times = kMostMediaFileOctets / 1'001,
          .mimetype = "video/mp4",
          .name = {},
          .seconds = {},
          .caption = {}};
}

// One HTTPS connection, taken as octets.
struct Peer {
  net::TlsContexts contexts{};
  std::unique_ptr<net::Listener> listener;
  net::TlsServerOptions tls;
  MediaAccess access;

  explicit Peer(const asio::any_io_executor& executor)
      : listener(std::move(*net::Listener::open(executor))) {
    const auto authority = crypto::CertificateAuthority::make(Rng(1), std::time(nullptr));
    const auto leaf = authority->issue("localhost", crypto::LeafKind::valid);
    tls = {.chain_pem = leaf->chain_pem, .key_pem = leaf->key_pem};
    const net::HttpUrl host{.host = "localhost", .port = listener->address().port, .target = "/f"};
    access = {.upload = host,
              .upload_token = "up",
              .hosts = {host},
              .download_token = "down",
              .ca_pem = authority->pem()};
  }

  asio::awaitable<std::unique_ptr<net::Stream>> accept() {
    auto stream = co_await listener->accept(kLong);
    const auto secured = co_await stream->start_tls(contexts, tls, kLong);
    EXPECT_TRUE(secured);
    co_return stream;
  }
};

// Takes `octets` of a body and says where they are.
asio::awaitable<std::size_t> store(Peer& peer, std::size_t octets) {
  auto stream = co_await peer.accept();
  Bytes head;
  std::size_t received = 0;
  while (received < octets) {
    const auto event = co_await stream->read(kLong);
    const auto* piece = std::get_if<Bytes>(&event);
    if (piece == nullptr) {
      co_return received;
    }
    received += piece->size();
    if (const auto end = head.find("\r\n\r\n"); end == head.npos) {
      head += *piece;
      const auto body = head.find("\r\n\r\n");
      received = body == head.npos ? 0 : head.size() - body - 4;
    }
  }
  const Bytes said = R"({"url":"https://localhost:1/f"})";
  (void)co_await stream->write(
      "HTTP/1.1 201 Created\r\nContent-Length: " + std::to_string(said.size()) + "\r\n\r\n" + said);
  co_return received;
}

asio::awaitable<std::pair<UploadOutcome, std::size_t>> uploaded(std::size_t& peak) {
  Peer peer(co_await asio::this_coro::executor);
  const auto sealing = Sealing::make(large_file(), SecretBytes(Bytes(32, 'k')), {});
  UploadTask task{.line = std::make_shared<MediaLine>(),
                  .access = peer.access,
                  .file = large_file(),
                  .rng = Rng(3),
                  .faults = {},
                  .kept = std::make_shared<KeptKeys>()};
  const HeapWatch watch;
  auto both = upload_file(std::move(task)) && store(peer, sealing->octets());
  auto [outcome, received] = co_await std::move(both);
  peak = watch.peak_octets();
  co_return std::pair(std::move(outcome), received);
}

TEST(MediaTransfer, UploadsWithoutHoldingTheFile) {
  std::size_t peak = 0;
  const auto [outcome, received] = run_to_end(uploaded(peak), kLong * 4);
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(outcome->file_length, large_file().times * 1'001);
  EXPECT_GT(received, kMostMediaFileOctets - 2'000);
  EXPECT_LT(peak, kFewOctets);
}

asio::awaitable<void> serve(Peer& peer, Sealing sealing) {
  auto stream = co_await peer.accept();
  (void)co_await stream->read(kLong);
  Bytes piece =
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(sealing.octets()) + "\r\n\r\n";
  while (!piece.empty() && co_await stream->write(std::move(piece))) {
    piece = sealing.next();
  }
  stream->close();
}

asio::awaitable<FileOutcome> downloaded(std::size_t& peak) {
  Peer peer(co_await asio::this_coro::executor);
  const SecretBytes key(Bytes(32, 'k'));
  auto first = Sealing::make(large_file(), key, {});
  while (!first->next().empty()) {
  }
  wire::MediaMessage message;
  message.type = wire::MediaType::video;
  message.url = net::to_string(peer.access.hosts.front());
  message.media_key = key;
  message.file_sha256 = first->description()->file_sha256;
  message.file_enc_sha256 = first->description()->file_enc_sha256;
  message.file_length = first->description()->file_length;
  DownloadTask task{.line = std::make_shared<MediaLine>(),
                    .access = peer.access,
                    .message = std::move(message),
                    .faults = {}};
  const HeapWatch watch;
  auto sealing = Sealing::make(large_file(), key, {});
  auto both = download_file(std::move(task)) && serve(peer, std::move(*sealing));
  auto outcome = co_await std::move(both);
  peak = watch.peak_octets();
  co_return outcome;
}

TEST(MediaTransfer, DownloadsWithoutHoldingTheFile) {
  std::size_t peak = 0;
  const auto outcome = run_to_end(downloaded(peak), kLong * 4);
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(outcome->length, large_file().times * 1'001);
  EXPECT_LT(peak, kFewOctets);
}

}  // namespace
}  // namespace parley::reference::whatsapp
