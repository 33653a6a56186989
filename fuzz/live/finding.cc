// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/finding.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/rng.h"
#include "harness/engine/survival.h"

namespace parley::live {
namespace {

// As cases may be called.
std::string plain(std::string step) {
  std::ranges::replace_if(step, [](char c) { return c == '/' || c == '#'; }, '-');
  return step;
}

}  // namespace

// What comes behind a colon differs from one time to the next.
std::string kind_of(const model::Verdict& verdict, const std::string& form) {
  return fmt::format("{}: {}{}{}", form, verdict.reason.substr(0, verdict.reason.find(':')),
                     verdict.monitor.empty() ? "" : ", ", verdict.monitor);
}

bool is_alike(const model::Verdict& one, const model::Verdict& other) {
  return kind_of(one, "") == kind_of(other, "") ||
         (one.monitor == other.monitor && engine::is_silence(one) && engine::is_silence(other));
}

std::string name_of(const model::Case& one) {
  const auto* side = one.party == model::Party::gatekeeper_server    ? "server"
                     : one.party == model::Party::third_party_server ? "partner"
                                                                     : "client";
  const auto what = one.flow + model::describe(*one.change);
  return fmt::format("{}-live-{}-{:08x}", side, plain(one.change->step),
                     Rng(0).child(what).next() >> 32U);
}

}  // namespace parley::live
