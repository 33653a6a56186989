// SPDX-License-Identifier: GPL-3.0-or-later
// OMEMO's elements as the reference client writes and reads them. Source: XEP-0384 version 0.3.0
// sections 4.2 to 4.6; XEP-0060. Pure functions: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/crypto/signal/types.h"
#include "harness/reference/faults.h"
#include "harness/xml/tree.h"

namespace parley::reference::omemo {

inline constexpr std::string_view kNs = "eu.siacs.conversations.axolotl";
inline constexpr std::string_view kListNode = "eu.siacs.conversations.axolotl.devicelist";
inline constexpr std::string_view kBundleNode = "eu.siacs.conversations.axolotl.bundles:";
inline constexpr std::string_view kPubsubNs = "http://jabber.org/protocol/pubsub";
inline constexpr std::string_view kEventNs = "http://jabber.org/protocol/pubsub#event";

xml::Element element(std::string_view ns, std::string_view name);
xml::Element octets_element(std::string_view name, std::string_view octets);

// <pubsub/> that publishes `payload` at a node, which anybody may read, or asks for what it holds.
xml::Element publication(const std::string& node, xml::Element payload);
xml::Element retrieval(const std::string& node);
// What the first item of `items` or of the node in `pubsub` holds; null where there is none.
const xml::Element* held(const xml::Element* pubsub, std::string_view node);

xml::Element list_element(const std::vector<std::uint32_t>& devices);
std::vector<std::uint32_t> listed(const xml::Element& list);

// A bundle of a peer's device, with one of its prekeys, drawn by `choice`. Null: something is
// missing or has another length, and no fault takes it all the same.
std::optional<crypto::signal::PrekeyBundle> read_bundle(const xml::Element& bundle,
                                                        std::uint64_t choice,
                                                        const FaultSet& faults);

struct Key {
  std::uint32_t rid = 0;
  bool prekey = false;
  Bytes octets;
};
struct Envelope {
  std::uint32_t sid = 0;
  std::vector<Key> keys;
  Bytes iv;
  std::optional<Bytes> payload;
};
std::optional<Envelope> read_envelope(const xml::Element& encrypted);
xml::Element envelope_element(const Envelope& envelope);

}  // namespace parley::reference::omemo
