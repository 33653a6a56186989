// SPDX-License-Identifier: GPL-3.0-or-later
// The matching half of Tracker: which step a stanza, a header or a notice of the SUT carries out.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "harness/base/text.h"
#include "harness/engine/conversations.h"
#include "harness/engine/form.h"
#include "harness/engine/notice_field.h"
#include "harness/engine/passing_over.h"
#include "harness/engine/tracker.h"

namespace parley::engine {
namespace {

using model::MessageForm;
using model::RefusalKind;
using model::Step;

constexpr std::string_view kSync = "sync";
constexpr std::string_view kSasl = "urn:ietf:params:xml:ns:xmpp-sasl";

// Empty for what is no text.
std::string string_in(const nlohmann::json& data, const std::string& field) {
  return data.is_object() && data.contains(field) && data[field].is_string()
             ? data[field].get<std::string>()
             : std::string();
}

// The element that a form would see of an item, and of which kind it is.
std::pair<const xml::Element*, MessageForm::Kind> element_of(const xml::Item& item) {
  static const xml::Element footer;
  if (const auto* stanza = std::get_if<xml::Stanza>(&item)) {
    return {&stanza->element, MessageForm::Kind::element};
  }
  if (const auto* header = std::get_if<xml::StreamOpened>(&item)) {
    return {&header->element, MessageForm::Kind::header};
  }
  if (std::holds_alternative<xml::StreamClosed>(item)) {
    return {&footer, MessageForm::Kind::footer};
  }
  return {nullptr, MessageForm::Kind::element};
}

}  // namespace

void Tracker::on_received(const Event& event) {
  auto& link = links_[event.link];
  check_new_stream(event);
  if (!link.channel) {
    return;
  }
  auto items = read(link, event.octets);
  note_large(*link.channel);
  for (auto& item : items) {
    on_item(event.link, std::move(item));
  }
}

// What a mutation has asked for nobody follows: where the SUT begins another stream, one begins.
std::vector<xml::Item> Tracker::read(Link& link, const Bytes& octets) {
  const bool may_begin =
      run_.must_survive() && change_made_ && run_.profile->wire == model::Wire::xml;
  const auto at =
      may_begin ? std::min(octets.find("<?xml"), octets.find("<stream:stream")) : Bytes::npos;
  if (at == Bytes::npos) {
    return link.channel->received(octets);
  }
  auto out = link.channel->received(octets.substr(0, at));
  link.channel->restart();
  std::ranges::move(link.channel->received(octets.substr(at)), std::back_inserter(out));
  return out;
}

void Tracker::note_large(Channel& channel) {
  for (auto& body : channel.take_large()) {
    if (conversations_) {
      conversations_->note_large(std::move(body));
    }
  }
}

bool Tracker::lost_octets() const { return conversations_ && conversations_->lost_octets(); }

// The first step still expected on `link`. What we have yet to send there comes before it, unless
// it belongs to the same volley as what was sent already: answers may come while it is under way.
std::optional<std::size_t> Tracker::candidate(const std::string& link) const {
  std::map<std::string, bool> volleys;  // of the other links
  bool in_volley = false;
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (!active(i)) {
      continue;
    }
    if (step.link != link) {
      // What another user has yet to send cannot have been passed on, but for the rest of a volley.
      // A call to a client's own server is nothing that is passed on: it says when the client
      // comes.
      const bool sends =
          step.role == Role::send && step.step.kind == Step::Kind::wire && !wakes(step, link);
      auto& volley = volleys[step.link];
      if (sends && !marks_[i].done && !volley) {
        return std::nullopt;
      }
      volley = sends && (marks_[i].done || volley);
      continue;
    }
    const bool wire = step.step.kind == Step::Kind::wire;
    if (marks_[i].done) {
      // Over HTTP one thing is asked at a time, and an answer belongs to what was asked.
      in_volley = step.role == Role::send && wire && service_of(link).empty();
      continue;
    }
    if (marks_[i].begun) {
      continue;  // the SUT may act before the driver says that it was asked
    }
    if (step.role == Role::send && !(in_volley && wire)) {
      return std::nullopt;
    }
    if (step.step.kind == Step::Kind::tls || step.step.kind == Step::Kind::connect) {
      return std::nullopt;
    }
    if (step.role == Role::expect && wire) {
      return i;
    }
  }
  return std::nullopt;
}

// After `index` the next step on its link, if that is expected and both may come in any order.
std::optional<std::size_t> Tracker::next_unordered(std::size_t index) const {
  if (!run_.steps[index].step.unordered) {
    return std::nullopt;
  }
  for (std::size_t i = index + 1; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (step.link == run_.steps[index].link && active(i) && !marks_[i].done) {
      return step.step.unordered && step.role == Role::expect ? std::optional(i) : std::nullopt;
    }
  }
  return std::nullopt;
}

