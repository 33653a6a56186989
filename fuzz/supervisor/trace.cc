// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace parley::fuzz {
namespace {

constexpr std::size_t kMaxFrames = 256;

constexpr std::array kNames = {
    std::pair{Kind::disagreement, "disagreement"},
    std::pair{Kind::sanitizer, "sanitizer"},
    std::pair{Kind::crash, "crash"},
    std::pair{Kind::leak, "leak"},
    std::pair{Kind::hang, "hang"},
    std::pair{Kind::out_of_memory, "out-of-memory"},
    std::pair{Kind::mutator, "mutator"},
    std::pair{Kind::killed, "killed"},
    std::pair{Kind::disk_full, "disk-full"},
};

// The lines of a text, one at a time.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  std::optional<std::string_view> next() {
    if (rest_.empty()) {
      return std::nullopt;
    }
    const auto end = std::min(rest_.find('\n'), rest_.size());
    const auto line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }

 private:
  std::string_view rest_;
};

// What stands in `line` behind `mark`; nullopt where that is not in it.
std::optional<std::string_view> behind(std::string_view line, std::string_view mark) {
  const auto at = line.find(mark);
  return at == std::string_view::npos ? std::nullopt : std::optional(line.substr(at + mark.size()));
}

std::string first_word(std::string_view text) {
  return std::string(text.substr(0, std::min(text.find_first_of(" :("), text.size())));
}

