// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_media.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "harness/base/repeated_octets.h"
#include "harness/base/text.h"
#include "harness/reference/whatsapp/json_answer.h"
#include "harness/reference/whatsapp/large_answer.h"
#include "harness/reference/whatsapp/media_file.h"
#include "harness/wire/http_message.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kNameOctets = 16;  // 128 bits that nobody guesses
constexpr std::size_t kCutOctets = 65'536;
constexpr std::string_view kRangeUnit = "bytes=";

enum Status {
  kOk = 200,
  kNoContent = 204,
  kPartialContent = 206,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kGone = 410,
  kRangeNotSatisfiable = 416
};

net::HttpAnswer file_answer(int status, Bytes content) {
  return {.message = wire::http_response(status,
                                         {{"Content-Type", "application/octet-stream"},
                                          {"Accept-Ranges", "bytes"},
                                          {"X-Content-Type-Options", "nosniff"}},
                                         std::move(content))};
}

// MED-016: what is not there is told as that, and nothing else is.
net::HttpAnswer not_there(const FaultSet& faults) {
  if (faults.has(Fault::wp_media_unknown_empty)) {
    return file_answer(kOk, "");
  }
  return json_refusal(faults.has(Fault::wp_may_media_gone)        ? kGone
                      : faults.has(Fault::wp_may_media_forbidden) ? kForbidden
                                                                  : kNotFound,
                      "not-found");
}

net::HttpAnswer not_allowed() {
  auto out = json_refusal(kMethodNotAllowed, "method-not-allowed");
  out.message.headers.push_back({"Allow", "GET, HEAD"});  // RFC 9110 section 15.5.6
  return out;
}

std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(out)
                                                                         : std::nullopt;
}

struct Part {
  std::size_t from = 0;
  std::size_t to = 0;  // the last one, as RFC 9110 counts; before `from`: there is none
};

// RFC 9110 section 14.1.2. Nothing for what is no single range, which is ignored (section 14.2).
std::optional<Part> part_of(std::string_view range, std::size_t whole) {
  if (!range.starts_with(kRangeUnit)) {
    return std::nullopt;
  }
  range.remove_prefix(kRangeUnit.size());
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto first = number_of(range.substr(0, dash));
  const auto last = number_of(range.substr(dash + 1));
  if (dash == 0) {
    const bool none = last && (*last == 0 || whole == 0);
    const auto from = last ? whole - std::min(whole, *last) : 0;
    return !last ? std::nullopt
                 : std::optional(none ? Part{.from = 1, .to = 0}
                                      : Part{.from = from, .to = whole - 1});
  }
  const bool open = dash + 1 == range.size();
  if (!first || (!last && !open) || (last && *last < *first)) {
    return std::nullopt;
  }
  if (*first >= whole) {
    return Part{.from = 1, .to = 0};
  }
  return Part{.from = *first, .to = last ? std::min(*last, whole - 1) : whole - 1};
}

net::HttpAnswer part_answer(const Bytes& file, Part part, const FaultSet& faults) {
  if (part.to < part.from) {
    if (faults.has(Fault::wp_media_range_beyond)) {
      return file_answer(kPartialContent, "");
    }
    auto out = json_refusal(kRangeNotSatisfiable, "range-not-satisfiable");
    out.message.headers.push_back({"Content-Range", fmt::format("bytes */{}", file.size())});
    return out;
  }
  part.to -= faults.has(Fault::wp_media_range_short) && part.to > part.from ? 1 : 0;
  const bool whole = faults.has(Fault::wp_media_range_as_whole);
  auto out =
      file_answer(kPartialContent, whole ? file : file.substr(part.from, part.to - part.from + 1));
  out.message.headers.push_back(
      {"Content-Range", fmt::format("bytes {}-{}/{}", part.from, part.to, file.size())});
  return out;
}

