// SPDX-License-Identifier: GPL-3.0-or-later
// The pool of accounts that a declaration names: user,password a line, or number,token. Safe from
// any thread.
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/engine/ports.h"
#include "harness/model/model.h"

namespace parley::sut {

inline constexpr std::size_t kMaxPoolOctets = 16 * 1024 * 1024;

// What accounts are called in a dialect.
enum class AccountForm { user, number };
AccountForm account_form(const model::Profile& profile);
std::string_view to_string(AccountForm form);  // of a line: "user,password"

// The user ends at the first comma, the password at the end of the line; empty lines are skipped.
// Errors: io, too_large, malformed; each names the file and, where there is one, the line.
Result<std::vector<engine::Identity>> load_pool(const std::string& file,
                                                AccountForm form = AccountForm::user);

// At most `max_octets` of a regular file. Errors: io, too_large; both name the file.
Result<std::string> read_file(const std::string& file, std::size_t max_octets);

// `path` as the declaration means it: relative to its folder.
std::string resolve(const model::Declaration& declaration, const std::string& path);

}  // namespace parley::sut
