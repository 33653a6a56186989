// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_download.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>
#include <utility>

#include "harness/crypto/digest.h"
#include "harness/reference/whatsapp/careless_media.h"
#include "harness/reference/whatsapp/media_arrival.h"
#include "harness/reference/whatsapp/media_host.h"

namespace parley::reference::whatsapp {
namespace {

namespace media = crypto::media;
using std::chrono::milliseconds;

constexpr std::size_t kHashOctets = 32;
constexpr std::size_t kMostOtherOctets = 64 * 1024;  // of an answer that is no file
constexpr std::uint64_t kAnySize = std::uint64_t{1} << 40U;
constexpr auto kAnyTime = milliseconds(std::chrono::hours(1));
constexpr milliseconds kNoPatience{333};
constexpr int kRetries = 2;              // MED-016
constexpr int kManyRetries = 5;          // what observed clients do at the most
constexpr milliseconds kFirstWait{100};  // before a retry; doubled each time
constexpr milliseconds kLongestWait{400};
constexpr std::uint64_t kRangeOctets = 64 * 1024;

// Of the file as it lies there: whole blocks with their padding, and the MAC.
std::uint64_t encrypted_octets(std::uint64_t length) {
  return (length / crypto::kCbcBlockOctets + 1) * crypto::kCbcBlockOctets + media::kMediaMacOctets;
}

// The same place, whatever scheme is said, or none.
std::string as_https(const std::string& url) {
  const auto authority = url.find("//");
  return authority == url.npos ? url : "https:" + url.substr(authority);
}

// A media key as one cuts it who does not look how long it is.
SecretBytes cut_or_filled(const SecretBytes& key) {
  auto octets = Bytes(key.reveal().substr(0, media::kMediaKeyOctets));
  octets.resize(media::kMediaKeyOctets);
  return SecretBytes(octets);
}

class Download {
 public:
  explicit Download(DownloadTask task)
      : task_(std::move(task)), access_(task_.access), message_(task_.message) {
    if (has(Fault::wt_media_key_length_unchecked) && message_.media_key) {
      task_.message.media_key = cut_or_filled(*message_.media_key);
    }
  }

  asio::awaitable<FileOutcome> run() {
    if (const auto wrong = wrong_announcement(); !wrong.empty()) {
      co_return std::unexpected(wrong);
    }
    const auto url = message_.url.value_or("");
    if (names_file(url)) {
      co_return local(file_named(url));
    }
    if (has(Fault::wt_may_media_asks_head)) {
      (void)co_await task_.line->client->fetch(request("HEAD"), *place(), bounds(0));
    }
    milliseconds wait = kFirstWait;
    for (int retries = 0;; ++retries) {
      auto tried = co_await fetch();
      if (tried.had || !again(tried.status, retries)) {
        co_return std::move(tried.had);
      }
      asio::steady_timer timer(co_await asio::this_coro::executor, wait);
      co_await timer.async_wait(asio::use_awaitable);
      wait = std::min(wait * 2, kLongestWait);
    }
  }

 private:
  struct Tried {
    FileOutcome had = std::unexpected(std::string());
    int status = 0;
  };

  bool has(Fault fault) const { return task_.faults.has(fault); }

  // MED-016: what is gone is not asked for again.
  bool again(int status, int retries) const {
    const bool gone = status == 403 || status == 404 || status == 410;
    const bool endless =
        has(gone ? Fault::wt_media_retries_gone : Fault::wt_media_retries_without_end);
    const int most = endless                                  ? std::numeric_limits<int>::max()
                     : has(Fault::wt_may_media_retries_more)  ? kManyRetries
                     : has(Fault::wt_may_media_never_retries) ? 0
                                                              : kRetries;
    return retries < most && (status / 100 == 5 || (gone && endless));
  }

  // A hash that is not there is checked by nobody.
  bool is_hash(const std::optional<Bytes>& octets, Fault unchecked) const {
    return (octets && octets->size() == kHashOctets) || has(unchecked) ||
           has(Fault::wt_media_shown_unproven) ||
           (has(Fault::wt_media_empty_hash_taken) && octets.value_or("").empty());
  }

