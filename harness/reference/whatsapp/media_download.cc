// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_download.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <utility>

#include "harness/crypto/media/media_stream.h"

namespace parley::reference::whatsapp {
namespace {

namespace media = crypto::media;
using std::chrono::milliseconds;

constexpr int kOk = 200;
constexpr std::size_t kHashOctets = 32;
constexpr std::size_t kMostOtherOctets = 64 * 1024;  // of an answer that is no file
constexpr int kRetries = 2;                          // MED-016
constexpr milliseconds kFirstWait{100};              // before a retry; doubled each time

// Of the file as it lies there: whole blocks with their padding, and the MAC.
std::uint64_t encrypted_octets(std::uint64_t length) {
  return (length / crypto::kCbcBlockOctets + 1) * crypto::kCbcBlockOctets + media::kMediaMacOctets;
}

bool is_hash(const std::optional<Bytes>& octets) { return octets && octets->size() == kHashOctets; }

std::optional<std::uint64_t> content_length(const wire::HttpMessage& head) {
  const auto text = wire::value_of(head.headers, "content-length");
  std::uint64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() ? std::optional(out) : std::nullopt;
}

// What comes of one request. Lives in Download::fetch().
struct Arrival {
  media::MediaDecryptor decryptor;
  std::uint64_t most = 0;  // octets of the file
  crypto::Sha256Stream plain{};
  std::uint64_t length = 0;  // of what was decrypted
  std::uint64_t received = 0;
  int status = 0;

  void add(const Bytes& plaintext) {
    plain.update(plaintext);
    length += plaintext.size();
  }

  // MED-018: no more than was announced.
  bool take(const wire::HttpMessage& head, const Bytes& piece) {
    status = head.response()->status;
    received += piece.size();
    if (status != kOk || received > most || content_length(head).value_or(0) > most) {
      return false;
    }
    Bytes plaintext;
    decryptor.update(piece, plaintext);
    add(plaintext);
    return true;
  }
};

class Download {
 public:
  Download(std::shared_ptr<MediaLine> line, MediaAccess access, wire::MediaMessage message,
           const FaultSet& faults)
      : line_(std::move(line)),
        access_(std::move(access)),
        message_(std::move(message)),
        faults_(faults) {}

  asio::awaitable<FileOutcome> run() {
    if (const auto wrong = wrong_announcement(); !wrong.empty()) {
      co_return std::unexpected(wrong);
    }
    milliseconds wait = kFirstWait;
    for (int retries = 0;; ++retries) {
      auto tried = co_await fetch();
      if (tried.had || retries == kRetries || tried.status / 100 != 5) {
        co_return std::move(tried.had);
      }
      asio::steady_timer timer(co_await asio::this_coro::executor, wait);
      co_await timer.async_wait(asio::use_awaitable);
      wait *= 2;
    }
  }

 private:
  struct Tried {
    FileOutcome had = std::unexpected(std::string());
    int status = 0;
  };

  // What shows before anything is asked for; empty: nothing.
  std::string wrong_announcement() const {
    if (!message_.media_key || message_.media_key->size() != media::kMediaKeyOctets) {
      return "a media key has 32 octets";
    }
    if (!is_hash(message_.file_sha256) || !is_hash(message_.file_enc_sha256)) {
      return "a hash has 32 octets";
    }
    if (!message_.file_length || *message_.file_length > kMostMediaFileOctets) {
      return "a file of too many octets";
    }
    return place() ? "" : "the file is at no host that is known";
  }

  // MED-010
  std::optional<net::HttpUrl> place() const {
    const auto url = net::parse_http_url(message_.url.value_or(""));
    const bool known = url && url->scheme == net::HttpUrl::Scheme::https &&
                       std::ranges::any_of(access_.hosts, [&](const net::HttpUrl& host) {
                         return net::same_origin(host, *url);
                       });
    return known ? std::optional(*url) : std::nullopt;
  }

  asio::awaitable<Tried> fetch() {
    auto decryptor = media::MediaDecryptor::make(
        *media::expand(*message_.media_key, keys_of(kind_of(message_))), description());
    if (!decryptor) {
      co_return Tried{.had = std::unexpected(decryptor.error().detail)};
    }
    Arrival arrival{.decryptor = std::move(*decryptor),
                    .most = encrypted_octets(*message_.file_length)};
    auto options = bounds();
    options.taker = [&arrival](const wire::HttpMessage& head, const Bytes& piece) {
      return arrival.take(head, piece);
    };
    const auto fetched = co_await line_->client->fetch(request(), *place(), std::move(options));
    if (fetched) {
      arrival.status = fetched->answer.message.response()->status;
    }
    if (!fetched || arrival.status != kOk) {
      co_return Tried{.had = std::unexpected(fetched ? "no such file" : fetched.error().detail),
                      .status = arrival.status};
    }
    co_return Tried{.had = proven(arrival), .status = arrival.status};
  }

  FileOutcome proven(Arrival& arrival) const {
    Bytes last;
    if (const auto whole = arrival.decryptor.finish(last); !whole) {
      return std::unexpected(whole.error().detail);
    }
    arrival.add(last);
    return HadFile{.length = arrival.length, .sha256 = arrival.plain.finish()};
  }

  media::MediaDescription description() const {
    return {.file_sha256 = message_.file_sha256,
            .file_enc_sha256 = message_.file_enc_sha256,
            .file_length = message_.file_length,
            .sidecar = message_.type == wire::MediaType::image ? std::nullopt : message_.sidecar};
  }

  wire::HttpMessage request() const {
    return wire::http_request("GET", "", {{"Authorization", "Bearer " + access_.download_token}});
  }

  net::HttpFetchOptions bounds() const {
    const auto most = encrypted_octets(*message_.file_length);
    net::HttpFetchOptions out{.patience = media_patience(most),
                              .idle_patience = kMediaIdlePatience};
    out.limits.max_body_octets = std::max<std::size_t>(most, kMostOtherOctets);
    out.tls.ca_pem = access_.ca_pem;
    return out;
  }

  std::shared_ptr<MediaLine> line_;
  MediaAccess access_;
  wire::MediaMessage message_;
  FaultSet faults_;
};

}  // namespace

asio::awaitable<FileOutcome> download_file(std::shared_ptr<MediaLine> line, MediaAccess access,
                                           wire::MediaMessage message, FaultSet faults) {
  Download download(std::move(line), std::move(access), std::move(message), faults);
  co_return co_await download.run();
}

}  // namespace parley::reference::whatsapp
