// SPDX-License-Identifier: GPL-3.0-or-later
// The judging half of Tracker: which outcomes hold as things stand.
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/engine/survival.h"
#include "harness/engine/tracker.h"

namespace parley::engine {
namespace {

using State = Assessment::State;
using model::Outcome;
using model::RefusalKind;

// A difference that says more than that there is one.
std::string reason_of(const std::optional<xml::Difference>& difference) {
  if (!difference || !difference->path.ends_with("/@hashing")) {
    return "the answer is not what it must be";
  }
  return fmt::format("the SUT speaks {} form of message 1 (whether its empty payload is hashed)",
                     difference->actual == "specification" ? "the specification's" : "WhatsApp's");
}

}  // namespace

Assessment violated(std::string reason, std::string expected, std::string came) {
  return {.state = State::violated,
          .reason = std::move(reason),
          .expected = std::move(expected),
          .came = std::move(came),
          .difference = ""};
}

bool Tracker::settled() const {
  return deadline_.has_value() || !broken_.empty() || assess().state != State::pending;
}

bool Tracker::fence_done() const {
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    if (run_.steps[i].step.fence && active(i) && !marks_[i].done) {
      return false;
    }
  }
  return true;
}

// Whether the SUT has done what follows from the change.
bool Tracker::taken() const {
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    if (run_.steps[i].consequence && run_.steps[i].role == Role::expect && marks_[i].done) {
      return true;
    }
  }
  return false;
}

bool Tracker::failed_in_preamble() const {
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    if (active(i) && !marks_[i].done) {
      return run_.steps[i].step.preamble;
    }
  }
  return false;
}

std::string Tracker::shown_due() const {
  const std::string wanted = deadline_.value_or("");
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (wanted.empty() ? active(i) && !marks_[i].done : step.step.id == wanted) {
      const auto& who = step.step.to.empty() ? step.link : step.step.from;
      const auto what =
          step.step.form.empty() || step.step.kind == model::Step::Kind::close
              ? (step.step.kind == model::Step::Kind::tls       ? "a TLS handshake"
                 : step.step.kind == model::Step::Kind::connect ? "a connection"
                                                                : "the connection's end")
              : step.step.form;
      return fmt::format("{} by {} (step '{}')", what, who, step.step.id);
    }
  }
  return "the end of the flow";
}

// Of the step that was due, or is.
const Tracker::Near* Tracker::near_due() const {
  if (!near_) {
    return nullptr;
  }
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& id = run_.steps[i].step.id;
    if (deadline_ ? id == *deadline_ : active(i) && !marks_[i].done) {
      return id == near_->step ? &*near_ : nullptr;
    }
  }
  return nullptr;
}

// The SUT may still ask after all else is done.
Assessment Tracker::assess_asked() const {
  const auto* missing = not_asked();
  if (missing == nullptr) {
    return {.state = State::holds};
  }
  if (!deadline_) {
    return {};
  }
  auto out = violated("the SUT did not ask for what the case builds on", missing->step.asked,
                      std::string(kCameNoRequest));
  out.unproven = true;
  return out;
}

Assessment Tracker::assess_completes() const {
  if (!prohibited_.empty()) {
    return violated("the SUT did what it must not", "nothing of it", prohibited_);
  }
  bool all = true;
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    all = all && (marks_[i].done || !active(i));
  }
  if (all && !refused_) {
    return assess_asked();
  }
  const auto* near = near_due();
  const auto with_difference = [&](Assessment out) {
    const auto* difference = difference_       ? &*difference_
                             : near != nullptr ? &near->difference
                                               : nullptr;
    if (difference != nullptr) {
      out.difference =
          fmt::format("{}: expected {}, came {}", difference->path,
                      printable(difference->expected, 200), printable(difference->actual, 200));
    }
    return out;
  };
  if (wrong_) {
    return with_difference(violated(reason_of(difference_), shown_due(), *wrong_));
  }
  for (const auto& refusal : refusals_) {
    const bool stream_level = !refusal.of_stanza();
    if (stream_level || change_made_) {
      return with_difference(
          violated("the SUT refused or ended what must go on", shown_due(), refusal.shown));
    }
  }
  if (due() == nullptr && !deadline_) {
    return with_difference(violated("the flow cannot go on", shown_due(), "nothing more"));
  }
  if (deadline_) {
    return with_difference(
        near != nullptr ? violated("nothing that fits came in time", shown_due(), near->shown)
                        : violated("nothing came in time", shown_due(), std::string(kCameNothing)));
  }
  return {};
}

