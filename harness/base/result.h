// SPDX-License-Identifier: GPL-3.0-or-later
// What a function that can fail on bad input returns. Input from a peer never throws.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace parley {

enum class Errc {
  malformed,
  truncated,
  too_large,
  unsupported,
  bad_signature,
  not_found,
  refused,
  timed_out,
  io
};

std::string_view to_string(Errc code);

struct Error {
  Errc code;
  std::string detail;                   // English, no trailing full stop, no secrets
  std::optional<std::size_t> offset{};  // octets from the start of the input

  friend bool operator==(const Error&, const Error&) = default;
};

std::ostream& operator<<(std::ostream& out, const Error& error);

template <class T>
using Result = std::expected<T, Error>;

// Shorthand for the failing return: `return fail(Errc::malformed, "…", offset);`
std::unexpected<Error> fail(Errc code, std::string detail, std::optional<std::size_t> offset = {});

}  // namespace parley
