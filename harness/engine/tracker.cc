// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/tracker.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/engine/edit.h"
#include "harness/engine/form.h"

namespace parley::engine {
namespace {

using model::MessageForm;
using model::Step;

constexpr std::string_view kSasl = "urn:ietf:params:xml:ns:xmpp-sasl";
constexpr std::string_view kTls = "urn:ietf:params:xml:ns:xmpp-tls";
constexpr std::size_t kShownOctets = 400;

std::string shown(const xml::Item& item) {
  if (const auto* stanza = std::get_if<xml::Stanza>(&item)) {
    return printable(stanza->raw, kShownOctets);
  }
  if (const auto* header = std::get_if<xml::StreamOpened>(&item)) {
    return printable(xml::print(header->element), kShownOctets);
  }
  if (const auto* refused = std::get_if<xml::Refused>(&item)) {
    return fmt::format("XML that must be refused: {} ({})", refused->detail, refused->condition);
  }
  return "</stream:stream>";
}

std::string shown_end(const Event& event) {
  if (event.kind == Event::Kind::closed) {
    return "the connection was closed";
  }
  const bool dialling = event.kind == Event::Kind::unreachable;
  return (dialling ? "" : "the connection broke: ") + printable(event.text, 200);
}

std::string first_child(const xml::Element& element) {
  const auto children = element.elements();
  return children.empty() ? "" : children.front()->name;
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

Tracker::Tracker(const CastRun& run, std::map<std::string, std::string> values, Rng rng)
    : run_(run),
      scope_{.values = std::move(values), .rng = std::move(rng)},
      marks_(run.steps.size()) {}

bool Tracker::active(std::size_t index) const {
  const auto& step = run_.steps[index];
  if (step.role == Role::done || step.role == Role::inferred) {
    return false;
  }
  return !(step.consequence && !run_.may_complete());
}

const CastStep* Tracker::due() const {
  if (deadline_ || !broken_.empty()) {
    return nullptr;
  }
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    if (!active(i) || marks_[i].done) {
      continue;
    }
    const auto& step = run_.steps[i];
    const bool needs_link = step.step.kind == Step::Kind::wire ||
                            step.step.kind == Step::Kind::tls ||
                            step.step.kind == Step::Kind::close;
    if (needs_link && !link_open(step.link)) {
      return nullptr;
    }
    return &step;
  }
  return nullptr;
}

bool Tracker::link_open(const std::string& link) const {
  const auto at = links_.find(link);
  return at == links_.end() || at->second.open;
}

bool Tracker::can_part(const std::string& link) const {
  const auto at = links_.find(link);
  return at != links_.end() && at->second.open && at->second.header_sent && at->second.header_came;
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
    link.reader.restart();
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
      marks_[i].done = true;
      change_made_ = change_made_ || run_.steps[i].changed;
      return;
    }
  }
}

void Tracker::feed(const Event& event) {
  switch (event.kind) {
    case Event::Kind::dialled:
    case Event::Kind::accepted:
      links_[event.link] = Link{};
      complete(event.step);
      break;
    case Event::Kind::sent:
      on_sent(event);
      break;
    case Event::Kind::received:
      on_received(event);
      break;
    case Event::Kind::tls:
      links_[event.link] = Link{};
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
      complete(event.step);
      break;
    case Event::Kind::call:
      for (std::size_t i = 0; i < run_.steps.size(); ++i) {
        marks_[i].begun = marks_[i].begun || run_.steps[i].step.id == event.step;
      }
      for (const auto& [field, value] : event.data.items()) {
        if (value.is_string()) {
          scope_.values[event.step + "." + field] = value.get<std::string>();
        }
      }
      break;
    case Event::Kind::unsupported:
      broken_ = "unsupported: " + event.text;
      break;
    case Event::Kind::notice:
      on_notice(event);
      break;
    case Event::Kind::deadline:
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
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (step.step.id != event.step) {
      continue;
    }
    if (!scope_.values.contains(step.step.id + ".sent")) {
      // A replay composes what the live run composed before it sent.
      (void)compose(step);
    }
    marks_[i].done = true;
    follow_stream(links_[event.link], run_.profile->forms.at(step.step.form), true);
    if (step.changed) {
      change_made_ = true;
      changed_octets_ = event.octets;
      const auto id = scope_.values.find(step.step.id + ".id");
      if (id != scope_.values.end()) {
        changed_ids_.push_back(id->second);
      }
      if (const auto sent = xml::parse(event.octets, run_.profile->content_ns)) {
        changed_ids_.push_back(sent->get("id"));
      }
      const auto text = scope_.values.find(step.step.id + ".text");
      canary_ = text == scope_.values.end() ? "" : text->second;
    }
    return;
  }
}

