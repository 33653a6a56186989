// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/case_digest.h"

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "harness/base/rng.h"

namespace parley::cli {
namespace {

// Writes values one behind the other, each with its length, so that no two sequences look alike.
class Writer {
 public:
  void put(const std::string& text) { text_ += fmt::format("{}:{}", text.size(), text); }
  template <class T>
    requires std::is_enum_v<T> || std::integral<T>
  void put(T value) {
    put(std::to_string(static_cast<std::int64_t>(value)));
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put(values.size());
    for (const auto& value : values) {
      put(value);
    }
  }
  template <class Key, class T>
  void put(const std::map<Key, T>& values) {
    put(values.size());
    for (const auto& [name, value] : values) {
      put(name);
      put(value);
    }
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) {
      put(*value);
    }
  }

  void put(const model::StanzaEdit& edit) {
    all(edit.set, edit.remove, edit.add, edit.into, edit.rename, edit.ns, edit.proof);
  }
  void put(const model::BytesEdit& edit) {
    all(edit.find, edit.replace, edit.prepend, edit.append, edit.cut_after, edit.flip, edit.keep,
        edit.times);
    if (edit.at) {
      all(*edit.at, edit.take);
    }
    if (edit.mutate) {
      all(edit.mutate->by, edit.mutate->seed);
    }
  }
  void put(const model::FrameEdit& edit) { all(edit.octets, edit.counter); }
  void put(const model::HandshakeEdit& edit) { put(edit.tree); }
  void put(const model::WebSocketEdit& edit) {
    all(edit.opcode, edit.fragment_octets, edit.control, edit.mask, edit.reserved, edit.length);
  }
  void put(const model::StreamEdit& edit) {
    all(edit.segment_octets, edit.join, edit.web_socket, edit.pause.count(), edit.stall_after);
  }
  void put(const model::ConnectionEdit& edit) {
    all(edit.tls_min, edit.tls_max, edit.certificate, edit.end, edit.upgrade);
  }
  void put(const model::TokenEdit& edit) {
    all(edit.set, edit.header, edit.remove, edit.sign, edit.forge);
  }
  void put(const model::ContentEdit& edit) {
    all(edit.set, edit.remove, edit.octets, edit.padding, edit.filler);
  }
  void put(const model::EncryptionEdit& edit) {
    all(edit.forge, edit.replay, edit.ahead, edit.version, edit.octets);
  }
  void put(const model::MediaEdit& edit) { put(edit.forge); }
  void put(const model::FlowEdit& edit) { all(edit.kind, edit.step, edit.form, edit.with); }
  void put(const model::Change& change) {
    put(change.step);
    put(change.edit.index());
    std::visit([this](const auto& edit) { put(edit); }, change.edit);
  }
  void put(const model::Outcome& outcome) { all(outcome.kind, outcome.by, outcome.conditions); }
  void put(const model::Case& one) {
    all(one.requirement, one.profile, one.flow, one.party, one.row, one.change, one.any_of,
        one.never);
    if (one.together) {
      put(*one.together);
    }
  }
  void put(const model::Step& step) {
    all(step.id, step.kind, step.from, step.to, step.form, step.with, step.preamble, step.fence,
        step.unordered, step.within.count(), step.within_setting, step.gets, step.asked,
        step.asked_with, step.must_be_asked, step.refuses, step.not_before,
        step.not_before_by.count());
  }
  void put(const model::Flow& flow) { all(flow.actors, flow.accounts, flow.content, flow.steps); }
  void put(const model::Setting& setting) { put(setting.value); }
  void put(const wire::Tokens& tokens) { put(tokens.text()); }
  void put(const model::MessageForm& form) {
    all(form.kind, xml::print(form.pattern), form.defaults, form.restarts, form.names,
        form.suspends, form.service);
  }
  void put(const model::Profile& profile) {
    all(profile.wire, profile.addresses, profile.account_kinds, profile.content_ns,
        profile.settings, profile.tokens, profile.forms, profile.refusals, profile.probe,
        profile.probes, profile.bystander, profile.farewell);
  }

  const std::string& text() const { return text_; }

 private:
  template <class... Values>
  void all(const Values&... values) {
    (put(values), ...);
  }

  std::string text_;
};

}  // namespace

std::string case_digest(const model::Case& one, const model::Library& library) {
  Writer writer;
  writer.put(one);
  if (const auto at = library.requirements.find(one.requirement);
      at != library.requirements.end()) {
    writer.put(at->second.basis);
  }
  if (const auto* flow = library.flow(one.profile, one.flow)) {
    writer.put(*flow);
  }
  if (const auto at = library.profiles.find(one.profile); at != library.profiles.end()) {
    writer.put(at->second);
    if (const auto* probe = library.flow(one.profile, at->second.probe_of(one.party))) {
      writer.put(*probe);
    }
    if (const auto* bystander = library.flow(one.profile, at->second.bystander)) {
      writer.put(*bystander);
    }
  }
  return fmt::format("{:016x}", Rng(0).child(writer.text()).next());
}

std::vector<std::string> changed_cases(const engine::Plan& plan, const model::Library& library,
                                       const std::vector<std::string>& ids) {
  std::vector<std::string> out;
  for (const auto& id : ids) {
    const auto* one = library.find_case(id);
    const auto was = plan.digests.find(id);
    if (one != nullptr && was != plan.digests.end() && was->second != case_digest(*one, library)) {
      out.push_back(id);
    }
  }
  return out;
}

}  // namespace parley::cli
