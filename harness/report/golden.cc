// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/golden.h"

#include <fmt/format.h>

#include <utility>

#include "harness/testkit/golden_file.h"

namespace parley::report::golden {
namespace {

using model::Blame;
using model::VerdictKind;

model::Case case_of(std::string id, std::string title, std::string requirement,
                    model::Outcome::Kind outcome) {
  model::Case out;
  out.suite = id.substr(0, id.find('/'));
  out.id = std::move(id);
  out.title = std::move(title);
  out.requirement = std::move(requirement);
  out.any_of = {model::Outcome{.kind = outcome, .by = {}, .conditions = {}}};
  return out;
}

engine::CaseResult result_of(std::string id, model::Verdict verdict, int took_us) {
  return {.id = std::move(id),
          .repetition = 0,
          .verdict = std::move(verdict),
          .took = std::chrono::microseconds(took_us)};
}

model::Verdict forged_from_verdict() {
  return {
      .kind = VerdictKind::fail,
      .blame = Blame::sut,
      .level = model::Level::violation,
      .reason = "the forged stanza was delivered",
      .sent = "<message from='mallory@example.org' to='bob@example.org'><body>hi</body></message>",
      .expected = "refused by stanza-error or stream-error with invalid-from",
      .came = hostile_octets(),
      .difference = "message/@from: expected absent, came '" + hostile_octets() + "'",
      .monitor = ""};
}

model::Verdict leak_verdict() {
  return {.kind = VerdictKind::fail,
          .blame = Blame::sut,
          .level = model::Level::advisory,
          .reason = "the canary stood on the wire",
          .sent = "",
          .expected = "no canary outside the encryption",
          .came = std::string(450, 'A') + "canary",
          .difference = "octet 450: 'canary'",
          .monitor = "no-plaintext-canary"};
}

model::Verdict undecided(VerdictKind kind, Blame blame, std::string reason) {
  return {.kind = kind,
          .blame = blame,
          .level = {},
          .reason = std::move(reason),
          .sent = "",
          .expected = "",
          .came = "",
          .difference = "",
          .monitor = ""};
}

}  // namespace

std::string hostile_octets() {
  return "\x1b]0;owned\x07\x1b[2J\r\n]]><script>alert('&')</script>\xff\xc0\xaf\xef\xbf\xbf"
         "\xe2\x80\xae" +
         std::string(1, '\0') + "ok";
}

model::Library library() {
  using Kind = model::Outcome::Kind;
  model::Library out;
  out.requirements["XST-011"] = {
      .id = "XST-011",
      .suite = "stanza",
      .profile = "xmpp",
      .basis = model::Basis::normative,
      .binds = {model::Party::gatekeeper_server},
      .text = "A server refuses a stanza whose 'from' is not the sender's.",
      .source = "RFC 6120 section 8.1.2.1",
      .not_tested = ""};
  out.requirements["ENC-090"] = {.id = "ENC-090",
                                 .suite = "stanza",
                                 .profile = "xmpp",
                                 .basis = model::Basis::advisory,
                                 .binds = {model::Party::gatekeeper_server},
                                 .text = "No content stands outside the encryption.",
                                 .source = "Regulation (EU) 2022/1925 article 7(3)",
                                 .not_tested = ""};
  out.requirements["TRN-002"] = {.id = "TRN-002",
                                 .suite = "transport",
                                 .profile = "xmpp",
                                 .basis = model::Basis::observed,
                                 .binds = {model::Party::gatekeeper_server},
                                 .text = "A server offers STARTTLS.",
                                 .source = "RFC 6120 section 5",
                                 .not_tested = ""};
  out.cases = {
      case_of("stanza/canary", "Nothing leaks", "ENC-090", Kind::completes),
      case_of("stanza/forged-from", "A forged sender is refused", "XST-011", Kind::refused),
      case_of("stanza/honest-from", "An honest sender is served", "XST-011", Kind::completes),
      case_of("transport/late", "A late offer is accepted", "TRN-002", Kind::completes),
      case_of("transport/no-tls", "Plain text is refused", "TRN-002", Kind::refused),
      case_of("transport/old-tls", "TLS 1.0 is refused", "TRN-002", Kind::refused),
  };
  return out;
}

engine::RunSummary run() {
  engine::RunSummary out{.sut = "example server",
                         .profile = "xmpp",
                         .version = "0.1.0",
                         .seed = 18'446'744'073'709'551'615U,
                         .planned = 8,
                         .results = {},
                         .took = std::chrono::milliseconds(250),
                         .folder = "parley-out/run-1"};
  out.results = {
      result_of("gone/renamed-since",
                undecided(VerdictKind::error, Blame::harness, "no such flow: send-text"), 10),
      result_of("stanza/canary", leak_verdict(), 2'000),
      result_of("stanza/forged-from", forged_from_verdict(), 1'500),
      result_of("stanza/forged-from", forged_from_verdict(), 1'250),
      result_of("stanza/honest-from", undecided(VerdictKind::pass, Blame::none, ""), 900),
      result_of("transport/late",
                undecided(VerdictKind::flaky, Blame::sut, "2 of 3 repetitions passed"), 3'000),
      result_of("transport/no-tls",
                undecided(VerdictKind::inconclusive, Blame::environment,
                          "the unchanged twin failed: " + hostile_octets()),
                5'000'000),
      result_of("transport/old-tls",
                undecided(VerdictKind::not_applicable, Blame::none,
                          "the declaration has no feature 'tls'"),
                0),
  };
  out.results[3].repetition = 1;
  out.results[4].silent_beside =
      engine::SilentBeside{.reason = "no answer: " + hostile_octets(), .machine_busy = true};
  return out;
}

engine::Transcript transcript() {
  using Kind = engine::Event::Kind;
  engine::Transcript out{.case_id = "stanza/forged-from", .seed = 42, .runs = {}};
  const auto event = [](Kind kind, std::int64_t at_us, std::string step, std::string octets) {
    engine::Event made;
    made.kind = kind;
    made.at_us = at_us;
    made.link = "alice";
    made.step = std::move(step);
    made.octets = std::move(octets);
    return made;
  };
  engine::RunRecord twin{.name = "twin", .values = {}, .events = {}};
  twin.events = {event(Kind::dialled, 12, "", ""), event(Kind::tls, 1'834, "", ""),
                 event(Kind::sent, 2'001, "message", "<message to='bob@example.org'/>"),
                 event(Kind::received, 2'950, "", "<message from='alice@example.org'/>")};
  twin.events[1].text = "TLSv1.3";
  engine::RunRecord changed{.name = "changed", .values = {}, .events = {}};
  changed.events = {event(Kind::sent, 4'100, "message", std::string(310, 'x')),
                    event(Kind::received, 4'800, "", hostile_octets()),
                    event(Kind::notice, 4'900, "", ""),
                    event(Kind::deadline, 5'000'000, "fence", "")};
  changed.events[2].link = "driver";
  changed.events[2].text = "received";
  changed.events[2].data = {{"text", hostile_octets()}};
  changed.events[3].data = {{"waited_ms", 4'995}, {"late_ms", 0}};
  out.runs = {std::move(twin), std::move(changed)};
  return out;
}

std::string complaint(const std::string& file, const std::string& actual) {
  return testkit::golden_complaint(
      std::string(PARLEY_SOURCE_DIR) + "/harness/report/golden/" + file, actual);
}

}  // namespace parley::report::golden
