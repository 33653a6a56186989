// SPDX-License-Identifier: GPL-3.0-or-later
// Judging what a SUT has only to live through: it goes on, or ends that connection. That it goes on
// the fence shows; a SUT that has answered something else is asked once more, for that may have
// been about the strike.
#include "harness/engine/survival.h"

#include <algorithm>

#include "harness/engine/handshake_tree.h"
#include "harness/engine/tracker.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

using State = Assessment::State;
using model::Step;

// Of the connection that was struck.
bool of_fence(const CastStep& step) { return step.step.fence && !is_bystander(step); }

// What is struck; null: nothing is sent of it.
const model::MessageForm* struck_form(const CastRun& run) {
  const auto struck = std::ranges::find_if(run.steps, &CastStep::changed);
  const auto form = struck == run.steps.end() ? run.profile->forms.end()
                                              : run.profile->forms.find(struck->step.form);
  return form == run.profile->forms.end() ? nullptr : &form->second;
}

// Whether a server has to say something to whatever comes there: to what opens a stream or logs in,
// and to what is asked over HTTP. Of other stanzas it may take some without a word.
bool has_to_answer(const model::MessageForm& form) {
  return form.kind == model::MessageForm::Kind::header || !form.service.empty() ||
         form.pattern.ns == "urn:ietf:params:xml:ns:xmpp-sasl" ||
         form.pattern.ns == "urn:ietf:params:xml:ns:xmpp-tls";
}

bool is_stanza(const xml::Element& element) {
  return element.name == "iq" || element.name == "message" || element.name == "presence";
}

bool is_message_of_fence(const CastStep& step) {
  return of_fence(step) && step.step.kind == Step::Kind::wire && step.role != Role::done;
}

// Whether what comes on `link` may be about the fence: where that says or awaits something. Where
// it has no messages every link but the bystander's.
bool fence_uses(const CastRun& run, const std::string& link) {
  return std::ranges::none_of(run.steps, is_message_of_fence)
             ? link != kBystander
             : std::ranges::any_of(run.steps, [&](const CastStep& step) {
                 return is_message_of_fence(step) && step.link == link;
               });
}

// Of an honest request: that the SUT is not able to answer it (RFC 9110 section 15.6) is no answer.
bool is_answer(const Seen& seen) {
  const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
  return stanza == nullptr || stanza->element.name != wire::kHttpResponse ||
         !stanza->element.get("status").starts_with('5');
}

// Whether the fence can be carried out twice on the connections that there are.
bool can_repeat(const CastRun& run) {
  return std::ranges::none_of(run.steps, [](const CastStep& step) {
    const auto kind = step.step.kind;
    return of_fence(step) && kind != Step::Kind::wire && kind != Step::Kind::does &&
           kind != Step::Kind::shows;
  });
}

// The event of the last that was said on `link`; 0: none was.
std::size_t last_on(const auto& said, const std::string& link) {
  std::size_t out = 0;
  for (const auto& one : said) {
    out = one.link == link ? one.event : out;
  }
  return out;
}

}  // namespace

bool strikes_handshake(const CastRun& run) {
  const auto* form = run.must_survive() ? struck_form(run) : nullptr;
  return form != nullptr && is_handshake_message(form->pattern.name);
}

bool rests_on_silence(const model::Verdict& verdict) {
  const bool open =
      verdict.kind == model::VerdictKind::fail || verdict.kind == model::VerdictKind::inconclusive;
  if (!open || !verdict.monitor.empty() || !verdict.difference.empty()) {
    return false;
  }
  return verdict.came == kCameNothing || verdict.came == kCameNoRequest ||
         verdict.blame == model::Blame::environment ||
         (verdict.blame == model::Blame::configuration &&
          verdict.reason.starts_with(kDriverSilent));
}

bool is_silence(const model::Verdict& verdict) {
  const auto& reason = verdict.reason;
  return verdict.came == kCameNothing && (reason == kSilentToStriker || reason == kSilentToOthers ||
                                          reason.starts_with(kWorksNoMore));
}

// Whether the last thing that was said on `link` came from the SUT.
bool Tracker::spoke_last(const std::string& link) const {
  return last_on(seen_, link) > last_on(sent_, link);
}

bool Tracker::sent_last(const std::string& link) const {
  return last_on(sent_, link) > last_on(seen_, link);
}

bool Tracker::spoke_since(std::size_t event, const std::string& link) const {
  return std::ranges::any_of(
      seen_, [&](const Seen& seen) { return seen.event > event && seen.link == link; });
}

