// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_region.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>

namespace parley::reference::whatsapp {
namespace {

namespace ip = boost::asio::ip;

// An IPv4 address is one in the form of an IPv6 address too (RFC 4291 section 2.5.5.2).
std::optional<std::uint32_t> ipv4_of(const ip::address& address) {
  if (address.is_v4()) {
    return address.to_v4().to_uint();
  }
  const auto v6 = address.to_v6();
  return v6.is_v4_mapped() ? std::optional(ip::make_address_v4(ip::v4_mapped, v6).to_uint())
                           : std::nullopt;
}

}  // namespace

Result<AddressRange> read_range(std::string_view text) {
  boost::system::error_code error;
  const auto network = ip::make_network_v4(std::string(text), error);
  if (error || network.canonical() != network) {
    return fail(Errc::malformed, "a range of addresses reads like 192.0.2.0/24");
  }
  return AddressRange{.first = network.address().to_uint(), .mask = network.netmask().to_uint()};
}

Result<void> Whereabouts::set(std::string_view inside, std::string_view outside) {
  const auto in = read_range(inside);
  const auto out = read_range(outside);
  if (!in || !out) {
    return std::unexpected(in ? out.error() : in.error());
  }
  inside_ = *in;
  outside_ = *out;
  return {};
}

void Whereabouts::see(const std::string& user, const std::string& address, const FaultSet& faults) {
  const auto known = away_.find(user);
  if (faults.has(Fault::wp_region_checked_once) && known != away_.end()) {
    return;
  }
  const bool was_away = known != away_.end() && known->second;
  bool away = !address.empty() && !is_inside(address, faults);
  if (faults.has(Fault::wp_region_ignored) ||
      (faults.has(Fault::wp_region_denied_once) && was_away)) {
    away = false;
  } else if (faults.has(Fault::wp_region_of_first_user)) {
    away = first_away_.value_or(away);
    first_away_ = away;
  } else if (faults.has(Fault::wp_may_serve_nobody_back) && was_away) {
    away = true;
  }
  away_[user] = away;
}

bool Whereabouts::is_away(const std::string& user) const {
  const auto known = away_.find(user);
  return known != away_.end() && known->second;
}

bool Whereabouts::is_inside(const std::string& text, const FaultSet& faults) const {
  boost::system::error_code error;
  const auto address = ip::make_address(text, error);
  if (error || faults.has(Fault::wp_region_serves_nobody)) {
    return false;
  }
  const auto ipv4 = ipv4_of(address);
  if (address.is_v6() && ((faults.has(Fault::wp_region_mapped_inside) && ipv4) ||
                          (faults.has(Fault::wp_region_ipv6_inside) && !ipv4))) {
    return true;
  }
  if (faults.has(Fault::wp_region_unplaced_inside)) {
    return !(ipv4 && outside_ && outside_->holds(*ipv4));
  }
  return ipv4 && inside_ && inside_->holds(*ipv4);
}

}  // namespace parley::reference::whatsapp
