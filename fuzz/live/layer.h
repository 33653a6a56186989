// SPDX-License-Identifier: GPL-3.0-or-later
// At which layer of a message octets are mutated. Pure.
#pragma once

#include <string_view>

#include "harness/model/model.h"

namespace parley::live {

// bytes: of the stanza, or of the message as it is written; content: what is encrypted, or the
// content of an HTTP message before its proof is made; encryption: the encrypted message.
enum class Layer { bytes, content, encryption };

// As cases say it.
std::string_view to_string(Layer layer);

// Changes octets of `layer`; `octets` says how.
model::Change change_at(Layer layer, std::string step, model::BytesEdit octets);

// Of such a change.
Layer layer_of(const model::Change& change);
const model::BytesEdit& octets_of(const model::Change& change);
model::BytesEdit& octets_of(model::Change& change);

}  // namespace parley::live
