// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/tracker.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/engine/call_proof.h"
#include "harness/engine/conversations.h"
#include "harness/engine/edit.h"
#include "harness/engine/form.h"
#include "harness/engine/handshake_tree.h"
#include "harness/engine/http_channel.h"
#include "harness/engine/passing_over.h"
#include "harness/model/setting.h"

namespace parley::engine {
namespace {

using model::MessageForm;
using model::Step;

}  // namespace

Tracker::Tracker(const CastRun& run, std::map<std::string, std::string> values, Rng rng)
    : run_(run),
      scope_{.values = std::move(values), .rng = std::move(rng)},
      conversations_(Conversations::of(run, scope_.values, scope_.rng)),
      marks_(run.steps.size()) {
  if (conversations_) {
    scope_.values.merge(conversations_->values());
  }
  std::size_t count = 0;
  model::add_settings(scope_.values, *run.profile);
  for (const auto number : run.profile->tokens.last_unassigned(kUnassignedTokens)) {
    scope_.values[fmt::format("unassigned-token.{}", ++count)] =
        fmt::format("\\x{:02X}\\x{:02X}", number >> 8, number & 0xFF);
  }
}

Tracker::Tracker(Tracker&& other) noexcept = default;
Tracker::~Tracker() = default;

bool Tracker::active(std::size_t index) const {
  const auto& step = run_.steps[index];
  if (step.role == Role::done) {
    return false;
  }
  return !step.consequence || may_take();
}

const CastStep* Tracker::due() const {
  if (deadline_ || !broken_.empty()) {
    return nullptr;
  }
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    if (!active(i) || marks_[i].done || may_pass_over(run_, run_.steps[i])) {
      continue;
    }
    const auto& step = run_.steps[i];
    if (is_needless(step)) {
      continue;
    }
    if (is_bystander(step) && step.step.fence && owes_end()) {
      return nullptr;  // who is asked when all else is over
    }
    const bool needs_link = step.step.kind == Step::Kind::wire ||
                            step.step.kind == Step::Kind::tls ||
                            step.step.kind == Step::Kind::close;
    if (needs_link && !link_open(step.link) && !begins_connection(step)) {
      return nullptr;
    }
    return &step;
  }
  return nullptr;
}

std::chrono::milliseconds Tracker::within(const CastStep* due) const {
  auto out = due == nullptr ? std::chrono::milliseconds(0) : due->step.within;
  for (const auto& step : run_.steps) {
    if (step.consequence && step.role == Role::expect && change_made_ && !refused_ && !may_take()) {
      out = std::max(out, step.step.within);
    }
  }
  return out;
}

// What is asked over HTTP goes out on whatever connection there is, or on a new one, unless that
// was tried in vain.
bool Tracker::begins_connection(const CastStep& step) const {
  const auto at = links_.find(step.link);
  if (run_.serves(step.link)) {
    return step.role == Role::expect;
  }
  return step.role == Role::send && !service_of(step.link).empty() &&
         (at == links_.end() || at->second.reachable);
}

bool Tracker::link_open(const std::string& link) const {
  const auto at = links_.find(link);
  return at == links_.end() || at->second.open;
}

bool Tracker::can_part(const std::string& link) const {
  const auto at = links_.find(link);
  return at != links_.end() && at->second.open && at->second.channel &&
         at->second.channel->may_end(at->second.header_sent && at->second.header_came);
}

int Tracker::connection(const std::string& link) const {
  const auto at = links_.find(link);
  return at == links_.end() ? 0 : at->second.connection;
}

const CastStep* Tracker::connection_to_come(const std::string& link) const {
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (step.link == link && step.step.kind == Step::Kind::connect && step.role == Role::expect &&
        active(i) && !marks_[i].done) {
      return &step;
    }
  }
  return nullptr;
}

bool Tracker::may_connect(const std::string& link) const {
  return connection(link) == 0 || !link_open(link);
}

bool Tracker::turned_away(const std::string& link) const {
  const auto at = links_.find(link);
  return at != links_.end() && at->second.open && at->second.turned_away;
}

// The step that ends the connection of `link`, if that is the next thing there, whoever comes
// first.
std::optional<std::size_t> Tracker::end_due(const std::string& link) const {
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto kind = run_.steps[i].step.kind;
    if (run_.steps[i].link == link && active(i) && !marks_[i].done && kind != Step::Kind::does &&
        kind != Step::Kind::shows) {
      return kind == Step::Kind::close ? std::optional(i) : std::nullopt;
    }
  }
  return std::nullopt;
}

