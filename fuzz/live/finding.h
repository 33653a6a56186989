// SPDX-License-Identifier: GPL-3.0-or-later
// What a hunt has found.
#pragma once

#include <cstdint>
#include <string>

#include "harness/model/model.h"

namespace parley::live {

// Whether it was shown again; else the SUT was of no use afterwards, or died of it or of another.
enum class Confirmed { no, yes };

struct Finding {
  std::string name;  // of the written case
  model::Case one;   // which shows it by itself
  model::Verdict verdict;
  std::uint64_t number = 0;  // of the strike that found it: seed and number give it again
  Confirmed confirmed = Confirmed::yes;
  std::uint64_t hits = 1;  // strikes that came to the same
  std::size_t octets = 0;  // that the case puts in place of honest ones; 0: a
                           // mutation is drawn anew
};

// What findings have in common that are one: how the SUT failed, and after
// which message. `form` names that.
std::string kind_of(const model::Verdict& verdict, const std::string& form);

// Whether what has shown the one shows the other again: a SUT that falls silent does so in more
// than one way (engine/survival.h), which are not told apart here.
bool is_alike(const model::Verdict& one, const model::Verdict& other);

// What the case is called as a file: after its party, its step and what it
// changes.
std::string name_of(const model::Case& one);

}  // namespace parley::live
