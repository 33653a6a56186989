// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/open_forgery.h"

#include <utility>

#include "harness/crypto/signal/keys.h"
#include "harness/crypto/signal/records.h"

namespace parley::crypto::signal {

Result<Forged> forge_next(Store& store, std::string_view name, const Conversation& conversation,
                          Rng& rng) {
  auto sessions = load_sessions(store, conversation.peer);
  if (!sessions) {
    return std::unexpected(sessions.error());
  }
  if (sessions->empty()) {
    return fail(Errc::not_found, "there is no session with the peer");
  }
  auto sender = load_identity(store);
  auto stranger = make_identity(rng);
  if (!sender || !stranger) {
    return std::unexpected(sender ? stranger.error() : sender.error());
  }
  ForgeryInput input;
  input.session = sessions->front();
  input.sender = std::move(*sender);
  input.stranger = std::move(*stranger);
  input.bundle = conversation.bundle;
  input.other_bundle = conversation.other_bundle;
  input.delivered = conversation.delivered;
  input.received = conversation.received;
  input.plaintext = conversation.plaintext;
  input.honest = conversation.honest;
  input.rng = rng.child(name);
  auto out = forge(name, input);
  if (!out) {
    return out;
  }
  sessions->front() = out->session;
  if (auto saved = save_sessions(store, conversation.peer, std::move(*sessions)); !saved) {
    return std::unexpected(saved.error());
  }
  return out;
}

}  // namespace parley::crypto::signal
