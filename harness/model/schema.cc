// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "harness/base/text.h"

namespace parley::model {
namespace {

void gather_keys(const nlohmann::json& value, std::vector<std::string>& keys) {
  for (const auto& [name, inner] : value.items()) {
    if (name == "properties" && inner.is_object()) {
      for (const auto& [key, unused] : inner.items()) {
        keys.push_back(key);
      }
    }
    if (inner.is_structured()) {
      gather_keys(inner, keys);
    }
  }
}

// valijson says "<root>[change][step]"; a JSON pointer is "/change/step".
std::string pointer_of(const std::string& context) {
  std::string out;
  for (std::size_t at = context.find('['); at != std::string::npos; at = context.find('[', at)) {
    const auto end = context.find(']', at);
    out += "/" + context.substr(at + 1, end - at - 1);
    at = end == std::string::npos ? end : end + 1;
  }
  return replace_all(out, "\"", "");
}

// `node` itself, or what its "#/definitions/name" refers to.
const nlohmann::json& resolved(const nlohmann::json& root, const nlohmann::json& node) {
  constexpr std::string_view kPrefix = "#/definitions/";
  const auto at = node.find("$ref");
  if (at == node.end() || !at->is_string()) {
    return node;
  }
  const auto& name = at->get_ref<const std::string&>();
  if (!name.starts_with(kPrefix)) {
    return node;
  }
  const auto inner = name.substr(kPrefix.size());
  return root.contains("definitions") && root["definitions"].contains(inner)
             ? root["definitions"][inner]
             : node;
}

// The schema of the part that `pointer` names; null where the way there is not a plain one.
const nlohmann::json* rules_at(const nlohmann::json& root, const std::string& pointer) {
  const auto* node = &root;
  for (const auto& part : split(pointer.empty() ? "" : pointer.substr(1), '/')) {
    if (part.empty()) {
      break;
    }
    if (node->contains("properties") && (*node)["properties"].contains(part)) {
      node = &(*node)["properties"][part];
    } else if (node->contains("items") && (*node)["items"].is_object() &&
               part.find_first_not_of("0123456789") == std::string::npos) {
      node = &(*node)["items"];
    } else if (node->contains("additionalProperties") &&
               (*node)["additionalProperties"].is_object()) {
      node = &(*node)["additionalProperties"];
    } else {
      return nullptr;
    }
    node = &resolved(root, *node);
  }
  return node;
}

std::string listed(const nlohmann::json& words) {
  std::vector<std::string> out;
  for (const auto& one : words.is_array() ? words : nlohmann::json::array({words})) {
    out.push_back(one.is_string() ? one.get<std::string>() : one.dump());
  }
  return join(out, ", ");
}

// The words of a pattern that is nothing but a choice, "^(a|b)$"; empty for another.
std::string choice_of(const std::string& pattern) {
  if (!pattern.starts_with("^(") || !pattern.ends_with(")$")) {
    return "";
  }
  const auto words = pattern.substr(2, pattern.size() - 4);
  return words.find_first_not_of("abcdefghijklmnopqrstuvwxyz-|") == std::string::npos
             ? replace_all(words, "|", ", ")
             : "";
}

// valijson's commonest sentences in plain words; any other as it is.
std::string plain_words(const std::string& said, const nlohmann::json* rules) {
  const auto rule = [rules](const char* name) {
    return rules != nullptr && rules->contains(name) ? &(*rules)[name] : nullptr;
  };
  if (said.starts_with("Failed to match against any enum values") && rule("enum") != nullptr) {
    return "is none of: " + listed(*rule("enum"));
  }
  if (said.starts_with("Value type not permitted")) {
    const auto* type = rule("type");
    return type == nullptr ? "has the wrong type"
                           : "has the wrong type; it must be one of: " + listed(*type);
  }
  if (said.starts_with("Failed to match regex") && rule("pattern") != nullptr) {
    const auto pattern = listed(*rule("pattern"));
    const auto choice = choice_of(pattern);
    return choice.empty() ? "does not have the form " + pattern : "is none of: " + choice;
  }
  if (said.starts_with("Object should have no fewer than 1 ")) {
    return "is empty";
  }
  return said;
}

}  // namespace

struct Schema::Parts {
  std::string name;
  nlohmann::json source;
  valijson::Schema rules;
  std::vector<std::string> keys;  // all that it knows, wherever they may stand
};

Schema::Schema(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Schema::~Schema() = default;

std::unique_ptr<const Schema> Schema::parse(std::string name, std::string_view text) {
  auto parts = std::make_unique<Parts>();
  parts->name = std::move(name);
  parts->source = nlohmann::json::parse(text, nullptr, false);
  if (parts->source.is_discarded()) {
    return nullptr;
  }
  try {
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(parts->source), parts->rules);
  } catch (const std::exception&) {
    return nullptr;
  }
  auto& keys = parts->keys;
  gather_keys(parts->source, keys);
  std::ranges::sort(keys);
  const auto twice = std::ranges::unique(keys);
  keys.erase(twice.begin(), twice.end());
  return std::unique_ptr<const Schema>(new Schema(std::move(parts)));
}

void Schema::check(const Document& document, Problems& problems) const {
  const auto allowed = fmt::format("see suites/schema/{} for what is allowed", parts_->name);
  if (document.root().is_null()) {
    problems.push_back(document.problem("", "the file is empty", allowed));
    return;
  }
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(parts_->rules, valijson::adapters::NlohmannJsonAdapter(document.root()),
                         &results)) {
    return;
  }
  valijson::ValidationResults::Error error;
  std::optional<Problem> deepest;
  std::size_t depth = 0;
  while (results.popError(error)) {
    std::string context;
    for (const auto& part : error.context) {
      context += part;
    }
    auto pointer = pointer_of(context);
    std::string message = plain_words(error.description, rules_at(parts_->source, pointer));
    // valijson names an unknown key only at the end of a long sentence about its parent.
    const auto quote = message.rfind("constraints: '");
    if (quote != std::string::npos) {
      const auto key = message.substr(quote + 14, message.rfind('\'') - quote - 14);
      pointer += "/" + key;
      message = std::ranges::binary_search(parts_->keys, key)
                    ? fmt::format("the key '{}' may not stand here or has the wrong form", key)
                    : unknown_name("key", key, parts_->keys);
    }
    const auto level = static_cast<std::size_t>(std::ranges::count(pointer, '/')) + 1;
    // The deepest error is the cause; those above only say that something below is wrong.
    if (!deepest || level > depth) {
      depth = level;
      deepest = document.problem(pointer, std::move(message), allowed);
    }
  }
  if (deepest) {
    problems.push_back(*deepest);
  }
}

void check_schema(const Document& document, const std::filesystem::path& schema_file,
                  Problems& problems) {
  static std::mutex guard;
  static std::map<std::filesystem::path, std::unique_ptr<const Schema>> cache;
  const Schema* schema = nullptr;
  {
    const std::lock_guard lock(guard);
    auto& slot = cache[schema_file];
    if (slot == nullptr) {
      Problems unread;
      slot = Schema::parse(schema_file.filename().string(),
                           read_document(schema_file, unread).value_or(""));
    }
    schema = slot.get();
  }
  if (schema == nullptr) {
    problems.push_back({.file = schema_file.string(),
                        .message = "the schema is missing or no JSON Schema",
                        .mend = "reinstall the suites folder"});
    return;
  }
  schema->check(document, problems);
}

}  // namespace parley::model