// Whole, whatever part is asked for (RFC 9110 section 14.2), and piece by piece.
net::HttpAnswer large_answer(std::string_view method, const Bytes& octets, std::uint64_t times,
                             const FaultSet& faults) {
  const auto most =
      faults.has(Fault::wp_media_large_cut) ? kLargeFileOctets / octets.size() : times;
  const auto file = std::make_shared<RepeatedOctets>(octets, std::min(times, most));
  const bool head = method == "HEAD";
  return large_body({.message = file_answer(kOk, "").message,
                     .octets = file->size(),
                     .next = [file, head] { return head ? Bytes() : file->next(); }});
}

// What comes of a file on its way through a careless server.
Bytes served(Bytes file, const FaultSet& faults) {
  if (faults.has(Fault::wp_media_cut)) {
    file.resize(std::min(file.size(), kCutOctets));
  }
  return faults.has(Fault::wp_media_line_ends) ? replace_all(std::move(file), "\n", "\r\n")
                                               : std::move(file);
}

}  // namespace

std::string PartnerMedia::host(Bytes file, const FaultSet& faults, std::uint64_t times) {
  while (!order_.empty() &&
         (order_.size() >= kMostMediaFiles || octets_ + file.size() > kMostMediaOctets)) {
    if (const auto oldest = files_.find(order_.front()); oldest != files_.end()) {
      octets_ -= std::min(octets_, oldest->second.octets.size());
      files_.erase(oldest);
    }
    order_.erase(order_.begin());
  }
  octets_ = (order_.empty() ? 0 : octets_) + file.size();
  const auto name = faults.has(Fault::wp_media_sequential) ? std::to_string(order_.size() + 1)
                                                           : to_hex(rng_.octets(kNameOctets));
  auto path = std::string(kMediaFolder) + name;
  files_[path] = {.octets = std::move(file), .times = times};
  order_.push_back(path);
  return path;
}

PartnerMedia::Files::iterator PartnerMedia::find(std::string_view path, const FaultSet& faults) {
  if (faults.has(Fault::wp_media_of_another) && !order_.empty()) {
    return files_.find(order_.back());
  }
  return std::ranges::find_if(files_, [&](const auto& one) {
    const auto& [name, file] = one;
    const bool begins = faults.has(Fault::wp_media_beginning) && name.starts_with(path) &&
                        path.size() > kMediaFolder.size();
    const bool longer = faults.has(Fault::wp_media_more_behind) && path.starts_with(name);
    return name == path || begins || longer;
  });
}

// Nobody but who uploads a file changes it.
net::HttpAnswer PartnerMedia::change(std::string_view method, Files::iterator file,
                                     const Bytes& body, const FaultSet& faults) {
  if (method == "DELETE" && faults.has(Fault::wp_media_deletes)) {
    files_.erase(file);
    return file_answer(kNoContent, "");
  }
  const bool writes = method == "PUT" || method == "POST" || method == "PATCH";
  if (writes && faults.has(Fault::wp_media_overwrites)) {
    file->second = {.octets = body};
    return file_answer(kNoContent, "");
  }
  return not_allowed();
}

net::HttpAnswer PartnerMedia::answer(const wire::HttpMessage& request, const FaultSet& faults) {
  const auto& [method, target] = *request.request();
  const auto path = std::string_view(target).substr(0, target.find('?'));
  const bool folder = path.size() <= kMediaFolder.size() && kMediaFolder.starts_with(path);
  if (folder && faults.has(Fault::wp_media_lists)) {
    return file_answer(kOk, join(order_, "\n"));
  }
  const auto file = find(path, faults);
  if (file == files_.end()) {
    return not_there(faults);
  }
  if (method != "GET" && method != "HEAD") {
    return change(method, file, request.body, faults);
  }
  if (method == "HEAD" && faults.has(Fault::wp_media_head_refused)) {
    return not_allowed();
  }
  if (file->second.times > 1) {
    return large_answer(method, file->second.octets, file->second.times, faults);
  }
  const auto content = served(file->second.octets, faults);
  const auto part = part_of(wire::value_of(request.headers, "range"), content.size());
  auto out =
      method == "GET" && part ? part_answer(content, *part, faults) : file_answer(kOk, content);
  if (faults.has(Fault::wp_media_once) && method == "GET") {
    files_.erase(file);
  }
  return out;
}

}  // namespace parley::reference::whatsapp
