// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto::omemo, what a client publishes and sends (stanza_form.h). Input: one element;
// what it is called says what it is read as. Oracles: what can be read is written and read again as
// the same; a message says no more of its parts than the element has.
#include <cstdint>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/crypto/omemo/payload.h"
#include "harness/crypto/omemo/stanza_form.h"

namespace {

using namespace parley;
using namespace parley::crypto::omemo;

void check_list(const xml::Element& element) {
  if (const auto list = read_device_list(element)) {
    PARLEY_ORACLE(list->size() <= element.elements().size());
    const auto again = read_device_list(device_list_element(*list));
    PARLEY_ORACLE(again && *again == *list);
  }
}

void check_bundle(const xml::Element& element) {
  if (const auto bundle = read_bundle(element)) {
    const auto again = read_bundle(bundle_element(*bundle));
    PARLEY_ORACLE(again && *again == *bundle);
  }
}

void check_envelope(const xml::Element& element) {
  const auto envelope = read_envelope(element);
  if (!envelope) {
    return;
  }
  const auto again = read_envelope(envelope_element(*envelope));
  PARLEY_ORACLE(again && *again == *envelope);
  PARLEY_ORACLE(envelope->payload.has_value() == (element.child("payload", kNamespace) != nullptr));
  // Whatever its lengths are, it is opened or refused.
  for (const auto& key : envelope->keys) {
    (void)open_payload({.key_material = key.message.octets,
                        .iv = envelope->iv,
                        .ciphertext = envelope->payload.value_or("")});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto element = xml::parse(text, kNamespace);
  if (!element) {
    return 0;
  }
  if (element->name == "list") {
    check_list(*element);
  } else if (element->name == "bundle") {
    check_bundle(*element);
  } else if (element->name == "encrypted") {
    check_envelope(*element);
  }
  return 0;
}
