// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "harness/base/files.h"
#include "harness/base/text.h"

namespace parley::engine {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFileOctets = 256U * 1024 * 1024;

Result<std::string> read_file(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) {
    return fail(Errc::io, fmt::format("{} cannot be read", file.string()));
  }
  if (size > kMaxFileOctets) {
    return fail(Errc::too_large, fmt::format("{} has {} octets", file.string(), size));
  }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Result<void> write_all(int descriptor, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const auto count = ::write(descriptor, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return fail(Errc::io, fmt::format("writing to the run's folder: {}", std::strerror(errno)));
    }
    done += static_cast<std::size_t>(count);
  }
  return {};
}

Result<void> write_file(const fs::path& file, const std::string& text) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return fail(Errc::io, fmt::format("{}: {}", file.string(), std::strerror(errno)));
  }
  auto written = write_all(descriptor, text);
  ::close(descriptor);
  return written;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json plan_json(const Plan& plan) {
  json cases = json::array();
  for (const auto& one : plan.cases) {
    cases.push_back({{"id", one.id}, {"repetition", one.repetition}});
  }
  return {{"format", 1},
          {"seed", plan.seed},
          {"sut", plan.sut},
          {"sut_files", plan.sut_files},
          {"profile", plan.profile},
          {"cases", std::move(cases)},
          {"suts", to_json(plan.suts)},
          {"faults", plan.faults},
          {"null_mode", plan.null_mode},
          {"settings", plan.settings},
          {"tokens", plan.tokens},
          {"patience_ms", plan.patience.count()},
          {"digests", plan.digests},
          {"case_files", plan.case_files}};
}

// Older plans name one file, or none with an empty name.
std::vector<std::string> sut_files_from(const json& value) {
  if (value.contains("sut_files")) {
    return value["sut_files"].get<std::vector<std::string>>();
  }
  const auto file = value.at("sut_file").get<std::string>();
  return file.empty() ? std::vector<std::string>() : std::vector{file};
}

// The faults, the null mode, the settings, the tokens, the patience, the digests and the files of
// cases are absent in older plans.
Result<Plan> plan_from(const json& value, const fs::path& file) {
  if (!value.is_object()) {
    return fail(Errc::malformed, fmt::format("{} is damaged: no JSON object", file.string()));
  }
  try {
    Plan plan{.seed = value.at("seed").get<std::uint64_t>(),
              .sut = value.at("sut").get<std::string>(),
              .sut_files = sut_files_from(value),
              .profile = value.at("profile").get<std::string>(),
              .cases = {},
              .faults = value.value("faults", std::vector<std::string>{}),
              .null_mode = value.value("null_mode", ""),
              .settings = value.value("settings", std::map<std::string, std::string>{}),
              .tokens = value.value("tokens", ""),
              .patience = std::chrono::milliseconds(value.value("patience_ms", std::int64_t{0})),
              .digests = value.value("digests", std::map<std::string, std::string>{}),
              .case_files = value.value("case_files", std::vector<std::string>{})};
    auto suts = parties_from(value.value("suts", json::array()));
    if (!suts) {
      return std::unexpected(suts.error());
    }
    plan.suts = std::move(*suts);
    for (const auto& one : value.at("cases")) {
      plan.cases.push_back({one.at("id").get<std::string>(), one.at("repetition").get<int>()});
    }
    return plan;
  } catch (const json::exception& error) {
    return fail(Errc::malformed, fmt::format("{} is damaged: {}", file.string(), error.what()));
  }
}

Result<Plan> load_plan(const fs::path& folder) {
  const auto file = folder / "plan.json";
  auto text = read_file(file);
  if (!text) {
    return std::unexpected(text.error());
  }
  return plan_from(json::parse(*text, nullptr, false), file);
}