// A new stream on top of the old one is no XML of the old one: the reader cannot tell what it is.
void Tracker::check_new_stream(const Event& event) {
  if (!change_made_ || !links_[event.link].header_came || !prohibited_.empty() ||
      !(event.octets.starts_with("<?xml") || event.octets.starts_with("<stream:stream"))) {
    return;
  }
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (active(i) || step.role != Role::expect || step.link != event.link ||
        step.step.kind != Step::Kind::wire) {
      continue;
    }
    if (run_.profile->forms.at(step.step.form).kind == MessageForm::Kind::header) {
      prohibited_ = fmt::format("step '{}' happened: {}", step.step.id,
                                printable(event.octets, kShownOctets));
    }
    return;
  }
}

void Tracker::on_received(const Event& event) {
  auto& link = links_[event.link];
  check_new_stream(event);
  for (auto& item : link.reader.feed(event.octets)) {
    on_item(event.link, std::move(item));
  }
}

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
      const bool sends = step.role == Role::send && step.step.kind == Step::Kind::wire;
      auto& volley = volleys[step.link];
      if (sends && !marks_[i].done && !volley) {
        return std::nullopt;
      }
      volley = sends && (marks_[i].done || volley);
      continue;
    }
    const bool wire = step.step.kind == Step::Kind::wire;
    if (marks_[i].done) {
      in_volley = step.role == Role::send && wire;
      continue;
    }
    if (marks_[i].begun) {
      continue;  // the SUT may act before the driver says that it was asked
    }
    if (step.role == Role::send && !(in_volley && wire)) {
      return std::nullopt;
    }
    if (step.step.kind == Step::Kind::tls) {
      return std::nullopt;
    }
    if (step.role == Role::expect && wire) {
      return i;
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

void Tracker::on_item(const std::string& link, xml::Item item) {
  const auto [element, kind] = element_of(item);
  if (const auto* refused = std::get_if<xml::Refused>(&item)) {
    malformed_.emplace_back(events_, *refused);
  }
  Seen seen{.event = events_, .link = link, .item = item, .step = ""};
  auto at = candidate(link);
  std::optional<xml::Difference> wrong;
  std::optional<std::size_t> matched;
  const auto first = at;
  while (at && element != nullptr && !matched) {
    if (try_match(*at, *element, kind, wrong)) {
      matched = at;
      break;
    }
    // Unordered neighbours may come in any order.
    if (!run_.steps[*at].step.unordered) {
      break;
    }
    std::optional<std::size_t> next;
    for (std::size_t i = *at + 1; i < run_.steps.size(); ++i) {
      if (run_.steps[i].link == link && active(i) && !marks_[i].done) {
        next = run_.steps[i].step.unordered && run_.steps[i].role == Role::expect ? std::optional(i)
                                                                                  : std::nullopt;
        break;
      }
    }
    at = next;
  }
  if (matched) {
    const auto& step = run_.steps[*matched].step;
    seen.step = step.id;
    marks_[*matched].done = true;
    const auto& form = run_.profile->forms.at(step.form);
    follow_stream(links_[link], form, false);
    for (const auto& [field, name] : form.names) {
      const auto value = scope_.values.find(step.id + "." + field);
      if (value != scope_.values.end()) {
        scope_.values[link + "." + name] = value->second;
      }
    }
    seen_.push_back(std::move(seen));
    return;
  }
  if (change_made_ && element != nullptr) {
    check_prohibited(link, *element, kind);
  }
  auto refusal = refusal_of(link, item);
  if (links_[link].ended_by_us && refusal && refusal->kind != model::RefusalKind::stanza_error) {
    refusal.reset();  // the SUT ends its stream because we ended ours
  }
  const bool ours =
      refusal && (refusal->kind != model::RefusalKind::stanza_error || answers_change(*refusal));
  if (refusal && ours) {
    refusals_.push_back(*refusal);
  }
  // An answer to the due step that is not what it must be.
  if (first && element != nullptr && !wrong_) {
    const auto& step = run_.steps[*first].step;
    const auto& form = run_.profile->forms.at(step.form);
    const bool same_exchange =
        form.kind == MessageForm::Kind::element &&
        (element->name == form.pattern.name &&
         (element->name != "message" && element->name != "presence") &&
         (element->name != "iq" ||
          (!element->get("id").empty() && step.with.contains("id") &&
           evaluate(step.with.at("id").front(), scope_, step.id).value_or("") ==
               element->get("id"))));
    if (same_exchange || form.kind != kind ||
        (refusal && refusal->kind != model::RefusalKind::stanza_error)) {
      if (same_exchange || refusal || kind == MessageForm::Kind::header) {
        wrong_ = shown(item);
        wrong_step_ = step.id;
        difference_ = wrong;
      }
    } else if (form.kind == kind && kind == MessageForm::Kind::header) {
      wrong_ = shown(item);
      wrong_step_ = step.id;
      difference_ = wrong;
    }
  }
  if (first && wrong && !difference_) {
    difference_ = wrong;
  }
  seen_.push_back(std::move(seen));
}

// After the change: did the SUT act on it?
void Tracker::check_prohibited(const std::string& link, const xml::Element& element,
                               MessageForm::Kind kind) {
  if (!prohibited_.empty()) {
    return;
  }
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (active(i) || !step.consequence || step.role != Role::expect || step.link != link ||
        step.step.kind != Step::Kind::wire) {
      continue;
    }
    const auto& form = run_.profile->forms.at(step.step.form);
    Scope copy = scope_;
    // After a left-out restart the SUT may answer without a header of its own: its element then
    // stands where the header would.
    const bool element_form = form.kind == MessageForm::Kind::element;
    if (element_form && kind != MessageForm::Kind::footer &&
        !match(form, step.step.id, step.step.with, element, copy)) {
      prohibited_ =
          fmt::format("step '{}' happened: {}", step.step.id,
                      printable(xml::print(element, run_.profile->content_ns), kShownOctets));
      return;
    }
  }
  if (kind == MessageForm::Kind::header && element.get("type") == "result" &&
      std::ranges::count(changed_ids_, element.get("id")) > 0) {
    prohibited_ =
        "the SUT answered without a new stream: " + printable(xml::print(element), kShownOctets);
    return;
  }
  if (element.get("type") == "error" || run_.may_complete()) {
    return;
  }
  const auto text = xml::print(element, run_.profile->content_ns);
  std::string changed_link;
  for (const auto& step : run_.steps) {
    changed_link = step.changed ? step.link : changed_link;
  }
  if (!canary_.empty() && link != changed_link && text.find(canary_) != std::string::npos) {
    prohibited_ =
        fmt::format("the changed message reached {}: {}", link, printable(text, kShownOctets));
  }
}

