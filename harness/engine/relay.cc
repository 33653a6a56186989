// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/engine/handshake_tree.h"

namespace parley::engine {
namespace {

using model::MessageForm;
using model::Step;

// Whether a value of `step` is that of an earlier step among `ids`.
bool names_one_of(const Step& step, const std::set<std::string>& ids) {
  return std::ranges::any_of(step.with, [&](const auto& field) {
    return std::ranges::any_of(field.second, [&](const std::string& expression) {
      return std::ranges::any_of(ids, [&](const std::string& id) {
        return expression.find("${" + id + ".") != std::string::npos;
      });
    });
  });
}

// Follows the exchanges of a flow: what a user does begins one on his connection, what he is shown
// ends it. A server also passes on at once what a played client says.
class Causes {
 public:
  bool explain(const CastStep& cast) {
    const auto& step = cast.step;
    const auto actor = actor_of(cast.link);
    if (step.kind == Step::Kind::does && cast.role == Role::send) {
      under_way_.insert(actor);
      return true;
    }
    if (step.kind == Step::Kind::shows) {
      under_way_.erase(actor);
      return true;
    }
    const bool answers = is_upper(cast.link) && asked_;
    asked_ = cast.role == Role::send;  // by a played client
    const bool explained =
        !cast.inferred || answers || under_way_.contains(actor) || names_one_of(step, said_);
    said_.insert(step.id);
    return explained;
  }

 private:
  std::set<std::string> under_way_;  // actors
  std::set<std::string> said_;       // steps
  bool asked_ = false;               // the step before is a message to the server
};

bool only_completes(const model::Case& one) {
  return std::ranges::all_of(one.any_of, [](const model::Outcome& outcome) {
    return outcome.kind == model::Outcome::Kind::completes;
  });
}

}  // namespace

Carried carried(const xml::Item& item, const model::Profile& profile, Opened opened) {
  if (std::holds_alternative<xml::StreamClosed>(item)) {
    const auto& form = profile.forms.at(profile.farewell);
    return {.form = form, .element = form.pattern, .edits = {}};
  }
  if (const auto* header = std::get_if<xml::StreamOpened>(&item)) {
    Carried out{.form = {}, .element = header->element, .edits = {}};
    out.form.kind = MessageForm::Kind::header;
    out.element.set("content-ns", header->content_ns);
    return out;
  }
  const auto& stanza = std::get<xml::Stanza>(item);
  if (profile.wire == model::Wire::noise && opened == Opened::no) {
    Carried out{.form = {}, .element = stanza.element, .edits = {}};
    if (is_handshake_message(stanza.element.name)) {  // its keys are each half's own
      out.element.attributes.clear();
    }
    return out;
  }
  // The tree only says that it is a stanza: the octets go on as they came.
  Carried out{.form = {},
              .element = {.ns = "", .name = "carried", .attributes = {}, .children = {}},
              .edits = {}};
  out.edits.bytes = [octets = stanza.raw](const Bytes& /*written*/) { return octets; };
  return out;
}

Result<void> fits_between(const model::Case& one, const model::Library& library,
                          const std::vector<model::Party>& suts) {
  if (library.profiles.at(one.profile).wire != model::Wire::noise) {
    return fail(Errc::unsupported,
                "its profile's flows name the SASL mechanism, which two SUTs choose by themselves");
  }
  if (one.change || !only_completes(one)) {
    return fail(Errc::unsupported, "it changes what is said, or expects a refusal");
  }
  const auto* flow = library.flow(one.profile, one.flow);
  if (flow == nullptr || !flow->between) {
    return fail(Errc::unsupported, "its flow does not say that each side acts by itself");
  }
  const auto runs = cast_case(one, library, suts);
  if (!runs) {
    return std::unexpected(runs.error());
  }
  const auto& run = runs->front();
  if (std::ranges::none_of(run.steps, &CastStep::inferred)) {
    return fail(Errc::unsupported, "nothing in it goes on between the parties under test");
  }
  Causes causes;
  for (const auto& step : run.steps) {
    if (!causes.explain(step)) {
      return fail(Errc::unsupported,
                  fmt::format("nobody makes {} do step '{}'", step.step.from, step.step.id));
    }
  }
  return {};
}

Result<void> fits_together(const model::Case& one, const std::vector<model::Party>& suts) {
  if (one.suts() != suts) {
    return fail(Errc::unsupported, fmt::format("it judges {}, not {}", model::names_of(one.suts()),
                                               model::names_of(suts)));
  }
  return {};
}

// ---- what the tracker keeps of it

void Tracker::note_across(const std::string& link, const xml::Item& item) {
  if (run_.between(actor_of(link)) && !std::holds_alternative<xml::Refused>(item)) {
    across_[other_half(link)].items.push_back(item);
  }
}

std::optional<std::string> Tracker::carries_next() const {
  for (const auto& [half, across] : across_) {
    const auto link = links_.find(half);
    if (!across.items.empty() && link != links_.end() && link->second.channel &&
        link->second.open) {
      return half;
    }
  }
  return std::nullopt;
}

Result<Bytes> Tracker::carry(const std::string& half) {
  auto& across = across_[half];
  if (across.items.empty() || !links_[half].channel) {
    return fail(Errc::io, "nothing to carry across");
  }
  const auto item = std::move(across.items.front());
  across.items.pop_front();
  ++across.composed;
  auto [form, element, edits] = carried(item, *run_.profile, across.opened);
  if (element.name == (is_upper(half) ? "client-finish" : "server-hello")) {
    across.opened = Opened::yes;
  }
  return links_[half].channel->write(form, std::move(element), edits);
}

// A replay carries what the live run carried before it sent.
void Tracker::follow_carried(const std::string& half) {
  auto& across = across_[half];
  if (across.sent == across.composed) {
    (void)carry(half);
  }
  ++across.sent;
}

std::optional<std::string> Tracker::ends_next() const {
  for (const auto& [half, link] : links_) {
    const auto other = links_.find(other_half(half));
    const auto across = across_.find(half);
    const bool carries = across != across_.end() && !across->second.items.empty();
    if (run_.between(actor_of(half)) && link.open && link.channel && !carries &&
        other != links_.end() && !other->second.open) {
      return half;
    }
  }
  return std::nullopt;
}

}  // namespace parley::engine
