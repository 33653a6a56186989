// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/form.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "harness/base/text.h"
#include "harness/wire/http_tree.h"
#include "harness/wire/json_tree.h"

namespace parley::engine {
namespace {

using model::Fields;
using model::MessageForm;

struct Placeholder {
  std::string before;  // what stands before it
  std::string field;
  bool optional;
};

// "${id}", "${to?}" or "Bearer ${token}": a value that ends with one field, which is no setting.
std::optional<Placeholder> placeholder(std::string_view text) {
  const auto begin = text.find("${");
  if (begin == text.npos || !text.ends_with("}") || text.find('}') != text.size() - 1) {
    return std::nullopt;
  }
  auto name = text.substr(begin + 2, text.size() - begin - 3);
  const bool optional = name.ends_with("?");
  if (optional) {
    name.remove_suffix(1);
  }
  if (name.find('(') != std::string_view::npos || name.starts_with("setting.")) {
    return std::nullopt;
  }
  return Placeholder{.before = std::string(text.substr(0, begin)),
                     .field = std::string(name),
                     .optional = optional};
}

// Whether the pattern is a JSON value whose kind it leaves open.
bool is_open_json(const xml::Element& pattern) {
  return pattern.ns.empty() && pattern.get(wire::kJsonType) == wire::kJsonOpen;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class Renderer {
 public:
  Renderer(const MessageForm& form, const std::string& step_id, const Fields& with, Scope& scope)
      : form_(form), step_id_(step_id), with_(with), scope_(scope) {}

  Result<xml::Element> element(const xml::Element& pattern) {
    xml::Element out{.ns = pattern.ns, .name = pattern.name, .attributes = {}, .children = {}};
    if (pattern.ns == kPatternNamespace) {
      auto name = value(pattern.get("name"));
      if (!name) {
        return std::unexpected(name.error());
      }
      out.ns = pattern.get("ns");
      out.name = name->value_or("undefined-condition");
      return out;
    }
    for (const auto& attribute : pattern.attributes) {
      if (attribute.value.empty()) {
        continue;  // what a matching message must not have
      }
      auto text = value(attribute.value);
      if (!text) {
        return std::unexpected(text.error());
      }
      if (*text) {
        out.attributes.push_back({attribute.ns, attribute.name, **text});
      }
    }
    for (const auto& node : pattern.children) {
      if (const auto* inner = std::get_if<xml::Element>(&node)) {
        auto child = element(*inner);
        if (!child) {
          return child;
        }
        if (!is_header_left_out(pattern, *inner, *child)) {
          out.children.emplace_back(std::move(*child));
        }
      } else if (!is_blank(std::get<std::string>(node))) {
        auto text = value(std::get<std::string>(node));
        if (!text) {
          return std::unexpected(text.error());
        }
        if (*text && !(*text)->empty()) {
          out.children.emplace_back(**text);
        }
      }
    }
    return is_open_json(pattern) ? valued(std::move(out)) : out;
  }

 private:
  // Whether it is a header of an HTTP message whose optional field has no value.
  static bool is_header_left_out(const xml::Element& parent, const xml::Element& pattern,
                                 const xml::Element& made) {
    const auto field = placeholder(pattern.text());
    return parent.ns.empty() && parent.name == wire::kHttpHeaders && field && field->optional &&
           made.children.empty();
  }

  // As the JSON that its text is, so that a change finds what is in it; as it is where it is none.
  static xml::Element valued(xml::Element open) {
    auto json = wire::read_json(open.text(), open.name);
    return json ? std::move(*json) : std::move(open);
  }

  // Nullopt inside: an optional field without a value.
  Result<std::optional<std::string>> value(std::string_view pattern) {
    const auto field = placeholder(pattern);
    if (!field) {
      auto text = evaluate(pattern, scope_, step_id_);
      if (!text) {
        return std::unexpected(text.error());
      }
      return std::optional(std::move(*text));
    }
    const auto bound = step_id_ + "." + field->field;
    if (const auto have = scope_.values.find(bound);
        have != scope_.values.end() && done_.contains(bound)) {
      return std::optional(field->before + have->second);
    }
    const auto given = with_.find(field->field);
    const auto preset = form_.defaults.find(field->field);
    if (given == with_.end() && preset == form_.defaults.end()) {
      if (field->optional) {
        return std::optional<std::string>();
      }
      return fail(Errc::not_found,
                  fmt::format("field '{}' of message '{}' in step '{}' has no value", field->field,
                              form_.name, step_id_));
    }
    const auto& expression = given != with_.end() ? given->second.front() : preset->second;
    auto text = evaluate(expression, scope_, step_id_ + "/" + field->field);
    if (!text) {
      return std::unexpected(text.error());
    }
    if (field->optional && text->empty()) {
      return std::optional<std::string>();
    }
    scope_.values[bound] = *text;
    done_.insert(bound);
    return std::optional(field->before + *text);
  }

  const MessageForm& form_;
  const std::string& step_id_;
  const Fields& with_;
  Scope& scope_;
  std::set<std::string> done_;
};

// What a value must be: one of `takes`, or, where there are `excludes`, none of those.
struct Wanted {
  std::vector<std::string> takes;
  std::vector<std::string> excludes;

  bool none() const { return takes.empty() && excludes.empty(); }

  bool fits(const std::string& actual) const {
    return (!excludes.empty() && std::ranges::count(excludes, actual) == 0) ||
           std::ranges::any_of(takes, [&](const std::string& one) {
             // "a/*" takes whatever begins with "a/".
             const bool prefix = one.size() > 1 && one.ends_with('*');
             return one == actual || (prefix && actual.size() >= one.size() &&
                                      actual.starts_with(one.substr(0, one.size() - 1)));
           });
  }

  std::string shown() const {
    auto all = takes;
    if (!excludes.empty()) {
      all.push_back("other than " + join(excludes, ", "));
    }
    return all.empty() ? "any value" : join(all, " or ");
  }
};

class Matcher {
 public:
  Matcher(const std::string& step_id, const Fields& with, const Scope& scope)
      : step_id_(step_id), with_(with), scope_(scope) {}

  std::optional<xml::Difference> element(const xml::Element& pattern, const xml::Element& actual,
                                         const std::string& path) {
    if (pattern.ns != actual.ns || pattern.name != actual.name) {
      return xml::Difference{path.empty() ? "/" : path, "{" + pattern.ns + "}" + pattern.name,
                             "{" + actual.ns + "}" + actual.name};
    }
    const auto here = path + "/" + actual.name;
    if (is_open_json(pattern)) {
      const auto kind = actual.get(wire::kJsonType);
      const bool whole = kind == "object" || kind == "array";
      const auto have = whole ? wire::write_json(actual) : actual.text();
      return text(pattern.text(), &have, here);
    }
    for (const auto& attribute : pattern.attributes) {
      const auto name = attribute.ns.empty() ? attribute.name : "xml:" + attribute.name;
      if (auto wrong = text(attribute.value, actual.find(name), here + "/@" + name)) {
        return wrong;
      }
    }
    std::set<const xml::Element*> used;
    for (const auto& node : pattern.children) {
      if (const auto* inner = std::get_if<xml::Element>(&node)) {
        if (auto wrong = child(*inner, actual, here, used)) {
          return wrong;
        }
      } else if (!is_blank(std::get<std::string>(node))) {
        const auto have = actual.text();
        if (auto wrong = text(std::get<std::string>(node), &have, here + "/text()")) {
          return wrong;
        }
      }
    }
    return std::nullopt;
  }

  void bind_into(Scope& scope) {
    for (auto& [name, value] : bound_) {
      scope.values[name] = value;
    }
  }

 private:
  std::optional<xml::Difference> child(const xml::Element& pattern, const xml::Element& actual,
                                       const std::string& path,
                                       std::set<const xml::Element*>& used) {
    std::optional<xml::Difference> nearest;
    for (const auto* candidate : actual.elements()) {
      if (used.contains(candidate)) {
        continue;
      }
      const auto before = bound_;
      auto wrong = pattern.ns == kPatternNamespace ? any(pattern, *candidate, path)
                                                   : element(pattern, *candidate, path);
      if (!wrong) {
        used.insert(candidate);
        return std::nullopt;
      }
      bound_ = before;
      if (!nearest || candidate->name == pattern.name) {
        nearest = std::move(wrong);
      }
    }
    if (may_be_absent(pattern) && !has_alike(pattern, actual)) {
      bind_absent(pattern);
      return std::nullopt;
    }
    if (nearest) {
      return nearest;
    }
    const auto label = pattern.ns == kPatternNamespace ? pattern.get("name") : pattern.name;
    return xml::Difference{path + "/" + label, "<" + label + "/>", "(absent)"};
  }

  // Whether a child is what `pattern` is about, by its name and by the attributes without a field.
  static bool has_alike(const xml::Element& pattern, const xml::Element& actual) {
    return std::ranges::any_of(actual.elements(), [&](const xml::Element* one) {
      return one->name == pattern.name && one->ns == pattern.ns &&
             std::ranges::all_of(pattern.attributes, [&](const auto& attribute) {
               return attribute.name == wire::kJsonType ||
                      one->get(attribute.name) == attribute.value;
             });
    });
  }

  // Whether all that `pattern` holds are fields that may be empty: then it says nothing by itself,
  // whatever tells it from others of its name.
  bool may_be_absent(const xml::Element& pattern) const {
    const bool says_more = std::ranges::any_of(pattern.attributes, [](const auto& attribute) {
      return placeholder(attribute.value).has_value();
    });
    return !says_more && !pattern.children.empty() &&
           std::ranges::all_of(pattern.children, [this](const xml::Node& node) {
             const auto* inner = std::get_if<xml::Element>(&node);
             return inner != nullptr ? may_be_absent(*inner)
                                     : may_be_empty(std::get<std::string>(node));
           });
  }

  // The fields of what is absent are "", for the steps that refer to them.
  void bind_absent(const xml::Element& pattern) {
    for (const auto& node : pattern.children) {
      if (const auto* inner = std::get_if<xml::Element>(&node)) {
        bind_absent(*inner);
      } else if (const auto field = placeholder(std::get<std::string>(node))) {
        bound_.try_emplace(step_id_ + "." + field->field);
      }
    }
  }

  bool may_be_empty(std::string_view text) const {
    const auto field = placeholder(text);
    const auto given = field ? with_.find(field->field) : with_.end();
    return field && field->optional && given != with_.end() &&
           std::ranges::count(given->second, "") > 0;
  }

  std::optional<xml::Difference> any(const xml::Element& pattern, const xml::Element& actual,
                                     const std::string& path) {
    if (actual.ns != pattern.get("ns")) {
      return xml::Difference{path, "an element of " + pattern.get("ns"),
                             "{" + actual.ns + "}" + actual.name};
    }
    return text(pattern.get("name"), &actual.name, path + "/*");
  }

  // "!a" excludes a.
  Wanted wanted_of(std::string_view pattern, const std::optional<Placeholder>& field) const {
    Wanted out;
    const auto add = [&](std::vector<std::string>& to, std::string_view expression,
                         const std::string& label) {
      auto value = evaluate(expression, scope_, label);
      if (value) {
        to.push_back(std::move(*value));
      } else {  // nothing fits it
        out.takes.push_back("(" + value.error().detail + ")");
      }
    };
    if (!field) {
      add(out.takes, pattern, step_id_);
    } else if (const auto given = with_.find(field->field); given != with_.end()) {
      for (const std::string_view expression : given->second) {
        const bool excludes = expression.starts_with('!');
        add(excludes ? out.excludes : out.takes, expression.substr(excludes ? 1 : 0),
            step_id_ + "/" + field->field);
      }
    }
    return out;
  }

  std::optional<xml::Difference> text(std::string_view pattern, const std::string* actual,
                                      const std::string& path) {
    const auto field = placeholder(pattern);
    if (field && !field->before.empty()) {
      if (actual == nullptr || !actual->starts_with(field->before)) {
        return xml::Difference{path, field->before + "…", actual == nullptr ? "(absent)" : *actual};
      }
      const auto rest = actual->substr(field->before.size());
      return text(pattern.substr(field->before.size()), &rest, path);
    }
    const auto wanted = wanted_of(pattern, field);
    const bool wild = wanted.none() || std::ranges::count(wanted.takes, "*") > 0;
    const bool may_lack = std::ranges::count(wanted.takes, "") > 0 ||
                          (field && field->optional && wild && !with_.contains(field->field));
    if (actual == nullptr || (actual->empty() && wild && !may_lack)) {
      if (actual == nullptr && may_lack) {
        if (field && with_.contains(field->field)) {
          bound_.try_emplace(step_id_ + "." + field->field);
        }
        return std::nullopt;
      }
      return xml::Difference{path, wanted.shown(), actual == nullptr ? "(absent)" : "(empty)"};
    }
    if (!wild && !wanted.fits(*actual)) {
      return xml::Difference{path, wanted.shown(), *actual};
    }
    if (field) {
      const auto name = step_id_ + "." + field->field;
      const auto have = bound_.find(name);
      if (have != bound_.end() && have->second != *actual) {
        return xml::Difference{path, have->second, *actual};
      }
      bound_[name] = *actual;
    }
    return std::nullopt;
  }

  const std::string& step_id_;
  const Fields& with_;
  const Scope& scope_;
  std::map<std::string, std::string> bound_;
};

}  // namespace

Result<xml::Element> render(const MessageForm& form, const std::string& step_id, const Fields& with,
                            Scope& scope) {
  // Values that no place of the form shows are bound too: other steps may refer to them.
  for (const auto& [field, expressions] : with) {
    auto text = evaluate(expressions.front(), scope, step_id + "/" + field);
    if (!text) {
      return std::unexpected(text.error());
    }
    scope.values[step_id + "." + field] = std::move(*text);
  }
  return Renderer(form, step_id, with, scope).element(form.pattern);
}

std::optional<xml::Difference> match(const MessageForm& form, const std::string& step_id,
                                     const Fields& with, const xml::Element& actual, Scope& scope) {
  Matcher matcher(step_id, with, scope);
  if (auto wrong = matcher.element(form.pattern, actual, "")) {
    return wrong;
  }
  matcher.bind_into(scope);
  return std::nullopt;
}

Bytes print_form(const MessageForm& form, const xml::Element& element,
                 const model::Profile& profile) {
  switch (form.kind) {
    case MessageForm::Kind::footer:
      return "</stream:stream>";
    case MessageForm::Kind::element:
      return xml::print(element, profile.content_ns);
    case MessageForm::Kind::header: {
      // The header's element is <stream> in the streams namespace; its attribute content-ns carries
      // the default namespace that it declares.
      Bytes out =
          "<?xml version='1.0'?><stream:stream xmlns='" +
          xml::escape_attribute(element.find("content-ns") != nullptr ? element.get("content-ns")
                                                                      : profile.content_ns) +
          "' xmlns:stream='" + xml::escape_attribute(element.ns) + "'";
      for (const auto& attribute : element.attributes) {
        if (attribute.name == "content-ns") {
          continue;
        }
        out += fmt::format(" {}{}='{}'", attribute.ns.empty() ? "" : "xml:", attribute.name,
                           xml::escape_attribute(attribute.value));
      }
      return out + ">";
    }
  }
  return {};
}

}  // namespace parley::engine
