// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_upload.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/crypto/media/media_stream.h"

namespace parley::reference::whatsapp {
namespace {

namespace media = crypto::media;
using std::chrono::milliseconds;

constexpr int kCreated = 201;
constexpr int kRetries = 2;
constexpr milliseconds kFirstWait{100};  // before a retry; doubled each time
constexpr std::size_t kMostAnswerOctets = 64 * 1024;

std::uint64_t seconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(now).count());
}

// One upload's octets as they go out. Lives in Upload::try_once().
class Sealing {
 public:
  Sealing(const OutgoingFile& file, media::MediaEncryptor encryptor)
      : file_(file.octets, file.times), encryptor_(std::move(encryptor)) {}

  std::uint64_t octets() const {
    return (file_.size() / crypto::kCbcBlockOctets + 1) * crypto::kCbcBlockOctets +
           media::kMediaMacOctets;
  }
  // Nothing at the end.
  Bytes next() {
    Bytes out;
    while (out.empty() && !description_) {
      const auto piece = file_.next();
      if (piece.empty()) {
        const auto description = encryptor_.finish(out);
        description_ = description.value_or(media::MediaDescription());
      } else {
        (void)encryptor_.update(piece, out);
      }
    }
    return out;
  }
  // Null until everything has gone out.
  const std::optional<media::MediaDescription>& description() const { return description_; }

 private:
  RepeatedFile file_;
  media::MediaEncryptor encryptor_;
  std::optional<media::MediaDescription> description_;
};

class Upload {
 public:
  Upload(std::shared_ptr<MediaLine> line, MediaAccess access, OutgoingFile file, Rng rng,
         const FaultSet& faults)
      : line_(std::move(line)),
        access_(std::move(access)),
        file_(std::move(file)),
        rng_(rng),
        faults_(faults) {}

  asio::awaitable<UploadOutcome> run() {
    milliseconds wait = kFirstWait;
    for (int retries = 0;; ++retries) {
      auto tried = co_await try_once();
      if (tried.outcome || retries == kRetries || tried.status / 100 != 5) {
        co_return std::move(tried.outcome);
      }
      asio::steady_timer timer(co_await asio::this_coro::executor, wait);
      co_await timer.async_wait(asio::use_awaitable);
      wait *= 2;
    }
  }

 private:
  struct Tried {
    UploadOutcome outcome = std::unexpected("not-uploaded");
    int status = 0;
  };

  // MED-005: each time under a key of its own.
  asio::awaitable<Tried> try_once() {
    const auto key = media::make_media_key(rng_);
    const auto keys = media::expand(key, keys_of(file_.kind));
    auto encryptor = media::MediaEncryptor::make(*keys, media::SidecarWanted::no);
    if (!encryptor) {
      co_return Tried{};
    }
    Sealing sealing(file_, std::move(*encryptor));
    net::HttpFetchOptions options{.patience = media_patience(sealing.octets()),
                                  .idle_patience = kMediaIdlePatience};
    options.limits.max_body_octets = kMostAnswerOctets;
    options.tls.ca_pem = access_.ca_pem;
    options.body = [&sealing] { return sealing.next(); };
    auto fetched = co_await line_->client->fetch(request(sealing.octets()), access_.upload,
                                                 std::move(options));
    if (!fetched) {
      co_return Tried{};
    }
    const auto& answer = fetched->answer.message;
    const int status = answer.response()->status;
    const auto url = url_in(answer);
    if (status != kCreated || !url || !sealing.description()) {
      co_return Tried{.status = status};
    }
    co_return Tried{.outcome = message(*url, key, *sealing.description()), .status = status};
  }

  wire::HttpMessage request(std::uint64_t octets) const {
    return wire::http_request("POST", "",
                              {{"Authorization", "Bearer " + access_.upload_token},
                               {"Content-Type", "application/octet-stream"},
                               {"Content-Length", std::to_string(octets)}});
  }

  // What others can fetch it by.
  static std::optional<std::string> url_in(const wire::HttpMessage& answer) {
    const auto said = nlohmann::json::parse(answer.body, nullptr, false);
    const auto text = said.is_object() ? said.value("url", nlohmann::json()) : nlohmann::json();
    const auto url = text.is_string() ? net::parse_http_url(text.get<std::string>())
                                      : fail(Errc::malformed, "no url");
    const bool https = url && url->scheme == net::HttpUrl::Scheme::https;
    return https ? std::optional(text.get<std::string>()) : std::nullopt;
  }

  wire::MediaMessage message(const std::string& url, const SecretBytes& key,
                             const media::MediaDescription& description) const {
    wire::MediaMessage out;
    out.type = message_of(file_.kind);
    out.url = url;
    out.mimetype = file_.mimetype;
    out.file_sha256 = description.file_sha256;
    out.file_enc_sha256 = description.file_enc_sha256;
    out.file_length = description.file_length;
    out.media_key = key;
    out.media_key_timestamp = seconds_now();
    if (!file_.caption.empty()) {
      out.caption = file_.caption;
    }
    if (file_.kind == FileKind::document) {
      out.file_name = file_.name;
      out.title = file_.name;
    }
    out.seconds = file_.seconds;
    if (file_.kind == FileKind::voice) {
      out.ptt = 1;
    }
    if (file_.kind == FileKind::gif) {
      out.gif_playback = 1;
    }
    return out;
  }

  std::shared_ptr<MediaLine> line_;
  MediaAccess access_;
  OutgoingFile file_;
  Rng rng_;
  FaultSet faults_;
};

}  // namespace

asio::awaitable<UploadOutcome> upload_file(std::shared_ptr<MediaLine> line, MediaAccess access,
                                           OutgoingFile file, Rng rng, FaultSet faults) {
  Upload upload(std::move(line), std::move(access), std::move(file), std::move(rng), faults);
  co_return co_await upload.run();
}

}  // namespace parley::reference::whatsapp