void Tracker::open(const std::string& link, int connection) {
  const auto side = run_.dials(link) ? Side::client : Side::server;
  const auto label = fmt::format("{}/{}", link, connection);
  links_[link] =
      Link{.connection = connection,
           .channel = service_of(link).empty() ? make_channel(*run_.profile, side, label, scope_)
                                               : make_http_channel(side, label, scope_)};
}

void Tracker::on_connection(const Event& event) {
  if (!service_of(event.link).empty()) {
    open(event.link, links_[event.link].connection + 1);
    // It is under the change; how the handshake ends the SUT may know before us.
    met_ = met_ || !event.step.empty();
    return;
  }
  if (event.step.empty()) {
    check_stray(event.link);
    return;
  }
  open(event.link, links_[event.link].connection + 1);
  if (!is_upper(event.link)) {  // what was to be carried was the last connection's
    across_.erase(event.link);
    across_.erase(upper(event.link));
  }
  complete(event.step);
}

void Tracker::follow_stream(Link& link, const model::MessageForm& form, bool sent) {
  if (form.kind == MessageForm::Kind::header) {
    (sent ? link.header_sent : link.header_came) = true;
  }
  if (form.kind == MessageForm::Kind::footer || form.restarts || form.suspends) {
    link.header_sent = false;
    link.header_came = false;
  }
  if (form.restarts) {
    link.channel->restart();
  }
}

bool Tracker::handshake_next(const std::string& link) const {
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (!active(i) || marks_[i].done || step.link != link || step.role == Role::send) {
      if (!(active(i) && !marks_[i].done && step.link == link &&
            step.step.kind == Step::Kind::tls)) {
        continue;
      }
    }
    return step.step.kind == Step::Kind::tls;
  }
  return false;
}

void Tracker::complete(const std::string& step) {
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    if (run_.steps[i].step.id == step) {
      done(i);
      change_made_ = change_made_ || run_.steps[i].changed;
      return;
    }
  }
}

void Tracker::feed(const Event& event) {
  now_us_ = event.at_us;
  switch (event.kind) {
    case Event::Kind::dialled:
    case Event::Kind::accepted:
      on_connection(event);
      break;
    case Event::Kind::sent:
      on_sent(event);
      break;
    case Event::Kind::received:
      on_received(event);
      break;
    case Event::Kind::control:
      break;
    case Event::Kind::tls:
      note_certificate(event.link, event.data, scope_);
      open(event.link, links_[event.link].connection);
      complete(event.step);
      break;
    case Event::Kind::tls_failed:
      if (!event.step.empty()) {
        for (const auto& step : run_.steps) {
          change_made_ = change_made_ || (step.step.id == event.step && step.changed);
        }
      }
      refusals_.push_back({.kind = model::RefusalKind::tls_failure,
                           .condition = "",
                           .link = event.link,
                           .id = "",
                           .event = events_,
                           .shown = printable(event.text, kShownOctets)});
      links_[event.link].open = false;
      break;
    case Event::Kind::gave_up:
      gave_up_ = event.text;
      gave_up_on_ = event.link;
      links_[event.link].open = false;
      break;
    case Event::Kind::unreachable:
    case Event::Kind::closed:
    case Event::Kind::failed:
      on_end(event);
      break;
    case Event::Kind::ended:
      links_[event.link].open = false;
      links_[event.link].ended_by_us = true;
      if (!event.step.empty()) {
        complete(event.step);
      }
      break;
    case Event::Kind::parting:
      links_[event.link].open = false;
      links_[event.link].ended_by_us = true;
      break;
    case Event::Kind::answer:
      on_answer(event);
      break;
    case Event::Kind::serves:
      complete(event.step);
      break;
    case Event::Kind::call:
      note_written(event);
      for (std::size_t i = 0; i < run_.steps.size(); ++i) {
        marks_[i].begun = marks_[i].begun || run_.steps[i].step.id == event.step;
      }
      bind_params(event.step + ".", event.data);
      break;
    case Event::Kind::unsupported:
      broken_ = "unsupported: " + event.text;
      break;
    case Event::Kind::notice:
      on_notice(event);
      break;
    case Event::Kind::deadline:
      if (asks_again()) {
        break;
      }
      deadline_ = event.step;
      late_ = event.data.is_object() &&
              event.data.value("late_ms", 0) > event.data.value("waited_ms", 0) / 4;
      break;
    case Event::Kind::broken:
      broken_ = event.text.empty() ? "the harness stopped" : event.text;
      break;
  }
  ++events_;
}

