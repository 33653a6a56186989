// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/text.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"

namespace parley::cli {
namespace {

constexpr std::string_view kServerTemplate =
    R"(# What your system supports and where it is. 'parley doctor --sut FILE' checks it.
parley: 1
name: My gatekeeper 1.0          # as it shall stand in reports
profile: xmpp                    # see 'parley list profiles'
party: gatekeeper.server         # the party under test
endpoints:
  domain: example.test           # the domain of the accounts and of the certificate
  starttls: 127.0.0.1:5222       # host:port for TCP with STARTTLS
  direct-tls: 127.0.0.1:5223     # host:port for direct TLS; leave out if there is none
  ca: ca.pem                     # PEM file of the CA to trust, relative to this file
identities:
  pool: accounts.csv             # user,password a line; a case leases two or three, 100 are plenty
features: [sasl-plain, scram-sha-256, starttls, direct-tls, roster, xep-0199]   # and xep-0198
# patience_ms: 5000              # the least time to wait for an answer
)";

constexpr std::string_view kClientTemplate =
    R"(# What your client supports and how to press its buttons. 'parley doctor --sut FILE' checks it.
parley: 1
name: My client 1.0              # as it shall stand in reports
profile: xmpp                    # see 'parley list profiles'
party: third-party.client        # the party under test
driver:
  command: [./driver]            # speaks JSON-RPC 2.0 on its standard streams; runs in this file's folder
features: [sasl-plain, scram-sha-256, starttls, direct-tls, roster, xep-0199]
# patience_ms: 5000              # the least time to wait for an answer
)";

}  // namespace

ExitCode init(const std::string& party, const std::string& file) {
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
  out << (party == "gatekeeper.server" ? kServerTemplate : kClientTemplate);
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
  if (arguments.sut_file.empty()) {
    put(stderr, "parley: doctor needs --sut FILE; 'parley init' writes one\n");
    return ExitCode::usage;
  }
  model::Problems problems;
  const auto declaration = model::load_declaration(arguments.sut_file, *library, problems);
  for (const auto& problem : problems) {
    put(stderr, "{}\n", model::to_string(problem));
  }
  if (!declaration) {
    return ExitCode::usage;
  }
  const auto checks = preflight_of(*declaration);
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