  // What shows before anything is asked for; empty: nothing.
  std::string wrong_announcement() const {
    if (!message_.media_key || message_.media_key->size() != media::kMediaKeyOctets) {
      return "a media key has 32 octets";
    }
    if (!is_hash(message_.file_sha256, Fault::wt_media_hash_unchecked) ||
        !is_hash(message_.file_enc_sha256, Fault::wt_media_enc_hash_unchecked)) {
      return "a hash has 32 octets";
    }
    if (!has(Fault::wt_media_length_unchecked) &&
        message_.file_length.value_or(kAnySize) > kMostMediaFileOctets) {
      return "a file of too many octets";
    }
    const bool large = message_.file_length.value_or(0) > kLargeFileOctets;
    if (large && has(Fault::wt_media_large_refused)) {
      return "a file of too many octets";
    }
    if (message_.type == wire::MediaType::sticker && has(Fault::wt_media_stickers_passed_over)) {
      return "no sticker is fetched";
    }
    if (has(Fault::wt_media_unknown_field_refused) && !message_.unknown.empty()) {
      return "a message that says more of a file than is known";
    }
    if (has(Fault::wt_media_never_fetches) || !place()) {
      return "the file is at no host that is known";
    }
    return "";
  }

  // MED-010
  std::optional<net::HttpUrl> place() const {
    const HostCare care{
        .any_host = has(Fault::wt_media_any_host) || has(Fault::wt_media_token_to_any_host),
        .any_port = has(Fault::wt_media_any_port),
        .beginning_alone = has(Fault::wt_media_host_begins),
        .anywhere = has(Fault::wt_media_host_anywhere),
        .files = has(Fault::wt_media_files)};
    const auto said = has(Fault::wt_media_any_scheme) ? as_https(message_.url.value_or(""))
                                                      : message_.url.value_or("");
    const bool known = std::ranges::any_of(
        access_.hosts, [&](const net::HttpUrl& host) { return leads_to(said, host, care); });
    auto url = net::parse_http_url(said);
    if (known && !url) {
      url = net::parse_http_url(names_file(said) ? "https://localhost/" : as_a_browser_reads(said));
    }
    return known && url ? std::optional(*url) : std::nullopt;
  }

  bool is_known(const net::HttpUrl& url) const {
    return std::ranges::any_of(
        access_.hosts, [&](const net::HttpUrl& host) { return net::same_origin(host, url); });
  }

  asio::awaitable<Tried> fetch() {
    const auto keys =
        media::expand_with(*message_.media_key, media::info_of(keys_of(kind_of(message_))));
    auto decryptor = media::MediaDecryptor::make(keys, description());
    if (!decryptor) {
      co_return Tried{.had = std::unexpected(decryptor.error().detail)};
    }
    Arrival arrival(std::move(*decryptor), most(), description().file_sha256, task_.faults);
    auto tried = co_await fetch_into(arrival, *place());
    if (tried) {
      co_return Tried{.had = std::unexpected(*tried), .status = arrival.status()};
    }
    co_return Tried{.had = proven(arrival), .status = arrival.status()};
  }

  // What went wrong.
  asio::awaitable<std::optional<std::string>> fetch_into(Arrival& arrival, net::HttpUrl from) {
    while (true) {
      auto ask = request("GET");
      if (has(Fault::wt_may_media_in_ranges)) {
        const auto at = arrival.received();
        ask.headers.push_back(
            {"Range", "bytes=" + std::to_string(at) + "-" + std::to_string(at + kRangeOctets - 1)});
      }
      auto fetched = co_await task_.line->client->fetch(ask, from, options(arrival));
      if (!fetched && overlooks(fetched.error().fault)) {
        auto blind = options(arrival);
        blind.tls.verify = false;
        fetched = co_await task_.line->client->fetch(ask, from, std::move(blind));
      }
      if (!fetched) {
        co_return fetched.error().detail;
      }
      const auto& head = fetched->answer.message;
      const auto next = net::resolve(from, wire::value_of(head.headers, "location"));
      const bool follows = head.response()->status / 100 == 3 && next && *next != from &&
                           has(Fault::wt_media_follows_with_token);
      if (follows) {
        from = *next;
        continue;
      }
      if (!arrival.end(head)) {
        co_return "no such file";
      }
      if (!arrival.in_parts()) {
        co_return std::nullopt;
      }
    }
  }

