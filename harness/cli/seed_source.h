// SPDX-License-Identifier: GPL-3.0-or-later
// Inputs for fuzz targets out of what a run has recorded: streams as they went over the wire, and
// what was read in them. Pure functions: safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "harness/engine/transcript.h"
#include "harness/model/library.h"
#include "harness/xml/reader.h"

namespace parley::cli {

struct Seed {
  std::string target;  // the fuzz target that reads such octets
  std::string name;    // of a file: case, run and what it is, without a slash
  Bytes octets;
};

// Seeds of more octets are left out: they would slow a target down.
inline constexpr std::size_t kMostSeedOctets = 16 * 1024;

// Of one direction of a connection from its beginning; `where` names it. Empty octets give none.
// `wire` says how the octets are to be read where they are neither XML nor HTTP.
std::vector<Seed> seeds_of_stream(const std::string& where, const Bytes& octets, model::Wire wire);
// Of a stanza as it came, and of the messages that are sealed within.
std::vector<Seed> seeds_of_stanza(const std::string& where, const xml::Stanza& stanza,
                                  model::Wire wire);

// Of all runs of one case's transcript that the case still has, each octets once.
std::vector<Seed> seeds_of(const model::Case& one, const model::Library& library,
                           const engine::Transcript& transcript);

}  // namespace parley::cli