// What a line says of how it went beside other cases. Errors: malformed.
Result<void> read_beside(const json& line, CaseResult& into) {
  if (const auto busy = line.find("busy_beside"); busy != line.end()) {
    if (!busy->is_boolean()) {
      return fail(Errc::malformed, "'busy_beside' is no boolean");
    }
    into.busy_beside = busy->get<bool>();
  }
  const auto silent = line.find("silent_beside");
  if (silent == line.end()) {
    return {};
  }
  const bool whole = silent->is_object() && silent->contains("reason") &&
                     (*silent)["reason"].is_string() && silent->contains("machine_busy") &&
                     (*silent)["machine_busy"].is_boolean() && silent->contains("decided") &&
                     (*silent)["decided"].is_boolean();
  if (!whole) {
    return fail(Errc::malformed, "'silent_beside' lacks its reason, machine_busy or decided");
  }
  into.silent_beside = SilentBeside{.reason = (*silent)["reason"].get<std::string>(),
                                    .machine_busy = (*silent)["machine_busy"].get<bool>(),
                                    .decided = (*silent)["decided"].get<bool>()};
  return {};
}

Result<CaseResult> line_from(const std::string& line) {
  const auto value = json::parse(line, nullptr, false);
  const auto holds = [&](const char* name, auto is) {
    return value.contains(name) && (value[name].*is)();
  };
  if (!value.is_object() || !holds("id", &json::is_string) ||
      !holds("repetition", &json::is_number_integer) || !holds("verdict", &json::is_object) ||
      !holds("took_us", &json::is_number_integer)) {
    return fail(Errc::malformed, "no verdict of a case");
  }
  auto verdict = verdict_from(value["verdict"]);
  if (!verdict) {
    return std::unexpected(verdict.error());
  }
  CaseResult out{.id = value["id"].get<std::string>(),
                 .repetition = value["repetition"].get<int>(),
                 .verdict = std::move(*verdict),
                 .took = std::chrono::microseconds(value["took_us"].get<std::int64_t>())};
  if (auto read = read_beside(value, out); !read) {
    return std::unexpected(read.error());
  }
  return out;
}

struct Lines {
  std::vector<CaseResult> done;
  std::size_t whole = 0;  // octets of whole lines
  std::size_t all = 0;    // octets of the file
};

Result<Lines> load_lines(const fs::path& folder) {
  const auto file = folder / "journal.jsonl";
  std::error_code error;
  if (!fs::exists(file, error) && !error) {
    return Lines{};  // killed between the plan and the first verdict
  }
  const auto text = read_file(file);
  if (!text) {
    return std::unexpected(text.error());
  }
  Lines out{.done = {}, .whole = 0, .all = text->size()};
  std::map<std::pair<std::string, int>, std::size_t> places;
  std::size_t number = 0;
  for (auto end = text->find('\n'); end != std::string::npos; end = text->find('\n', out.whole)) {
    auto result = line_from(text->substr(out.whole, end - out.whole));
    ++number;
    if (!result) {
      return fail(Errc::malformed, fmt::format("{} is damaged: line {}: {}", file.string(), number,
                                               result.error().detail));
    }
    const auto [place, is_first] =
        places.emplace(std::pair(result->id, result->repetition), out.done.size());
    if (is_first) {
      out.done.push_back(std::move(*result));
    } else if (auto& first = out.done[place->second]; in_vain(first) && result->silent_beside) {
      first = std::move(*result);
    } else {
      return fail(Errc::malformed, fmt::format("{} is damaged: line {}: a second verdict of {}",
                                               file.string(), number, printable(result->id)));
    }
    out.whole = end + 1;
  }
  return out;
}

// Locked against other processes for as long as the descriptor is open. Errors: io, refused.
Result<int> open_journal(const fs::path& folder) {
  const auto file = folder / "journal.jsonl";
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(Errc::io, fmt::format("{}: {}", file.string(), std::strerror(errno)));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
    return descriptor;
  }
  const int why = errno;
  ::close(descriptor);
  return why == EWOULDBLOCK
             ? fail(Errc::refused,
                    fmt::format("{}: another parley writes to this run", folder.string()))
             : fail(Errc::io, fmt::format("{}: {}", file.string(), std::strerror(why)));
}

