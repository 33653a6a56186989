// SPDX-License-Identifier: GPL-3.0-or-later
// What a case takes for granted: the settings of its profile that its messages rest on, and values
// for them that somebody knows better. Source: design section 1, finding level. Pure functions.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/model/library.h"

namespace parley::model {

// The names in ${setting.NAME}, alone or within an expression; in the text's order.
std::vector<std::string> settings_in(std::string_view text);

// Before a driver's method, where a setting bears on what that answers: "does METHOD", or "does
// METHOD/PARAMETER" on what it answers when it is told that.
inline constexpr std::string_view kDoes = "does ";

// The settings of its profile that a case rests on, in order of name: those that its flow's steps,
// the messages of these and the addresses of its actors refer to, those that bear on one of these
// messages, or on what a driver is told, and those that it needs to be as they are. A change of the
// case is not looked at: it says itself what it is.
std::vector<std::string> settings_of(const Case& one, const Library& library);
// Those of them whose value is nothing but assumed.
std::vector<std::string> assumed_settings(const Case& one, const Library& library);

// Among the needs of a case: "server-authentication=signature|bearer", what a setting must be, the
// second part as it stands there.
std::optional<std::pair<std::string, std::string>> setting_needed(std::string_view need);
// Which setting of its profile is another than `one` needs; empty when none is.
std::string other_dialect(const Case& one, const Profile& profile);

// Adds the value of each setting to `values` as "setting.NAME", for what messages refer to.
void add_settings(std::map<std::string, std::string>& values, const Profile& profile);
// `text` with each ${setting.NAME} replaced by its value.
std::string with_settings(std::string text, const Profile& profile);

// How long the SUT has at least for a step of a flow of that profile.
std::chrono::milliseconds within_of(const Step& step, const Profile& profile);

// Whether something reads it: a message, an address, the engine. The others describe the dialect.
bool can_be_given(const Profile& profile, const std::string& name);

using GivenSettings = std::map<std::string, std::string>;
// Sets them in profile `name`, which must exist; their basis is `given` from then on. Returns what
// is wrong with the first that is: not known, with the nearest names; not read; without a value.
std::string give_settings(Library& library, const std::string& name, const GivenSettings& given);

// Reads the file that the setting `token-dictionary` names, if it names one. Errors: those of
// wire::Tokens::load.
inline constexpr const char* kTokenDictionary = "token-dictionary";
Result<void> load_tokens(Profile& profile);

}  // namespace parley::model