// Whether two links are those of one account: what one of its sessions does may end the other.
bool Tracker::same_account(const std::string& one, const std::string& other) const {
  const auto bare = [&](const std::string& link) {
    const auto at = scope_.values.find(actor_of(link) + ".bare");
    return at == scope_.values.end() ? link : at->second;
  };
  return bare(one) == bare(other);
}

// Whether the connection on which it was struck has ended, or its stream. What is asked over HTTP
// goes on on another one; of what it is told there a SUT makes something elsewhere. Who fails to
// log in has had the word that is due, and no fence is for him; but the stream stays open (RFC 6120
// section 6.4.5), which is not enough where nobody can read on.
bool Tracker::struck_over() const {
  const auto& changed = changed_link();
  if (run_.serves(changed)) {
    const auto of_another = [](const Refusal& one) { return one.link != kBystander; };
    return met() && (asked_again_ || std::ranges::any_of(refusals_, of_another));
  }
  if (!service_of(changed).empty() && std::ranges::any_of(run_.steps, of_fence)) {
    return false;
  }
  return !link_open(changed) || std::ranges::any_of(refusals_, [&](const Refusal& refusal) {
    const bool goes_on =
        refusal.kind == model::RefusalKind::sasl_failure && changed_reads_ == Reading::broken;
    return !refusal.of_stanza() && refusal.link == changed && !goes_on;
  });
}

// Whether the connection has still to end, for nothing can be read on it any more (RFC 6120 section
// 4.9.3.13).
bool Tracker::owes_end() const {
  return run_.must_survive() && change_made_ && changed_reads_ == Reading::broken && !struck_over();
}

// Whether what went out in place of what has to be answered need not be: white space alone, after
// which more may come, or stanzas, of which errors and the like are passed over.
bool Tracker::struck_to_silence() const {
  if (changed_octets_.find_first_not_of(" \t\r\n") == Bytes::npos) {
    return true;
  }
  bool any = false;
  for (const auto& said : sent_) {
    if (said.event == changed_at_ && !is_stanza(said.element)) {
      return false;
    }
    any = any || said.event == changed_at_;
  }
  return any;
}

// Whether nothing but a word of the SUT's tells. After a handshake message that was struck there is
// no fence: the two sides have other keys.
bool Tracker::awaits_word() const {
  const auto* form = struck_form(run_);
  if (!run_.dials(changed_link()) || form == nullptr) {
    return false;
  }
  const bool opens = form->kind == model::MessageForm::Kind::header;
  return strikes_handshake(run_) || (has_to_answer(*form) && (opens || !struck_to_silence()) &&
                                     std::ranges::none_of(run_.steps, of_fence));
}

bool Tracker::went_on() const {
  if (changed_reads_ == Reading::broken) {
    return false;
  }
  const bool once_only = asked_again_ && !can_repeat(run_);
  const bool spoke =
      once_only ||
      (asked_again_ && std::ranges::any_of(seen_, [&](const Seen& seen) {
         return seen.event > *asked_again_ && fence_uses(run_, seen.link) && is_answer(seen);
       }));
  if (awaits_word()) {
    return spoke || spoke_since(changed_at_, changed_link());
  }
  bool done = true;
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    done = done && (!of_fence(run_.steps[i]) || !active(i) || marks_[i].done);
  }
  return spoke || done;
}

// Whether it would tell nothing that is not known: the rest of the fence, and all that hangs on
// what the SUT was told by a service.
bool Tracker::is_needless(const CastStep& step) const {
  if (!run_.must_survive() || !change_made_) {
    return false;
  }
  return run_.serves(changed_link()) ? !is_bystander(step) && struck_over()
                                     : of_fence(step) && (struck_over() || went_on());
}

// Whether it is answered, whatever is said; true where there is none.
bool Tracker::bystander_lives() const {
  for (std::size_t i = run_.steps.size(); i > 0; --i) {
    const auto& step = run_.steps[i - 1];
    if (is_bystander(step) && step.step.fence && step.role == Role::send) {
      return marks_[i - 1].done && spoke_last(std::string(kBystander));
    }
  }
  return true;
}

// Whether a message of the fence has gone out.
bool Tracker::fence_asked() const {
  return std::ranges::any_of(run_.steps, [&](const CastStep& step) {
    return is_message_of_fence(step) && step.role == Role::send &&
           marks_[static_cast<std::size_t>(&step - run_.steps.data())].done;
  });
}

