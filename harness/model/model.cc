// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "harness/base/text.h"
#include "harness/model/mirror.h"

namespace parley::model {
namespace {

template <class E, std::size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

template <class E, std::size_t N>
std::string_view name_of(const Names<E, N>& names, E value) {
  for (const auto& [known, name] : names) {
    if (known == value) {
      return name;
    }
  }
  return "?";
}

template <class E, std::size_t N>
std::optional<E> value_of(const Names<E, N>& names, std::string_view wanted) {
  for (const auto& [value, name] : names) {
    if (name == wanted) {
      return value;
    }
  }
  return std::nullopt;
}

constexpr Names<Party, 5> kParties{{{Party::gatekeeper_server, "gatekeeper.server"},
                                    {Party::gatekeeper_client, "gatekeeper.client"},
                                    {Party::third_party_client, "third-party.client"},
                                    {Party::third_party_server, "third-party.server"},
                                    {Party::intermediary, "intermediary"}}};
constexpr Names<Basis, 4> kBases{{{Basis::normative, "normative"},
                                  {Basis::analogy, "analogy"},
                                  {Basis::observed, "observed"},
                                  {Basis::advisory, "advisory"}}};
constexpr Names<RefusalKind, 8> kRefusals{{{RefusalKind::stream_error, "stream-error"},
                                           {RefusalKind::stanza_error, "stanza-error"},
                                           {RefusalKind::sasl_failure, "sasl-failure"},
                                           {RefusalKind::tls_failure, "tls-failure"},
                                           {RefusalKind::login_failure, "login-failure"},
                                           {RefusalKind::nack, "nack"},
                                           {RefusalKind::http_error, "http-error"},
                                           {RefusalKind::close, "close"}}};
constexpr Names<VerdictKind, 6> kVerdicts{{{VerdictKind::pass, "pass"},
                                           {VerdictKind::fail, "fail"},
                                           {VerdictKind::inconclusive, "inconclusive"},
                                           {VerdictKind::not_applicable, "not-applicable"},
                                           {VerdictKind::flaky, "flaky"},
                                           {VerdictKind::error, "error"}}};
constexpr Names<Blame, 6> kBlames{{{Blame::none, "none"},
                                   {Blame::sut, "sut"},
                                   {Blame::configuration, "configuration"},
                                   {Blame::environment, "environment"},
                                   {Blame::harness, "harness"},
                                   {Blame::spec, "spec"}}};

std::string describe_edit(const StanzaEdit& edit) {
  std::vector<std::string> parts;
  for (const auto& [path, value] : edit.set) {
    parts.push_back(fmt::format("set {} to '{}'", path, printable(value, 60)));
  }
  for (const auto& path : edit.remove) {
    parts.push_back("remove " + path);
  }
  for (const auto& xml : edit.add) {
    parts.push_back("add " + printable(xml, 60));
  }
  if (!edit.rename.empty()) {
    parts.push_back("rename to " + edit.rename);
  }
  if (!edit.ns.empty()) {
    parts.push_back("namespace " + edit.ns);
  }
  if (edit.proof == StanzaEdit::Proof::after) {
    parts.push_back("then prove the call");
  }
  return join(parts, ", ");
}

std::string describe_edit(const BytesEdit& edit) {
  std::vector<std::string> parts;
  if (edit.mutate) {
    parts.push_back(fmt::format("mutate it by {}, seed {}", edit.mutate->by, edit.mutate->seed));
  }
  if (edit.replace && edit.at) {
    parts.push_back(fmt::format("replace {} octets at {} by '{}'", edit.take, *edit.at,
                                printable(*edit.replace, 60)));
  } else if (edit.replace) {
    parts.push_back(fmt::format("replace '{}' by '{}'",
                                edit.find.empty() ? "everything" : printable(edit.find, 40),
                                printable(*edit.replace, 60)));
  }
  if (!edit.prepend.empty()) {
    parts.push_back("put before: " + printable(edit.prepend, 60));
  }
  if (!edit.append.empty()) {
    parts.push_back("put behind: " + printable(edit.append, 60));
  }
  if (!edit.cut_after.empty()) {
    parts.push_back("cut after " + printable(edit.cut_after, 40));
  }
  if (edit.flip) {
    parts.push_back(fmt::format("flip a bit of octet {}", *edit.flip));
  }
  if (edit.keep) {
    parts.push_back(fmt::format("keep {} octets", *edit.keep));
  }
  if (edit.times > 1) {
    parts.push_back(fmt::format("send it {} times", edit.times));
  }
  return join(parts, ", ");
}

std::string describe_edit(const FrameEdit& edit) {
  const auto octets = describe_edit(edit.octets);
  const auto counter =
      edit.counter == 0 ? "" : fmt::format("encrypt it under a counter off by {}", edit.counter);
  return "frame: " + octets + (octets.empty() || counter.empty() ? "" : ", ") + counter;
}

std::string describe_edit(const HandshakeEdit& edit) {
  return "handshake message: " + describe_edit(edit.tree);
}

std::string describe_edit(const TokenEdit& edit) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : edit.header) {
    parts.push_back(fmt::format("set its header's {} to '{}'", name, printable(value, 60)));
  }
  for (const auto& [claim, value] : edit.set) {
    parts.push_back(fmt::format("set its {} to '{}'", claim, printable(value, 60)));
  }
  for (const auto& claim : edit.remove) {
    parts.push_back("remove its " + claim);
  }
  if (!edit.sign.empty()) {
    parts.push_back("sign it with another key: " + edit.sign);
  }
  if (!edit.forge.empty()) {
    parts.push_back("forge it: " + edit.forge);
  }
  return "token: " + join(parts, ", ");
}