std::optional<Refusal> Tracker::refusal_of(const std::string& link, const xml::Item& item) const {
  Refusal out{.kind = model::RefusalKind::close,
              .condition = "",
              .link = link,
              .id = "",
              .event = events_,
              .shown = shown(item)};
  if (std::holds_alternative<xml::StreamClosed>(item)) {
    return out;
  }
  const auto* stanza = std::get_if<xml::Stanza>(&item);
  if (stanza == nullptr) {
    return std::nullopt;
  }
  const auto& element = stanza->element;
  if (element.ns == xml::kStreamsNamespace && element.name == "error") {
    out.kind = model::RefusalKind::stream_error;
    out.condition = first_child(element);
    return out;
  }
  if (element.ns == kSasl && element.name == "failure") {
    out.kind = model::RefusalKind::sasl_failure;
    out.condition = first_child(element);
    return out;
  }
  if (element.ns == kTls && element.name == "failure") {
    out.kind = model::RefusalKind::tls_failure;
    return out;
  }
  if (element.get("type") == "error") {
    out.kind = model::RefusalKind::stanza_error;
    out.id = element.get("id");
    if (const auto* error = element.child("error")) {
      out.condition = first_child(*error);
    }
    return out;
  }
  return std::nullopt;
}

bool Tracker::answers_change(const Refusal& refusal) const {
  if (!change_made_) {
    return false;
  }
  if (refusal.id.empty()) {
    return std::ranges::count(changed_ids_, "") > 0;
  }
  return std::ranges::count(changed_ids_, refusal.id) > 0;
}

