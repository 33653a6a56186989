// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/pool.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>
#include <utility>

#include "harness/base/text.h"

namespace parley::sut {
namespace {

constexpr std::size_t kShownOctets = 60;

constexpr std::size_t kMaxDigits = 19;  // of the 64 bits that an account has in a login payload

Result<void> check_user(std::string_view user, AccountForm form) {
  if (form == AccountForm::user) {
    return user.find_first_of("@/ \t") == std::string_view::npos
               ? Result<void>()
               : fail(Errc::malformed,
                      fmt::format("'{}' is not a user: give what stands before the '@'",
                                  printable(user, kShownOctets)));
  }
  const bool digits = user.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || user.size() > kMaxDigits || user.front() == '0') {
    return fail(Errc::malformed,
                fmt::format("'{}' is not a number: give its digits alone, with the country code "
                            "and without '+', leading zeros or an address",
                            printable(user, kShownOctets)));
  }
  return {};
}

Result<engine::Identity> identity_of(std::string_view line, AccountForm form) {
  const auto comma = line.find(',');
  if (comma == std::string_view::npos || comma == 0 || comma + 1 == line.size()) {
    return fail(Errc::malformed, fmt::format("a line is '{}'", to_string(form)));
  }
  const auto user = line.substr(0, comma);
  if (const auto right = check_user(user, form); !right) {
    return std::unexpected(right.error());
  }
  return engine::Identity{.user = std::string(user),
                          .password = std::string(line.substr(comma + 1))};
}

}  // namespace

AccountForm account_form(const model::Profile& profile) {
  return profile.numbered_accounts ? AccountForm::number : AccountForm::user;
}

std::string_view to_string(AccountForm form) {
  return form == AccountForm::number ? "number,token" : "user,password";
}

Result<std::string> read_file(const std::string& file, std::size_t max_octets) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return fail(Errc::io, fmt::format("{}: {}", file, error ? error.message() : "is not a file"));
  }
  std::ifstream in(file, std::ios::binary);
  std::string text;
  std::string block(64 * 1024, '\0');
  while (in && text.size() <= max_octets) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block, 0, static_cast<std::size_t>(in.gcount()));
  }
  if (text.size() > max_octets) {
    return fail(Errc::too_large, fmt::format("{}: is larger than {} octets", file, max_octets));
  }
  if (!in.eof()) {
    return fail(Errc::io, fmt::format("{}: cannot be read", file));
  }
  return text;
}

Result<std::vector<engine::Identity>> load_pool(const std::string& file, AccountForm form) {
  const auto text = read_file(file, kMaxPoolOctets);
  if (!text) {
    return std::unexpected(text.error());
  }
  std::vector<engine::Identity> out;
  std::map<std::string, std::size_t> lines;  // user -> line
  std::string_view rest = *text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.empty()) {
      continue;
    }
    auto identity = identity_of(line, form);
    if (!identity) {
      return fail(identity.error().code,
                  fmt::format("{}:{}: {}", file, number, identity.error().detail));
    }
    const auto [first, fresh] = lines.emplace(identity->user, number);
    if (!fresh) {
      return fail(Errc::malformed, fmt::format("{}:{}: the user '{}' stands on line {} already",
                                               file, number, identity->user, first->second));
    }
    out.push_back(std::move(*identity));
  }
  return out;
}

std::string resolve(const model::Declaration& declaration, const std::string& path) {
  return (std::filesystem::path(declaration.folder) / path).string();
}

}  // namespace parley::sut
