// SPDX-License-Identifier: GPL-3.0-or-later
// A channel of binary stanzas in Noise frames. Source: observed client behaviour; Noise
// revision 34. Messages: <intro magic= dictionary=/> and <routing>hex</routing> before the first
// frame; the handshake messages of handshake_tree.h, with what they carry decrypted (<payload/> in
// a client-finish and a client-hello of IK, <chain state= leaf-serial= …/> in a server-hello); then
// stanzas, whose tree is that of wire/binary_reader.h. The stream's end is the node `xmlstreamend`.
#pragma once

#include "harness/engine/channel.h"
#include "harness/engine/noise_handshake.h"  // played_root()

namespace parley::engine {

// `label` makes the keys of this connection; the scope's values are "noise.now" (seconds since
// 1970) and, for a client, "noise.root" (hex of the key that signs the chain).
std::unique_ptr<Channel> make_noise_channel(const model::Profile& profile, Side side,
                                            const std::string& label, const Scope& scope);

}  // namespace parley::engine
