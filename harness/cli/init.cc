// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "harness/base/text.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"
#include "harness/engine/relay.h"
#include "harness/model/setting.h"

namespace parley::cli {
namespace {

// Of each party and wire what is its own; PROFILE stands for the profile's name.
constexpr std::string_view kHead =
    R"(# What your WHAT. 'parley doctor --sut FILE' checks it.
parley: 1
name: NAME          # as it shall stand in reports
profile: PROFILE                 # see 'parley list profiles'
party: PARTY       # the party under test
)";

constexpr std::string_view kXmlEndpoints =
    R"(endpoints:
  domain: example.test           # the domain of the accounts and of the certificate
  starttls: 127.0.0.1:5222       # host:port for TCP with STARTTLS
  direct-tls: 127.0.0.1:5223     # host:port for direct TLS; leave out if there is none
  ca: ca.pem                     # PEM file of the CA to trust, relative to this file
  # upload: upload.example.test  # the address of the upload service (XEP-0363), where it is another
  # media: https://localhost:5281   # where that has files put and got; its certificate is of the same ca
  # download: https://localhost:5282   # where they are got, where that is another host
identities:
  pool: accounts.csv             # user,password a line; a case leases two to four, 100 are plenty
)";

constexpr std::string_view kNoiseEndpoints =
    R"(endpoints:
  tcp: 127.0.0.1:5222            # host:port for frames on TCP
  websocket: ws://127.0.0.1:5280/ws/chat   # leave out if there is none, and the feature websocket below
  # websocket: wss://127.0.0.1:5281/ws/chat   # under TLS: with the two lines that follow
  # domain: example.test         # the name in the WebSocket's certificate
  # ca: ca.pem                   # PEM file of the CA that issued it, relative to this file
  # enlistment: https://localhost:8443   # the Enlistment API; its certificate is of the same ca
  # proxy: https://localhost:8443   # the media proxy; its certificate is of the same ca
  root: "64 hex digits"          # the public key that signs the intermediate of the SUT's Noise certificates
identities:
  pool: accounts.csv             # number,token a line; a case leases two to four, 100 are plenty
)";

constexpr std::string_view kPartnerEndpoints =
    R"(endpoints:
  keys: https://localhost:8443   # of the discovery document and of the keys that it names: https://HOST:PORT
  partner: https://localhost:8443   # of what the gatekeeper's server calls; leave out if there is none
  media: https://localhost:8443   # of what it hosts for its users' clients; leave out if there is none
  issuer: https://localhost:8443   # as tokens and discovery document say it, byte for byte
  ca: ca.pem                     # PEM file of the CA that issued the certificates, relative to this file
driver:
  command: [./driver]            # issues tokens and changes keys; speaks JSON-RPC 2.0 on its standard streams
)";

constexpr std::string_view kDriver =
    R"(driver:
  command: [./driver]            # speaks JSON-RPC 2.0 on its standard streams; runs in this file's folder
)";

constexpr std::string_view kTail =
    "# patience_ms: 5000              # the least time to wait for an answer\n";

