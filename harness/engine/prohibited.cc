// SPDX-License-Identifier: GPL-3.0-or-later
// What the SUT must not do, as Tracker sees it: act on the change, or do what the case names under
// `never`.
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/engine/form.h"
#include "harness/engine/tracker.h"

namespace parley::engine {
namespace {

using model::MessageForm;
using model::Step;

constexpr std::string_view kHeaderStart = "<stream:stream";

}  // namespace

void Tracker::prohibit(const std::string& link, std::string what) {
  if (prohibited_.empty()) {
    prohibited_ = std::move(what);
    prohibited_on_ = link;
  }
}

const std::string& Tracker::changed_link() const {
  static const std::string none;
  const auto changed = std::ranges::find_if(run_.steps, &CastStep::changed);
  return changed == run_.steps.end() ? none : changed->link;
}

bool Tracker::may_take() const { return run_.may_complete() && !refused_; }

// A new stream on top of the old one is no XML of the old one: the reader cannot tell what it is.
void Tracker::check_new_stream(const Event& event) {
  auto& link = links_[event.link];
  if (!change_made_ || !link.header_came || run_.must_survive()) {
    return;
  }
  const auto begins = [](std::string_view octets) {
    return octets.starts_with("<?xml") || octets.starts_with(kHeaderStart);
  };
  // The first octets may come in pieces.
  const bool first = link.came_after.size() < kHeaderStart.size();
  if (first) {
    link.came_after += event.octets.substr(0, kHeaderStart.size() - link.came_after.size());
  }
  if (!begins(event.octets) && !(first && begins(link.came_after))) {
    return;
  }
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (active(i) || step.role != Role::expect || step.link != event.link ||
        step.step.kind != Step::Kind::wire) {
      continue;
    }
    if (run_.profile->forms.at(step.step.form).kind == MessageForm::Kind::header) {
      prohibit(event.link,
               fmt::format("step '{}' happened: a stream on top of the old one", step.step.id));
    }
    return;
  }
}

// Whether `element` is what `step` says, without binding anything.
bool Tracker::is_form(const Step& step, const xml::Element& element) const {
  const auto& form = run_.profile->forms.at(step.form);
  Scope copy = scope_;
  return form.kind == MessageForm::Kind::element && !match(form, step.id, step.with, element, copy);
}

// After the change: did the SUT act on it?
void Tracker::check_prohibited(const std::string& link, const xml::Element& element,
                               MessageForm::Kind kind) {
  if (run_.must_survive()) {
    return;
  }
  const auto text = printable(xml::print(element, run_.profile->content_ns), kShownOctets);
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    // After a left-out restart the SUT may answer without a header of its own: its element then
    // stands where the header would.
    if (!active(i) && !marks_[i].done && step.consequence && step.role == Role::expect &&
        step.link == link && step.step.kind == Step::Kind::wire &&
        kind != MessageForm::Kind::footer && is_form(step.step, element)) {
      prohibit(link, fmt::format("step '{}' happened: {}", step.step.id, text));
      return;
    }
  }
  if (kind == MessageForm::Kind::header && element.get("type") == "result" &&
      std::ranges::count(changed_ids_, element.get("id")) > 0) {
    prohibit(link, "the SUT answered without a new stream: " + text);
    return;
  }
  if (!canary_.empty() && !may_take() && element.get("type") != "error" && link != changed_link() &&
      xml::print(element).find(canary_) != std::string::npos) {
    prohibit(link, fmt::format("the changed message reached {}: {}", link, text));
  }
}

// What the case says must never come to `link`: once the change is made, or at all.
void Tracker::check_never(const std::string& link, const xml::Element& element,
                          MessageForm::Kind kind) {
  if (run_.change != nullptr && !change_made_) {
    return;
  }
  for (const auto& never : run_.never) {
    if (never.link == link && never.step.kind == Step::Kind::wire &&
        kind == MessageForm::Kind::element && is_form(never.step, element)) {
      prohibit(link,
               fmt::format("{} came to {}: {}", never.step.form, link,
                           printable(xml::print(element, run_.profile->content_ns), kShownOctets)));
    }
  }
}

// A connection that the flow does not ask for, or not yet, or no more since the change.
void Tracker::check_stray(const std::string& link) {
  if (run_.must_survive()) {
    return;
  }
  // Nobody else sees why a client comes that its own server wakes, unless it is there already.
  const bool untold = run_.under_test(model::Party::third_party_server) && may_connect(link);
  const auto whose = untold ? std::string() : link;
  if (const auto* call = call_to_come(link)) {
    prohibit(whose, fmt::format("{} connected before step '{}'", link, call->step.id));
    return;
  }
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (step.link == link && step.step.kind == Step::Kind::connect && step.role == Role::expect &&
        change_made_ && step.consequence && !active(i)) {
      prohibit(whose, fmt::format("step '{}' happened: {} connected again", step.step.id, link));
      return;
    }
  }
  const bool never = std::ranges::any_of(run_.never, [&](const CastStep& one) {
    return one.link == link && one.step.kind == Step::Kind::connect;
  });
  if (never && (run_.change == nullptr || change_made_)) {
    prohibit(whose, link + " connected again");
  }
}

void Tracker::check_never(const Event& notice, const std::string& what) {
  if (run_.change != nullptr && !change_made_) {
    return;
  }
  for (const auto& never : run_.never) {
    if (never.link == notice.link && never.step.kind == Step::Kind::shows &&
        says(notice, never.step)) {
      prohibit(notice.link, what);
    }
  }
}

}  // namespace parley::engine
