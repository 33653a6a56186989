// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/mask.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/base/encoding.h"

namespace parley::report {
namespace {

// Whether `tag` ("<auth …", "<x:auth …") opens or closes an element of this local name.
bool names(std::string_view tag, std::string_view name) {
  tag.remove_prefix(tag.starts_with("</") ? 2 : 1);
  tag = tag.substr(0, tag.find_first_of(" \t\r\n/>"));
  if (const auto colon = tag.find(':'); colon != std::string_view::npos) {
    tag.remove_prefix(colon + 1);
  }
  return tag == name;
}

bool is_base64(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
}

std::string in_lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

constexpr std::size_t kShortestMessage = 8;  // letters of base64

// RFC 4616: [authzid] NUL authcid NUL passwd.
bool is_plain_message(const std::string& base64) {
  const auto octets = from_base64(base64);
  return octets && std::ranges::count(*octets, '\0') == 2;
}

std::size_t first_of(std::string_view text, std::size_t from,
                     const std::vector<std::string_view>& ends) {
  std::size_t out = text.size();
  for (const auto end : ends) {
    out = std::min(out, text.find(end, from));
  }
  return out;
}

// What an HTTP request proves itself with: a field's value as it is sent, escaped or not, as an
// element of its tree, and as a difference tells of it.
void hide_authorization(std::string& text) {
  static constexpr std::string_view kName = "authorization";
  static constexpr std::string_view kDifference = "/text(): ";
  const std::string lower = in_lower_case(text);
  for (auto at = lower.find(kName); at != std::string::npos; at = lower.find(kName, at)) {
    const bool closes = std::string_view(lower).substr(0, at).ends_with("</");
    at += kName.size();
    if (closes) {
      continue;
    }
    const auto rest = std::string_view(lower).substr(at);
    const auto behind_space = std::min(rest.find_first_not_of(" \t"), rest.size());
    std::size_t end = at;
    if (rest.starts_with('>')) {
      at += 1;
      end = first_of(lower, at, {"<"});
    } else if (rest.starts_with(kDifference)) {
      at += kDifference.size();
      end = lower.size();
    } else if (rest.substr(behind_space).starts_with(':')) {
      at += behind_space + 1;
      end = first_of(lower, at, {"\r", "\n", "\\x0d", "\\x0a"});
      at = std::min(lower.find_first_not_of(" \t", at), end);
    }
    text.replace(at, end - at, end - at, '*');
    at = end;
  }
}

// RFC 6750 section 2.3: what stands in a URL although it must not.
void hide_access_token(std::string& text) {
  static constexpr std::string_view kName = "access_token=";
  const std::string lower = in_lower_case(text);
  for (auto at = lower.find(kName); at != std::string::npos; at = lower.find(kName, at)) {
    at += kName.size();
    const auto end = first_of(lower, at, {"&", " ", "#", "'", "\"", "<", "\r", "\n", "\\x"});
    text.replace(at, end - at, end - at, '*');
    at = end;
  }
}

// The attributes of a login payload that hold what an account proves itself with.
void hide_tokens(std::string& text) {
  for (const std::string name : {" token=", " fb-cat="}) {
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
      at += name.size();
      const char quote = at < text.size() ? text[at] : ' ';
      if (quote != '\'' && quote != '"') {
        continue;
      }
      const auto end = std::min(text.find(quote, at + 1), text.size());
      text.replace(at + 1, end - at - 1, end - at - 1, '*');
    }
  }
  for (const std::string name : {"@token: ", "@fb-cat: "}) {
    if (const auto at = text.find(name); at != std::string::npos) {
      text.replace(at + name.size(), std::string::npos, text.size() - at - name.size(), '*');
    }
  }
}

constexpr std::string_view kTokenLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

// Identity tokens wherever they stand: what follows "Bearer " (RFC 6750 section 2.1), and what
// begins as the base64url of a JSON object does.
void hide_bearers(std::string& text) {
  for (const std::string_view begin : {"Bearer ", "eyJ"}) {
    for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
      const auto from = begin.ends_with(' ') ? at + begin.size() : at;
      const auto end = std::min(text.find_first_not_of(kTokenLetters, from), text.size());
      text.replace(from, end - from, end - from, '*');
      at = std::max(end, at + 1);
    }
  }
}

}  // namespace

std::string Mask::hide(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    out += hide_one(c);
  }
  return out;
}

// Inside a secret a tag is looked for too; what is in it, and in a CDATA section, is hidden.
char Mask::hide_one(char c) {
  const bool secret = place_ == Place::secret;
  if (c == '<') {
    tag_ = c;
    place_ = secret ? Place::secret : Place::tag;
    return c;
  }
  if (!tag_.empty() && tag_.size() < kMaxTagOctets) {
    tag_ += c;
  }
  if (c == '>' && !tag_.empty()) {
    end_tag();
    return c;
  }
  return secret && is_base64(c) && !tag_.starts_with("</") ? '*' : c;
}

void Mask::end_tag() {
  const bool auth = names(tag_, "auth");
  const bool response = names(tag_, "response");
  if (tag_.starts_with("</")) {
    place_ = auth || response ? Place::outside : place_;
  } else if (auth || response) {
    // A mechanism that nobody knows may send the password.
    plain_ = auth ? tag_.find("SCRAM-") == std::string::npos : plain_;
    place_ = plain_ && !tag_.ends_with("/>") ? Place::secret : Place::outside;
  }
  if (place_ == Place::tag) {
    place_ = Place::outside;
  }
  tag_.clear();
}

std::string masked(std::string_view text) {
  std::string out = Mask().hide(text);
  for (std::size_t begin = 0; begin < out.size(); ++begin) {
    std::size_t end = begin;
    while (end < out.size() && is_base64(out[end])) {
      ++end;
    }
    const auto letters = end - begin;
    while (end < out.size() && out[end] == '=' && end - begin < letters + 2) {
      ++end;
    }
    if (letters >= kShortestMessage && is_plain_message(out.substr(begin, end - begin))) {
      out.replace(begin, letters, letters, '*');
    }
    begin = std::max(begin, end);
  }
  hide_tokens(out);
  hide_bearers(out);
  hide_authorization(out);
  hide_access_token(out);
  return out;
}

model::Verdict masked(model::Verdict verdict) {
  for (auto* text :
       {&verdict.reason, &verdict.sent, &verdict.expected, &verdict.came, &verdict.difference}) {
    *text = masked(*text);
  }
  return verdict;
}

nlohmann::json without_password(nlohmann::json data) {
  for (const auto* secret : {"password", "wake"}) {
    if (data.is_object() && data.contains(secret)) {
      data[secret] = "***";
    }
  }
  for (const auto* secret : {"upload_token", "download_token"}) {
    if (data.is_object() && data.contains("media") && data["media"].contains(secret)) {
      data["media"][secret] = "***";
    }
  }
  return data;
}

}  // namespace parley::report
