// SPDX-License-Identifier: GPL-3.0-or-later
// SignalMessages that come again, too late or instead of others, and messages of the other kind.
#include <array>
#include <utility>

#include "harness/crypto/aes_cbc.h"
#include "harness/crypto/signal/forgery_table.h"

namespace parley::crypto::signal {
namespace {

constexpr auto kMsg = ForgeryKind::msg;
constexpr auto kLegal = Acceptance::legal;
constexpr std::string_view kOnce = "DR section 3.5: a message key is deleted once it was used";
constexpr std::string_view kSkipped = "DR sections 2.6 and 6.4";

// The session's next `count` messages, honest, from the `first` on that the input names.
Result<std::vector<Message>> next_messages(Draft& draft, std::size_t count, std::size_t first = 0) {
  std::vector<Message> out;
  for (std::size_t i = 0; i < count; ++i) {
    auto opened = open_message(draft.session, honest_text(draft.input, first + i));
    if (!opened) {
      return std::unexpected(opened.error());
    }
    out.push_back({.kind = MessageKind::msg, .octets = seal(opened->message)});
  }
  return out;
}

Forged after(std::vector<Message> before, Message message, const Draft& draft) {
  return {.before = std::move(before), .message = std::move(message), .session = draft.session};
}

Result<Forged> twice(Draft& draft) {
  auto sent = next_messages(draft, 1);
  if (!sent) {
    return std::unexpected(sent.error());
  }
  const auto message = sent->front();
  return after(std::move(*sent), message, draft);
}

// Others come between it and its repetition.
Result<Forged> again_later(Draft& draft) {
  auto sent = next_messages(draft, 3);
  if (!sent) {
    return std::unexpected(sent.error());
  }
  const auto message = sent->front();
  return after(std::move(*sent), message, draft);
}

// Read out of order, by a kept key, and then again.
Result<Forged> skipped_twice(Draft& draft) {
  auto sent = next_messages(draft, 2);
  if (!sent) {
    return std::unexpected(sent.error());
  }
  const auto message = sent->front();
  std::swap(sent->front(), sent->back());
  return after(std::move(*sent), message, draft);
}

Result<Forged> of_the_chain_before(Draft& draft) {
  if (draft.input.delivered.empty()) {
    return fail(Errc::malformed, "nothing was delivered that could come again");
  }
  auto sent = next_messages(draft, 1);
  if (!sent) {
    return std::unexpected(sent.error());
  }
  return after(std::move(*sent), {.kind = MessageKind::msg, .octets = draft.input.delivered},
               draft);
}

// Another text under keys that a message has used.
Result<Forged> of_a_used_counter(Draft& draft) {
  Session copy = draft.session;
  auto sent = next_messages(draft, 2);
  auto opened = open_message(copy, draft.input.plaintext);
  if (!sent || !opened) {
    return std::unexpected(sent ? opened.error() : sent.error());
  }
  return after(std::move(*sent), {.kind = MessageKind::msg, .octets = seal(opened->message)},
               draft);
}

// Jumps of 2,000 lost messages each, as far as a receiver goes along; then the first of them comes,
// whose key is long dropped.
Result<Forged> after_a_flood(Draft& draft) {
  auto lost = next_messages(draft, 1);
  if (!lost) {
    return std::unexpected(lost.error());
  }
  std::vector<Message> before;
  const std::uint32_t jumps = draft.input.lost_thousands * 1000 / kMaxForwardJump;
  for (std::uint32_t i = 0; i < jumps; ++i) {
    auto& chain = draft.session.sender;
    for (std::uint32_t step = i == 0 ? 1 : 0; step < kMaxForwardJump; ++step) {
      chain.key = next_chain_key(chain.key, draft.session.dialect);
      ++chain.counter;
    }
    auto sent = next_messages(draft, 1, i + 1);
    if (!sent) {
      return std::unexpected(sent.error());
    }
    before.push_back(std::move(sent->front()));
  }
  return after(std::move(before), std::move(lost->front()), draft);
}

// A pkmsg where a msg is announced.
Result<Forged> of_the_other_kind(Draft& draft) {
  auto begun = initiate(draft.input.sender, draft.input.bundle, draft.rng);
  auto message = begun ? write_message(*begun, draft.input.plaintext)
                       : Result<Message>(std::unexpected(begun.error()));
  return message ? Result<Forged>(forged_msg(draft, std::move(message->octets)))
                 : std::unexpected(message.error());
}

// A msg where a pkmsg is announced.
Result<Forged> announced_as_pkmsg(Draft& draft) {
  auto out = bent<[](Opened&, Draft&) {}>(draft);
  if (out) {
    out->message.kind = MessageKind::pkmsg;
  }
  return out;
}

constexpr std::array kRows{
    ForgeryRow{{"replay", kMsg, kOnce, "the same message twice", Refusal::duplicate}, twice},
    ForgeryRow{
        {"replay-later", kMsg, kOnce, "the same message after two others", Refusal::duplicate},
        again_later},
    ForgeryRow{{"replay-skipped", kMsg, kOnce, "a message that was read out of order, again",
                Refusal::duplicate},
               skipped_twice},
    ForgeryRow{{"replay-of-chain-before", kMsg, kOnce,
                "a message of the receiver chain before the last turn", Refusal::duplicate},
               of_the_chain_before},
    ForgeryRow{{"counter-used", kMsg, kOnce, "another text under a counter that was read",
                Refusal::duplicate},
               of_a_used_counter},
    ForgeryRow{{"skipped-key-dropped", kMsg, kSkipped,
                "the first of 12,000 lost messages comes late: kept keys must have a bound "
                "(libsignal: 2,000)",
                Refusal::duplicate, kLegal},
               after_a_flood},
    ForgeryRow{{"kind-pkmsg-as-msg", kMsg, "libsignal: types 3 and 2 apart",
                "a PreKeySignalMessage where a SignalMessage is announced", Refusal::encoding},
               of_the_other_kind},
    ForgeryRow{{"kind-msg-as-pkmsg", kMsg, "libsignal: types 3 and 2 apart",
                "a SignalMessage where a PreKeySignalMessage is announced", Refusal::encoding},
               announced_as_pkmsg},
};

}  // namespace

std::span<const ForgeryRow> order_forgeries() { return kRows; }

}  // namespace parley::crypto::signal
