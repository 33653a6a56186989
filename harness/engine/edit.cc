// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "fuzz/mutators/mutator.h"
#include "harness/base/text.h"
#include "harness/engine/identity_token.h"

namespace parley::engine {
namespace {

// "body/@xml:lang" names an attribute of a child; "body" its text; "." the element itself.
struct Target {
  xml::Element* element;
  std::string attribute;
};

Result<Target> find_target(xml::Element& root, const std::string& path, bool make) {
  xml::Element* at = &root;
  for (const auto& part : split(path, '/')) {
    if (part == "." || part.empty()) {
      continue;
    }
    if (part[0] == '@') {
      return Target{at, part.substr(1)};
    }
    xml::Element* next = at->child(part);
    if (next == nullptr && make) {
      at->children.emplace_back(
          xml::Element{.ns = at->ns, .name = part, .attributes = {}, .children = {}});
      next = at->child(part);
    }
    if (next == nullptr) {
      return fail(Errc::not_found, fmt::format("the message has no '{}' (path {})", part, path));
    }
    at = next;
  }
  return Target{at, ""};
}

Result<void> remove(xml::Element& root, const std::string& path) {
  const auto slash = path.rfind('/');
  const auto name = slash == std::string::npos ? path : path.substr(slash + 1);
  auto parent = find_target(root, slash == std::string::npos ? "." : path.substr(0, slash), false);
  if (!parent) {
    return std::unexpected(parent.error());
  }
  if (name.starts_with('@')) {
    parent->element->erase(name.substr(1));
    return {};
  }
  const auto removed = std::erase_if(parent->element->children, [&](const xml::Node& node) {
    const auto* element = std::get_if<xml::Element>(&node);
    return element != nullptr && element->name == name;
  });
  if (removed == 0) {
    return fail(Errc::not_found, fmt::format("the message has no '{}'", path));
  }
  return {};
}

void rename_namespace(xml::Element& element, const std::string& from, const std::string& to) {
  if (element.ns != from) {
    return;
  }
  element.ns = to;
  for (auto& node : element.children) {
    if (auto* inner = std::get_if<xml::Element>(&node)) {
      rename_namespace(*inner, from, to);
    }
  }
}

}  // namespace

Result<void> edit_stanza(xml::Element& element, const model::StanzaEdit& edit, const Scope& scope,
                         std::string_view content_ns) {
  for (const auto& [where, expression] : edit.set) {
    const auto path = evaluate(where, scope, "change");
    if (!path) {
      return std::unexpected(path.error());
    }
    auto value = evaluate_row(expression, scope, "change/" + *path);
    auto target = find_target(element, *path, true);
    if (!value || !target) {
      return std::unexpected(value ? target.error() : value.error());
    }
    if (target->attribute.empty()) {
      target->element->set_text(std::move(*value));
    } else {
      target->element->set(target->attribute, std::move(*value));
    }
  }
  for (const auto& where : edit.remove) {
    const auto path = evaluate_row(where, scope, "change");
    auto removed = path ? remove(element, *path) : std::unexpected(path.error());
    if (!removed) {
      return removed;
    }
  }
  for (const auto& expression : edit.add) {
    auto text = evaluate_row(expression, scope, "change/add");
    if (!text) {
      return std::unexpected(text.error());
    }
    auto child = xml::parse(*text, content_ns);
    auto into = find_target(element, edit.into, false);
    if (!child || !into) {
      return std::unexpected(child ? into.error() : child.error());
    }
    into->element->children.emplace_back(std::move(*child));
  }
  if (!edit.rename.empty()) {
    element.name = edit.rename;
  }
  if (!edit.ns.empty()) {
    auto ns = evaluate(edit.ns, scope, "change/ns");
    if (!ns) {
      return std::unexpected(ns.error());
    }
    auto target = find_target(element, edit.into, false);
    if (!target) {
      return std::unexpected(target.error());
    }
    rename_namespace(*target->element, std::string(target->element->ns), *ns);
  }
  return {};
}

namespace {

// Counted from the end when negative; 0 at least.
std::size_t position(long at, std::size_t size) {
  return at >= 0 ? static_cast<std::size_t>(at)
                 : size - std::min(size, static_cast<std::size_t>(-at));
}

// The linter has seen to it that the mutator is known.
Bytes mutated(const Bytes& octets, const model::Mutation& mutation) {
  constexpr std::size_t kMostMore = 4096;
  const auto* mutator = mutators::mutator_named(mutation.by);
  return mutator == nullptr ? octets
                            : mutator->mutate(octets, octets.size() + kMostMore, mutation.seed);
}

}  // namespace

Result<Bytes> edit_bytes(Bytes octets, const model::BytesEdit& edit, const Scope& scope) {
  const auto value = [&](const std::string& text) -> Result<std::string> {
    auto whole = evaluate_row(text, scope, "change");
    return whole ? unescape(*whole) : whole;
  };
  if (edit.mutate) {
    octets = mutated(octets, *edit.mutate);
  }
  if (edit.replace && edit.at) {
    auto with = value(*edit.replace);
    const auto at = position(*edit.at, octets.size());
    if (!with || at > octets.size()) {
      return with ? fail(Errc::not_found, fmt::format("there is no octet {}", *edit.at)) : with;
    }
    octets.replace(at, edit.take, *with);
  } else if (edit.replace) {
    auto with = value(*edit.replace);
    auto what = value(edit.find);
    if (!with || !what) {
      return std::unexpected(with ? what.error() : with.error());
    }
    const auto at = what->empty() ? 0 : octets.find(*what);
    if (at == Bytes::npos) {
      return fail(Errc::not_found, fmt::format("'{}' is not in the message", printable(*what, 60)));
    }
    octets.replace(at, what->empty() ? octets.size() : what->size(), *with);
  }
  if (!edit.cut_after.empty()) {
    auto what = value(edit.cut_after);
    const auto at = what ? octets.find(*what) : Bytes::npos;
    if (at == Bytes::npos) {
      return fail(Errc::not_found,
                  fmt::format("'{}' is not in the message", printable(edit.cut_after, 60)));
    }
    octets.resize(at + what->size());
  }
  if (edit.flip) {
    const auto at = position(*edit.flip, octets.size());
    if (at >= octets.size()) {
      return fail(Errc::not_found, fmt::format("there is no octet {}", *edit.flip));
    }
    octets[at] = static_cast<char>(octets[at] ^ 1);
  }
  if (edit.keep) {
    octets.resize(std::min(octets.size(), position(*edit.keep, octets.size())));
  }
  auto before = value(edit.prepend);
  auto behind = value(edit.append);
  if (!before || !behind) {
    return std::unexpected(before ? behind.error() : before.error());
  }
  const auto once = *before + octets + *behind;
  Bytes out = once;
  for (std::size_t i = 1; i < edit.times; ++i) {
    out += once;
  }
  return out;
}

namespace {

// Whether `what` stood anywhere in the element's attributes and texts; it is replaced everywhere.
bool replace_everywhere(xml::Element& element, const std::string& what, const std::string& with) {
  bool found = false;
  const auto replace = [&](std::string& text) {
    if (text.find(what) != std::string::npos) {
      found = true;
      text = replace_all(std::move(text), what, with);
    }
  };
  for (auto& attribute : element.attributes) {
    replace(attribute.value);
  }
  for (auto& node : element.children) {
    if (auto* inner = std::get_if<xml::Element>(&node)) {
      found = replace_everywhere(*inner, what, with) || found;
    } else {
      replace(std::get<std::string>(node));
    }
  }
  return found;
}

// The token is what the step's field `token` says, wherever it stands.
Result<void> edit_token(xml::Element& element, const std::string& step,
                        const model::TokenEdit& edit, const Scope& scope) {
  const auto token = scope.values.find(step + ".token");
  if (token == scope.values.end()) {
    return fail(Errc::not_found, fmt::format("step '{}' has no field 'token'", step));
  }
  auto changed = changed_token(token->second, edit, scope);
  if (!changed) {
    return std::unexpected(changed.error());
  }
  if (!replace_everywhere(element, token->second, *changed)) {
    return fail(Errc::not_found, fmt::format("the message of step '{}' has no token", step));
  }
  return {};
}

}  // namespace

Edits edits_of(const model::Change& change, const Scope& scope, std::string_view content_ns) {
  Edits out;
  if (const auto* stanza = std::get_if<model::StanzaEdit>(&change.edit)) {
    out.stanza = [stanza, &scope, content_ns](xml::Element& element) {
      return edit_stanza(element, *stanza, scope, content_ns);
    };
    out.proof = stanza->proof;
  } else if (const auto* bytes = std::get_if<model::BytesEdit>(&change.edit)) {
    out.bytes = [bytes, &scope](Bytes octets) {
      return edit_bytes(std::move(octets), *bytes, scope);
    };
  } else if (const auto* handshake = std::get_if<model::HandshakeEdit>(&change.edit)) {
    out.handshake = [handshake, &scope](xml::Element& element) {
      return edit_stanza(element, handshake->tree, scope, "");
    };
  } else if (const auto* token = std::get_if<model::TokenEdit>(&change.edit)) {
    out.stanza = [token, step = change.step, &scope](xml::Element& element) {
      return edit_token(element, step, *token, scope);
    };
    // It is the token that is wrong, and not the call that bears it.
    out.proof = model::StanzaEdit::Proof::after;
  } else if (const auto* frame = std::get_if<model::FrameEdit>(&change.edit)) {
    out.counter = frame->counter;
    out.frame = [frame, &scope](Bytes octets) {
      return edit_bytes(std::move(octets), frame->octets, scope);
    };
  }
  return out;
}

}  // namespace parley::engine
