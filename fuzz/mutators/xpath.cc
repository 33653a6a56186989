// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/xpath.h"

#include <algorithm>

#include "fuzz/mutators/octets.h"
#include "fuzz/mutators/xml.h"

namespace parley::mutators {
namespace {

// Source: XPath 1.0 section 3.7 and its function library (section 4).
constexpr std::string_view kTokens[] = {
    "/",   "//",  ".",      "..",     "@",         "*",      "::",        "(",    ")",     "[",
    "]",   ",",   "|",      "$v",     "$s",        "$none",  " and ",     " or ", " div ", " mod ",
    " * ", "+",   " - ",    "-",      "=",         "!=",     "<",         "<=",   ">",     ">=",
    "1",   "0",   "2.5",    ".5",     "1e3",       "'text'", "\"\"",      "'",    "name",  "body",
    "p:a", "p:*", "text()", "node()", "comment()", "last()", "position()"};
constexpr std::string_view kAxes[] = {
    "ancestor",  "ancestor-or-self",  "attribute", "child",  "descendant", "descendant-or-self",
    "following", "following-sibling", "namespace", "parent", "preceding",  "preceding-sibling",
    "self"};
constexpr std::string_view kTests[] = {"*",
                                       "a",
                                       "body",
                                       "x",
                                       "@*",
                                       "node()",
                                       "text()",
                                       "comment()",
                                       "processing-instruction()",
                                       "processing-instruction('p')",
                                       "p:*",
                                       "p:a",
                                       "message"};
// With how many arguments.
struct Function {
  std::string_view name;
  std::size_t least;
  std::size_t most;
};
constexpr Function kFunctions[] = {{"boolean", 1, 1},
                                   {"ceiling", 1, 1},
                                   {"concat", 2, 4},
                                   {"contains", 2, 2},
                                   {"count", 1, 1},
                                   {"false", 0, 0},
                                   {"floor", 1, 1},
                                   {"id", 1, 1},
                                   {"lang", 1, 1},
                                   {"last", 0, 0},
                                   {"local-name", 0, 1},
                                   {"name", 0, 1},
                                   {"namespace-uri", 0, 1},
                                   {"normalize-space", 0, 1},
                                   {"not", 1, 1},
                                   {"number", 0, 1},
                                   {"position", 0, 0},
                                   {"round", 1, 1},
                                   {"starts-with", 2, 2},
                                   {"string", 0, 1},
                                   {"string-length", 0, 1},
                                   {"substring", 2, 3},
                                   {"substring-after", 2, 2},
                                   {"substring-before", 2, 2},
                                   {"sum", 1, 1},
                                   {"translate", 3, 3},
                                   {"true", 0, 0}};

std::string some_expression(Random& random, std::size_t depth);

std::string some_step(Random& random, std::size_t depth) {
  std::string out;
  if (random.one_in(2)) {
    out = std::string(random.pick(kAxes)) + "::";
  }
  out += random.pick(kTests);
  for (auto count = random.one_in(3) ? random.small(2) : 0; count > 0 && depth > 0; --count) {
    out += "[" + some_expression(random, depth - 1) + "]";
  }
  return out;
}

std::string some_path(Random& random, std::size_t depth) {
  constexpr std::string_view kBegins[] = {"", "/", "//", "./", "../"};
  std::string out(random.pick(kBegins));
  out += some_step(random, depth);
  while (random.one_in(2)) {
    out += (random.one_in(3) ? "//" : "/") + some_step(random, depth);
  }
  return out;
}

std::string some_call(Random& random, std::size_t depth) {
  const auto& function = random.pick(kFunctions);
  auto count = random.between(function.least, function.most);
  count += random.one_in(20) ? 1 : 0;
  std::string out = std::string(function.name) + "(";
  for (std::size_t i = 0; i < count; ++i) {
    out += (i > 0 ? "," : "") + some_expression(random, depth - 1);
  }
  return out + ")";
}

std::string some_literal(Random& random) {
  constexpr std::string_view kLiterals[] = {
      "1",   "0",      "2",  "-1", "0.5",     "'text'",     "'en'",       "''",
      "'n'", "'-0.0'", "$v", "$s", "1 div 0", "number('')", "99999999999"};
  return std::string(random.pick(kLiterals));
}

std::string some_expression(Random& random, std::size_t depth) {
  constexpr std::string_view kBetween[] = {" and ", " or ", "=",   "!=",  "<",     "<=",    ">",
                                           ">=",    "+",    " - ", " * ", " div ", " mod ", "|"};
  switch (random.below(depth > 0 ? 7 : 2)) {
    case 0:
      return some_literal(random);
    case 2:
      return some_call(random, depth);
    case 3:
      return some_expression(random, depth - 1) + std::string(random.pick(kBetween)) +
             some_expression(random, depth - 1);
    case 4:
      return "(" + some_expression(random, depth - 1) + ")" +
             (random.one_in(3) ? "[" + some_expression(random, depth - 1) + "]" : "") +
             (random.one_in(4) ? "/" + some_step(random, depth - 1) : "");
    case 5:
      return "-" + some_expression(random, depth - 1);
    default:
      return some_path(random, depth);
  }
}

void edit(std::string& text, Random& random) {
  const auto at = place_in(text, random);
  switch (random.below(6)) {
    case 0:
      text.insert(at, some_expression(random, 1));
      break;
    case 1:
      text.erase(at, random.small(8));
      break;
    case 2:
      text.replace(at, std::min(random.small(6), text.size() - at), random.pick(kTokens));
      break;
    case 3:
      text.insert(at, std::string(random.pick(kAxes)) + "::");
      break;
    default:
      text.insert(at, random.pick(kTokens));
      break;
  }
}

struct Parts {
  std::string_view expression;
  std::string_view document;  // with the line end before it
};

Parts parts_of(std::string_view input) {
  const auto at = std::min(input.find('\n'), input.size());
  return {.expression = input.substr(0, at), .document = input.substr(at)};
}

}  // namespace

std::string mutate_xpath(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  const auto [before, behind] = parts_of(input);
  std::string expression(before);
  std::string document(behind);
  switch (random.below(8)) {
    case 0:
      return mutate_octets(input, room, random.next());
    case 1:
    case 2:
      document = "\n" + mutate_xml(behind.substr(std::min<std::size_t>(1, behind.size())),
                                   std::max<std::size_t>(room, 2) - 1, random.next());
      break;
    case 3:
    case 4:
      expression = some_expression(random, 3);
      break;
    default:
      for (auto count = random.small(4); count > 0; --count) {
        edit(expression, random);
      }
      break;
  }
  return fitted(expression + document, room);
}

std::string cross_xpath(std::string_view one, std::string_view other, std::size_t room,
                        std::uint64_t seed) {
  Random random(seed);
  const auto [expression, document] = parts_of(one);
  const auto [other_expression, other_document] = parts_of(other);
  if (random.one_in(2)) {
    return fitted(std::string(expression) + std::string(other_document), room);
  }
  return fitted(
      cross_octets(expression, other_expression, room, random.next()) + std::string(document),
      room);
}

}  // namespace parley::mutators
