// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "harness/base/text.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"

namespace parley::cli {
namespace {

// By party and wire; PROFILE stands for the profile's name, FEATURES for what its cases ask of the
// party.
constexpr std::string_view kXmlServer =
    R"(# What your system supports and where it is. 'parley doctor --sut FILE' checks it.
parley: 1
name: My gatekeeper 1.0          # as it shall stand in reports
profile: PROFILE                 # see 'parley list profiles'
party: gatekeeper.server         # the party under test
endpoints:
  domain: example.test           # the domain of the accounts and of the certificate
  starttls: 127.0.0.1:5222       # host:port for TCP with STARTTLS
  direct-tls: 127.0.0.1:5223     # host:port for direct TLS; leave out if there is none
  ca: ca.pem                     # PEM file of the CA to trust, relative to this file
identities:
  pool: accounts.csv             # user,password a line; a case leases two or three, 100 are plenty
features: [FEATURES]
# patience_ms: 5000              # the least time to wait for an answer
)";

constexpr std::string_view kXmlClient =
    R"(# What your client supports and how to press its buttons. 'parley doctor --sut FILE' checks it.
parley: 1
name: My client 1.0              # as it shall stand in reports
profile: PROFILE                 # see 'parley list profiles'
party: third-party.client        # the party under test
driver:
  command: [./driver]            # speaks JSON-RPC 2.0 on its standard streams; runs in this file's folder
features: [FEATURES]
# patience_ms: 5000              # the least time to wait for an answer
)";

constexpr std::string_view kNoiseServer =
    R"(# What your system supports and where it is. 'parley doctor --sut FILE' checks it.
parley: 1
name: My gatekeeper 1.0          # as it shall stand in reports
profile: PROFILE                 # see 'parley list profiles'
party: gatekeeper.server         # the party under test
endpoints:
  tcp: 127.0.0.1:5222            # host:port for frames on TCP
  websocket: ws://127.0.0.1:5280/ws/chat   # or wss:// with ca: ca.pem; leave out if there is none
  root: "64 hex digits"          # the public key that signs the intermediate of the SUT's Noise certificates
identities:
  pool: accounts.csv             # number,token a line; a case leases two or three, 100 are plenty
features: [FEATURES]
# patience_ms: 5000              # the least time to wait for an answer
)";

constexpr std::string_view kNoiseClient =
    R"(# What your client supports and how to press its buttons. 'parley doctor --sut FILE' checks it.
parley: 1
name: My client 1.0              # as it shall stand in reports
profile: PROFILE                 # see 'parley list profiles'
party: third-party.client        # the party under test
driver:
  command: [./driver]            # speaks JSON-RPC 2.0 on its standard streams; runs in this file's folder
features: [FEATURES]
# patience_ms: 5000              # the least time to wait for an answer
)";

std::string template_for(const model::Profile& profile, model::Party party,
                         const model::Library& library) {
  const bool noise = profile.wire == model::Wire::noise;
  const bool server = model::is_server(party);
  const auto chosen =
      server ? (noise ? kNoiseServer : kXmlServer) : (noise ? kNoiseClient : kXmlClient);
  std::set<std::string> features;
  for (const auto& one : library.cases) {
    if (one.profile == profile.name && one.party == party) {
      features.insert(one.needs.begin(), one.needs.end());
    }
  }
  const std::vector<std::string> sorted(features.begin(), features.end());
  return replace_all(replace_all(std::string(chosen), "PROFILE", profile.name), "FEATURES",
                     join(sorted, ", "));
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
  if (party != "gatekeeper.server" && party != "third-party.client") {
    put(stderr, "parley: {}\n",
        unknown_name("party", party, {"gatekeeper.server", "third-party.client"}));
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

ExitCode doctor(const RunArguments& arguments) {
  const auto library = library_of(arguments);
  if (!library) {
    return ExitCode::usage;
  }
  if (arguments.sut_files.empty()) {
    put(stderr, "parley: doctor needs --sut FILE; 'parley init' writes one\n");
    return ExitCode::usage;
  }
  model::Problems problems;
  const auto declaration = model::load_declaration(arguments.sut_files.front(), *library, problems);
  for (const auto& problem : problems) {
    put(stderr, "{}\n", model::to_string(problem));
  }
  if (!declaration) {
    return ExitCode::usage;
  }
  const auto checks = preflight_of(*declaration, library->profiles.at(declaration->profile));
  if (!checks) {
    put(stderr, "parley: the preflight failed: {}\n", checks.error().detail);
    return ExitCode::harness_error;
  }
  bool clean = !checks->empty();
  auto rows = nlohmann::json::array();
  for (const auto& check : *checks) {
    clean = clean && check.passed;
    rows.push_back({{"check", check.what},
                    {"passed", check.passed},
                    {"detail", check.detail},
                    {"mend", check.mend}});
    if (!arguments.json) {
      print_check(stdout, check);
    }
  }
  if (arguments.json) {
    put(stdout, "{}\n", rows.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  return clean ? ExitCode::ok : ExitCode::preflight;
}

}  // namespace parley::cli
