// SPDX-License-Identifier: GPL-3.0-or-later
// What the driver says of media: in `connect` where they go and whence they come, in `send` what to
// send. Sources: MED-006, MED-010. Plain values: safe from any thread.
#pragma once

#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/net/http_url.h"
#include "harness/reference/json_rpc.h"
#include "harness/reference/whatsapp/media_file.h"

namespace parley::reference::whatsapp {

struct MediaAccess {
  net::HttpUrl upload;  // of its own third party's server
  std::string upload_token;
  std::vector<net::HttpUrl> hosts;  // whence media may be fetched: origins
  std::string download_token;
  std::string ca_pem;  // of them all
};

// Of the member `media`: upload, upload_token, hosts, download_token and ca, a PEM file. Errors:
// kInvalidParams for a missing or wrong member.
std::expected<MediaAccess, RpcError> parse_media_access(const nlohmann::json& media);
// Of `media` in `send`: kind, file, mimetype, perhaps times, name and seconds; `caption` stands
// beside it. Errors: kInvalidParams; kUnsupported for a kind that it does not send.
std::expected<OutgoingFile, RpcError> parse_outgoing(const nlohmann::json& media,
                                                     std::string caption);

}  // namespace parley::reference::whatsapp
