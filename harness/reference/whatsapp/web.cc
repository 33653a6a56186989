// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/web.h"

#include <utility>

namespace parley::reference::whatsapp {
namespace {

using net::WebSocketManners;
using wire::WebSocketOddity;
using wire::WebSocketRole;

// What each fault lets pass.
const std::pair<Fault, std::set<WebSocketOddity>> kTolerated[] = {
    {Fault::wg_web_accepts_text, {WebSocketOddity::text}},
    {Fault::wg_web_accepts_unmasked, {WebSocketOddity::unmasked}},
    {Fault::wg_web_accepts_odd_frames,
     {WebSocketOddity::reserved_bits, WebSocketOddity::unknown_opcode,
      WebSocketOddity::fragments_mixed}},
    {Fault::wg_web_accepts_odd_control,
     {WebSocketOddity::control_fragmented, WebSocketOddity::control_too_long}},
    {Fault::wg_web_length_unchecked,
     {WebSocketOddity::length_not_minimal, WebSocketOddity::too_large}},
    {Fault::wt_web_accepts_text, {WebSocketOddity::text}},
    {Fault::wt_web_accepts_masked, {WebSocketOddity::masked}},
    {Fault::wt_web_accepts_odd_frames,
     {WebSocketOddity::reserved_bits, WebSocketOddity::unknown_opcode,
      WebSocketOddity::fragments_mixed, WebSocketOddity::control_fragmented,
      WebSocketOddity::control_too_long}},
};

using Neglect = WebSocketManners::Neglect;
constexpr std::pair<Fault, Neglect> kNeglected[] = {
    {Fault::wg_web_ping_unanswered, Neglect::pings},
    {Fault::wg_web_close_unanswered, Neglect::close},
    {Fault::wt_web_ping_unanswered, Neglect::pings},
    {Fault::wt_web_close_unanswered, Neglect::close},
    {Fault::wt_web_answer_unchecked, Neglect::answer},
    {Fault::wt_web_unmasked, Neglect::masks},
};

WebSocketManners manners_of(const FaultSet& faults) {
  WebSocketManners out;
  for (const auto& [fault, oddities] : kTolerated) {
    if (faults.has(fault)) {
      out.tolerated.insert(oddities.begin(), oddities.end());
    }
  }
  for (const auto& [fault, neglect] : kNeglected) {
    if (faults.has(fault)) {
      out.neglected.insert(neglect);
    }
  }
  if (faults.has(Fault::wg_web_refuses_fragments) || faults.has(Fault::wt_web_refuses_fragments)) {
    out.limits.max_fragments = 1;
  }
  return out;
}

}  // namespace

std::unique_ptr<net::WebSocket> server_socket(std::unique_ptr<net::Stream> under, Rng rng,
                                              const FaultSet& faults) {
  return net::WebSocket::make(std::move(under), WebSocketRole::server, std::move(rng),
                              manners_of(faults));
}

net::WebSocketOffer server_offer(const FaultSet& faults) {
  net::WebSocketOffer out{.path = std::string(kWebPath), .origin = std::string(kWebOrigin)};
  if (faults.has(Fault::wg_web_any_path)) {
    out.path.clear();
  }
  if (faults.has(Fault::wg_web_any_origin)) {
    out.origin.clear();
  }
  return out;
}

std::unique_ptr<net::WebSocket> client_socket(std::unique_ptr<net::Stream> under, Rng rng,
                                              const FaultSet& faults) {
  return net::WebSocket::make(std::move(under), WebSocketRole::client, std::move(rng),
                              manners_of(faults));
}

net::WebSocketRequest client_request(const ClientAccount& account, const FaultSet& faults) {
  return {.host = net::to_string(net::Address{.host = account.host, .port = account.port}),
          .path = faults.has(Fault::wt_web_wrong_path) ? "/" : account.path,
          .origin = faults.has(Fault::wt_web_wrong_origin) ? "https://phone.test" : account.origin};
}

std::unique_ptr<net::WebSocket> null_socket(std::unique_ptr<net::Stream> under,
                                            WebSocketRole role) {
  using enum WebSocketOddity;
  WebSocketManners manners;
  manners.tolerated = {unmasked,           masked,
                       reserved_bits,      unknown_opcode,
                       fragments_mixed,    control_too_long,
                       control_fragmented, length_not_minimal,
                       bad_close,          text,
                       too_large};
  manners.neglected = {Neglect::pings, Neglect::close, Neglect::answer};
  return net::WebSocket::make(std::move(under), role, Rng(1), std::move(manners));
}

FaultSet with_web_faults(FaultSet faults) {
  if (faults.has(Fault::wg_web_frame_per_message)) {
    faults.add(Fault::wg_segmentation);
    faults.add(Fault::wg_joined_frames_lost);
  }
  if (faults.has(Fault::wt_web_frame_per_message)) {
    faults.add(Fault::wt_segmentation);
    faults.add(Fault::wt_joined_frames_lost);
  }
  return faults;
}

}  // namespace parley::reference::whatsapp
