// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/document.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <fstream>
#include <sstream>

#include "harness/base/text.h"

namespace parley::model {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 100'000;

std::string parent_of(const std::string& pointer) {
  const auto at = pointer.rfind('/');
  return at == std::string::npos ? "" : pointer.substr(0, at);
}

// Neither yaml-cpp nor what judges by the schema looks at that, and the latter reads beyond its
// tables there. By a NUL, which no YAML has (YAML 1.2 section 5.1), yaml-cpp guesses UTF-16 and
// UTF-32, and makes octets that are no UTF-8 of what is wrong in those. Columns count octets, as
// its marks do.
std::optional<YAML::Mark> first_no_utf8(std::string_view text) {
  YAML::Mark mark;
  for (std::size_t at = 0; at < text.size();) {
    char32_t character = 0;
    const auto octets = utf8_sequence(text, at, character);
    if (octets == 0 || character == 0) {
      return mark;
    }
    mark.column = character == '\n' ? 0 : mark.column + static_cast<int>(octets);
    mark.line += character == '\n' ? 1 : 0;
    at += octets;
  }
  return std::nullopt;
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
    if (const auto mark = first_no_utf8(text)) {
      add(*mark, "octets that are no text in UTF-8", "save the file as UTF-8");
      return std::nullopt;
    }
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