Assessment Tracker::assess_refused(const Outcome& outcome) const {
  const auto expected = model::describe(outcome);
  if (!prohibited_.empty()) {
    return violated("the SUT acted on it", expected, prohibited_);
  }
  if (refused_ && taken()) {
    return violated("the SUT refused it and did it all the same", expected,
                    refusals_.front().shown);
  }
  const Refusal* other = nullptr;
  for (const auto& refusal : refusals_) {
    if (!concerns(refusal.link)) {
      continue;
    }
    if (change_made_ && accepts(outcome, run_.profile->refusals, refusal)) {
      // Who turns a service away that it asks goes on elsewhere.
      const bool over = !link_open(refusal.link) && !run_.serves(refusal.link);
      if (over || fence_done()) {
        return {.state = State::holds};
      }
      if (deadline_) {
        return violated("the SUT refused it, but did not answer afterwards", shown_due(),
                        std::string(kCameNothing));
      }
      // Refused but alive: the fence must show that it goes on.
      return due() == nullptr ? Assessment{.state = State::holds} : Assessment{};
    }
    if (run_.serves(refusal.link)) {
      continue;  // what it does about that it shows elsewhere
    }
    // What the SUT said tells more than that it hung up afterwards.
    if (other == nullptr || other->kind == RefusalKind::close) {
      other = &refusal;
    }
  }
  if (other != nullptr && (!link_open(other->link) || deadline_)) {
    auto out = violated("the SUT refused it, but not as it must", expected, other->shown);
    if (!outcome.conditions.empty() && !other->condition.empty()) {
      out.difference =
          fmt::format("condition: expected {}, came {}", join(outcome.conditions, " or "),
                      printable(other->condition, 100));
    }
    return out;
  }
  if (deadline_) {
    return violated(
        fence_done() ? "the SUT did not refuse it" : "nothing came in time", expected,
        fence_done() ? "nothing; later exchanges were answered" : std::string(kCameNothing));
  }
  if (!link_open(changed_link()) && !run_.serves(changed_link())) {
    return violated("the SUT did not refuse it", expected, "the connection ended");
  }
  return {};
}

Assessment Tracker::assess_ignored() const {
  const std::string expected = "no effect, and the exchange after it is answered";
  if (!prohibited_.empty()) {
    return violated("the SUT acted on it", expected, prohibited_);
  }
  if (!refusals_.empty() || stray_) {
    return violated("the SUT did not ignore it", expected,
                    refusals_.empty() ? stray_->shown : refusals_.front().shown);
  }
  if (change_made_ && fence_done()) {
    return {.state = State::holds};
  }
  if (deadline_) {
    return violated("nothing came in time", shown_due(), std::string(kCameNothing));
  }
  if (due() == nullptr) {
    return violated("the exchange after it cannot go on", shown_due(),
                    wrong_.value_or("nothing more"));
  }
  return {};
}

Assessment Tracker::assess(const Outcome& outcome) const {
  switch (outcome.kind) {
    case Outcome::Kind::completes:
      return assess_completes();
    case Outcome::Kind::refused:
      return assess_refused(outcome);
    case Outcome::Kind::ignored:
      return assess_ignored();
    case Outcome::Kind::survives:
      return assess_survives();
  }
  return {};
}

