// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/result.h"

#include <utility>

namespace parley {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::malformed:
      return "malformed";
    case Errc::truncated:
      return "truncated";
    case Errc::too_large:
      return "too large";
    case Errc::unsupported:
      return "unsupported";
    case Errc::bad_signature:
      return "bad signature";
    case Errc::not_found:
      return "not found";
    case Errc::refused:
      return "refused";
    case Errc::timed_out:
      return "timed out";
    case Errc::io:
      return "input or output";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, const Error& error) {
  out << to_string(error.code) << ": " << error.detail;
  if (error.offset) {
    out << " at offset " << *error.offset;
  }
  return out;
}

std::unexpected<Error> fail(Errc code, std::string detail, std::optional<std::size_t> offset) {
  return std::unexpected(Error{.code = code, .detail = std::move(detail), .offset = offset});
}

}  // namespace parley