void Tracker::on_sent(const Event& event) {
  auto& link = links_[event.link];
  if (const auto large = large_name(event.text)) {
    file_octets_ += large->length;
  }
  const auto at =
      std::ranges::find(run_.steps, event.step, [](const CastStep& one) { return one.step.id; });
  const bool of_step = at != run_.steps.end() && !event.step.empty();
  if (of_step && !scope_.values.contains(event.step + ".sent")) {
    // A replay composes what the live run composed before it sent.
    (void)compose(*at);
  }
  if (!of_step && run_.between(actor_of(event.link))) {
    follow_carried(event.link);
  }
  std::vector<std::string> ids;
  if (link.channel) {
    for (auto& item : link.channel->sent(event.octets)) {
      if (auto* stanza = std::get_if<xml::Stanza>(&item)) {
        if (!is_handshake_message(stanza->element.name)) {
          ids.push_back(stanza->element.get("id"));
        } else if (of_step && !at->changed) {  // the channel has filled fields
          const auto& form = run_.profile->forms.at(at->step.form);
          (void)match(form, at->step.id, at->step.with, stanza->element, scope_);
        }
        auto& element = stanza->element;
        if (conversations_) {
          conversations_->note_sent(event.link, element);
          if (of_step && at->changed) {
            conversations_->note_changed(event.link, element);
          }
        }
        sent_.push_back(
            {.event = events_,
             .link = event.link,
             .connection = link.connection,
             .element = conversations_ ? conversations_->shown(element) : std::move(element)});
      }
    }
  }
  if (!of_step) {
    return;
  }
  done(static_cast<std::size_t>(at - run_.steps.begin()));
  const auto& said = run_.profile->forms.at(at->step.form);
  // Whether the SUT takes what is left of it for the beginning of another stream it says itself.
  if (!(at->changed && run_.must_survive() && said.restarts)) {
    follow_stream(link, said, true);
  }
  const auto id = scope_.values.find(event.step + ".id");
  if (!at->changed) {
    if (id != scope_.values.end()) {
      ids.push_back(id->second);
    }
    const bool provokes = change_made_ && run_.changed_answer() != nullptr && !at->step.fence &&
                          run_.dials(event.link) && !service_of(event.link).empty();
    for (const auto& asked : ids) {
      (provokes ? provoking_ : asked_).insert(event.link + " " + asked);
    }
    return;
  }
  change_made_ = true;
  changed_octets_ = event.octets;
  changed_at_ = events_;
  if (link.channel) {  // what went out counts, whatever would be made of the step today
    changed_reads_ = link.channel->reads(said.kind, event.octets);
  }
  changed_ids_ = ids.size() == 1 ? std::move(ids) : std::vector<std::string>();
  if (id != scope_.values.end()) {
    changed_ids_.push_back(id->second);
  }
  const auto text = scope_.values.find(event.step + ".text");
  canary_ = text == scope_.values.end() ? "" : text->second;
}

void Tracker::on_end(const Event& event) {
  auto& link = links_[event.link];
  if (link.channel && event.kind == Event::Kind::closed) {
    auto items = link.channel->ended();
    note_large(*link.channel);
    for (auto& item : items) {
      on_item(event.link, std::move(item));
    }
  }
  const bool idle = link.channel && link.channel->idle() && !end_due(event.link);
  if (idle && event.kind != Event::Kind::unreachable) {
    return;  // the next thing asked goes over a connection of its own
  }
  link.open = false;
  if (run_.serves(event.link)) {
    return;  // whether somebody waits for an answer is its own affair
  }
  link.reachable = event.kind != Event::Kind::unreachable;
  const bool ours_next = end_due(event.link).has_value();  // the SUT was faster
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (step.step.kind == Step::Kind::close && step.link == event.link &&
        (step.connection == link.connection || !service_of(step.link).empty()) && active(i) &&
        !marks_[i].done && (step.role == Role::expect || (ours_next && step.role == Role::send))) {
      done(i);
      return;
    }
  }
  if (link.ended_by_us) {
    return;
  }
  refusals_.push_back({.kind = model::RefusalKind::close,
                       .condition = "",
                       .link = event.link,
                       .id = "",
                       .event = events_,
                       .shown = shown_end(event)});
}

std::vector<Seen> Tracker::take_beside() {
  std::vector<Seen> out;
  for (; beside_from_ < seen_.size(); ++beside_from_) {
    const auto& seen = seen_[beside_from_];
    const bool beside = seen.step.empty() || standing(seen.step) != nullptr;
    if (beside && seen.connection == connection(seen.link)) {
      out.push_back(seen);
    }
  }
  return out;
}

}  // namespace parley::engine
