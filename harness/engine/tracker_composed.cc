// SPDX-License-Identifier: GPL-3.0-or-later
// The writing half of Tracker: what we send, with the change applied.
#include <algorithm>
#include <utility>

#include "harness/engine/call_proof.h"
#include "harness/engine/conversations.h"
#include "harness/engine/edit.h"
#include "harness/engine/form.h"
#include "harness/engine/http_channel.h"
#include "harness/engine/tracker.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

using model::MessageForm;

bool announces_chunks(std::string_view head) {
  return head.find("Transfer-Encoding: chunked\r\n") != head.npos;
}

}  // namespace

Result<Tracker::Message> Tracker::compose(const CastStep& step) {
  const auto& form = run_.profile->forms.at(step.step.form);
  auto element = form.kind == MessageForm::Kind::footer
                     ? Result<xml::Element>(xml::Element{})
                     : render(form, step.step.id, step.step.with, scope_);
  if (!element) {
    return std::unexpected(element.error());
  }
  if (!links_[step.link].channel) {
    return fail(Errc::io, "nothing to send on");
  }
  scope_.values[step.step.id + ".sent"] = "yes";
  std::vector<xml::Element> stanzas;
  if (conversations_) {
    auto sealed = conversations_->seal({.step = step.step.id,
                                        .link = step.link,
                                        .element = std::move(*element),
                                        .change = step.changed ? run_.change : nullptr},
                                       scope_);
    if (!sealed) {
      return std::unexpected(sealed.error());
    }
    stanzas = std::move(*sealed);
  } else {
    stanzas.push_back(std::move(*element));
  }
  return written(step, std::move(stanzas));
}

void Tracker::note_edited(Edits& edits) {
  if (!edits.bytes) {
    return;
  }
  edits.bytes = [this, edit = std::move(edits.bytes)](Bytes honest) {
    auto octets = edit(honest);
    if (octets) {
      edited_ = {.honest = std::move(honest), .octets = *octets, .values = scope_.values};
    }
    return octets;
  };
}

// The content of an HTTP message: only octets stand for whatever has become of it.
Result<void> Tracker::edit_content(xml::Element& message, const model::BytesEdit& edit) {
  auto honest = wire::http_message_of(message);
  auto octets = honest ? edit_bytes(honest->body, edit, scope_) : std::unexpected(honest.error());
  if (!octets) {
    return std::unexpected(octets.error());
  }
  edited_ = {.honest = std::move(honest->body), .octets = *octets, .values = scope_.values};
  std::erase_if(message.children, [](const xml::Node& node) {
    const auto* part = std::get_if<xml::Element>(&node);
    return part != nullptr && (part->name == wire::kHttpJson || part->name == wire::kHttpBody ||
                               part->name == wire::kHttpOctets);
  });
  message.children.emplace_back(xml::Element{
      .ns = {}, .name = std::string(wire::kHttpOctets), .attributes = {}, .children = {}});
  message.child(wire::kHttpOctets)->set_text(to_hex(*octets));
  return {};
}

// The step's message is the last of them; the change is made to that.
Result<Tracker::Message> Tracker::written(const CastStep& step, std::vector<xml::Element> stanzas) {
  const auto& form = run_.profile->forms.at(step.step.form);
  const bool changed = step.changed && run_.change != nullptr;
  auto& channel = *links_[step.link].channel;
  Message out;
  for (std::size_t i = 0; i < stanzas.size(); ++i) {
    const bool last = i + 1 == stanzas.size();
    auto edits =
        changed && last ? edits_of(*run_.change, scope_, run_.profile->content_ns) : Edits{};
    edits.counter += static_cast<int>(i);  // a frame each
    note_edited(edits);
    const auto* content = changed ? std::get_if<model::ContentEdit>(&run_.change->edit) : nullptr;
    if (content != nullptr && !service_of(step.link).empty()) {
      edits.proof = model::StanzaEdit::Proof::after;
      edits.stanza = [this, content](xml::Element& message) {
        return edit_content(message, content->octets);
      };
    }
    auto octets = channel.write(form, std::move(stanzas[i]), edits);
    if (!octets) {
      return std::unexpected(octets.error());
    }
    out.octets += *octets;
  }
  if (const auto said = channel.said_large(); !said.empty()) {
    out.body = source_of(said);
    if (!out.body && conversations_) {
      out.body = conversations_->file_named(said);
    }
    if (out.body && announces_chunks(out.octets)) {
      out.body = chunked(std::move(out.body));
    }
    const auto name = name_of(said);
    out.large = name ? to_string(*name) : "";
  }
  if (!changed) {
    return out;
  }
  if (run_.must_survive()) {
    // A SUT may wait for the rest, and nothing that follows would show that it lives.
    out.then_end = channel.reads(form.kind, out.octets) == Reading::waiting;
    return out;
  }
  if (const auto* bytes = std::get_if<model::BytesEdit>(&run_.change->edit)) {
    out.then_end = !bytes->cut_after.empty();
  } else if (const auto* stream = std::get_if<model::StreamEdit>(&run_.change->edit)) {
    out.stream = *stream;
    out.octets.resize(std::min(out.octets.size(), stream->stall_after.value_or(out.octets.size())));
  } else if (const auto* connection = std::get_if<model::ConnectionEdit>(&run_.change->edit)) {
    out.then_end = !connection->end.empty();
  }
  return out;
}

Result<Bytes> Tracker::compose(const std::string& link, const xml::Element& stanza) {
  auto& channel = links_[link].channel;
  if (!channel) {
    return fail(Errc::io, "nothing to send on");
  }
  return channel->write({}, stanza, {});
}

Result<Bytes> Tracker::farewell(const std::string& link) {
  const auto& form = run_.profile->forms.at(run_.profile->farewell);
  return links_.at(link).channel->write(form, form.pattern, {});
}

}  // namespace parley::engine
