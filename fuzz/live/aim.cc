// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/aim.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "harness/base/rng.h"
#include "harness/engine/cast.h"
#include "harness/engine/handshake_tree.h"
#include "harness/wire/http_tree.h"

namespace parley::live {
namespace {

constexpr std::size_t kLongestFlow = 60;  // steps; in longer ones the same is said again and again
constexpr std::uint64_t kSeeds = std::uint64_t{1} << 53U;  // what a number in a case file can hold

bool is_plain(const model::Case& one) { return !one.alone && !one.soils && !one.together; }

// The fewer a case asks of a SUT and says of its flow, the better its flow
// serves.
auto burden(const model::Case& one) { return std::tuple(one.row.size(), one.needs.size(), one.id); }

struct Way {
  Layer layer;
  std::string mutator;
};

bool is_http(const engine::CastStep& step) { return !engine::service_of(step.link).empty(); }

std::vector<Way> ways_of_http(const model::MessageForm& form) {
  std::vector<Way> out{{.layer = Layer::bytes, .mutator = "http"}};
  if (form.pattern.child(wire::kHttpJson) != nullptr) {
    out.push_back({.layer = Layer::content, .mutator = "json"});
  }
  return out;
}

// What is sealed for a server goes through it unread. With OMEMO a text is encrypted, no protobuf.
std::vector<Way> ways_of_sealed(const model::MessageForm& form, const engine::CastRun& run) {
  const bool omemo = run.flow->content == model::Content::omemo;
  if (run.server_under_test() || form.pattern.name != "message" ||
      form.pattern.child(omemo ? "encrypted" : "enc") == nullptr) {
    return {};
  }
  return {{.layer = Layer::content, .mutator = omemo ? "xml" : "protobuf"},
          {.layer = Layer::encryption, .mutator = "signal"}};
}

std::vector<Way> ways_of(const engine::CastStep& step, const engine::CastRun& run) {
  const auto& form = run.profile->forms.at(step.step.form);
  if (is_http(step)) {
    return ways_of_http(form);
  }
  if (run.flow->content != model::Content::clear) {
    return ways_of_sealed(form, run);
  }
  if (run.profile->wire == model::Wire::xml) {
    return {{.layer = Layer::bytes, .mutator = "xml"}};
  }
  const auto& name = form.pattern.name;
  if (engine::is_handshake_message(name)) {
    return {{.layer = Layer::bytes, .mutator = "protobuf"}};
  }
  if (name == "intro" || name == "routing" || form.kind != model::MessageForm::Kind::element) {
    return {};
  }
  return {{.layer = Layer::bytes, .mutator = "binary_tree"}};
}

// A step that a flow repeats is called "message#2".
bool is_repetition(const std::string& step) {
  return step.find('#') != step.npos && !step.ends_with("#1");
}

bool can_be_struck(const engine::CastStep& step) {
  const bool says =
      step.step.kind == model::Step::Kind::wire || step.step.kind == model::Step::Kind::answers;
  return step.role == engine::Role::send && says && !step.step.preamble && !step.step.fence &&
         !is_repetition(step.step.id);
}

// Stanzas beside what is fetched hang on all that came before: the fence after one that means
// something else shows nothing.
bool is_aim(const engine::CastStep& step, const engine::CastRun& run) {
  const bool fetches = std::ranges::any_of(run.steps, is_http);
  const bool sealed = run.flow->content != model::Content::clear;
  return can_be_struck(step) && (sealed ? !fetches : fetches == is_http(step));
}

void add_aims(std::vector<Aim>& out, const model::Case& base, const model::Library& library) {
  auto plain = base;
  plain.change.reset();
  const auto runs = engine::cast_case(plain, library);
  if (!runs || runs->front().steps.size() > kLongestFlow) {
    return;
  }
  const auto& run = runs->front();
  for (const auto& step : run.steps) {
    if (!is_aim(step, run)) {
      continue;
    }
    for (auto& [layer, mutator] : ways_of(step, run)) {
      out.push_back(
          {.base = &base, .step = step.step.id, .mutator = std::move(mutator), .layer = layer});
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
  out.change = change_at(aim.layer, aim.step, std::move(edit));
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
