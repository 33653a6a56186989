// SPDX-License-Identifier: GPL-3.0-or-later
// Target: OpenID discovery documents (harness/reference/whatsapp/provider_metadata.h). Input: the
// JSON of an issuer's metadata.
// Oracles: the place of the keys is taken exactly when another reader of JSON finds this issuer and
// an https URL of its origin in it, and is that URL; faults that overlook something take more,
// never less.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/reference/whatsapp/provider_metadata.h"

namespace {

using namespace parley;
using namespace parley::reference;
using namespace parley::reference::whatsapp;

constexpr std::string_view kIssuer = "https://issuer.test/users";
constexpr std::string_view kOrigin = "https://issuer.test";
// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 8'192, .octets_each = 160, .allocations = 400, .allocations_each = 3};

const net::HttpUrl& place() {
  static const auto made = net::parse_http_url(kIssuer);
  PARLEY_ORACLE(made);
  return *made;
}

// The text of that member; null where another reader sees none.
std::optional<std::string> text_of(const nlohmann::json& value, const char* name) {
  const auto found = value.find(name);
  return found != value.end() && found->is_string() ? std::optional(found->get<std::string>())
                                                    : std::nullopt;
}

// By prefix alone: what stands behind the origin must end it.
bool is_of_origin(std::string text) {
  for (std::size_t i = 0; i < kOrigin.size() && i < text.size(); ++i) {
    text[i] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
  }
  auto rest = std::string_view(text);
  if (!rest.starts_with(kOrigin)) {
    return false;
  }
  rest.remove_prefix(kOrigin.size());
  if (rest.starts_with(':')) {
    rest.remove_prefix(1);
    while (rest.starts_with('0')) {
      rest.remove_prefix(1);
    }
    rest.remove_prefix(rest.starts_with("443") ? 3 : 0);
  }
  return rest.empty() || rest.starts_with('/') || rest.starts_with('?');
}

void check_taken(std::string_view text, const net::HttpUrl& keys) {
  const auto value = nlohmann::json::parse(text, nullptr, false);
  PARLEY_ORACLE(value.is_object());
  PARLEY_ORACLE(text_of(value, "issuer") == kIssuer);
  const auto said = text_of(value, "jwks_uri");
  PARLEY_ORACLE(said && is_of_origin(*said));
  PARLEY_ORACLE(keys.scheme == net::HttpUrl::Scheme::https && net::same_origin(keys, place()));
  PARLEY_ORACLE(said->ends_with(keys.target) || keys.target == "/" ||
                keys.target == "/" + said->substr(said->find('?')));
}

// What another reader has of a document that says the right things as they are usual: ours must
// take those by themselves.
void check_right(const nlohmann::json& value) {
  const nlohmann::json alone{{"issuer", value["issuer"]}, {"jwks_uri", value["jwks_uri"]}};
  PARLEY_ORACLE(key_set_place(alone.dump(), std::string(kIssuer), place(), {}));
}

void check_refused(std::string_view text, Outage why) {
  const auto value = nlohmann::json::parse(text, nullptr, false);
  const bool right = value.is_object() && text_of(value, "issuer") == kIssuer &&
                     text_of(value, "jwks_uri") == std::string(kOrigin) + "/keys";
  // Repeated members, numbers beyond all bounds and depth are what ours refuses beside.
  PARLEY_ORACLE(!right || why == Outage::unreadable);
  if (right) {
    check_right(value);
  }
  PARLEY_ORACLE(why == Outage::unreadable || why == Outage::refused);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string issuer(kIssuer);
  const auto keys =
      fuzz::bounded(kBound, size, [&] { return key_set_place(text, issuer, place(), {}); });
  if (keys) {
    check_taken(text, *keys);
  } else {
    check_refused(text, keys.error());
  }
  for (const auto fault :
       {Fault::wg_keys_any_issuer, Fault::wg_keys_issuer_slash, Fault::wg_keys_issuer_case,
        Fault::wg_keys_issuer_prefix, Fault::wg_keys_issuer_host, Fault::wg_keys_issuer_missing}) {
    FaultSet careless;
    careless.add(fault);
    const auto more = key_set_place(text, issuer, place(), careless);
    PARLEY_ORACLE(!keys || more == keys);
    PARLEY_ORACLE(!more || net::same_origin(*more, place()));
  }
  return 0;
}
