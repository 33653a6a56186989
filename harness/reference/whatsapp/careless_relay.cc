// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/careless_relay.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

#include "harness/base/encoding.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kLimit = 60'000;
constexpr char kVersion3 = '\x33';  // of a Signal message, in both halves of its first octet

// Octets that are no ASCII become what stands for a character that cannot be read.
std::string as_text(std::string_view octets) {
  std::string out;
  for (const char octet : octets) {
    out += (static_cast<unsigned char>(octet) < 0x80U) ? std::string(1, octet) : "\xEF\xBF\xBD";
  }
  return out;
}

Bytes sealed_carelessly(Bytes octets, const FaultSet& faults) {
  if (faults.has(Fault::wg_sealed_in_base64)) {
    octets = to_base64(octets);
  }
  if (faults.has(Fault::wg_sealed_cut) && !octets.empty()) {
    octets.pop_back();
  }
  if (faults.has(Fault::wg_sealed_to_zero)) {
    octets.resize(std::min(octets.find('\0'), octets.size()));
  }
  if (faults.has(Fault::wg_sealed_as_text)) {
    octets = as_text(octets);
  }
  if (faults.has(Fault::wg_sealed_limited)) {
    octets.resize(std::min(octets.size(), kLimit));
  }
  if (faults.has(Fault::wg_sealed_unreadable_emptied) && !octets.starts_with(kVersion3)) {
    octets.clear();
  }
  return octets;
}

void enc_carelessly(xml::Element& enc, std::string_view version, const FaultSet& faults) {
  enc.set_text(sealed_carelessly(enc.text(), faults));
  const std::string type = enc.get("type");
  if (faults.has(Fault::wg_enc_version_lost)) {
    enc.erase("v");
  }
  if (faults.has(Fault::wg_enc_version_read) && enc.find("v") != nullptr) {
    enc.set("v", std::string(version));
  }
  if (faults.has(Fault::wg_enc_type_lost)) {
    enc.erase("type");
  }
  if (faults.has(Fault::wg_enc_type_read) && type != "pkmsg") {
    enc.set("type", "msg");
  }
  if (faults.has(Fault::wg_enc_first_as_later)) {
    enc.set("type", "msg");
  }
  if (faults.has(Fault::wg_enc_attributes_lost)) {
    std::erase_if(enc.attributes,
                  [](const auto& one) { return one.name != "v" && one.name != "type"; });
  }
}

xml::Element* enc_of(xml::Element& message) { return message.child("enc"); }

}  // namespace

void relay_carelessly(xml::Element& message, std::string_view version, const FaultSet& faults) {
  if (faults.has(Fault::wg_message_type_text) && message.find("type") != nullptr) {
    message.set("type", "text");
  }
  if (faults.has(Fault::wg_message_type_lost)) {
    message.erase("type");
  }
  auto* enc = enc_of(message);
  if (enc != nullptr && enc->text().empty() && faults.has(Fault::wg_sealed_empty_dropped)) {
    message.children.clear();
  } else if (enc != nullptr) {
    enc_carelessly(*enc, version, faults);
  }
}

void keep_waiting_carelessly(xml::Element& message, const FaultSet& faults) {
  auto* enc = message.name == "message" ? enc_of(message) : nullptr;
  if (enc == nullptr || enc->text().empty()) {
    return;
  }
  if (faults.has(Fault::wg_waiting_cut)) {
    auto octets = enc->text();
    octets.pop_back();
    enc->set_text(std::move(octets));
  }
  if (faults.has(Fault::wg_waiting_type_read)) {
    enc->set("type", "msg");
  }
}

void ask_again_carelessly(xml::Element& receipt, const FaultSet& faults) {
  const auto remove = [&](std::string_view name) {
    std::erase_if(receipt.children, [&](const xml::Node& node) {
      const auto* element = std::get_if<xml::Element>(&node);
      return element != nullptr && element->name == name;
    });
  };
  auto* retry = receipt.child("retry");
  if (retry != nullptr && faults.has(Fault::wg_retry_count_first)) {
    retry->set("count", "1");
  }
  if (faults.has(Fault::wg_retry_keys_lost)) {
    remove("keys");
  }
  if (faults.has(Fault::wg_retry_registration_lost)) {
    remove("registration");
  }
  if (faults.has(Fault::wg_retry_stripped)) {
    receipt.children.clear();
  }
}

}  // namespace parley::reference::whatsapp
