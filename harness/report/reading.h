// SPDX-License-Identifier: GPL-3.0-or-later
// What a transcript's octets say, for the ladder: the case is replayed, so that what is encrypted
// can be read. Source: design section 7. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "harness/engine/transcript.h"
#include "harness/model/library.h"

namespace parley::report {

// Lines beneath events, without line ends. They are printable and hold no password and no token.
struct Reading {
  bool binary = false;  // octets are no text: they are shown as hex
  // Of each run of the transcript, by the index of the event.
  std::vector<std::map<std::size_t, std::vector<std::string>>> runs;
};

// Handshake messages with what they carry decrypted, and binary stanzas, as XML; what a tolerant
// reader takes and a strict one may not; why octets cannot be read; the change, where it is made.
// Textual stanzas stand in the octets already, but for what is decrypted of them. Runs that the
// case does not have say nothing.
Reading reading_of(const model::Case& one, const model::Library& library,
                   const engine::Transcript& transcript);

}  // namespace parley::report
