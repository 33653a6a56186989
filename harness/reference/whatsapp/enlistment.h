// SPDX-License-Identifier: GPL-3.0-or-later
// The Enlistment API of the reference gatekeeper: JSON over HTTPS, a stand-in for one that is not
// published. POST /v1/enlistments {"identifier_type", "identifier"} makes a user or
// finds it, of the integrator whose issuer the token names, else of 12; GET and DELETE
// /v1/enlistments/ID show it and take it back. A bearer token proves the identifier each time
// (ENL-003, ENL-004, ENL-007, ENL-012). One thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "harness/net/http_server.h"
#include "harness/reference/faults.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

// The same API in stanzas, another stand-in: <iq xmlns='w:interop:enlist'> with <enlist/>, <show/>,
// <rename/> or <take_back/>, whose attributes are the request's members, `token`, and in `at` the
// path; answered with <enlistment status='…'/>, and in an error with its code too.
inline constexpr std::string_view kEnlistmentNamespace = "w:interop:enlist";

namespace asio = boost::asio;

class Gatekeeper;
struct Account;

// What a request wants to be enlisted as. `proof`: of the identifier, in a change.
struct WantedIdentifier {
  std::string type;
  std::string identifier;
  std::string proof{};
};

class Enlistment {
 public:
  // `keeper` outlives it. `faults` hold for every request.
  Enlistment(Gatekeeper& keeper, const FaultSet& faults) : keeper_(keeper), faults_(faults) {}

  // Waits for the keys that the request's bearer token needs.
  asio::awaitable<void> prepare(const wire::HttpMessage& request);
  net::HttpAnswer answer(const wire::HttpMessage& request);

  // The request that a stanza stands for; empty of method for one that stands for none.
  wire::HttpMessage request_of(const xml::Element& iq) const;
  // The payload of the stanza's answer.
  static xml::Element payload_of(const net::HttpAnswer& answer);

 private:
  bool has(Fault fault) const { return faults_.has(fault); }
  std::expected<WantedIdentifier, net::HttpAnswer> read(const wire::HttpMessage& request) const;
  net::HttpAnswer enlist(const wire::HttpMessage& request);
  net::HttpAnswer rename(const wire::HttpMessage& request, const std::string& id);
  void keep_part_of(Account& account) const;
  net::HttpAnswer show(const wire::HttpMessage& request, const std::string& id);
  net::HttpAnswer take_back(const wire::HttpMessage& request, const std::string& id);
  std::string token_of(const wire::HttpMessage& request) const;
  // Whose user the bearer says to be.
  std::uint16_t integrator_of(const wire::HttpMessage& request) const;
  // Whether the request's bearer has proved to be that integrator's `identifier`.
  bool proves(const wire::HttpMessage& request, std::uint16_t integrator,
              const std::string& identifier) const;
  // Null when there is none, or the bearer is another: who asks does not learn which.
  Account* own(const wire::HttpMessage& request, const std::string& id);

  Gatekeeper& keeper_;
  FaultSet faults_;
};

}  // namespace parley::reference::whatsapp