// Whether a SUT beside whom there is nobody to ask has been told something by a service and says
// nothing any more to what it is asked on a connection of its own.
bool Tracker::fell_silent() const {
  if (std::ranges::any_of(run_.steps, is_bystander) || !fence_asked()) {
    return false;
  }
  return std::ranges::any_of(run_.steps, [&](const CastStep& step) {
    return is_message_of_fence(step) && step.role == Role::expect && link_open(step.link) &&
           !marks_[static_cast<std::size_t>(&step - run_.steps.data())].done &&
           sent_last(step.link);
  });
}

// When nothing more comes: what came may have been about the strike, and the answer to the fence
// another than is expected, for the strike may have meant anything. Whoever lives says something
// when the fence is sent once more; where that cannot be, what has come has to do.
bool Tracker::asks_again() {
  const auto& changed = changed_link();
  if (run_.must_survive() && change_made_ && run_.serves(changed) && met() && !asked_again_) {
    asked_again_ = events_;  // whoever lives may have made nothing of it: others are asked
    return true;
  }
  if (!run_.must_survive() || !change_made_ || asked_again_ || struck_over() || went_on() ||
      changed_reads_ == Reading::broken || !spoke_last(changed)) {
    return false;
  }
  if (!can_repeat(run_)) {
    const auto last = std::ranges::find(seen_.rbegin(), seen_.rend(), changed, &Seen::link);
    if (is_answer(*last)) {
      asked_again_ = events_;
    }
    return asked_again_.has_value();
  }
  asked_again_ = events_;
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    if (of_fence(run_.steps[i])) {
      marks_[i] = {};
      std::erase_if(scope_.values, [own = run_.steps[i].step.id + "."](const auto& value) {
        return value.first.starts_with(own);
      });
    }
  }
  return true;
}

// A SUT may say to it whatever it likes, or end the connection: but nobody else's. What cannot be
// read has to end it (RFC 6120 section 4.9.3.13).
Assessment Tracker::assess_survives() const {
  const std::string expected = "an answer to what comes after it, or the end of that connection";
  const std::string the_end = "the end of that connection";
  if (!prohibited_.empty()) {
    return violated("the SUT did what it must not", "nothing of it", prohibited_);
  }
  const auto& changed = changed_link();
  const bool elsewhere = run_.serves(changed);
  for (const auto& refusal : refusals_) {
    const bool own = elsewhere ? refusal.link != kBystander
                               : refusal.link == changed || same_account(refusal.link, changed);
    if (!refusal.of_stanza() && !own) {
      return violated("the SUT ended another user's connection", expected, refusal.shown);
    }
  }
  const auto once_over = [&]() -> Assessment {
    if (bystander_lives()) {
      return {.state = State::holds};
    }
    return deadline_
               ? violated(std::string(kSilentToOthers), shown_due(), std::string(kCameNothing))
               : Assessment{};
  };
  if (struck_over()) {
    return elsewhere && fell_silent()
               ? violated(std::string(kSilentToStriker), expected, std::string(kCameNothing))
               : once_over();
  }
  const bool broken = changed_reads_ == Reading::broken;
  const bool answered = std::ranges::any_of(run_.steps, [&](const CastStep& step) {
    return step.step.fence && step.role == Role::expect && step.step.kind == Step::Kind::wire &&
           step.link == changed && marks_[static_cast<std::size_t>(&step - run_.steps.data())].done;
  });
  if (broken && answered) {
    return violated("the SUT goes on after what nobody can read", the_end,
                    "an answer to what came after it");
  }
  if (went_on()) {
    if (asked_again_ && !can_repeat(run_) && !fence_asked() &&
        std::ranges::none_of(run_.steps, is_bystander)) {
      auto out = violated("the SUT has said something, but could be asked nothing afterwards",
                          expected, "what may have been about the strike alone");
      out.unproven = true;
      return out;
    }
    return once_over();
  }
  if (deadline_) {
    return broken ? violated("the SUT keeps up a connection on which nothing can be read any more",
                             the_end, std::string(kCameNothing))
                  : violated(std::string(kSilentToStriker), shown_due(), std::string(kCameNothing));
  }
  if (due() != nullptr || owes_end() || awaits_word()) {
    return {};
  }
  return service_of(changed).empty()
             ? Assessment{.state = State::holds}
             : violated("the exchange after it cannot go on", shown_due(), "nothing more");
}

}  // namespace parley::engine