// Whether all that must be shown to the same user before step `index` has been, unless their order
// is free.
bool Tracker::shown_in_order(std::size_t index) const {
  for (std::size_t i = 0; i < index; ++i) {
    const auto& earlier = run_.steps[i];
    if (active(i) && !marks_[i].done && earlier.role == Role::expect &&
        earlier.step.kind == Step::Kind::shows &&
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

void Tracker::on_notice(const Event& event) {
  const auto text = event.data.is_object()
                        ? event.data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                        : "";
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (step.step.kind != Step::Kind::shows || step.role != Role::expect || marks_[i].done ||
        step.link != event.link || step.step.form != event.text) {
      continue;
    }
    bool right = true;
    for (const auto& [field, alternatives] : step.step.with) {
      const auto have =
          event.data.is_object() && event.data.contains(field) && event.data[field].is_string()
              ? event.data[field].get<std::string>()
              : "";
      right = right && std::ranges::any_of(alternatives, [&](const std::string& expression) {
                return expression == "*" ||
                       evaluate(expression, scope_, step.step.id).value_or("\x01") == have;
              });
    }
    if (!right) {
      continue;
    }
    const bool too_soon = shown_too_soon(i);
    if (active(i)) {
      if (shown_in_order(i) && !too_soon) {
        marks_[i].done = true;
      } else if (!wrong_) {
        wrong_ =
            fmt::format("the user was shown: {} {}", event.text, printable(text, kShownOctets));
        wrong_step_ = step.step.id;
      }
      return;
    }
    if (step.consequence && (change_made_ || too_soon) && prohibited_.empty()) {
      prohibited_ =
          fmt::format("the user was shown: {} {}", event.text, printable(text, kShownOctets));
      return;
    }
  }
  if (change_made_ && !run_.may_complete() && event.text == "received" && !canary_.empty() &&
      text.find(canary_) != std::string::npos && prohibited_.empty()) {
    prohibited_ = fmt::format("the user was shown: {}", printable(text, kShownOctets));
  }
  for (const auto& expression : run_.never) {
    const auto forbidden = evaluate(expression, scope_, "never");
    if (forbidden && !forbidden->empty() && event.text == "received" &&
        text.find(*forbidden) != std::string::npos && prohibited_.empty()) {
      prohibited_ = fmt::format("the user was shown: {}", printable(text, kShownOctets));
    }
  }
}

void Tracker::on_end(const Event& event) {
  auto& link = links_[event.link];
  link.open = false;
  for (std::size_t i = 0; i < run_.steps.size(); ++i) {
    const auto& step = run_.steps[i];
    if (step.step.kind == Step::Kind::close && step.role == Role::expect &&
        step.link == event.link && active(i) && !marks_[i].done) {
      marks_[i].done = true;
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
    if (seen_[beside_from_].step.empty()) {
      out.push_back(seen_[beside_from_]);
    }
  }
  return out;
}

Result<Tracker::Message> Tracker::compose(const CastStep& step) {
  const auto& form = run_.profile->forms.at(step.step.form);
  auto element = form.kind == MessageForm::Kind::footer
                     ? Result<xml::Element>(xml::Element{})
                     : render(form, step.step.id, step.step.with, scope_);
  if (!element) {
    return std::unexpected(element.error());
  }
  Message out;
  out.honest = print_form(form, *element, *run_.profile);
  out.octets = out.honest;
  scope_.values[step.step.id + ".sent"] = "yes";
  if (!step.changed || run_.change == nullptr) {
    return out;
  }
  if (const auto* stanza = std::get_if<model::StanzaEdit>(&run_.change->edit)) {
    if (auto edited = edit_stanza(*element, *stanza, scope_, run_.profile->content_ns); !edited) {
      return std::unexpected(edited.error());
    }
    out.octets = print_form(form, *element, *run_.profile);
  } else if (const auto* bytes = std::get_if<model::BytesEdit>(&run_.change->edit)) {
    auto edited = edit_bytes(out.honest, *bytes, scope_);
    if (!edited) {
      return std::unexpected(edited.error());
    }
    out.octets = std::move(*edited);
    out.then_end = !bytes->cut_after.empty();
  } else if (const auto* stream = std::get_if<model::StreamEdit>(&run_.change->edit)) {
    out.segment_octets = stream->segment_octets;
  } else if (const auto* connection = std::get_if<model::ConnectionEdit>(&run_.change->edit)) {
    out.then_end = !connection->end.empty();
  }
  return out;
}

}  // namespace parley::engine
