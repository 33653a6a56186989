// SPDX-License-Identifier: GPL-3.0-or-later
// What a third party's server does for whoever calls it: whom it wakes, above all.
#include "harness/reference/whatsapp/partner_server.h"

namespace parley::reference::whatsapp {

CalledService PartnerServer::called_service(const PartnerDoor& door) const {
  return {.find = [this](const std::string& identifier) { return called(identifier); },
          .subject_of = [this, issuer = door.issuer](
                            const std::string& token) { return subject_of(token, issuer); },
          .wake = [this, faults = door.faults](const Wake& woken) { wake(woken, faults); }};
}

// SRV-004: that a user is woken the driver is told before the client can tell of it.
void PartnerServer::wake(const Wake& wake, const FaultSet& faults) const {
  if (told_ && users_.contains(wake.user)) {
    told_(wake);
  }
  if (!faults.has(Fault::wp_wake_lost)) {
    wakes_->send(wake);
  }
  if (faults.has(Fault::wp_wake_everybody)) {
    for (const auto& user : wakes_->users()) {
      wakes_->send({.user = user, .id = wake.id});
    }
  }
}

}  // namespace parley::reference::whatsapp
