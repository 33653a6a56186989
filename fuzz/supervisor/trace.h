// SPDX-License-Identifier: GPL-3.0-or-later
// What a fuzz target's death says of itself: the reports of AddressSanitizer, LeakSanitizer,
// UndefinedBehaviorSanitizer (clang 19), libFuzzer, glibc's allocator and PARLEY_ORACLE, read from
// what the child has printed. Pure functions; the text is data and may hold anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::fuzz {

enum class Kind {
  disagreement,   // an oracle of the target does not hold
  sanitizer,      // a sanitizer has seen what the language forbids
  crash,          // a signal, an abort, an exception that nobody caught
  leak,           // memory that nobody can free any more
  hang,           // one input takes longer than it may
  out_of_memory,  // one input takes more memory than it may
  mutator,        // the fuzzer's own mutator died, not the parser
  killed,         // by somebody else: nothing is said about the parser
  disk_full,      // nothing more can be saved
};

std::string_view to_string(Kind kind);
// Nothing for a word that is none.
std::optional<Kind> kind_of(std::string_view word);
// Whether such an end is the parser's doing: all but mutator, killed and disk_full.
bool is_finding(Kind kind);

inline constexpr std::size_t kMaxWhat = 300;  // octets of a sentence or line that is kept
inline constexpr std::size_t kMaxSaid = 4;    // lines

struct Frame {
  std::string function;  // as it was printed, with arguments; empty where no symbol is known
  std::string place;     // file:line:column or module+offset

  friend bool operator==(const Frame&, const Frame&) = default;
};

struct Trace {
  Kind kind;
  std::string what;                 // "heap-buffer-overflow, READ", "oracle broken: *again == *jid"
  std::vector<Frame> frames;        // of the faulting access alone, innermost first
  std::vector<std::string> said{};  // what an oracle says beside it: what each reader has read
  std::string said_at{};            // file:line or file:line:column of who reports; may be empty

  friend bool operator==(const Trace&, const Trace&) = default;
};

// The first report in `text`; nullopt where there is none.
std::optional<Trace> read_trace(std::string_view text);

// The name without arguments, template arguments, clone suffixes and return type.
std::string bare_name(std::string_view function);

// Without the frames of libc, of sanitizers, of the fuzzer and of the standard library.
std::vector<Frame> own_frames(const std::vector<Frame>& frames);

// The place of the innermost of them whose line is known, or else of who reports, which is the
// oracle where one is broken; empty: none is.
std::string place_of(const Trace& trace);

}  // namespace parley::fuzz
