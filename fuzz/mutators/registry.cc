// SPDX-License-Identifier: Apache-2.0
// The table of mutators: one line each.
#include <algorithm>

#include "fuzz/mutators/actions.h"
#include "fuzz/mutators/binary_tree.h"
#include "fuzz/mutators/http.h"
#include "fuzz/mutators/jid.h"
#include "fuzz/mutators/json.h"
#include "fuzz/mutators/mutator.h"
#include "fuzz/mutators/noise.h"
#include "fuzz/mutators/octets.h"
#include "fuzz/mutators/protobuf.h"
#include "fuzz/mutators/signal.h"
#include "fuzz/mutators/websocket.h"
#include "fuzz/mutators/xml.h"
#include "fuzz/mutators/xpath.h"

namespace parley::mutators {
namespace {

constexpr Mutator kMutators[] = {
    {"actions", mutate_actions, cross_actions},
    {"binary_tree", mutate_binary_tree, cross_binary_tree},
    {"http", mutate_http, cross_http},
    {"jid", mutate_jid, cross_jid},
    {"jose", mutate_jose, cross_jose},
    {"json", mutate_json, cross_json},
    {"noise", mutate_noise, cross_noise},
    {"octets", mutate_octets, cross_octets},
    {"protobuf", mutate_protobuf, cross_protobuf},
    {"signal", mutate_signal, cross_signal},
    {"websocket", mutate_websocket, cross_websocket},
    {"xml", mutate_xml, cross_xml},
    {"xpath", mutate_xpath, cross_xpath},
};

}  // namespace

std::span<const Mutator> mutators() { return kMutators; }

const Mutator* mutator_named(std::string_view name) {
  const auto* found = std::ranges::find(
      kMutators, name, [](const Mutator& mutator) { return std::string_view(mutator.name); });
  return found == std::end(kMutators) ? nullptr : found;
}

}  // namespace parley::mutators