std::string cut(std::string_view text) { return std::string(text.substr(0, kMaxWhat)); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

// "    #3 0x55d1 in name(args) place": the parts behind the address.
std::optional<Frame> read_frame(std::string_view line) {
  line = trimmed(line);
  if (line.size() < 3 || line.front() != '#' ||
      std::isdigit(static_cast<unsigned char>(line[1])) == 0) {
    return std::nullopt;
  }
  const auto address = line.find(" 0x");
  if (address == std::string_view::npos) {
    return std::nullopt;
  }
  auto rest = line.substr(address + 1);
  rest.remove_prefix(std::min(rest.find(' '), rest.size()));
  rest = trimmed(rest);
  if (const auto id = rest.find(" (BuildId:"); id != std::string_view::npos) {
    rest = trimmed(rest.substr(0, id));
  }
  if (!rest.starts_with("in ")) {
    return Frame{.function = "", .place = std::string(rest)};
  }
  rest.remove_prefix(3);
  const auto space = rest.rfind(' ');
  if (space == std::string_view::npos) {
    return Frame{.function = std::string(rest), .place = ""};
  }
  return Frame{.function = std::string(trimmed(rest.substr(0, space))),
               .place = std::string(rest.substr(space + 1))};
}

std::optional<Trace> of_address_sanitizer(std::string_view line) {
  const auto text = behind(line, "ERROR: AddressSanitizer: ");
  if (!text) {
    return std::nullopt;
  }
  if (text->starts_with("requested allocation size") ||
      text->starts_with("allocator is out of memory") || text->starts_with("out of memory") ||
      text->starts_with("allocation-size-too-big") || text->starts_with("calloc-overflow")) {
    return Trace{.kind = Kind::out_of_memory, .what = "too large an allocation", .frames = {}};
  }
  if (text->starts_with("attempting ")) {
    // "attempting double-free on …", "attempting free on address which was not malloc()-ed"
    return Trace{.kind = Kind::sanitizer,
                 .what = first_word(text->substr(std::string_view("attempting ").size())),
                 .frames = {}};
  }
  return Trace{.kind = Kind::sanitizer, .what = first_word(*text), .frames = {}};
}

std::optional<Trace> of_libfuzzer(std::string_view line) {
  const auto text = behind(line, "ERROR: libFuzzer: ");
  if (!text) {
    return std::nullopt;
  }
  if (text->starts_with("timeout")) {
    return Trace{.kind = Kind::hang, .what = "timeout", .frames = {}};
  }
  if (text->starts_with("out-of-memory")) {
    return Trace{.kind = Kind::out_of_memory, .what = "out of memory", .frames = {}};
  }
  return Trace{.kind = Kind::crash, .what = cut(*text), .frames = {}};
}

// "file:line: oracle broken: …", "file:line:column: runtime error: …": the place before `mark`.
std::string place_before(std::string_view line, std::string_view mark) {
  auto place = line.substr(0, std::min(line.find(mark), line.size()));
  // Without a line end the target's own output stands before it.
  if (!place.starts_with('/')) {
    place.remove_prefix(std::min(place.rfind(' ') + 1, place.size()));
  }
  return place.find(':') == std::string_view::npos ? "" : std::string(place);
}

// What one line begins; nullopt for lines that begin nothing.
std::optional<Trace> begins(std::string_view line) {
  if (const auto text = behind(line, "oracle broken: ")) {
    return Trace{.kind = Kind::disagreement,
                 .what = "oracle broken: " + cut(*text),
                 .frames = {},
                 .said = {},
                 .said_at = place_before(line, ": oracle broken: ")};
  }
  if (auto trace = of_address_sanitizer(line)) {
    return trace;
  }
  if (behind(line, "ERROR: LeakSanitizer: ")) {
    return Trace{.kind = Kind::leak, .what = "memory leak", .frames = {}};
  }
  if (const auto text = behind(line, ": runtime error: ")) {
    return Trace{.kind = Kind::sanitizer,
                 .what = cut(*text),
                 .frames = {},
                 .said = {},
                 .said_at = place_before(line, ": runtime error: ")};
  }
  for (const auto* mark : {"malloc(): ", "free(): ", "double free or corruption",
                           "realloc(): ", "corrupted size vs. prev_size", "munmap_chunk(): "}) {
    if (line.starts_with(mark)) {
      return Trace{.kind = Kind::crash, .what = "heap corruption: " + cut(line), .frames = {}};
    }
  }
  for (const auto* mark : {"terminate called after throwing an instance of ",
                           "terminating due to uncaught exception of type "}) {
    if (const auto text = behind(line, mark)) {
      return Trace{.kind = Kind::crash, .what = "uncaught exception " + cut(*text), .frames = {}};
    }
  }
  return of_libfuzzer(line);
}

// A line behind the first that says more of the same.
void add_detail(Trace& trace, std::string_view line) {
  for (const auto* access : {"READ of size", "WRITE of size"}) {
    if (line.starts_with(access)) {
      trace.what += fmt::format(", {}", first_word(line));
    }
  }
  if (const auto text = behind(line, "The signal is caused by a ")) {
    trace.what += fmt::format(", {}", first_word(*text));
  }
}

// Directly behind it an oracle says, indented, what it has seen.
bool is_said(const Trace& trace, std::string_view line) {
  return trace.kind == Kind::disagreement && trace.frames.empty() && trace.said.size() < kMaxSaid &&
         line.starts_with("  ") && !line.starts_with("   ");
}

bool is_word(char one) { return std::isalnum(static_cast<unsigned char>(one)) != 0 || one == '_'; }

// Without what stands in brackets of one kind, whole pairs alone: "a<b<c>>::d" is "a::d". The
// brackets of operators stay.
std::string without(std::string_view text, char open, char close) {
  std::string out;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool of_operator = depth == 0 && out.ends_with("operator");
    if (text[i] == open && !of_operator) {
      ++depth;
    } else if (text[i] == close && depth > 0) {
      --depth;
    } else if (depth == 0) {
      out += text[i];
    }
  }
  return out;
}

constexpr std::array<std::string_view, 15> kForeignPlaces = {
    "/compiler-rt/", "/include/c++/", "/usr/lib/llvm", "../sysdeps/", "./sysdeps/",
    "./stdlib/",     "./nptl/",       "./malloc/",     "./string/",   "./csu/",
    "./elf/",        "libc.so",       "libstdc++.so",  "./debug/",    "./stdio-common/"};

