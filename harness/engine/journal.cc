// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

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
      return fail(Errc::io, fmt::format("writing: {}", std::strerror(errno)));
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
          {"sut_file", plan.sut_file},
          {"profile", plan.profile},
          {"cases", std::move(cases)}};
}

Result<Plan> plan_from(const json& value) {
  try {
    Plan plan{.seed = value.at("seed").get<std::uint64_t>(),
              .sut = value.at("sut").get<std::string>(),
              .sut_file = value.at("sut_file").get<std::string>(),
              .profile = value.at("profile").get<std::string>(),
              .cases = {}};
    for (const auto& one : value.at("cases")) {
      plan.cases.push_back({one.at("id").get<std::string>(), one.at("repetition").get<int>()});
    }
    return plan;
  } catch (const json::exception& error) {
    return fail(Errc::malformed, fmt::format("plan.json: {}", error.what()));
  }
}

Result<CaseResult> line_from(const std::string& line) {
  const auto value = json::parse(line, nullptr, false);
  if (!value.is_object() || !value.contains("id") || !value.contains("verdict")) {
    return fail(Errc::malformed, "a journal line is no verdict");
  }
  auto verdict = verdict_from(value["verdict"]);
  if (!verdict) {
    return std::unexpected(verdict.error());
  }
  return CaseResult{.id = value["id"].get<std::string>(),
                    .repetition = value.value("repetition", 0),
                    .verdict = std::move(*verdict),
                    .took = std::chrono::microseconds(value.value("took_us", std::int64_t{0}))};
}

int open_journal(const fs::path& folder) {
  return ::open((folder / "journal.jsonl").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                0644);
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
  return out;
}

Journal::Journal(fs::path folder, Plan plan, int descriptor)
    : folder_(std::move(folder)), plan_(std::move(plan)), descriptor_(descriptor) {}

Journal::~Journal() { ::close(descriptor_); }

Result<std::unique_ptr<Journal>> Journal::begin(const fs::path& folder, const Plan& plan) {
  std::error_code error;
  fs::create_directories(folder / "transcripts", error);
  if (error) {
    return fail(Errc::io, fmt::format("{}: {}", folder.string(), error.message()));
  }
  if (fs::exists(folder / "plan.json")) {
    return fail(Errc::refused, fmt::format("{} holds a run already; use --resume or another --out",
                                           folder.string()));
  }
  if (auto written = write_file(folder / "plan.json", dump(plan_json(plan)) + "\n"); !written) {
    return std::unexpected(written.error());
  }
  const int descriptor = open_journal(folder);
  if (descriptor < 0) {
    return fail(Errc::io, fmt::format("{}: {}", folder.string(), std::strerror(errno)));
  }
  return std::unique_ptr<Journal>(new Journal(folder, plan, descriptor));
}

Result<std::unique_ptr<Journal>> Journal::resume(const fs::path& folder) {
  auto text = read_file(folder / "plan.json");
  if (!text) {
    return std::unexpected(text.error());
  }
  auto plan = plan_from(json::parse(*text, nullptr, false));
  if (!plan) {
    return std::unexpected(plan.error());
  }
  auto lines = read_file(folder / "journal.jsonl");
  std::vector<CaseResult> done;
  std::size_t whole = 0;
  for (std::size_t at = 0; lines && at < lines->size();) {
    const auto end = lines->find('\n', at);
    if (end == std::string::npos) {
      break;
    }
    auto result = line_from(lines->substr(at, end - at));
    if (!result) {
      return std::unexpected(result.error());
    }
    done.push_back(std::move(*result));
    at = end + 1;
    whole = at;
  }
  std::error_code error;
  if (lines) {
    fs::resize_file(folder / "journal.jsonl", whole, error);
  }
  const int descriptor = open_journal(folder);
  if (descriptor < 0 || error) {
    return fail(Errc::io, fmt::format("{}: cannot be appended to", folder.string()));
  }
  std::unique_ptr<Journal> journal(new Journal(folder, std::move(*plan), descriptor));
  journal->done_ = std::move(done);
  return journal;
}

Result<void> Journal::add(const CaseResult& result, const Transcript& transcript) {
  const auto file = transcript_path(folder_, result.id, result.repetition);
  // The transcript first: a verdict in the journal always has its evidence.
  if (auto written = write_file(file, dump(to_json(transcript)) + "\n"); !written) {
    return written;
  }
  const json line{{"id", result.id},
                  {"repetition", result.repetition},
                  {"verdict", to_json(result.verdict)},
                  {"took_us", result.took.count()}};
  const auto text = dump(line) + "\n";
  const std::lock_guard lock(guard_);
  return write_all(descriptor_, text);
}

fs::path transcript_path(const fs::path& folder, const std::string& id, int repetition) {
  auto name = replace_all(id, "/", ".");
  if (repetition > 0) {
    name += fmt::format("~{}", repetition);
  }
  return folder / "transcripts" / (name + ".json");
}

Result<Transcript> load_transcript(const fs::path& file) {
  auto text = read_file(file);
  if (!text) {
    return std::unexpected(text.error());
  }
  return transcript_from(json::parse(*text, nullptr, false));
}

}  // namespace parley::engine