bool Tracker::try_match(std::size_t index, const xml::Element& element, MessageForm::Kind kind,
                        std::optional<xml::Difference>& wrong) {
  const auto& step = run_.steps[index].step;
  const auto& form = run_.profile->forms.at(step.form);
  if (form.kind != kind) {
    return false;
  }
  if (kind == MessageForm::Kind::footer) {
    return true;
  }
  auto differs = match(form, step.id, step.with, element, scope_);
  if (differs && !wrong) {
    wrong = std::move(differs);
    return false;
  }
  return !differs;
}

// RFC 6120 section 6.4.2: a client may leave its initial response for the answer to an empty
// challenge. Both together are then what the flow calls `auth`. True when the rest is to come.
bool Tracker::joins_late_auth(const std::string& link, xml::Item& item) {
  auto* stanza = std::get_if<xml::Stanza>(&item);
  if (stanza == nullptr || stanza->element.ns != kSasl) {
    return false;
  }
  auto& late = links_[link].late_auth;
  if (late && stanza->element.name == "response") {
    late->children = std::move(stanza->element.children);
    stanza->element = std::move(*late);
    late.reset();
    return false;
  }
  const auto first = candidate(link);
  const bool wanted =
      first && run_.profile->forms.at(run_.steps[*first].step.form).pattern.name == "auth";
  if (!wanted || stanza->element.name != "auth" || !stanza->element.children.empty()) {
    return false;
  }
  late = stanza->element;
  return true;
}

void Tracker::note_seen(const std::string& link, xml::Item item, std::string step) {
  seen_.push_back({.event = events_,
                   .link = link,
                   .connection = links_[link].connection,
                   .item = std::move(item),
                   .step = std::move(step)});
}

void Tracker::on_item(const std::string& link, xml::Item item) {
  note_across(link, item);
  if (auto* stanza = std::get_if<xml::Stanza>(&item); stanza != nullptr && conversations_) {
    stanza->element = conversations_->opened(link, stanza->element);
  }
  if (joins_late_auth(link, item)) {
    note_seen(link, std::move(item), "");
    return;
  }
  const auto [element, kind] = element_of(item);
  if (const auto* refused = std::get_if<xml::Refused>(&item)) {
    malformed_.emplace_back(events_, *refused);
  }
  const auto first = candidate(link);
  std::optional<xml::Difference> wrong;
  if (element != nullptr) {
    for (auto at = first; at; at = next_unordered(*at)) {
      if (try_match(*at, *element, kind, wrong)) {
        take(*at, link);
        note_seen(link, std::move(item), run_.steps[*at].step.id);
        return;
      }
    }
    if (change_made_) {
      check_prohibited(link, *element, kind);
    }
    check_never(link, *element, kind);
    if (const auto* standing = standing_answer(link, *element)) {
      note_seen(link, std::move(item), standing->step.id);
      return;
    }
  }
  auto refusal = refusal_of(item, link, events_);
  if (links_[link].ended_by_us && refusal && !refusal->of_stanza()) {
    refusal.reset();  // the SUT ends its stream because we ended ours
  }
  if (refusal && ends_with(link, *refusal)) {
    refusal.reset();
  }
  if (refusal) {
    on_refusal(*refusal);
  }
  if (first && element != nullptr) {
    note_wrong(*first, item, refusal, wrong);
    note_near(*first, item, wrong);
  }
  note_seen(link, std::move(item), "");
}

// Whether the SUT says why before it ends the connection as it must, or ends its stream before one
// of us ends the connection. Where a refusal is all that is due it is carried out by that.
bool Tracker::ends_with(const std::string& link, const Refusal& refusal) {
  const auto at = end_due(link);
  if (!at || refusal.of_stanza()) {
    return false;
  }
  const auto& end = run_.steps[*at];
  if (end.step.refuses && std::ranges::count(run_.profile->refusals, refusal.kind) > 0) {
    done(*at);
    links_[link].turned_away = true;
    links_[link].ended_by_us = true;  // how the connection ends does not matter any more
    return true;
  }
  return refusal.kind == RefusalKind::close || refusal.kind == RefusalKind::login_failure ||
         (refusal.kind == RefusalKind::stream_error && end.role == Role::expect);
}

void Tracker::take(std::size_t index, const std::string& link) {
  const auto& step = run_.steps[index].step;
  done(index);
  const auto& form = run_.profile->forms.at(step.form);
  follow_stream(links_[link], form, false);
  auto& other = links_[other_half(link)];
  if (run_.steps[index].inferred && other.channel) {  // its stream goes the same way
    follow_stream(other, form, true);
  }
  for (const auto& [field, name] : form.names) {
    const auto value = scope_.values.find(step.id + "." + field);
    if (value != scope_.values.end()) {
      scope_.values[actor_of(link) + "." + name] = value->second;
    }
  }
}

