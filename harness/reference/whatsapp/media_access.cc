// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_access.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "harness/reference/certificate_folder.h"
#include "harness/reference/client_account.h"

namespace parley::reference::whatsapp {
namespace {

using nlohmann::json;

std::unexpected<RpcError> invalid(std::string message) {
  return std::unexpected(RpcError{.code = kInvalidParams, .message = std::move(message)});
}

Result<net::HttpUrl> https_url(const std::string& text) {
  auto url = net::parse_http_url(text);
  if (url && url->scheme != net::HttpUrl::Scheme::https) {
    return fail(Errc::unsupported, "not https");
  }
  return url;
}

// The whole number, `otherwise` where it is absent; nothing for anything else.
std::optional<std::uint64_t> number(const json& object, const char* name, std::uint64_t otherwise) {
  const auto found = object.find(name);
  if (found == object.end()) {
    return otherwise;
  }
  const bool whole = found->is_number_integer() && found->get<std::int64_t>() >= 0;
  return whole ? std::optional(found->get<std::uint64_t>()) : std::nullopt;
}

}  // namespace

std::expected<MediaAccess, RpcError> parse_media_access(const json& media) {
  if (!media.is_object()) {
    return invalid("media is an object");
  }
  const auto upload = https_url(string_member(media, "upload"));
  auto ca = read_pem(string_member(media, "ca"));
  const auto hosts = media.value("hosts", json::array());
  if (!upload || !ca || !hosts.is_array()) {
    return invalid(
        "media has upload, an https URL, hosts, and ca, the PEM "
        "file of their CA");
  }
  MediaAccess out{.upload = *upload,
                  .upload_token = string_member(media, "upload_token"),
                  .hosts = {},
                  .download_token = string_member(media, "download_token"),
                  .ca_pem = std::move(*ca)};
  for (const auto& host : hosts) {
    const auto url = https_url(host.is_string() ? host.get<std::string>() : "");
    if (!url) {
      return invalid("a host of media is https://HOST:PORT");
    }
    out.hosts.push_back(*url);
  }
  return out;
}

std::expected<OutgoingFile, RpcError> parse_outgoing(const json& media, std::string caption) {
  if (!media.is_object()) {
    return invalid("media is an object");
  }
  const auto named = string_member(media, "kind");
  const auto kind = file_kind(named);
  if (!kind) {
    return std::unexpected(RpcError{kUnsupported, "it sends no media of the kind " + named});
  }
  auto octets = from_hex(string_member(media, "file"));
  const auto times = number(media, "times", 1);
  const auto seconds = number(media, "seconds", 0);
  if (!octets || !times || !seconds) {
    return invalid("media has a file, octets in hex; times and seconds are whole numbers");
  }
  if (!octets->empty() && *times > kMostMediaFileOctets / octets->size()) {
    return invalid("a file has 100 MiB at the most");
  }
  OutgoingFile out{.kind = *kind,
                   .octets = std::move(*octets),
                   .times = *times,
                   .mimetype = string_member(media, "mimetype"),
                   .name = string_member(media, "name"),
                   .seconds = {},
                   .caption = std::move(caption)};
  if (media.contains("seconds")) {
    out.seconds = *seconds;
  }
  return out;
}

}  // namespace parley::reference::whatsapp
