// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/document.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <fstream>
#include <mutex>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "harness/base/text.h"

namespace parley::model {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 100'000;

std::string parent_of(const std::string& pointer) {
  const auto at = pointer.rfind('/');
  return at == std::string::npos ? "" : pointer.substr(0, at);
}

nlohmann::json scalar_of(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") {  // quoted
    return text;
  }
  if (text == "true" || text == "false") {
    return text == "true";
  }
  if (text.empty() || text == "null" || text == "~") {
    return nullptr;
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    return number;
  }
  return text;
}

}  // namespace

class DocumentReader {
 public:
  DocumentReader(std::string name, Problems& problems) : problems_(problems) {
    document_.file_ = std::move(name);
  }

  std::optional<Document> read(const std::string& text) {
    try {
      const YAML::Node root = YAML::Load(text);
      document_.root_ = convert(root, "", 0);
    } catch (const YAML::Exception& error) {
      add(error.mark, error.msg, "correct the YAML at this place");
    }
    if (failed_) {
      return std::nullopt;
    }
    return std::move(document_);
  }

 private:
  void add(const YAML::Mark& mark, std::string message, std::string mend) {
    failed_ = true;
    const bool known = mark.line >= 0;
    problems_.push_back({.file = document_.file_,
                         .line = known ? static_cast<std::size_t>(mark.line) + 1 : 0,
                         .column = known ? static_cast<std::size_t>(mark.column) + 1 : 0,
                         .field = "",
                         .message = std::move(message),
                         .mend = std::move(mend)});
  }

  nlohmann::json convert(const YAML::Node& node, const std::string& pointer, std::size_t depth) {
    document_.places_[pointer] = {static_cast<std::size_t>(node.Mark().line + 1),
                                  static_cast<std::size_t>(node.Mark().column + 1)};
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes) {
      if (!failed_) {
        add(node.Mark(), "the file is nested too deeply or has too many parts (aliases?)",
            "write it flatter");
      }
      return nullptr;
    }
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return nullptr;
      case YAML::NodeType::Scalar:
        return scalar_of(node);
      case YAML::NodeType::Sequence: {
        auto out = nlohmann::json::array();
        for (std::size_t i = 0; i < node.size(); ++i) {
          out.push_back(convert(node[i], fmt::format("{}/{}", pointer, i), depth + 1));
        }
        return out;
      }
      case YAML::NodeType::Map:
        return convert_map(node, pointer, depth);
    }
    return nullptr;
  }

  nlohmann::json convert_map(const YAML::Node& node, const std::string& pointer,
                             std::size_t depth) {
    auto out = nlohmann::json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        add(entry.first.Mark(), "a key is not a plain word", "use a word as the key");
        continue;
      }
      const std::string key = entry.first.Scalar();
      const std::string inner = pointer + "/" + key;
      if (out.contains(key)) {
        add(entry.first.Mark(), fmt::format("the key '{}' stands twice", printable(key, 60)),
            "keep one of them");
      }
      out[key] = convert(entry.second, inner, depth + 1);
      // Point at the key: that is what a person looks for.
      document_.places_[inner] = {static_cast<std::size_t>(entry.first.Mark().line + 1),
                                  static_cast<std::size_t>(entry.first.Mark().column + 1)};
    }
    return out;
  }

  Document document_;
  Problems& problems_;
  std::size_t nodes_ = 0;
  bool failed_ = false;
};

std::string to_string(const Problem& problem) {
  std::string out = problem.file;
  if (problem.line > 0) {
    out += fmt::format(":{}:{}", problem.line, problem.column);
  }
  out += ": ";
  if (!problem.field.empty()) {
    out += problem.field + ": ";
  }
  out += problem.message;
  if (!problem.mend.empty()) {
    out += "; " + problem.mend;
  }
  return out;
}