std::string describe_edit(const ContentEdit& edit) {
  std::vector<std::string> parts;
  for (const auto& [path, value] : edit.set) {
    parts.push_back(fmt::format("set field {} to '{}'", path, printable(value, 60)));
  }
  for (const auto& path : edit.remove) {
    parts.push_back("remove field " + path);
  }
  if (auto octets = describe_edit(edit.octets); !octets.empty()) {
    parts.push_back(std::move(octets));
  }
  if (edit.padding) {
    parts.push_back(fmt::format("pad it with {} octet(s)", *edit.padding));
  }
  if (edit.filler) {
    parts.push_back(fmt::format("fill the padding with {}", *edit.filler));
  }
  return "content: " + join(parts, ", ");
}

std::string describe_edit(const EncryptionEdit& edit) {
  std::vector<std::string> parts;
  if (!edit.forge.empty()) {
    parts.push_back("forge it: " + edit.forge);
  }
  if (!edit.replay.empty()) {
    parts.push_back(fmt::format("send the message of '{}' once more", edit.replay));
  }
  if (edit.ahead) {
    parts.push_back(fmt::format("send it ahead of {} others", *edit.ahead));
  }
  if (edit.version) {
    parts.push_back(fmt::format("as version {:02x}", *edit.version));
  }
  if (auto octets = describe_edit(edit.octets); !octets.empty()) {
    parts.push_back(std::move(octets));
  }
  return "encryption: " + join(parts, ", ");
}

std::string describe_edit(const MediaEdit& edit) { return "media: forge it: " + edit.forge; }

std::string describe_edit(const WebSocketEdit& edit) {
  std::vector<std::string> parts;
  if (!edit.opcode.empty()) {
    parts.push_back(fmt::format("as a message of opcode '{}'", edit.opcode));
  }
  if (edit.fragment_octets > 0) {
    parts.push_back(fmt::format("in fragments of {} octet(s)", edit.fragment_octets));
  }
  if (!edit.control.empty()) {
    parts.push_back(fmt::format("with a control frame '{}' before the last", edit.control));
  }
  if (!edit.mask.empty()) {
    parts.push_back("mask: " + edit.mask);
  }
  if (edit.reserved != 0) {
    parts.push_back(fmt::format("with reserved bits {}", edit.reserved));
  }
  if (!edit.length.empty()) {
    parts.push_back(fmt::format("claiming {} octets", edit.length));
  }
  return join(parts, ", ");
}

std::string describe_edit(const StreamEdit& edit) {
  std::vector<std::string> parts;
  if (edit.segment_octets > 0) {
    parts.push_back(fmt::format("write in segments of {} octet(s)", edit.segment_octets));
  }
  if (edit.pause.count() > 0) {
    parts.push_back(fmt::format("pause for {} ms between them", edit.pause.count()));
  }
  if (edit.stall_after) {
    parts.push_back(fmt::format("stop after {} octet(s) and stay", *edit.stall_after));
  }
  if (edit.join > 1) {
    parts.push_back(fmt::format("write it together with the next {}", edit.join - 1));
  }
  if (edit.web_socket) {
    parts.push_back("WebSocket: " + describe_edit(*edit.web_socket));
  }
  return join(parts, ", ");
}

