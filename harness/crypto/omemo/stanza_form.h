// SPDX-License-Identifier: GPL-3.0-or-later
// OMEMO's elements as stanzas and PEP nodes carry them: device lists, bundles, messages. Source:
// XEP-0384 version 0.3.0, "Use cases". Keys are serialized (33 octets) and, like everything
// that is octets, in base64, in which white space may stand. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/crypto/signal/types.h"
#include "harness/xml/tree.h"

namespace parley::crypto::omemo {

inline constexpr std::string_view kNamespace = "eu.siacs.conversations.axolotl";
inline constexpr std::string_view kPubsubNamespace = "http://jabber.org/protocol/pubsub";
inline constexpr std::string_view kDeviceListNode = "eu.siacs.conversations.axolotl.devicelist";
inline constexpr std::string_view kBundleNode = "eu.siacs.conversations.axolotl.bundles:";

using DeviceId = std::uint32_t;  // 1 to 2^31 - 1

// The device of a bundle's node; null for any other node.
std::optional<DeviceId> device_of_node(std::string_view node);
std::string bundle_node(DeviceId device);

struct KeyBundle {
  signal::PrekeyBundle keys;  // without a one-time prekey
  std::vector<signal::OfferedPrekey> one_time;

  friend bool operator==(const KeyBundle&, const KeyBundle&) = default;
};

struct EnvelopeKey {
  DeviceId rid = 0;
  signal::Message message;

  friend bool operator==(const EnvelopeKey&, const EnvelopeKey&) = default;
};

struct Envelope {
  DeviceId sid = 0;
  std::vector<EnvelopeKey> keys;
  Bytes iv;
  std::optional<Bytes> payload;  // null: it transports a key alone

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

// Errors of each: malformed for what is not there, is no number or no base64; too_large beyond
// 1,000 devices, keys or prekeys. A bundle's keys and signature have the lengths that they must
// have; whether the signature holds is check_bundle()'s.
Result<std::vector<DeviceId>> read_device_list(const xml::Element& list);
Result<KeyBundle> read_bundle(const xml::Element& bundle);
Result<Envelope> read_envelope(const xml::Element& encrypted);

// <list/>, <bundle/>, <encrypted/>, of any lengths.
xml::Element device_list_element(const std::vector<DeviceId>& devices);
xml::Element bundle_element(const KeyBundle& bundle);
xml::Element envelope_element(const Envelope& message);

// <item id='current'/> around it, as it lies in a node.
xml::Element pep_item(xml::Element payload);

}  // namespace parley::crypto::omemo