// Transcripts hold the passwords of the test accounts. A folder that was there keeps its mode.
Result<void> make_folders(const fs::path& folder) {
  const auto made = make_private_folder(folder);
  return made ? make_private_folder(folder / "transcripts") : made;
}

}  // namespace

json to_json(const model::Verdict& verdict) {
  json out{{"kind", model::to_string(verdict.kind)}, {"blame", model::to_string(verdict.blame)}};
  if (verdict.level) {
    out["level"] = model::to_string(*verdict.level);
  }
  const std::pair<const char*, const std::string&> texts[] = {
      {"reason", verdict.reason},          {"sent", verdict.sent},
      {"expected", verdict.expected},      {"came", verdict.came},
      {"difference", verdict.difference},  {"monitor", verdict.monitor},
      {"requirement", verdict.requirement}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) {
      out[name] = text;
    }
  }
  if (verdict.broke) {
    out["broke"] = model::to_string(*verdict.broke);
  }
  return out;
}

Result<model::Verdict> verdict_from(const json& value) {
  const auto text = [&](const char* name) {
    return value.contains(name) && value[name].is_string() ? value[name].get<std::string>() : "";
  };
  const auto kind = model::verdict_from(text("kind"));
  if (!value.is_object() || !kind) {
    return fail(Errc::malformed, "a verdict has a kind");
  }
  model::Verdict out;
  out.kind = *kind;
  for (const auto blame : {model::Blame::sut, model::Blame::configuration,
                           model::Blame::environment, model::Blame::harness, model::Blame::spec}) {
    out.blame = text("blame") == model::to_string(blame) ? blame : out.blame;
  }
  for (const auto level :
       {model::Level::violation, model::Level::deviation, model::Level::advisory}) {
    if (text("level") == model::to_string(level)) {
      out.level = level;
    }
  }
  out.reason = text("reason");
  out.sent = text("sent");
  out.expected = text("expected");
  out.came = text("came");
  out.difference = text("difference");
  out.monitor = text("monitor");
  out.requirement = text("requirement");
  out.broke = model::party_from(text("broke"));
  return out;
}

Journal::Journal(fs::path folder, Record record, int descriptor)
    : folder_(std::move(folder)),
      plan_(std::move(record.plan)),
      done_(std::move(record.done)),
      descriptor_(descriptor) {}

Journal::~Journal() { ::close(descriptor_); }

Result<std::unique_ptr<Journal>> Journal::begin(const fs::path& folder, const Plan& plan) {
  if (auto made = make_folders(folder); !made) {
    return std::unexpected(made.error());
  }
  const auto descriptor = open_journal(folder);
  if (!descriptor) {
    return std::unexpected(descriptor.error());
  }
  std::unique_ptr<Journal> journal(new Journal(folder, {.plan = plan, .done = {}}, *descriptor));
  // Once locked: of two that begin at the same time one finds the other's plan.
  std::error_code error;
  if (fs::exists(folder / "plan.json", error) || error) {
    return fail(Errc::refused, fmt::format("{} holds a run already; use --resume or another --out",
                                           folder.string()));
  }
  if (auto written = write_file(folder / "plan.json", dump(plan_json(plan)) + "\n"); !written) {
    return std::unexpected(written.error());
  }
  return journal;
}

Result<Record> Journal::load(const fs::path& folder) {
  auto plan = load_plan(folder);
  if (!plan) {
    return std::unexpected(plan.error());
  }
  auto lines = load_lines(folder);
  if (!lines) {
    return std::unexpected(lines.error());
  }
  return Record{.plan = std::move(*plan), .done = std::move(lines->done)};
}

