// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/json_answer.h"

namespace parley::reference::whatsapp {

namespace jose = crypto::jose;

net::HttpAnswer json_answer(int status, const jose::Json& content) {
  return {.message = wire::http_response(status, {{"Content-Type", "application/json"}},
                                         jose::write_json(content))};
}

net::HttpAnswer json_refusal(int status, const std::string& error) {
  jose::Json content{jose::Json::Object()};
  jose::set_member(content, "error", jose::json_of(error));
  return json_answer(status, content);
}

}  // namespace parley::reference::whatsapp
