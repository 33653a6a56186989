// SPDX-License-Identifier: GPL-3.0-or-later
// Hides the passwords of test accounts in what people and their CI systems get to see: SASL PLAIN
// messages (RFC 4616), tokens that prove an identity, the Authorization of HTTP requests (RFC 9110
// section 11.6.2), an access_token in a URL (RFC 6750 section 2.3) and passwords handed to a
// driver. SCRAM messages hold no password and stay. The transcripts of a run keep every octet:
// `parley replay` needs them. One Mask, one thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "harness/model/model.h"

namespace parley::report {

// Follows one direction of a connection; a text that stands alone is a direction of its own.
class Mask {
 public:
  // `text` with each character of base64 inside a PLAIN message replaced by '*': what is wrong with
  // the message beside its secret can still be seen. Every other octet, and the length, is kept.
  std::string hide(std::string_view text);

 private:
  void end_tag();
  char hide_one(char c);

  static constexpr std::size_t kMaxTagOctets = 1024;
  enum class Place { outside, tag, secret };
  Place place_ = Place::outside;
  std::string tag_;     // from '<' on; cut at kMaxTagOctets
  bool plain_ = false;  // the mechanism of the last <auth/> sends the password
};

// hide() of a text that stands alone; a PLAIN message outside its element is hidden too, and so are
// the value of an attribute `token` or `fb-cat` or of a field Authorization, what a difference says
// of one, and tokens that are a bearer's or begin as a JWT does.
std::string masked(std::string_view text);
model::Verdict masked(model::Verdict verdict);  // each of its texts

// `data` of a driver's call without the value of "password".
nlohmann::json without_password(nlohmann::json data);

}  // namespace parley::report