std::string describe_edit(const ConnectionEdit& edit) {
  std::vector<std::string> parts;
  if (!edit.tls_max.empty()) {
    parts.push_back("TLS at most " + edit.tls_max);
  }
  if (!edit.certificate.empty()) {
    parts.push_back("certificate: " + edit.certificate);
  }
  if (!edit.end.empty()) {
    parts.push_back("then end the connection with " + edit.end);
  }
  for (const auto& [what, value] : edit.upgrade) {
    parts.push_back(fmt::format("WebSocket upgrade: {} '{}'", what, value));
  }
  return join(parts, ", ");
}

std::string describe_edit(const FlowEdit& edit) {
  switch (edit.kind) {
    case FlowEdit::Kind::drop:
      return "leave it out";
    case FlowEdit::Kind::before:
      return "do it before " + edit.step;
    case FlowEdit::Kind::insert_before:
      return "send " + edit.form + " before it";
    case FlowEdit::Kind::insert_after:
      return "send " + edit.form + " after it";
  }
  return {};
}

}  // namespace

std::string_view to_string(Party party) { return name_of(kParties, party); }
std::optional<Party> party_from(std::string_view name) { return value_of(kParties, name); }
std::vector<std::string> party_names() {
  std::vector<std::string> out;
  for (const auto& [party, name] : kParties) {
    out.emplace_back(name);
  }
  return out;
}
std::string names_of(const std::vector<Party>& parties) {
  std::vector<std::string> names;
  std::ranges::transform(parties, std::back_inserter(names),
                         [](Party party) { return std::string(to_string(party)); });
  return join(names, " and ");
}

bool is_server(Party party) {
  return party == Party::gatekeeper_server || party == Party::third_party_server;
}

std::string content_name(Content content) {
  switch (content) {
    case Content::clear:
      return "";
    case Content::signal:
      return "signal";
    case Content::omemo:
      return "omemo";
  }
  return "";
}

Content content_from(const std::string& name) {
  for (const auto content : {Content::signal, Content::omemo}) {
    if (name == content_name(content)) {
      return content;
    }
  }
  return Content::clear;
}

std::string_view to_string(Basis basis) { return name_of(kBases, basis); }

std::string_view to_string(Level level) {
  switch (level) {
    case Level::violation:
      return "violation";
    case Level::deviation:
      return "deviation";
    case Level::advisory:
      return "advisory";
  }
  return "?";
}

Level level_of(Basis basis) {
  switch (basis) {
    case Basis::normative:
      return Level::violation;
    case Basis::analogy:
    case Basis::observed:
      return Level::deviation;
    case Basis::advisory:
      return Level::advisory;
  }
  return Level::advisory;
}

std::string_view to_string(RefusalKind kind) { return name_of(kRefusals, kind); }
std::optional<RefusalKind> refusal_from(std::string_view name) { return value_of(kRefusals, name); }
std::string_view to_string(VerdictKind kind) { return name_of(kVerdicts, kind); }
std::optional<VerdictKind> verdict_from(std::string_view name) { return value_of(kVerdicts, name); }
std::string_view to_string(Blame blame) { return name_of(kBlames, blame); }

std::string describe(const Change& change) {
  const auto edit = std::visit([](const auto& e) { return describe_edit(e); }, change.edit);
  return fmt::format("{}: {}", change.step, edit);
}

std::string describe(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::completes:
      return "the flow completes";
    case Outcome::Kind::ignored:
      return "no effect, and the exchange after it is answered";
    case Outcome::Kind::survives:
      return "whatever the SUT makes of it, it goes on answering";
    case Outcome::Kind::refused: {
      std::vector<std::string> by;
      for (const auto kind : outcome.by) {
        by.emplace_back(to_string(kind));
      }
      auto text = by.empty() ? std::string("refused, in any way that the profile counts")
                             : "refused by " + join(by, " or ");
      if (!outcome.conditions.empty()) {
        text += " with " + join(outcome.conditions, " or ");
      }
      return text;
    }
  }
  return {};
}

bool Profile::is(const std::string& other) const {
  return name == other || std::ranges::find(bases, other) != bases.end();
}

std::string Profile::probe_of(Party party) const {
  const auto own = probes.find(party);
  if (own != probes.end()) {
    return own->second;
  }
  // It is written with the third party's client.
  return party == Party::gatekeeper_client ? mirror_name(probe, party) : probe;
}

std::vector<Party> Case::suts() const {
  std::vector<Party> out{party};
  if (together) {
    out.push_back(*together);
  }
  return out;
}

bool Case::negative() const {
  return std::ranges::none_of(any_of, [](const Outcome& o) {
    return o.kind == Outcome::Kind::completes || o.kind == Outcome::Kind::survives;
  });
}

}  // namespace parley::model
