// SPDX-License-Identifier: GPL-3.0-or-later
// HTTP/1.1 messages out of the octets of one connection's one direction (RFC 9112), in any
// segmentation. Boost.Beast's parser decides where a message ends; what its octets have of oddities
// is told beside it. Where requests could be smuggled (RFC 9112 sections 6.1 and 6.3) the message
// is refused, whatever the parser says. Pure code; offsets count from the connection's first octet.
// Not thread safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/result.h"
#include "harness/wire/http_message.h"
#include "harness/wire/http_oddity.h"

namespace parley::wire {

struct HttpLimits {
  std::size_t max_head_octets = 64 * 1024;
  std::size_t max_headers = 128;  // lines; of the trailers too
  std::size_t max_body_octets = 1024 * 1024;
  std::size_t max_extension_octets = 16 * 1024;  // of all chunk lines of a message
  std::size_t max_trailer_octets = 16 * 1024;
};

struct HttpReceived {
  HttpMessage message;
  HttpOddities oddities;
  std::size_t offset = 0;  // of its first octet
  std::size_t octets = 0;
  bool keeps_alive = true;   // whether the connection stays after it (RFC 9112 section 9.3)
  bool until_close = false;  // its body ended with the connection
};
// After it nothing more comes. Codes: malformed, too_large, truncated. The offset is that of the
// head or the chunk line which is wrong, or of the first octet beyond a limit.
struct HttpFailure {
  Error error;
  HttpOddities oddities;  // of the message at hand
  int status = 400;       // with which a server answers it: 400, 413, 431 or 505
};
using HttpItem = std::variant<HttpReceived, HttpFailure>;

class HttpReader {
 public:
  explicit HttpReader(HttpRole role, HttpLimits limits = {});
  HttpReader(HttpReader&&) noexcept;
  HttpReader& operator=(HttpReader&&) noexcept;
  ~HttpReader();

  // Of responses: a request with this method was written. Each final response answers the oldest.
  void expect(std::string method);

  // Takes the next octets and returns what became complete. Nothing is allocated on a claimed
  // length alone: memory grows with what arrived, up to the limits. After the answer to an upgrade
  // or a CONNECT the octets are another protocol's and are not looked at.
  std::vector<HttpItem> feed(std::string_view octets);
  // The peer has closed: ends a body that lasts until then.
  std::vector<HttpItem> end();

  // The message at hand once its head is whole; null otherwise. Valid until the next call.
  const HttpMessage* begun() const;
  // What has come of its body and was not taken before: a body that is too large to be held. It is
  // missing in the message that feed() or end() give, and counts against the limits all the same.
  Bytes take_body();
  // Whether a message has begun and is not complete.
  bool unfinished() const;
  // Whether what was read so far leaves nothing open: no message, no answer, no failure.
  bool idle() const;
  // Of requests: whether the one at hand wants 100 (Continue) before it sends its body (RFC 9110
  // section 10.1.1); once.
  bool take_continue();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace parley::wire
