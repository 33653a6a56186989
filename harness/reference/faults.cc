// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/faults.h"

#include <algorithm>
#include <map>

#include "harness/base/text.h"
#include "harness/reference/faults_fragile.h"
#include "harness/reference/faults_omemo.h"
#include "harness/reference/faults_upload.h"
#include "harness/reference/faults_xmpp.h"
#include "harness/reference/reference.h"
#include "harness/reference/whatsapp/faults_calls.h"
#include "harness/reference/whatsapp/faults_client.h"
#include "harness/reference/whatsapp/faults_client_media.h"
#include "harness/reference/whatsapp/faults_encryption.h"
#include "harness/reference/whatsapp/faults_gatekeeper.h"
#include "harness/reference/whatsapp/faults_identity.h"
#include "harness/reference/whatsapp/faults_keys.h"
#include "harness/reference/whatsapp/faults_media.h"
#include "harness/reference/whatsapp/faults_messenger.h"
#include "harness/reference/whatsapp/faults_partner.h"
#include "harness/reference/whatsapp/faults_sealed.h"
#include "harness/reference/whatsapp/faults_wake.h"
#include "harness/reference/whatsapp/liberties.h"

namespace parley::reference {
namespace {

// The tables of all profiles, in the order of the enumerators.
const std::vector<FaultEntry>& table() {
  static const std::vector<FaultEntry> joined = [] {
    const auto of_xmpp = xmpp_faults();
    std::vector<FaultEntry> out(of_xmpp.begin(), of_xmpp.end());
    const auto of_omemo = omemo_faults();
    out.insert(out.end(), of_omemo.begin(), of_omemo.end());
    const auto of_upload = upload_faults();
    out.insert(out.end(), of_upload.begin(), of_upload.end());
    const auto of_client = whatsapp::client_faults();
    out.insert(out.end(), of_client.begin(), of_client.end());
    const auto of_gatekeeper = whatsapp::gatekeeper_faults();
    out.insert(out.end(), of_gatekeeper.begin(), of_gatekeeper.end());
    const auto of_identity = whatsapp::identity_faults();
    out.insert(out.end(), of_identity.begin(), of_identity.end());
    const auto of_keys = whatsapp::key_faults();
    out.insert(out.end(), of_keys.begin(), of_keys.end());
    const auto of_partner = whatsapp::partner_faults();
    out.insert(out.end(), of_partner.begin(), of_partner.end());
    const auto of_calls = whatsapp::call_faults();
    out.insert(out.end(), of_calls.begin(), of_calls.end());
    const auto of_encryption = whatsapp::encryption_faults();
    out.insert(out.end(), of_encryption.begin(), of_encryption.end());
    const auto of_sealed = whatsapp::sealed_faults();
    out.insert(out.end(), of_sealed.begin(), of_sealed.end());
    const auto of_messenger = whatsapp::messenger_faults();
    out.insert(out.end(), of_messenger.begin(), of_messenger.end());
    const auto liberties = whatsapp::liberties();
    out.insert(out.end(), liberties.begin(), liberties.end());
    const auto of_callers = whatsapp::caller_faults();
    out.insert(out.end(), of_callers.begin(), of_callers.end());
    const auto of_wakes = whatsapp::wake_faults();
    out.insert(out.end(), of_wakes.begin(), of_wakes.end());
    const auto of_media = whatsapp::media_faults();
    out.insert(out.end(), of_media.begin(), of_media.end());
    const auto of_client_media = whatsapp::client_media_faults();
    out.insert(out.end(), of_client_media.begin(), of_client_media.end());
    const auto of_fragile = fragile_faults();
    out.insert(out.end(), of_fragile.begin(), of_fragile.end());
    return out;
  }();
  return joined;
}

}  // namespace

std::span<const FaultEntry> faults() { return table(); }

bool bends(const FaultEntry& fault, std::string_view party) {
  return fault.party == party || (fault.party == "third-party.client" && fault.profile != "xmpp" &&
                                  party == kGatekeeperClient);
}

std::string_view to_string(Fault fault) { return table()[static_cast<std::size_t>(fault)].name; }

std::optional<Fault> find_fault(std::string_view name) {
  static const auto index = [] {
    std::map<std::string_view, Fault> out;
    for (std::size_t i = 0; i < table().size(); ++i) {
      out.emplace(table()[i].name, static_cast<Fault>(i));
    }
    return out;
  }();
  const auto found = index.find(name);
  return found == index.end() ? std::nullopt : std::optional(found->second);
}

Result<FaultSet> fault_set(const std::vector<std::string>& names) {
  FaultSet out;
  for (const std::string& name : names) {
    const auto fault = find_fault(name);
    if (!fault) {
      std::vector<std::string> known;
      for (const FaultEntry& entry : table()) {
        known.emplace_back(entry.name);
      }
      return fail(Errc::not_found, unknown_name("fault", name, known));
    }
    out.add(*fault);
  }
  return out;
}

}  // namespace parley::reference
