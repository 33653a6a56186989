// SPDX-License-Identifier: GPL-3.0-or-later
// Message forms both ways: rendered with a step's values, matched against what came.
#pragma once

#include <optional>
#include <string>

#include "harness/engine/expression.h"
#include "harness/model/model.h"
#include "harness/xml/diff.h"

namespace parley::engine {

// The namespace of pattern elements: <any name='${condition}' ns='…'/> stands for an element whose
// local name is the field.
inline constexpr std::string_view kPatternNamespace = "urn:parley:pattern";

// Renders `form` for step `step_id`; every field's value is bound as "step_id.field".
// Errors: as evaluate(); not_found when a field has no value.
Result<xml::Element> render(const model::MessageForm& form, const std::string& step_id,
                            const model::Fields& with, Scope& scope);

// Nullopt when `actual` is of the form (fields are then bound in `scope`); otherwise what differs
// first, and `scope` is unchanged. More attributes and children than the form has are allowed.
// A value "*" in `with` means any, "" means absent (and binds ""), several values are alternatives.
std::optional<xml::Difference> match(const model::MessageForm& form, const std::string& step_id,
                                     const model::Fields& with, const xml::Element& actual,
                                     Scope& scope);

// The octets of a rendered element as the profile's stream carries it.
Bytes print_form(const model::MessageForm& form, const xml::Element& element,
                 const model::Profile& profile);

}  // namespace parley::engine
