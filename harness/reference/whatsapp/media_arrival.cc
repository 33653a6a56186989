// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_arrival.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "harness/reference/whatsapp/careless_media.h"
#include "harness/reference/whatsapp/media_file.h"

namespace parley::reference::whatsapp {
namespace {

constexpr int kOk = 200;
constexpr int kPartialContent = 206;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() ? std::optional(out) : std::nullopt;
}

// RFC 9110 section 14.4: of all, where it is said.
std::uint64_t whole_of(const wire::HttpMessage& head) {
  const auto range = wire::value_of(head.headers, "content-range");
  const auto slash = range.find('/');
  return slash == range.npos ? 0 : number_in(std::string_view(range).substr(slash + 1)).value_or(0);
}

}  // namespace

Arrival::Arrival(crypto::media::MediaDecryptor decryptor, std::uint64_t most,
                 std::optional<Bytes> proven, const FaultSet& faults)
    : decryptor_(std::move(decryptor)),
      most_(most),
      faults_(faults),
      keeps_(opens_carelessly(faults)),
      proven_(std::move(proven)) {}

void Arrival::add(const Bytes& plaintext) {
  if (!proven_) {
    plain_.update(plaintext);
  }
  length_ += plaintext.size();
}

bool Arrival::is_file(const wire::HttpMessage& head) const {
  const int status = head.response()->status;
  return status == kOk ||
         (status == kPartialContent && faults_.has(Fault::wt_may_media_in_ranges)) ||
         faults_.has(Fault::wt_media_any_status);
}

// MED-018: no more than was announced.
bool Arrival::take(const wire::HttpMessage& head, const Bytes& piece) {
  status_ = head.response()->status;
  if (!is_file(head)) {
    return true;  // words about it
  }
  const auto before = std::exchange(received_, received_ + piece.size());
  const auto claimed = number_in(wire::value_of(head.headers, "content-length")).value_or(0);
  const bool beyond = received_ > most_ || claimed > most_;
  if (beyond && !faults_.has(Fault::wt_media_body_unbounded)) {
    return false;
  }
  if (keeps_) {
    kept_ += piece;
    return kept_.size() <= 2 * kMostMediaFileOctets;
  }
  Bytes plaintext;
  decryptor_.update(std::string_view(piece).substr(0, most_ - std::min(most_, before)), plaintext);
  add(plaintext);
  return true;
}

bool Arrival::end(const wire::HttpMessage& head) {
  status_ = head.response()->status;
  whole_ = status_ == kPartialContent ? whole_of(head) : 0;
  const bool grows = std::exchange(before_, received_) != received_;
  return is_file(head) && (grows || whole_ == 0);
}

FileOutcome Arrival::finish() {
  Bytes last;
  const bool taken = faults_.has(Fault::wt_media_large_unproven) && received_ > kLargeFileOctets;
  if (const auto whole = decryptor_.finish(last); !whole && !taken) {
    return std::unexpected(whole.error().detail);
  }
  add(last);
  return HadFile{.length = length_, .sha256 = proven_ ? *proven_ : plain_.finish()};
}

}  // namespace parley::reference::whatsapp
