// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/large_answer.h"

#include <boost/asio/awaitable.hpp>
#include <string>
#include <utility>

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kMostHeld = 8 * 1024 * 1024;
constexpr std::size_t kPieceOctets = 256 * 1024;

// Ends with its connection, which the server closes.
boost::asio::awaitable<void> write_all(net::Stream& stream, Bytes head,
                                       std::function<Bytes()> next) {
  auto written = co_await stream.write(std::move(head));
  for (auto piece = next(); written && !piece.empty(); piece = next()) {
    written = co_await stream.write(std::move(piece));
  }
}

}  // namespace

net::HttpAnswer large_body(LargeBody body) {
  wire::HttpForm form;
  form.content_length = std::to_string(body.octets);
  auto& headers = body.message.headers;
  headers.push_back({"Connection", "close"});
  auto head = wire::write(body.message, form);
  return {.message = std::move(body.message),
          .then = net::HttpAnswer::Then::close,
          .takeover = [head = std::move(head), next = std::move(body.next)](net::Stream& stream) {
            return write_all(stream, head, next);
          }};
}

bool KeptBody::add(const Bytes& piece) {
  size_ += piece.size();
  if (small() && held_.size() + piece.size() <= kMostHeld) {
    held_ += piece;
    return true;
  }
  if (small()) {
    file_.reset(std::tmpfile());
    held_ += piece;
    const auto all = std::exchange(held_, {});
    return file_ != nullptr && std::fwrite(all.data(), 1, all.size(), file_.get()) == all.size();
  }
  return std::fwrite(piece.data(), 1, piece.size(), file_.get()) == piece.size();
}

Bytes KeptBody::next() {
  if (!std::exchange(reading_, true)) {
    std::rewind(file_.get());
  }
  Bytes out(kPieceOctets, '\0');
  out.resize(std::fread(out.data(), 1, out.size(), file_.get()));
  return out;
}

}  // namespace parley::reference::whatsapp
