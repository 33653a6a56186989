// SPDX-License-Identifier: GPL-3.0-or-later
// Which of a SUT's answers refuse something, and how an answer is shown to people. Sources: RFC
// 6120 sections 4.9 (stream errors), 5.4.2.2 (TLS), 6.4.5 (SASL) and 8.3 (stanza errors); of
// binary stanzas, whose conditions are codes, observed client behaviour; of HTTP the status, or
// "inactive" for a token that does not hold (RFC 7662 section 2.2). Pure.
#pragma once

#include <optional>
#include <string>

#include "harness/engine/transcript.h"
#include "harness/model/model.h"
#include "harness/xml/reader.h"

namespace parley::engine {

inline constexpr std::size_t kShownOctets = 400;

// An answer by which a SUT refuses.
struct Refusal {
  model::RefusalKind kind = model::RefusalKind::close;
  std::string condition;
  std::string link;
  std::string id;         // of the stanza that it answers
  std::size_t event = 0;  // index in the run's events
  std::string shown;      // the octets, for people

  // It answers one stanza or one request, whose id it has, and the stream goes on.
  bool of_stanza() const {
    return kind == model::RefusalKind::stanza_error || kind == model::RefusalKind::nack ||
           kind == model::RefusalKind::http_error;
  }
};

// Nullopt for what refuses nothing; `link` and `event` are where the item came.
std::optional<Refusal> refusal_of(const xml::Item& item, const std::string& link,
                                  std::size_t event);

// Whether `outcome` takes `refusal`. `otherwise`: the kinds that count when the outcome names none.
bool accepts(const model::Outcome& outcome, const std::vector<model::RefusalKind>& otherwise,
             const Refusal& refusal);

// Printable, kShownOctets at most.
std::string shown(const xml::Item& item);
// Of a connection that ended or could not be made.
std::string shown_end(const Event& event);

}  // namespace parley::engine
