// SPDX-License-Identifier: GPL-3.0-or-later
// The Enlistment API of the reference gatekeeper: JSON over HTTPS, a stand-in for one that is not
// published. POST /v1/enlistments {"identifier_type", "identifier"} makes a user of integrator 12
// or finds it; GET and DELETE /v1/enlistments/ID show it and take it back. A bearer token proves
// the identifier each time (ENL-003, ENL-004, ENL-007, ENL-012). One thread.
#pragma once

#include <string>

#include "harness/net/http_server.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

class Gatekeeper;
struct Account;

class Enlistment {
 public:
  // `keeper` outlives it. `faults` hold for every request.
  Enlistment(Gatekeeper& keeper, const FaultSet& faults) : keeper_(keeper), faults_(faults) {}

  net::HttpAnswer answer(const wire::HttpReceived& request);

 private:
  bool has(Fault fault) const { return faults_.has(fault); }
  net::HttpAnswer enlist(const wire::HttpMessage& request);
  net::HttpAnswer show(const wire::HttpMessage& request, const std::string& id);
  net::HttpAnswer take_back(const wire::HttpMessage& request, const std::string& id);
  // Whether the request's bearer has proved to be `identifier`.
  bool proves(const wire::HttpMessage& request, const std::string& identifier) const;
  // Null when there is none, or the bearer is another: who asks does not learn which.
  Account* own(const wire::HttpMessage& request, const std::string& id);

  Gatekeeper& keeper_;
  FaultSet faults_;
};

}  // namespace parley::reference::whatsapp
