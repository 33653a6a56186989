// SPDX-License-Identifier: GPL-3.0-or-later
// What a run must keep to itself: each run plants passwords, tokens and shared secrets of its own,
// so that they are canaries too. Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "harness/model/model.h"

namespace parley::engine {

// Of a scope's values: those called NAME.password, NAME.token, NAME.secret or
// NAME.proof. What is shorter than
// eight octets is found by chance and does not count.
std::set<std::string> secrets_of(const std::map<std::string, std::string>& values);

// Whether `text` holds one of them.
bool holds_any(const std::string& text, const std::set<std::string>& secrets);

// `text` with each of them as so many '*', also where printable() has cut one: verdicts go into
// reports that everybody may read.
std::string without_secrets(std::string text, const std::set<std::string>& secrets);
model::Verdict without_secrets(model::Verdict verdict, const std::set<std::string>& secrets);

}  // namespace parley::engine