void Tracker::on_refusal(const Refusal& refusal) {
  if (refusal.of_stanza() && !answers_change(refusal)) {
    const bool strange = change_made_ && refusal.link == changed_link() &&
                         !asked_.contains(refusal.link + " " + refusal.id);
    if (strange && !stray_) {
      stray_ = refusal;
    }
    return;
  }
  refusals_.push_back(refusal);
  refused_ =
      refused_ || (change_made_ && refusal.kind != RefusalKind::close && concerns(refusal.link) &&
                   std::ranges::any_of(run_.outcomes, [&](const model::Outcome& outcome) {
                     return accepts(outcome, run_.profile->refusals, refusal);
                   }));
}

bool Tracker::answers_change(const Refusal& refusal) const {
  return change_made_ &&
         ((refusal.link == changed_link() && std::ranges::count(changed_ids_, refusal.id) > 0) ||
          provoking_.contains(refusal.link + " " + refusal.id));
}

// Whether `element` answers the exchange that step `index` ends.
bool Tracker::same_exchange(std::size_t index, const xml::Element& element) const {
  const auto& step = run_.steps[index].step;
  const auto& pattern = run_.profile->forms.at(step.form).pattern;
  if (element.name != pattern.name || element.name == "message" || element.name == "presence") {
    return false;
  }
  const auto id = step.with.find("id");
  return element.name != "iq" ||
         (!element.get("id").empty() && id != step.with.end() &&
          evaluate(id->second.front(), scope_, step.id).value_or("") == element.get("id"));
}

// An answer to the due step that is not what it must be.
void Tracker::note_wrong(std::size_t index, const xml::Item& item,
                         const std::optional<Refusal>& refusal,
                         const std::optional<xml::Difference>& difference) {
  if (wrong_) {
    return;
  }
  const auto [element, kind] = element_of(item);
  const auto wanted = run_.profile->forms.at(run_.steps[index].step.form).kind;
  const bool ends = refusal && !refusal->of_stanza();
  const bool header = kind == MessageForm::Kind::header;
  const bool answers = wanted == MessageForm::Kind::element && same_exchange(index, *element);
  if (answers || header || ends || (wanted != kind && refusal)) {
    wrong_ = shown(item);
    wrong_step_ = run_.steps[index].step.id;
    difference_ = difference;
  }
}

// The first such is kept: what comes later may be about something else.
void Tracker::note_near(std::size_t index, const xml::Item& item,
                        const std::optional<xml::Difference>& difference) {
  const auto& step = run_.steps[index].step;
  const auto& pattern = run_.profile->forms.at(step.form).pattern;
  const auto* element = element_of(item).first;
  const bool like = element->name == pattern.name && element->ns == pattern.ns;
  if (like && difference && (!near_ || near_->step != step.id)) {
    near_ = {.step = step.id, .shown = shown(item), .difference = *difference};
  }
}

// Whether all that must be shown to the same user before step `index` has been, unless their order
// is free.
bool Tracker::shown_in_order(std::size_t index) const {
  for (std::size_t i = 0; i < index; ++i) {
    const auto& earlier = run_.steps[i];
    if (active(i) && !marks_[i].done && earlier.role == Role::expect &&
        earlier.step.kind == Step::Kind::shows && !may_pass_over(run_, earlier) &&
        earlier.step.form == run_.steps[index].step.form &&
        earlier.link == run_.steps[index].link && !earlier.step.unordered) {
      return false;
    }
  }
  return true;
}

// Whether what step `index` shows comes before we have sent what should have led to it: the nearest
// message before it, or the first of a volley.
bool Tracker::shown_too_soon(std::size_t index) const {
  bool too_soon = false;
  bool in_volley = false;
  for (std::size_t i = 0; i < index; ++i) {
    const auto& earlier = run_.steps[i];
    if (!active(i) || earlier.link != run_.steps[index].link) {
      continue;
    }
    const bool sent = earlier.role == Role::send && earlier.step.kind == Step::Kind::wire;
    if (sent && !in_volley) {
      too_soon = !marks_[i].done;
    }
    in_volley = sent;
  }
  return too_soon;
}

// Whether a notice says what `step` says must be shown.
bool Tracker::says(const Event& notice, const Step& step) const {
  return step.form == notice.text && std::ranges::all_of(step.with, [&](const auto& wanted) {
           const auto& [field, alternatives] = wanted;
           return takes(alternatives, text_in(notice.data, field).value_or(""), step.id);
         });
}