struct Feature {
  std::string_view name;
  std::string_view what;  // the SUT does when it has it
};
constexpr Feature kFeatures[] = {
    {"blank-accounts", "has accounts that have opted in to nobody; a driver enlists them"},
    {"blocks", "lets its own users block partners' users"},
    {"chatstate", "shows that somebody is typing"},
    {"deflate", "takes compressed stanzas"},
    {"direct-tls", "speaks TLS from the first octet on, at endpoints/direct-tls"},
    {"email-identifiers", "has users who are called by e-mail addresses"},
    {"encryption", "encrypts content by the Signal protocol where 'connect' says so"},
    {"enlistment-api", "has an Enlistment API, at endpoints/enlistment with endpoints/ca"},
    {"http-upload", "has files put and got over HTTPS, or does so (XEP-0363)"},
    {"identity-proof", "checks who vouches for users; a driver's 'partner' tells it"},
    {"identity-notices", "tells who has written with a user that its identity key has changed"},
    {"key-algorithms", "signs with the algorithm that a driver's 'token' names"},
    {"key-rotation", "changes its key, stage by stage, as a driver's 'rotate' says"},
    {"keepalive", "asks whether its server is there when it has been idle"},
    {"key-fetch", "fetches third parties' keys from where their issuers publish them"},
    {"key-refresh", "fetches them again when the driver's 'refresh' says so"},
    {"last-tokens-unassigned", "gives the last places of the token dictionaries no meaning"},
    {"no-namesakes", "keeps no user of its own under a number that it has enlisted"},
    {"media-hosting",
     "hosts what its users' clients upload, at endpoints/media; a driver's 'upload'"},
    {"media-large", "takes files of 100 MiB, whichever way they go"},
    {"media-proxy",
     "gets third parties' media for its users, at endpoints/proxy; a driver's 'partner'"},
    {"media-ranges", "serves parts of what it hosts"},
    {"media-receive", "shows its users files that they are sent"},
    {"media-send", "uploads and sends its users' files, where 'connect' has 'media'"},
    {"media-sidecar", "checks the sidecars of what it is sent"},
    {"media-stickers", "sends and shows stickers, as it does other files"},
    {"noise-ik", "takes part in Noise IK handshakes"},
    {"noise-xx", "takes part in Noise XX handshakes"},
    {"noise-xxfallback", "goes on with XXfallback where IK is refused"},
    {"offline", "keeps what comes for a user who is away"},
    {"omemo", "encrypts by XEP-0384 version 0.3 (OMEMO)"},
    {"opt-in", "lets its own users opt in and out of partners; accounts are opted in to both"},
    {"partner-calls",
     "calls a third party's server; a driver's 'partner' tells where and the secret"},
    {"passive", "holds back deliveries of a passive login"},
    {"prekey-notices", "tells who has few one-time prekeys left how many"},
    {"prekeys", "keeps and serves prekeys"},
    {"presence", "tells others who is there"},
    {"published-keys", "publishes keys under endpoints/keys; a driver's 'token' shows its tokens"},
    {"push-wake", "waits until its own server wakes it, as a driver's 'await' says"},
    {"pushes", "asks, or is asked, that a user's client be woken"},
    {"reachability", "lets its own users say by whom they can be reached"},
    {"receipts", "carries or sends receipts"},
    {"reconnect", "connects again by itself when the protocol has it do so"},
    {"renaming", "lets a driver's 'rename' call its users something else"},
    {"resolve", "tells its own users who is called what at a partner"},
    {"roster", "keeps a roster"},
    {"routing", "takes octets for a load balancer before the intro"},
    {"sasl-plain", "logs in with SASL PLAIN"},
    {"scram-sha-256", "logs in with SCRAM-SHA-256"},
    {"second-partner", "has accounts of a second partner; a driver enlists them"},
    {"starttls", "turns to TLS on the plain port"},
    {"suspension", "knows a driver's 'suspend' and 'restore'"},
    {"terms", "has its own users accept terms before they opt in"},
    {"trust", "shows presence to partners' users once they are trusted"},
    {"upload-credential", "gives slots whose Authorization an upload must have (XEP-0363)"},
    {"upload-limit", "says how large a file it takes (XEP-0363)"},
    {"upload-type", "asks for slots with the type of a file (XEP-0363)"},
    {"user-authentication", "asks, or is asked, at each login whether its token holds"},
    {"user-location",
     "serves users in the region alone; a driver's 'token' says from where they ask"},
    {"websocket", "speaks over a WebSocket too"},
    {"xep-0198", "acknowledges stanzas (XEP-0198)"},
    {"xep-0199", "answers pings (XEP-0199)"}};

// What cases of the profile ask of the parties under test `suts`.
std::set<std::string> needs_of(const model::Profile& profile, const std::vector<model::Party>& suts,
                               const model::Library& library) {
  std::set<std::string> out;
  for (const auto& one : library.cases) {
    if (one.profile == profile.name && one.suts() == suts) {
      std::ranges::copy_if(one.needs, std::inserter(out, out.end()),
                           [](const auto& need) { return !model::setting_needed(need); });
    }
  }
  return out;
}

// What a server and its client are asked together and the server is not alone the client does.
std::set<std::string> needs_of_woken(const model::Profile& profile, const model::Library& library) {
  const std::vector<model::Party> both{engine::kTogether.begin(), engine::kTogether.end()};
  const auto of_both = needs_of(profile, both, library);
  const auto of_server = needs_of(profile, {both.front()}, library);
  std::set<std::string> out;
  std::ranges::set_difference(of_both, of_server, std::inserter(out, out.end()));
  return out;
}