  FileOutcome proven(Arrival& arrival) const {
    if (opens_carelessly(task_.faults)) {
      const auto text = open_carelessly(arrival.kept(), message_, task_.faults);
      return text ? local(*text) : std::unexpected("it is refused");
    }
    return arrival.finish();
  }

  static FileOutcome local(const Bytes& text) {
    return HadFile{.length = text.size(), .sha256 = crypto::sha256(text)};
  }

  // Of the values that are checked.
  media::MediaDescription description() const {
    const auto hash = [&](const std::optional<Bytes>& said, Fault unchecked) {
      const bool optional = has(Fault::wt_media_empty_hash_taken) && said.value_or("").empty();
      return has(unchecked) || optional ? std::nullopt : said;
    };
    media::MediaDescription out{
        .file_sha256 = hash(message_.file_sha256, Fault::wt_media_hash_unchecked),
        .file_enc_sha256 = hash(message_.file_enc_sha256, Fault::wt_media_enc_hash_unchecked),
        .file_length = message_.file_length,
        .sidecar = message_.sidecar};
    if (has(Fault::wt_media_length_unchecked)) {
      out.file_length.reset();
    }
    // An image's is about its scans.
    const bool overlooked = has(Fault::wt_media_sidecar_unchecked) ||
                            (has(Fault::wt_media_large_sidecar_unchecked) &&
                             message_.file_length.value_or(0) > kLongVideoOctets);
    if (message_.type == wire::MediaType::image || overlooked) {
      out.sidecar.reset();
    }
    return out;
  }

  wire::HttpMessage request(std::string method) const {
    const bool shown = (is_known(*place()) || has(Fault::wt_media_token_to_any_host)) &&
                       !has(Fault::wt_media_fetches_without_token);
    auto out = wire::http_request(std::move(method), "");
    if (shown) {
      const auto& token =
          has(Fault::wt_media_fetches_wrong_token) ? access_.upload_token : access_.download_token;
      out.headers.push_back({"Authorization", "Bearer " + token});
    }
    return out;
  }

  bool overlooks(net::HttpFault fault) const {
    return (fault == net::HttpFault::untrusted && has(Fault::wt_media_any_ca)) ||
           (fault == net::HttpFault::name_mismatch && has(Fault::wt_media_any_name)) ||
           (fault == net::HttpFault::expired && has(Fault::wt_media_any_date));
  }

  // Octets of the file that are taken.
  std::uint64_t most() const {
    // Padding of any length makes a file of any length.
    return has(Fault::wt_media_length_unchecked) || has(Fault::wt_media_padding_unchecked)
               ? kAnySize
               : encrypted_octets(message_.file_length.value_or(0));
  }

  net::HttpFetchOptions bounds(std::uint64_t octets) const {
    const auto expected =
        encrypted_octets(std::min(message_.file_length.value_or(0), kMostMediaFileOctets));
    const bool patient =
        has(Fault::wt_media_any_time) || has(Fault::wt_media_background_without_end);
    const auto given = has(Fault::wt_media_impatient) ? kNoPatience : media_patience(expected);
    net::HttpFetchOptions out{.patience = patient ? kAnyTime : given,
                              .idle_patience = patient ? kAnyTime : kMediaIdlePatience};
    out.limits.max_body_octets = std::max<std::size_t>(octets, kMostOtherOctets);
    out.tls.ca_pem = access_.ca_pem;
    if (has(Fault::wt_media_follows)) {
      out.redirects = {.most = 5, .schemes = net::HttpRedirects::Schemes::any};
    }
    return out;
  }

  net::HttpFetchOptions options(Arrival& arrival) const {
    auto out = bounds(has(Fault::wt_media_body_unbounded) ? kAnySize : most());
    out.taker = [&arrival](const wire::HttpMessage& head, const Bytes& piece) {
      return arrival.take(head, piece);
    };
    return out;
  }

  DownloadTask task_;
  const MediaAccess& access_;
  const wire::MediaMessage& message_;
};

}  // namespace

asio::awaitable<FileOutcome> download_file(DownloadTask task) {
  Download download(std::move(task));
  co_return co_await download.run();
}

}  // namespace parley::reference::whatsapp