// Whether a step's alternatives, as those of a message that comes, take a value.
bool Tracker::takes(const std::vector<std::string>& alternatives, const std::string& value,
                    const std::string& step) const {
  bool any = false;
  bool taken = false;
  for (const std::string_view expression : alternatives) {
    const bool excludes = expression.starts_with('!');
    const auto text = evaluate(expression.substr(excludes ? 1 : 0), scope_, step);
    if (excludes && text && *text == value) {
      return false;
    }
    any = any || excludes;
    taken = taken || (!excludes && (expression == "*" || (text && *text == value)));
  }
  return taken || any;
}

// What a user of the SUT's is told to write, and which file to send.
void Tracker::note_written(const Event& event) {
  const auto file = text_in(event.data, "media/file");
  for (const auto& [octets, times] : {std::pair("media/file", "media/times"), {"file", "times"}}) {
    const auto hex = text_in(event.data, octets);
    const auto often = text_in(event.data, times);
    const auto name = hex && often ? repeated_text(*hex, *often) : fail(Errc::not_found, "");
    file_octets_ += name ? name_of(*name)->length : 0;
  }
  for (const auto* field : {"text", "media/name"}) {
    if (const auto text = text_in(event.data, field); conversations_ && text) {
      conversations_->note_written(*text);
    }
  }
  if (conversations_ && file) {
    conversations_->note_file(*file);
  }
}

// What a driver is told, or tells, by name: what is within another as "media/kind".
void Tracker::bind_params(const std::string& name, const nlohmann::json& params) {
  for (const auto& [field, value] : params.items()) {
    if (value.is_string()) {
      scope_.values[name + field] = value.get<std::string>();
    } else if (value.is_object()) {
      bind_params(name + field + "/", value);
    }
  }
}

// What the driver answers is bound as the step's fields, and must be what the step says.
void Tracker::on_answer(const Event& event) {
  for (const auto& [field, value] : event.data.items()) {
    if (value.is_string()) {
      scope_.values[event.step + "." + field] = value.get<std::string>();
    }
  }
  const auto at =
      std::ranges::find(run_.steps, event.step, [](const CastStep& one) { return one.step.id; });
  if (at == run_.steps.end()) {
    return;
  }
  for (const auto& [field, alternatives] : at->step.gets) {
    const auto value = string_in(event.data, field);
    if (!takes(alternatives, value, event.step)) {
      wrong_ = fmt::format("the driver answers '{}' with {} '{}'", event.text, field,
                           printable(value, kShownOctets));
      wrong_step_ = event.step;
      difference_ = xml::Difference{field, join(alternatives, " or "), value};
      return;
    }
  }
  complete(event.step);
  if (event.text != kSync) {
    return;
  }
  // What a flow shows right behind a sync comes before its answer.
  for (auto next = at + 1;
       next != run_.steps.end() && next->link == at->link && next->step.kind == Step::Kind::shows;
       ++next) {
    const auto index = static_cast<std::size_t>(next - run_.steps.begin());
    if (active(index) && !marks_[index].done) {
      prohibit(event.link, fmt::format("the answer to 'sync' before step '{}'", next->step.id));
    }
  }
}

void Tracker::on_notice(const Event& event) {
  const auto text = event.data.is_object()
                        ? event.data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                        : "";
  const auto what =
      fmt::format("the user was shown: {} {}", event.text, printable(text, kShownOctets));
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (step.step.kind != Step::Kind::shows || step.role != Role::expect || marks_[i].done ||
        step.link != event.link || !says(event, step.step)) {
      continue;
    }
    const bool too_soon = shown_too_soon(i);
    if (active(i)) {
      if (shown_in_order(i) && !too_soon) {
        bind_params(step.step.id + ".", event.data);
        done(i);
      } else if (!wrong_) {
        wrong_ = what;
        wrong_step_ = step.step.id;
      }
      return;
    }
    if (step.consequence && (change_made_ || too_soon) && !run_.must_survive()) {
      prohibit(event.link, what);
      return;
    }
  }
  check_never(event, what);
  // That there is a file which cannot be had, or does not hold, a user may be told.
  const bool unavailable = text_in(event.data, "media/unavailable") == "true";
  const bool shows = (!canary_.empty() && text.find(canary_) != std::string::npos) ||
                     text_in(event.data, "media/sha256").has_value();
  const bool may_ignore = std::ranges::any_of(
      run_.steps, [&](const CastStep& step) { return may_pass_over(run_, step); });
  const bool may_show = (may_take() && !may_ignore) || run_.must_survive();
  if (change_made_ && !may_show && event.text == "received" && !unavailable && shows) {
    prohibit(event.link, what);
  }
}

}  // namespace parley::engine
