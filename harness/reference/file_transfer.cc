// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/file_transfer.h"

#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace parley::reference {
namespace {

using std::chrono::milliseconds;

constexpr int kOk = 200;
constexpr int kCreated = 201;
constexpr milliseconds kPatience{6'000};  // for all of a transfer
constexpr milliseconds kIdlePatience{3'000};
constexpr milliseconds kAnyTime{600'000};
constexpr std::size_t kMostFileOctets = 1'024 * 1'024;
constexpr int kMostRedirects = 5;

// What about a certificate a careless client overlooks.
struct Overlooked {
  Fault any_ca;
  Fault any_name;
  Fault any_date;
};
constexpr Overlooked kOfPut{Fault::tp_upload_any_ca, Fault::tp_upload_any_name,
                            Fault::tp_upload_any_date};
constexpr Overlooked kOfGet{Fault::tp_shared_any_ca, Fault::tp_shared_any_name,
                            Fault::tp_shared_any_date};

bool overlooks(net::HttpFault fault, const Overlooked& what, const FaultSet& faults) {
  return (fault == net::HttpFault::untrusted && faults.has(what.any_ca)) ||
         (fault == net::HttpFault::name_mismatch && faults.has(what.any_name)) ||
         (fault == net::HttpFault::expired && faults.has(what.any_date));
}

net::HttpFetchOptions bounds(const std::string& ca_pem) {
  net::HttpFetchOptions out{.patience = kPatience, .idle_patience = kIdlePatience};
  out.tls.ca_pem = ca_pem;
  return out;
}

wire::HttpMessage put_request(const PutTask& task) {
  auto headers = task.slot.headers;
  if (!task.content_type.empty() && !task.faults.has(Fault::tp_upload_type_lost)) {
    headers.push_back({"Content-Type", task.content_type});
  }
  auto octets = task.octets;
  if (task.faults.has(Fault::tp_upload_octet_more)) {
    octets += '\0';
  }
  return wire::http_request("PUT", task.slot.put.target, std::move(headers), std::move(octets));
}

// A member of the client's own on its way to the answer, or the failure.
asio::awaitable<net::HttpOutcome> fetch(std::shared_ptr<FileLine> line, wire::HttpMessage request,
                                        net::HttpUrl place, net::HttpFetchOptions options,
                                        Overlooked what, FaultSet faults) {
  auto fetched = co_await line->client->fetch(request, place, options);
  if (!fetched && overlooks(fetched.error().fault, what, faults)) {
    options.tls.verify = false;
    fetched =
        co_await line->client->fetch(std::move(request), std::move(place), std::move(options));
  }
  co_return fetched;
}

}  // namespace

asio::awaitable<bool> put_file(PutTask task) {
  if (task.faults.has(Fault::tp_upload_never_puts)) {
    co_return true;
  }
  auto options = bounds(task.ca_pem);
  auto request = put_request(task);
  auto place = task.slot.put;
  auto fetched = co_await fetch(task.line, request, place, options, kOfPut, task.faults);
  if (fetched && task.faults.has(Fault::tp_upload_follows)) {
    const auto& answer = fetched->answer.message;
    const auto next = net::resolve(place, wire::value_of(answer.headers, "location"));
    if (answer.response()->status / 100 == 3 && next) {
      fetched = co_await fetch(task.line, std::move(request), *next, std::move(options), kOfPut,
                               task.faults);
    }
  }
  // XEP-0363 "Upload": 201, and nothing else, says that it can be got.
  const int status = fetched ? fetched->answer.message.response()->status : 0;
  const bool any = fetched && (task.faults.has(Fault::tp_upload_any_status) ||
                               (status / 100 == 2 && task.faults.has(Fault::tp_upload_any_2xx)));
  co_return status == kCreated || any;
}

asio::awaitable<std::optional<GotFile>> get_file(GetTask task) {
  const auto& faults = task.faults;
  auto options = bounds(task.ca_pem);
  options.limits.max_body_octets = kMostFileOctets;
  if (faults.has(Fault::tp_shared_any_time)) {
    options.patience = kAnyTime;
    options.idle_patience = kAnyTime;
  }
  if (faults.has(Fault::tp_shared_follows)) {
    options.redirects = {.most = kMostRedirects, .schemes = net::HttpRedirects::Schemes::any};
  }
  auto request = wire::http_request("GET", task.link.place.target);
  const auto fetched = co_await fetch(task.line, std::move(request), task.link.place,
                                      std::move(options), kOfGet, faults);
  if (!fetched) {
    co_return std::nullopt;
  }
  const auto& answer = fetched->answer.message;
  if (answer.response()->status != kOk && !faults.has(Fault::tp_shared_any_status)) {
    co_return std::nullopt;
  }
  GotFile out{.octets = answer.body,
              .content_type = wire::value_of(answer.headers, "content-type")};
  if (task.link.key) {
    auto opened = open_file(*task.link.key, answer.body, faults);
    if (!opened) {
      co_return std::nullopt;
    }
    out.octets = std::move(*opened);
  }
  co_return out;
}

}  // namespace parley::reference