// One a line, those that cases of the profile ask of the party.
std::string features_of(const model::Profile& profile, model::Party party,
                        const model::Library& library) {
  auto needed = needs_of(profile, {party}, library);
  if (party == engine::kTogether.back()) {
    needed.merge(needs_of_woken(profile, library));
  }
  std::string out = needed.empty() ? "features: []\n"
                                   : "features:                        # take out what your system "
                                     "does not do; cases that need it are not judged\n";
  for (const auto& name : needed) {
    const auto* known = std::ranges::find(kFeatures, name, &Feature::name);
    out += known == std::end(kFeatures) ? fmt::format("  - {}\n", name)
                                        : fmt::format("  - {:<29}# it {}\n", name, known->what);
  }
  return out;
}

std::string template_for(const model::Profile& profile, model::Party party,
                         const model::Library& library) {
  const bool server = model::is_server(party);
  const bool partner = party == model::Party::third_party_server;
  auto head = replace_all(
      std::string(kHead), "WHAT",
      server ? "system supports and where it is" : "client supports and how to press its buttons");
  head = replace_all(std::move(head), "NAME",
                     partner  ? "My service 1.0     "
                     : server ? "My gatekeeper 1.0  "
                              : "My client 1.0      ");
  head = replace_all(std::move(head), "PROFILE", profile.name);
  head = replace_all(std::move(head), "PARTY", std::string(model::to_string(party)));
  const auto own = partner                              ? kPartnerEndpoints
                   : !server                            ? kDriver
                   : profile.wire == model::Wire::noise ? kNoiseEndpoints
                                                        : kXmlEndpoints;
  return head + std::string(own) + features_of(profile, party, library) + std::string(kTail);
}

std::vector<std::string> parties_of(const model::Profile& profile, const model::Library& library) {
  std::vector<std::string> out{"gatekeeper.server", "third-party.client"};
  if (profile.services.contains("keys")) {
    out.emplace_back("third-party.server");
  }
  if (std::ranges::any_of(library.cases, [&](const model::Case& one) {
        return one.profile == profile.name && one.party == model::Party::gatekeeper_client;
      })) {
    out.emplace_back("gatekeeper.client");
  }
  return out;
}

bool has(const model::Profile& profile, const std::string& party, const model::Library& library) {
  return std::ranges::count(parties_of(profile, library), party) > 0;
}

// A party that other profiles have is no slip of the pen.
std::string unknown_party(const std::string& party, const model::Profile& profile,
                          const model::Library& library) {
  std::vector<std::string> others;
  for (const auto& [name, other] : library.profiles) {
    if (has(other, party, library)) {
      others.push_back(name);
    }
  }
  return others.empty() ? unknown_name("party", party, parties_of(profile, library))
                        : fmt::format("profile {} has no {}; give --profile {}", profile.name,
                                      party, join(others, " or "));
}

}  // namespace

ExitCode init(const RunArguments& arguments, const std::string& party, const std::string& file) {
  const auto library = library_of(arguments);
  if (!library) {
    return ExitCode::usage;
  }
  const auto profile = library->profiles.find(arguments.profile);
  if (profile == library->profiles.end()) {
    std::vector<std::string> names;
    for (const auto& [name, known] : library->profiles) {
      names.push_back(name);
    }
    put(stderr, "parley: {}\n", unknown_name("profile", arguments.profile, names));
    return ExitCode::usage;
  }
  if (!has(profile->second, party, *library)) {
    put(stderr, "parley: {}\n", unknown_party(party, profile->second, *library));
    return ExitCode::usage;
  }
  if (std::filesystem::exists(file)) {
    put(stderr, "parley: {} exists already; nothing was written\n", file);
    return ExitCode::usage;
  }
  std::ofstream out(file);
  out << template_for(profile->second, *model::party_from(party), *library);
  out.close();
  if (!out) {
    put(stderr, "parley: {} cannot be written\n", file);
    return ExitCode::usage;
  }
  put(stdout, "Wrote {}. Edit it, then: parley doctor --sut {}\n", file, file);
  return ExitCode::ok;
}

}  // namespace parley::cli