// Whether step `index` is the connection of a client that its own server has woken: how the one
// tells the other nobody else sees.
bool Tracker::comes_for_call(std::size_t index) const {
  const auto& comes = run_.steps[index];
  return comes.step.kind == model::Step::Kind::connect && !comes.inferred &&
         run_.under_test(model::Party::third_party_server);
}

// The SUT whose doing the first thing that went wrong is; none where that cannot be told.
std::optional<model::Party> Tracker::who_broke() const {
  const auto of_step = [&](const std::string& id) -> std::optional<model::Party> {
    for (std::size_t i = 0; i < run_.steps.size(); ++i) {
      const auto& step = run_.steps[i].step;
      if (id.empty() ? active(i) && !marks_[i].done : step.id == id) {
        return comes_for_call(i) ? std::nullopt : std::optional(run_.sender(step));
      }
    }
    return std::nullopt;
  };
  if (!gave_up_.empty() && !acted()) {
    return run_.far_end(gave_up_on_);
  }
  if (!malformed_.empty() && !acted()) {
    const auto at = std::ranges::find(seen_, malformed_.front().first, &Seen::event);
    return at == seen_.end() ? std::nullopt : std::optional(run_.far_end(at->link));
  }
  if (acted()) {
    // What a SUT does because of what another was told the other has passed on; what cannot be told
    // before the change cannot be told after it.
    const auto& whose = !change_made_ || prohibited_on_.empty() ? prohibited_on_ : changed_link();
    return whose.empty() ? std::nullopt : std::optional(run_.far_end(whose));
  }
  if (wrong_) {
    return of_step(wrong_step_);
  }
  for (const auto& refusal : refusals_) {
    if (!refusal.of_stanza() || change_made_) {
      return run_.far_end(refusal.link);
    }
  }
  return of_step(deadline_.value_or(""));
}

Assessment Tracker::assess() const {
  auto out = assess_outcomes();
  if (out.state == State::violated && broken_.empty() && run_.suts.size() > 1) {
    out.broke = who_broke();
  }
  return out;
}

Assessment Tracker::assess_outcomes() const {
  if (!broken_.empty()) {
    return violated(broken_, "", "");
  }
  if (!gave_up_.empty() && !acted()) {
    return violated(gave_up_, "a peer that reads, stops sending and frames as it must", gave_up_);
  }
  // Nothing that comes after it on that stream can be read.
  const bool of_other_keys = change_made_ && strikes_handshake(run_);
  if (!malformed_.empty() && !acted() && !of_other_keys) {
    const auto& refused = malformed_.front().second;
    return violated(refused.beyond_limits()
                        ? "the SUT sent more than a peer has to take: " + refused.detail
                        : "the SUT sent what a peer must refuse: " + refused.detail,
                    "stanzas that a peer can take", refused.condition);
  }
  // What comes before the change must be as in the unchanged flow, whatever is expected after it.
  const bool before_change = run_.change != nullptr && !change_made_;
  if (before_change) {
    auto until = assess_completes();
    return until.state == State::holds ? Assessment{} : until;
  }
  std::vector<std::string> expected;
  Assessment worst;
  bool pending = false;
  for (const auto& outcome : run_.outcomes) {
    auto one = assess(outcome);
    if (one.state == State::holds && run_.changed_answer() != nullptr && !met()) {
      // What it made of the service may come to us after what it made of the user.
      return !deadline_ ? Assessment{}
                        : violated("the SUT did not ask for what the case changes",
                                   run_.changed_answer()->step.asked, std::string(kCameNoRequest));
    }
    if (one.state == State::holds) {
      return one;
    }
    pending = pending || one.state == State::pending;
    expected.push_back(one.expected.empty() ? model::describe(outcome) : one.expected);
    if (worst.reason.empty()) {
      worst = std::move(one);
    }
  }
  if (pending) {
    return {};
  }
  worst.expected = join(expected, "; or ");
  return worst;
}

}  // namespace parley::engine
