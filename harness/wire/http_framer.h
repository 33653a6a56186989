// SPDX-License-Identifier: GPL-3.0-or-later
// What Boost.Beast's parser makes of one HTTP/1.1 message, given in whole units so that its answer
// does not hang on the segmentation. For HttpReader alone. Not thread safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "harness/base/result.h"
#include "harness/wire/http_message.h"
#include "harness/wire/http_oddity.h"

namespace parley::wire {

// Whether a response to this one has no body whatever its head says (RFC 9110 section 9.3.2).
enum class HttpBody { by_head, none };

class HttpFramer {
 public:
  static std::unique_ptr<HttpFramer> make(HttpRole role, HttpBody body,
                                          std::size_t max_body_octets);
  virtual ~HttpFramer() = default;

  // What the next octets belong to.
  enum class Part { head, body, chunk_line, chunk_data, body_until_close, nothing };
  virtual Part part() const = 0;

  // A whole head, a whole chunk line (with the line end before it and the trailers behind the last
  // one), or any piece of a body. Returns how many octets of it were used. Errors: malformed,
  // also for a unit that is not whole; too_large.
  virtual Result<std::size_t> put(std::string_view unit) = 0;
  // The connection has ended. Errors: truncated.
  virtual Result<void> end() = 0;
  // Once part() is nothing.
  virtual bool keeps_alive() const = 0;

  HttpMessage message{};  // as far as it was read
};

}  // namespace parley::wire
