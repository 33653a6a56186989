// SPDX-License-Identifier: GPL-3.0-or-later
// The JSON Schema that a kind of file keeps to, and what is wrong with one in a person's words. A
// Schema does not change: safe from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "harness/model/document.h"

namespace parley::model {

class Schema {
 public:
  // Null: `text` is no JSON Schema. `name` is the file's, for advice.
  static std::unique_ptr<const Schema> parse(std::string name, std::string_view text);
  ~Schema();

  // Adds the cause to `problems`, one at most.
  void check(const Document& document, Problems& problems) const;

 private:
  struct Parts;
  explicit Schema(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

// Checks `document` against the schema in `schema_file`, which is read once; adds a problem where
// there is none. Safe from any thread.
void check_schema(const Document& document, const std::filesystem::path& schema_file,
                  Problems& problems);

}  // namespace parley::model