constexpr std::array<std::string_view, 25> kForeignNames = {
    "__interceptor_", "__asan_",    "__ubsan_",    "__sanitizer",    "__lsan",
    "fuzzer::",       "LLVMFuzzer", "__wrap_LLVM", "__libc_",        "_start",
    "std::",          "__gnu_cxx",  "__cxxabiv1",  "operator new",   "operator delete",
    "__pthread_",     "pthread_",   "__assert_",   "__GI_",          "__cxa_",
    "___interceptor", "__memcpy",   "__fortify",   "parley_record_", "__stack_chk"};

constexpr std::array<std::string_view, 24> kForeignExactly = {
    "main",   "abort",   "raise",   "gsignal", "malloc", "free",   "calloc",  "realloc",
    "memcpy", "memmove", "memset",  "memcmp",  "strlen", "strcmp", "strdup",  "memchr",
    "bcmp",   "strcpy",  "strncpy", "strcat",  "clone",  "assert", "strncmp", "posix_memalign"};

bool is_foreign(const Frame& frame) {
  const auto name = bare_name(frame.function);
  return std::ranges::any_of(
             kForeignPlaces,
             [&](auto part) { return frame.place.find(part) != std::string::npos; }) ||
         std::ranges::any_of(kForeignNames, [&](auto start) { return name.starts_with(start); }) ||
         std::ranges::count(kForeignExactly, name) > 0;
}

}  // namespace

std::string_view to_string(Kind kind) {
  return std::ranges::find(kNames, kind, &decltype(kNames)::value_type::first)->second;
}

std::optional<Kind> kind_of(std::string_view word) {
  const auto* found = std::ranges::find(kNames, word, &decltype(kNames)::value_type::second);
  return found == kNames.end() ? std::nullopt : std::optional(found->first);
}

bool is_finding(Kind kind) {
  return kind != Kind::mutator && kind != Kind::killed && kind != Kind::disk_full;
}

std::optional<Trace> read_trace(std::string_view text) {
  Lines lines(text);
  std::optional<Trace> trace;
  while (const auto line = lines.next()) {
    if (!trace) {
      trace = begins(*line);
      continue;
    }
    if (const auto frame = read_frame(*line)) {
      if (trace->frames.size() < kMaxFrames) {
        trace->frames.push_back(*frame);
      }
      continue;
    }
    if (!trace->frames.empty()) {
      break;  // what follows are the stacks of an allocation or of a free
    }
    if (is_said(*trace, *line)) {
      trace->said.push_back(cut(trimmed(*line)));
      continue;
    }
    add_detail(*trace, *line);
  }
  return trace;
}

std::string bare_name(std::string_view function) {
  // "(anonymous namespace)" is no list of arguments.
  std::string name(function);
  for (std::size_t at = name.find("(anonymous namespace)"); at != std::string::npos;
       at = name.find("(anonymous namespace)")) {
    name.replace(at, std::string_view("(anonymous namespace)").size(), "{anonymous}");
  }
  name = without(without(without(name, '[', ']'), '<', '>'), '(', ')');
  if (const auto dot = name.find('.'); dot != std::string::npos) {
    name.resize(dot);  // ".cold", ".llvm.1234"
  }
  const auto text = trimmed(name);
  const auto qualifiers = text.ends_with(" const") ? text.substr(0, text.size() - 6) : text;
  if (qualifiers.find("operator") != std::string_view::npos) {
    return std::string(qualifiers);
  }
  const auto space = qualifiers.rfind(' ');  // a template's name has its return type before it
  return std::string(space == std::string_view::npos || !is_word(qualifiers.back())
                         ? qualifiers
                         : qualifiers.substr(space + 1));
}

std::vector<Frame> own_frames(const std::vector<Frame>& frames) {
  std::vector<Frame> out;
  std::ranges::copy_if(frames, std::back_inserter(out),
                       [](const Frame& frame) { return !is_foreign(frame); });
  return out;
}

std::string place_of(const Trace& trace) {
  if (trace.kind == Kind::disagreement) {
    return trace.said_at;  // the stack is that of the target
  }
  for (const auto& frame : own_frames(trace.frames)) {
    if (frame.place.find(':') != std::string::npos) {
      return frame.place;
    }
  }
  return trace.said_at;
}

}  // namespace parley::fuzz
