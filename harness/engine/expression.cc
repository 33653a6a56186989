// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <vector>

#include "harness/base/text.h"
#include "harness/crypto/scram.h"
#include "harness/engine/identity_token.h"
#include "harness/engine/text_functions.h"

namespace parley::engine {
namespace {

using Arguments = std::vector<std::string>;
constexpr int kScramIterations = 4096;  // RFC 7677 section 4

std::string at(const Scope& scope, const std::string& name) {
  const auto found = scope.values.find(name);
  return found == scope.values.end() ? "" : found->second;
}

std::string password_of(const Scope& scope, const std::string& actor) {
  return at(scope, actor + ".password");
}

Bytes salt_of(const Scope& scope, const std::string& actor) {
  return scope.rng.child("salt/" + actor).octets(16);
}

Result<std::string> scram(const Scope& scope, const std::string& name, const Arguments& arguments,
                          std::string_view label) {
  const auto& actor = arguments[0];
  std::vector<std::string> messages;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    auto octets = from_base64(arguments[i]);
    if (!octets) {
      return std::unexpected(octets.error());
    }
    messages.push_back(std::move(*octets));
  }
  Result<std::string> out = fail(Errc::malformed, "wrong number of arguments for " + name);
  if (name == "scram-first") {
    // What is no actor is a name that the server does not know.
    const auto known = scope.values.find(actor + ".user");
    out = crypto::scram_client_first(known == scope.values.end() ? actor : known->second,
                                     scope.rng.child(fmt::format("nonce/{}", label)).token(24));
  } else if (name == "scram-challenge" && messages.size() == 1) {
    out = crypto::scram_server_first(messages[0],
                                     scope.rng.child(fmt::format("nonce/{}", label)).token(24),
                                     salt_of(scope, actor), kScramIterations);
  } else if (name == "scram-weak-challenge" && messages.size() == 1) {
    out = crypto::scram_server_first(messages[0],
                                     scope.rng.child(fmt::format("nonce/{}", label)).token(24),
                                     salt_of(scope, actor), 1);
  } else if (name == "scram-final" && messages.size() == 2) {
    out = crypto::scram_client_final(password_of(scope, actor), messages[0], messages[1]);
  } else if (name == "scram-final-nonce" && messages.size() == 3) {
    out = crypto::scram_client_final(password_of(scope, actor), messages[0], messages[1],
                                     {.nonce = messages[2], .channel_binding = ""});
  } else if (name == "scram-final-binding" && messages.size() == 3) {
    out = crypto::scram_client_final(password_of(scope, actor), messages[0], messages[1],
                                     {.nonce = "", .channel_binding = messages[2]});
  } else if (name == "scram-final-proof" && messages.size() == 3) {
    out = crypto::scram_client_final(password_of(scope, actor), messages[0], messages[1]);
    if (out) {
      out->replace(out->rfind(",p=") + 3, std::string::npos, messages[2]);
    }
  } else if (name == "scram-verify" && messages.size() == 3) {
    out = crypto::scram_server_final(
        crypto::scram_credentials(password_of(scope, actor), salt_of(scope, actor),
                                  kScramIterations),
        messages[0], messages[1], messages[2]);
  } else if (name == "scram-signature" && messages.size() == 2) {
    // What the server must say, computed from the client's side of the exchange.
    out = crypto::scram_signature(password_of(scope, actor), messages[0], messages[1]);
  }
  return out ? Result<std::string>(to_base64(*out)) : out;
}

Result<std::string> drawn_octets(const Scope& scope, const std::string& count,
                                 std::string_view label) {
  constexpr std::size_t kMost = kMaxValueOctets / 2;
  const auto octets = number_of(count);
  return octets > kMost ? fail(Errc::too_large, "octets() would make more than 4 MiB")
                        : Result<std::string>(to_hex(
                              scope.rng.child(fmt::format("octets/{}", label)).octets(octets)));
}

struct Function {
  std::string_view name;
  std::size_t min_arguments;
  std::size_t max_arguments;
};
constexpr Function kFunctions[] = {
    {"plain", 1, 3},
    {"scram-first", 1, 1},
    {"scram-challenge", 2, 2},
    {"scram-final", 3, 3},
    {"scram-final-binding", 4, 4},  // claims another channel binding (base64)
    {"scram-final-nonce", 4, 4},    // claims another nonce (base64)
    {"scram-final-proof", 4, 4},    // says something else behind "p=" (base64 of that text)
    {"scram-weak-challenge", 2, 2},
    {"scram-verify", 4, 4},
    {"scram-signature", 3, 3},
    {"from-now", 1, 1},
    {"identity-token", 5, 6},    // subject, issuer, audience, type, lifetime, the key's name
    {"jwk-set", 1, 2},           // the keys' names, separated by commas; a forgery of the set
    {"octets", 1, 1},            // so many, drawn from the run's seed, in hex
    {"unassigned-token", 1, 1},  // its two octets, escaped; 1: the last one
};

Result<std::string> call(const std::string& name, const Arguments& arguments, const Scope& scope,
                         std::string_view label) {
  const auto of_text = text_functions();
  const auto text = std::ranges::find(of_text, name, &TextFunction::name);
  const auto* known = std::ranges::find(kFunctions, name, &Function::name);
  if (text == of_text.end() && known == std::end(kFunctions)) {
    return fail(Errc::not_found, unknown_name("function", name, function_names()));
  }
  const auto least = text != of_text.end() ? text->min_arguments : known->min_arguments;
  const auto most = text != of_text.end() ? text->max_arguments : known->max_arguments;
  if (arguments.size() < least || arguments.size() > most) {
    return fail(Errc::malformed, fmt::format("{}() takes {} to {} arguments", name, least, most));
  }
  if (text != of_text.end()) {
    return text->call(arguments);
  }
  if (name == "from-now") {
    return from_now(scope, arguments[0]);
  }
  if (name == "identity-token") {
    return honest_token(scope, {.subject = arguments[0],
                                .issuer = arguments[1],
                                .audience = arguments[2],
                                .type = arguments[3],
                                .lifetime = arguments[4],
                                .key = arguments.size() > 5 ? arguments[5] : ""});
  }
  if (name == "jwk-set") {
    return published_keys(scope, arguments[0], arguments.size() > 1 ? arguments[1] : "");
  }
  if (name == "plain") {  // plain(actor) or plain(authzid, user, password)
    if (arguments.size() == 3) {
      return to_base64(crypto::sasl_plain(arguments[0], arguments[1], arguments[2]));
    }
    return to_base64(crypto::sasl_plain("", at(scope, arguments[0] + ".user"),
                                        password_of(scope, arguments[0])));
  }
  if (name == "octets") {
    return drawn_octets(scope, arguments[0], label);
  }
  if (name == "unassigned-token") {
    const auto found = scope.values.find("unassigned-token." + arguments[0]);
    return found != scope.values.end()
               ? Result<std::string>(found->second)
               : fail(Errc::not_found, "the token dictionary leaves too few numbers unassigned");
  }
  return scram(scope, name, arguments, label);
}

// One expression between ${ and }.
class Parser {
 public:
  Parser(std::string_view text, const Scope& scope, std::string_view label)
      : text_(text), scope_(scope), label_(label) {}

