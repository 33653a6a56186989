// SPDX-License-Identifier: GPL-3.0-or-later
// What Tracker knows of services over HTTP, those that Parley plays above all: standing answers,
// what a change of one is about, and who comes because of a call.
#include <fmt/format.h>

#include <algorithm>

#include "harness/engine/form.h"
#include "harness/engine/tracker.h"

namespace parley::engine {

using model::Step;

namespace {

// Whether a step asks a service for something about that user.
bool calls_for(const CastStep& cast, const std::string& actor) {
  const auto names = [&](const std::string& text) {
    return text.find("${" + actor + ".") != std::string::npos;
  };
  return cast.role == Role::send && cast.step.kind == Step::Kind::wire &&
         !service_of(cast.link).empty() &&
         std::ranges::any_of(cast.step.with, [&](const auto& one) {
           return std::ranges::any_of(one.second, names);
         });
}

}  // namespace

// Whether something was asked there that is not yet answered.
bool Tracker::owes_answer(const std::string& link) const {
  const auto at = links_.find(link);
  return at != links_.end() && at->second.open && at->second.channel && !at->second.channel->idle();
}

bool Tracker::may_send(const std::string& link) const {
  return service_of(link).empty() || owes_answer(link) == run_.serves(link);
}

// The first of the calls about that user since it was last to connect, while none of them is made.
const CastStep* Tracker::call_to_come(const std::string& link) const {
  const auto* comes = connection_to_come(link);
  const CastStep* first = nullptr;
  bool made = false;
  for (std::size_t i = 0; comes != nullptr && &run_.steps[i] != comes; ++i) {
    const auto& cast = run_.steps[i];
    if (cast.link == link && cast.step.kind == Step::Kind::connect) {
      first = nullptr;
      made = false;
    } else if (active(i) && calls_for(cast, link)) {
      first = first == nullptr ? &cast : first;
      made = made || marks_[i].done;
    }
  }
  return made ? nullptr : first;
}

const CastStep* Tracker::standing(const std::string& id) const {
  const auto at = std::ranges::find_if(run_.steps, [&](const CastStep& one) {
    return one.step.kind == Step::Kind::answers && one.step.id == id;
  });
  return at == run_.steps.end() ? nullptr : &*at;
}

const CastStep* Tracker::changed_service(const std::string& link) const {
  const auto* changed = run_.changed_answer();
  if (changed == nullptr || !change_made_ || changed->link != link) {
    return nullptr;
  }
  // What the flow answers before it is asked of an honest service, over connections of its own.
  const bool waits = std::any_of(run_.steps.data(), changed, [&](const CastStep& one) {
    return one.step.kind == Step::Kind::answers && one.link == link &&
           std::ranges::find(seen_, one.step.id, &Seen::step) == seen_.end();
  });
  return waits ? nullptr : changed;
}

// The latest that fits; of HEAD that to GET (RFC 9110 section 9.3.2). Binds what the request says.
const CastStep* Tracker::standing_answer(const std::string& link, const xml::Element& asked) {
  const auto* exact = standing_answer_to(link, asked);
  if (exact != nullptr || asked.get("method") != "HEAD") {
    return exact;
  }
  auto whole = asked;
  whole.set("method", "GET");
  return standing_answer_to(link, whole);
}

const CastStep* Tracker::standing_answer_to(const std::string& link, const xml::Element& asked) {
  for (std::size_t i = run_.steps.size(); i-- > 0;) {
    const auto& cast = run_.steps[i];
    if (cast.step.kind != Step::Kind::answers || !marks_[i].done || cast.link != link) {
      continue;
    }
    const auto& form = run_.profile->forms.at(cast.step.asked);
    if (!match(form, cast.step.id + ".asked", cast.step.asked_with, asked, scope_)) {
      return &cast;
    }
  }
  return nullptr;
}

const CastStep* Tracker::not_asked() const {
  const auto at = std::ranges::find_if(run_.steps, [this](const CastStep& one) {
    return one.step.must_be_asked && one.role == Role::send && !one.changed &&
           std::ranges::find(seen_, one.step.id, &Seen::step) == seen_.end();
  });
  return at == run_.steps.end() ? nullptr : &*at;
}

// Whether a refusal there may be one of the change: what the SUT learns from a service it has
// others feel.
bool Tracker::concerns(const std::string& link) const {
  return link == changed_link() || (run_.changed_answer() != nullptr && run_.dials(link));
}

// Whether a call is one to the server of the client on `link`, both under test.
bool Tracker::wakes(const CastStep& call, const std::string& link) const {
  return run_.under_test(model::Party::third_party_server) && service_of(link).empty() &&
         !service_of(call.link).empty() && run_.dials(call.link);
}

// Carried out, and not sooner than it may be.
void Tracker::done(std::size_t index) {
  if (deadline_) {
    return;  // what comes once we have given up, and end the connections, came too late
  }
  const auto& cast = run_.steps[index];
  const auto& step = cast.step;
  marks_[index].done = true;
  marks_[index].at_us = now_us_;
  const auto before = std::ranges::find(run_.steps, step.not_before,
                                        [](const CastStep& one) { return one.step.id; });
  if (step.not_before.empty() || before == run_.steps.end() || cast.role != Role::expect) {
    return;
  }
  const auto& mark = marks_[static_cast<std::size_t>(before - run_.steps.begin())];
  const std::chrono::microseconds passed(now_us_ - mark.at_us);
  if (mark.done && passed < step.not_before_by) {
    prohibit(cast.link,
             fmt::format("step '{}' happened {} ms after '{}', which is too soon: {} ms", step.id,
                         passed.count() / 1000, step.not_before, step.not_before_by.count()));
  }
}

}  // namespace parley::engine
