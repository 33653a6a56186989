// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_framer.h"

#include <fmt/format.h>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <limits>
#include <string>

namespace parley::wire {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using BeastView = boost::beast::string_view;

Bytes text(BeastView view) { return {view.data(), view.size()}; }
Bytes version_text(int version) { return fmt::format("HTTP/{}.{}", version / 10, version % 10); }

template <bool kRequest>
class BeastFramer final : public HttpFramer, private http::basic_parser<kRequest> {
  using Parser = http::basic_parser<kRequest>;

 public:
  BeastFramer(HttpBody body, std::size_t max_body_octets) {
    // The reader bounds the head before it is given here.
    Parser::header_limit(std::numeric_limits<std::uint32_t>::max());
    Parser::body_limit(max_body_octets);
    Parser::skip(body == HttpBody::none);
  }

  Part part() const override {
    if (Parser::is_done()) {
      return Part::nothing;
    }
    if (!Parser::is_header_done()) {
      return Part::head;
    }
    if (Parser::chunked()) {
      return chunk_left_ > 0 ? Part::chunk_data : Part::chunk_line;
    }
    return Parser::need_eof() ? Part::body_until_close : Part::body;
  }

  Result<std::size_t> put(std::string_view unit) override {
    error_code error;
    const auto used = Parser::put({unit.data(), unit.size()}, error);
    if (error == http::error::body_limit || error == http::error::header_limit) {
      return fail(Errc::too_large, error.message());
    }
    if (error == http::error::need_more) {
      return fail(Errc::malformed, "bad line ending");
    }
    if (error) {
      return fail(Errc::malformed, error.message());
    }
    return used;
  }

  Result<void> end() override {
    error_code error;
    Parser::put_eof(error);
    if (error) {
      return fail(Errc::truncated, error.message());
    }
    return {};
  }

  bool keeps_alive() const override { return Parser::keep_alive(); }

 private:
  void on_request_impl(http::verb /*method*/, BeastView method, BeastView target, int version,
                       error_code& /*error*/) override {
    message.start = HttpRequestLine{.method = text(method), .target = text(target)};
    message.version = version_text(version);
  }
  void on_response_impl(int code, BeastView reason, int version, error_code& /*error*/) override {
    message.start = HttpStatusLine{.status = code, .reason = text(reason)};
    message.version = version_text(version);
  }
  void on_field_impl(http::field /*known*/, BeastView name, BeastView value,
                     error_code& /*error*/) override {
    (Parser::is_header_done() ? message.trailers : message.headers)
        .push_back({text(name), text(value)});
  }
  void on_header_impl(error_code& /*error*/) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                         error_code& /*error*/) override {}
  std::size_t on_body_impl(BeastView body, error_code& /*error*/) override {
    message.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, BeastView /*extensions*/,
                            error_code& /*error*/) override {
    chunk_left_ = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t /*left*/, BeastView body,
                                 error_code& error) override {
    chunk_left_ -= body.size();
    return on_body_impl(body, error);
  }
  void on_finish_impl(error_code& /*error*/) override {}

  std::uint64_t chunk_left_ = 0;
};

}  // namespace

std::unique_ptr<HttpFramer> HttpFramer::make(HttpRole role, HttpBody body,
                                             std::size_t max_body_octets) {
  if (role == HttpRole::request) {
    return std::make_unique<BeastFramer<true>>(body, max_body_octets);
  }
  return std::make_unique<BeastFramer<false>>(body, max_body_octets);
}

}  // namespace parley::wire
