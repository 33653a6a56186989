// SPDX-License-Identifier: GPL-3.0-or-later
// A YAML file as a JSON value that remembers where each part stands. Every file a user writes is
// read through here: UTF-8 alone, bounded in size, depth and nodes.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace parley::model {

// What is wrong with a file, where, and how to mend it.
struct Problem {
  std::string file{};
  std::size_t line = 0;  // from 1; 0 when the whole file is meant
  std::size_t column = 0;
  std::string field{};  // "change/step", empty for the whole file
  std::string message{};
  std::string mend{};
};
std::string to_string(const Problem& problem);  // "file:line:column: field: message; mend"
using Problems = std::vector<Problem>;

struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
};

class Document {
 public:
  const nlohmann::json& root() const { return root_; }
  const std::string& file() const { return file_; }
  // A problem at the part that `pointer` ("/change/step") names, or at its nearest ancestor.
  Problem problem(const std::string& pointer, std::string message, std::string mend = {}) const;

 private:
  friend class DocumentReader;
  std::string file_;
  nlohmann::json root_;
  std::map<std::string, Place> places_;
};

// A scalar as text, numbers and booleans too; null is "".
std::string text_of(const nlohmann::json& value);
// The same of a member; "" and {} when it is absent. A single value is a list of one.
std::string string_at(const nlohmann::json& value, const char* key);
std::vector<std::string> strings_at(const nlohmann::json& value, const char* key);

inline constexpr std::size_t kMaxDocumentOctets = 1024 * 1024;

// Null when the file cannot be read; `problems` says why.
std::optional<std::string> read_document(const std::filesystem::path& file, Problems& problems);
std::optional<Document> load_document(const std::filesystem::path& file, Problems& problems);
std::optional<Document> parse_document(const std::string& name, const std::string& text,
                                       Problems& problems);

}  // namespace parley::model
