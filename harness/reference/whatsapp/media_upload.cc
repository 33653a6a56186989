// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_upload.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/repeated_octets.h"
#include "harness/crypto/digest.h"
#include "harness/reference/whatsapp/media_announcement.h"
#include "harness/reference/whatsapp/media_sealing.h"

namespace parley::reference::whatsapp {
namespace {

namespace media = crypto::media;
using std::chrono::milliseconds;

constexpr int kCreated = 201;
constexpr int kRetries = 2;
constexpr milliseconds kFirstWait{100};  // before a retry; doubled each time
constexpr milliseconds kLongestWait{400};
constexpr std::size_t kMostAnswerOctets = 64 * 1024;

// What others can fetch it by.
std::optional<std::string> url_in(const wire::HttpMessage& answer) {
  const auto said = nlohmann::json::parse(answer.body, nullptr, false);
  const auto text = said.is_object() ? said.value("url", nlohmann::json()) : nlohmann::json();
  const auto url = text.is_string() ? net::parse_http_url(text.get<std::string>())
                                    : fail(Errc::malformed, "no url");
  const bool https = url && url->scheme == net::HttpUrl::Scheme::https;
  return https ? std::optional(text.get<std::string>()) : std::nullopt;
}

// Of all of the file.
Bytes hash_of(const OutgoingFile& file) {
  RepeatedOctets octets(file.octets, file.times);
  crypto::Sha256Stream out;
  for (auto piece = octets.next(); !piece.empty(); piece = octets.next()) {
    out.update(piece);
  }
  return out.finish();
}

class Upload {
 public:
  explicit Upload(UploadTask task) : task_(std::move(task)) {
    auto& file = task_.file;
    if (has(Fault::wt_media_large_sent_cut) && !file.octets.empty()) {
      file.times = std::min(file.times, kLargeFileOctets / file.octets.size());
    }
  }

  asio::awaitable<UploadOutcome> run() {
    milliseconds wait = kFirstWait;
    for (int retries = 0;; ++retries) {
      auto tried = co_await try_once();
      const bool again = tried.status / 100 == 5 &&
                         (retries < kRetries || has(Fault::wt_media_upload_without_end));
      if (tried.outcome || !again) {
        co_return std::move(tried.outcome);
      }
      asio::steady_timer timer(co_await asio::this_coro::executor, wait);
      co_await timer.async_wait(asio::use_awaitable);
      wait = std::min(wait * 2, kLongestWait);
    }
  }

 private:
  struct Tried {
    UploadOutcome outcome = std::unexpected("not-uploaded");
    int status = 0;
  };

  bool has(Fault fault) const { return task_.faults.has(fault); }

  // MED-005: each time a key of its own.
  SecretBytes media_key() {
    auto drawn = media::make_media_key(task_.rng);
    if (has(Fault::wt_media_key_of_file)) {
      return SecretBytes(hash_of(task_.file));
    }
    if (has(Fault::wt_media_same_key)) {
      return task_.kept->try_emplace("", std::move(drawn)).first->second;
    }
    if (has(Fault::wt_media_same_file_same_key)) {
      return task_.kept->try_emplace(hash_of(task_.file), std::move(drawn)).first->second;
    }
    return drawn;
  }

  asio::awaitable<Tried> try_once() {
    const auto key = media_key();
    if (has(Fault::wt_media_never_uploads)) {
      co_return Tried{.outcome = without_upload(key)};
    }
    auto tried = co_await try_at(task_.access.upload, key);
    if (!tried.outcome && tried.status / 100 != 5 && has(Fault::wt_media_failed_upload_sent)) {
      tried.outcome = without_upload(key);
    }
    co_return tried;
  }

  asio::awaitable<Tried> try_at(net::HttpUrl place, SecretBytes key) {
    auto sealing = Sealing::make(task_.file, key, task_.faults);
    if (!sealing) {
      co_return Tried{};
    }
    const auto request =
        upload_request(task_.access, task_.file, key, sealing->octets(), task_.faults);
    place.target = upload_target(place.target, task_.file, key, task_.faults);
    auto fetched = co_await task_.line->client->fetch(request, place, options(*sealing));
    if (!fetched && overlooks(fetched.error().fault)) {
      auto blind = options(*sealing);
      blind.tls.verify = false;
      fetched = co_await task_.line->client->fetch(request, place, std::move(blind));
    }
    if (!fetched) {
      co_return Tried{};
    }
    const auto& answer = fetched->answer.message;
    const int status = answer.response()->status;
    if (status / 100 == 3 && has(Fault::wt_media_upload_follows)) {
      const auto next = net::resolve(place, wire::value_of(answer.headers, "location"));
      if (next && *next != place) {
        co_return co_await try_at(*next, std::move(key));
      }
    }
    const auto url = url_in(answer);
    if (status != kCreated || !url || !sealing->description()) {
      co_return Tried{.status = status};
    }
    co_return Tried{.outcome = announcement(task_.file,
                                            {.url = *url,
                                             .media_key = key,
                                             .description = *sealing->description(),
                                             .octets = sealing->octets()},
                                            task_.faults),
                    .status = status};
  }

  net::HttpFetchOptions options(Sealing& sealing) const {
    net::HttpFetchOptions out{.patience = media_patience(sealing.octets()),
                              .idle_patience = kMediaIdlePatience};
    out.limits.max_body_octets = kMostAnswerOctets;
    out.tls.ca_pem = task_.access.ca_pem;
    out.body = [&sealing] { return sealing.next(); };
    return out;
  }

  bool overlooks(net::HttpFault fault) const {
    return (fault == net::HttpFault::untrusted && has(Fault::wt_media_upload_any_ca)) ||
           (fault == net::HttpFault::name_mismatch && has(Fault::wt_media_upload_any_name)) ||
           (fault == net::HttpFault::expired && has(Fault::wt_media_upload_any_date));
  }

  // A message about a file that lies nowhere.
  UploadOutcome without_upload(const SecretBytes& key) {
    auto sealing = Sealing::make(task_.file, key, task_.faults);
    while (sealing && !sealing->next().empty()) {
    }
    auto nowhere = task_.access.upload;
    nowhere.target = "/media/0";
    return announcement(task_.file,
                        {.url = net::to_string(nowhere),
                         .media_key = key,
                         .description = *sealing->description(),
                         .octets = sealing->octets()},
                        task_.faults);
  }

  UploadTask task_;
};

}  // namespace

asio::awaitable<UploadOutcome> upload_file(UploadTask task) {
  Upload upload(std::move(task));
  co_return co_await upload.run();
}

}  // namespace parley::reference::whatsapp
