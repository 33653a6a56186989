// SPDX-License-Identifier: GPL-3.0-or-later
// Writes the binary stanza form (binary_reader.h describes it). Source: observed client behaviour.
// Pure functions: safe from any thread.
//
// Each value takes the form that `encoding` has for its place, else the automatic one. So a stanza
// can be written in every non-canonical way that still holds its tree; what no tree can hold (a
// length that lies, a list that ends early) is a splice of the octets.
#pragma once

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/wire/form.h"
#include "harness/xml/tree.h"

namespace parley::wire {

// Errors, each naming the place: unsupported for what the binary form or the chosen form cannot
// hold (namespaces, text beside child elements, a letter in a nibble string); too_large for sizes
// that do not fit their field and for trees deeper than kDeepestStanza.
Result<Bytes> encode(const xml::Element& root, const WriteOptions& options,
                     const Encoding& encoding = {});

}  // namespace parley::wire