Problem Document::problem(const std::string& pointer, std::string message, std::string mend) const {
  auto at = places_.find(pointer);
  for (std::string up = pointer; at == places_.end() && !up.empty();) {
    up = parent_of(up);
    at = places_.find(up);
  }
  const Place place = at == places_.end() ? Place{} : at->second;
  return {.file = file_,
          .line = place.line,
          .column = place.column,
          .field = pointer.empty() ? "" : pointer.substr(1),
          .message = std::move(message),
          .mend = std::move(mend)};
}

std::optional<Document> parse_document(const std::string& name, const std::string& text,
                                       Problems& problems) {
  return DocumentReader(name, problems).read(text);
}

std::optional<std::string> read_document(const std::filesystem::path& file, Problems& problems) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) {
    problems.push_back({.file = file.string(),
                        .message = "cannot be read: " + (error ? error.message() : "not a file"),
                        .mend = "check the path and its permissions"});
    return std::nullopt;
  }
  if (size > kMaxDocumentOctets) {
    problems.push_back(
        {.file = file.string(),
         .message = fmt::format("has {} octets; at most {} are read", size, kMaxDocumentOctets),
         .mend = "split the file"});
    return std::nullopt;
  }
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::optional<Document> load_document(const std::filesystem::path& file, Problems& problems) {
  const auto text = read_document(file, problems);
  return text ? parse_document(file.string(), *text, problems) : std::nullopt;
}

namespace {

struct Schema {
  nlohmann::json source;
  valijson::Schema rules;
  std::vector<std::string> keys;  // all that it knows, wherever they may stand
};

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

const Schema* schema_of(const std::filesystem::path& file, Problems& problems) {
  static std::mutex guard;
  static std::map<std::filesystem::path, std::unique_ptr<Schema>> cache;
  const std::lock_guard lock(guard);
  auto& slot = cache[file];
  if (slot == nullptr) {
    std::ifstream in(file);
    auto value = nlohmann::json::parse(in, nullptr, false);
    if (value.is_discarded()) {
      problems.push_back({.file = file.string(),
                          .message = "the schema is missing or not JSON",
                          .mend = "reinstall the suites folder"});
      return nullptr;
    }
    slot = std::make_unique<Schema>();
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(value), slot->rules);
    gather_keys(value, slot->keys);
    std::ranges::sort(slot->keys);
    const auto twice = std::ranges::unique(slot->keys);
    slot->keys.erase(twice.begin(), twice.end());
    slot->source = std::move(value);
  }
  return slot.get();
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

void check_schema(const Document& document, const std::filesystem::path& schema_file,
                  Problems& problems) {
  const auto* schema = schema_of(schema_file, problems);
  if (schema == nullptr) {
    return;
  }
  const auto allowed =
      fmt::format("see suites/schema/{} for what is allowed", schema_file.filename().string());
  if (document.root().is_null()) {
    problems.push_back(document.problem("", "the file is empty", allowed));
    return;
  }
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(schema->rules, valijson::adapters::NlohmannJsonAdapter(document.root()),
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
    std::string message = plain_words(error.description, rules_at(schema->source, pointer));
    // valijson names an unknown key only at the end of a long sentence about its parent.
    const auto quote = message.rfind("constraints: '");
    if (quote != std::string::npos) {
      const auto key = message.substr(quote + 14, message.rfind('\'') - quote - 14);
      pointer += "/" + key;
      message = std::ranges::binary_search(schema->keys, key)
                    ? fmt::format("the key '{}' may not stand here or has the wrong form", key)
                    : unknown_name("key", key, schema->keys);
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

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

std::string string_at(const nlohmann::json& value, const char* key) {
  return value.contains(key) ? text_of(value[key]) : "";
}

std::vector<std::string> strings_at(const nlohmann::json& value, const char* key) {
  std::vector<std::string> out;
  if (!value.contains(key)) {
    return out;
  }
  if (!value[key].is_array()) {
    return {text_of(value[key])};
  }
  for (const auto& one : value[key]) {
    out.push_back(text_of(one));
  }
  return out;
}

}  // namespace parley::model
