// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/aim.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "harness/base/rng.h"
#include "harness/engine/cast.h"
#include "harness/engine/handshake_tree.h"

namespace parley::live {
namespace {

constexpr std::size_t kLongestFlow = 60;  // steps; in longer ones the same is said again and again
constexpr std::uint64_t kSeeds = std::uint64_t{1} << 53U;  // what a number in a case file can hold

bool is_plain(const model::Case& one) { return !one.alone && !one.soils && !one.together; }

// The fewer a case asks of a SUT and says of its flow, the better its flow
// serves.
auto burden(const model::Case& one) { return std::tuple(one.row.size(), one.needs.size(), one.id); }

std::string mutator_of(const engine::CastStep& step, const model::Profile& profile) {
  if (profile.wire == model::Wire::xml) {
    return "xml";
  }
  const auto& form = profile.forms.at(step.step.form);
  const auto& name = form.pattern.name;
  const bool before_stanzas =
      engine::is_handshake_message(name) || name == "intro" || name == "routing";
  return before_stanzas || form.kind != model::MessageForm::Kind::element ? "" : "binary_tree";
}

// A step that a flow repeats is called "message#2".
bool is_repetition(const std::string& step) {
  return step.find('#') != step.npos && !step.ends_with("#1");
}

bool can_be_struck(const engine::CastStep& step) {
  return step.role == engine::Role::send && step.step.kind == model::Step::Kind::wire &&
         !step.step.preamble && !step.step.fence && !is_repetition(step.step.id);
}

// What is sealed or fetched hangs on all that came before: the fence after a message that means
// something else shows nothing.
bool is_simple(const engine::CastRun& run) {
  return run.flow->content == model::Content::clear && run.steps.size() <= kLongestFlow &&
         std::ranges::none_of(run.steps, [](const engine::CastStep& step) {
           return !engine::service_of(step.link).empty();
         });
}

void add_aims(std::vector<Aim>& out, const model::Case& base, const model::Library& library) {
  auto plain = base;
  plain.change.reset();
  const auto runs = engine::cast_case(plain, library);
  if (!runs || !is_simple(runs->front())) {
    return;
  }
  for (const auto& step : runs->front().steps) {
    if (!can_be_struck(step)) {
      continue;
    }
    if (auto mutator = mutator_of(step, *runs->front().profile); !mutator.empty()) {
      out.push_back({.base = &base, .step = step.step.id, .mutator = std::move(mutator)});
    }
  }
}

}  // namespace

std::vector<Aim> aims_of(const std::vector<const model::Case*>& cases,
                         const model::Library& library,
                         const std::function<bool(const model::Case&)>& applies) {
  std::map<std::string, const model::Case*> bases;  // by flow
  for (const auto* one : cases) {
    if (!is_plain(*one) || !applies(*one)) {
      continue;
    }
    auto& base = bases.try_emplace(one->flow, one).first->second;
    base = burden(*one) < burden(*base) ? one : base;
  }
  std::vector<Aim> out;
  for (const auto& [flow, base] : bases) {
    add_aims(out, *base, library);
  }
  return out;
}

model::Case strike(const Aim& aim, const model::Library& library, std::uint64_t number,
                   std::uint64_t seed) {
  auto out = *aim.base;
  out.id = fmt::format("live/{:012}", number);
  out.suite = "live";
  out.title = fmt::format("Whatever becomes of step {}, the SUT goes on answering", aim.step);
  out.requirement = library.profiles.at(out.profile).survival;
  model::BytesEdit edit;
  edit.mutate = {.by = aim.mutator, .seed = seed};
  out.change = model::Change{.step = aim.step, .edit = std::move(edit)};
  out.any_of = {{.kind = model::Outcome::Kind::survives, .by = {}, .conditions = {}}};
  out.never.clear();
  out.inherits.clear();
  out.mirrors.clear();
  out.mirror.reset();
  return out;
}

model::Case drawn(const std::vector<Aim>& aims, const model::Library& library, std::uint64_t seed,
                  std::uint64_t number) {
  auto rng = Rng(seed).child(fmt::format("live/{}", number));
  const auto& aim = aims[rng.below(aims.size())];
  return strike(aim, library, number, rng.below(kSeeds));
}

}  // namespace parley::live