Result<std::unique_ptr<Journal>> Journal::resume(const fs::path& folder) {
  auto plan = load_plan(folder);
  if (!plan) {
    return std::unexpected(plan.error());
  }
  const auto descriptor = open_journal(folder);
  if (!descriptor) {
    return std::unexpected(descriptor.error());
  }
  std::unique_ptr<Journal> journal(
      new Journal(folder, {.plan = std::move(*plan), .done = {}}, *descriptor));
  auto lines = load_lines(folder);  // once locked: nobody appends any more
  if (!lines) {
    return std::unexpected(lines.error());
  }
  if (lines->whole < lines->all &&
      ::ftruncate(*descriptor, static_cast<off_t>(lines->whole)) != 0) {
    return fail(Errc::io, fmt::format("{}: cannot be appended to: {}", folder.string(),
                                      std::strerror(errno)));
  }
  journal->done_ = std::move(lines->done);
  return journal;
}

namespace {

// Where what one of a transcript's runs has spooled lies beside it.
fs::path spool_path(const fs::path& transcript, const std::string& run) {
  auto out = transcript;
  return out.replace_extension("." + run + ".octets");
}

// What passed needs no evidence of that size. What a run that was broken off has left there belongs
// to nothing.
Result<void> keep_spools(const CaseResult& result, const Transcript& transcript,
                         const fs::path& file) {
  for (const auto& run : transcript.runs) {
    const auto beside = spool_path(file, run.name);
    if (run.spool == nullptr || run.spool->failed() ||
        result.verdict.kind == model::VerdictKind::pass) {
      std::error_code error;
      fs::remove(beside, error);
      if (error) {
        return fail(Errc::io, fmt::format("{}: {}", beside.string(), error.message()));
      }
      continue;
    }
    if (auto written = write_spool(*run.spool, beside); !written) {
      return written;
    }
  }
  return {};
}

}  // namespace

Result<void> Journal::add(const CaseResult& result, const Transcript& transcript) {
  const auto file = transcript_path(folder_, result.id, result.repetition,
                                    result.silent_beside ? Turn::again : Turn::first);
  if (auto kept = keep_spools(result, transcript, file); !kept) {
    return kept;
  }
  // The transcript first: a verdict in the journal always has its evidence.
  if (auto written = write_file(file, dump(to_json(transcript)) + "\n"); !written) {
    return written;
  }
  json line{{"id", result.id},
            {"repetition", result.repetition},
            {"verdict", to_json(result.verdict)},
            {"took_us", result.took.count()}};
  if (result.busy_beside) {
    line["busy_beside"] = *result.busy_beside;
  }
  if (result.silent_beside) {
    line["silent_beside"] = {{"reason", result.silent_beside->reason},
                             {"machine_busy", result.silent_beside->machine_busy},
                             {"decided", result.silent_beside->decided}};
  }
  const auto text = dump(line) + "\n";
  const std::lock_guard lock(guard_);
  return write_all(descriptor_, text);
}

fs::path transcript_path(const fs::path& folder, const CaseResult& result) {
  const bool again = result.silent_beside && result.silent_beside->decided;
  return transcript_path(folder, result.id, result.repetition, again ? Turn::again : Turn::first);
}

fs::path transcript_path(const fs::path& folder, const std::string& id, int repetition, Turn turn) {
  auto name = replace_all(id, "/", ".");
  if (repetition > 0) {
    name += fmt::format("~{}", repetition);
  }
  if (turn == Turn::again) {
    name += "~again";
  }
  return folder / "transcripts" / (name + ".json");
}

Result<Transcript> load_transcript(const fs::path& file) {
  auto text = read_file(file);
  if (!text) {
    return std::unexpected(text.error());
  }
  auto transcript = transcript_from(json::parse(*text, nullptr, false));
  if (!transcript) {
    return fail(transcript.error().code,
                fmt::format("{} is damaged: {}", file.string(), transcript.error().detail));
  }
  for (auto& run : transcript->runs) {
    const auto beside = spool_path(file, run.name);
    std::error_code error;
    if (fs::exists(beside, error)) {
      auto spool = Spool::open(beside);
      if (!spool) {
        return std::unexpected(spool.error());
      }
      run.spool = std::move(*spool);
    }
  }
  return transcript;
}

}  // namespace parley::engine
