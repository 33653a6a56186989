// SPDX-License-Identifier: GPL-3.0-or-later
// What the reference's services over HTTP answer: JSON, and refusals as {"error": WORD}. Pure.
#pragma once

#include <string>

#include "harness/crypto/jose/json.h"
#include "harness/net/http_server.h"

namespace parley::reference::whatsapp {

net::HttpAnswer json_answer(int status, const crypto::jose::Json& content);
net::HttpAnswer json_refusal(int status, const std::string& error);

}  // namespace parley::reference::whatsapp