  Result<std::string> whole() {
    auto value = one(false);
    skip();
    if (value && at_ != text_.size()) {
      return fail(Errc::malformed, fmt::format("'{}' behind the expression", text_.substr(at_)));
    }
    return value;
  }

 private:
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') {
      ++at_;
    }
  }

  // `bare`: a name that is no value stands for itself (an actor as a function's argument).
  Result<std::string> one(bool bare) {
    skip();
    if (at_ < text_.size() && text_[at_] == '\'') {
      const auto end = text_.find('\'', at_ + 1);
      if (end == std::string_view::npos) {
        return fail(Errc::malformed, "a literal without its closing quote");
      }
      const auto literal = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      return unescape(literal);
    }
    const auto from = at_;
    while (at_ < text_.size() &&
           std::string_view(",() ").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    const std::string name(text_.substr(from, at_ - from));
    skip();
    if (at_ < text_.size() && text_[at_] == '(') {
      return arguments_of(name);
    }
    return value_of(name, bare);
  }

  Result<std::string> value_of(const std::string& name, bool bare) {
    if (name == "fresh") {
      return scope_.rng.child(label_).token(12);
    }
    const auto found = scope_.values.find(name);
    if (found != scope_.values.end()) {
      return found->second;
    }
    if (bare || (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos)) {
      return name;
    }
    std::vector<std::string> known;
    for (const auto& [key, value] : scope_.values) {
      known.push_back(key);
    }
    return fail(Errc::not_found, unknown_name("value", name, known));
  }

  Result<std::string> arguments_of(const std::string& name) {
    ++at_;
    if (++depth_ > 16) {
      return fail(Errc::too_large, "calls are nested too deeply");
    }
    Arguments arguments;
    for (;;) {
      auto value = one(true);
      if (!value) {
        return value;
      }
      arguments.push_back(std::move(*value));
      skip();
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      break;
    }
    if (at_ >= text_.size() || text_[at_] != ')') {
      return fail(Errc::malformed, "a call without its ')'");
    }
    ++at_;
    --depth_;
    return call(name, arguments, scope_, label_);
  }

  std::string_view text_;
  const Scope& scope_;
  std::string label_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::vector<std::string> function_names() {
  std::vector<std::string> out;
  for (const auto& function : kFunctions) {
    out.emplace_back(function.name);
  }
  for (const auto& function : text_functions()) {
    out.emplace_back(function.name);
  }
  return out;
}

Result<std::string> evaluate(std::string_view text, const Scope& scope, std::string_view label) {
  std::string out;
  std::size_t from = 0;
  for (;;) {
    const auto begin = text.find("${", from);
    out += text.substr(from, begin == std::string_view::npos ? begin : begin - from);
    if (begin == std::string_view::npos) {
      return out;
    }
    const auto end = text.find('}', begin);
    if (end == std::string_view::npos) {
      return fail(Errc::malformed, "${ without its }", begin);
    }
    auto value = Parser(text.substr(begin + 2, end - begin - 2), scope, label).whole();
    if (!value) {
      return value;
    }
    out += *value;
    if (out.size() > kMaxValueOctets) {
      return fail(Errc::too_large, "an expression makes more than 8 MiB");
    }
    from = end + 1;
  }
}

Result<std::string> evaluate_row(std::string_view text, const Scope& scope,
                                 std::string_view label) {
  // Rows have plain names. What a SUT sent is bound under names with a dot: it is never evaluated.
  std::string whole;
  std::size_t from = 0;
  for (auto begin = text.find("${"); begin != text.npos; begin = text.find("${", from)) {
    const auto end = text.find('}', begin);
    if (end == text.npos) {
      break;
    }
    const std::string name(text.substr(begin + 2, end - begin - 2));
    const bool plain = name.find('.') == name.npos;
    const auto row = plain ? scope.values.find(name) : scope.values.end();
    whole += text.substr(from, begin - from);
    whole += row != scope.values.end() ? row->second : text.substr(begin, end + 1 - begin);
    from = end + 1;
  }
  whole += text.substr(from);
  return evaluate(whole, scope, label);
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    const char kind = i + 1 < text.size() ? text[i + 1] : '\0';
    if (kind == 'x' && i + 3 < text.size()) {
      auto octet = from_hex(text.substr(i + 2, 2));
      if (!octet) {
        return octet;
      }
      out += *octet;
      i += 3;
      continue;
    }
    const auto known = std::string_view("nrt\\").find(kind);
    if (known == std::string_view::npos) {
      return fail(Errc::malformed, "an unknown escape; \\xNN, \\n, \\r, \\t and \\\\ are known", i);
    }
    out += "\n\r\t\\"[known];
    ++i;
  }
  return out;
}

}  // namespace parley::engine
