// SPDX-License-Identifier: GPL-3.0-or-later
// What a client and its server's upload service say to each other before a file goes out. Source:
// XEP-0363 version 1.2.0, "Discovering Support", "Requesting a slot". Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/net/http_url.h"
#include "harness/reference/faults.h"
#include "harness/wire/http_message.h"
#include "harness/xml/tree.h"

namespace parley::reference {

inline constexpr std::string_view kUploadNs = "urn:xmpp:http:upload:0";
inline constexpr std::string_view kDiscoItemsNs = "http://jabber.org/protocol/disco#items";
inline constexpr std::string_view kDiscoInfoNs = "http://jabber.org/protocol/disco#info";
inline constexpr std::string_view kOobNs = "jabber:x:oob";
inline constexpr std::size_t kMaxUploadUrl = 8 * 1024;  // octets

struct SlotRequest {
  std::string filename;
  std::uint64_t size = 0;
  std::string content_type;
};
xml::Element slot_request(const SlotRequest& request);

struct Slot {
  net::HttpUrl put;
  std::string put_text;  // as it stands there
  std::string get;       // as it stands there, to be told to others
  wire::HttpFields headers;
};
// Null for an answer that is none, of which a URL is not https or is missing. Of its headers those
// remain that may go out.
std::optional<Slot> read_slot(const xml::Element& iq, const FaultSet& faults);

// The addresses of an answer to disco#items; of many the first.
std::vector<std::string> listed_items(const xml::Element& iq);
// Whether an answer to disco#info is that of an upload service.
bool offers_upload(const xml::Element& iq);

}  // namespace parley::reference
