// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/conversations.h"

#include "harness/engine/correspondence.h"
#include "harness/engine/omemo_talk.h"
#include "harness/engine/relayed_talk.h"

namespace parley::engine {

std::string user_of(const std::string& jid) {
  auto out = jid.substr(0, jid.find('/'));
  const auto colon = out.find(':');
  const auto at = out.find('@');
  if (colon != std::string::npos && at != std::string::npos && colon < at) {
    out.erase(colon, at - colon);
  }
  return out;
}

std::unique_ptr<Conversations> Conversations::of(const CastRun& run,
                                                 const std::map<std::string, std::string>& values,
                                                 const Rng& rng) {
  if (run.flow == nullptr) {
    return nullptr;
  }
  switch (run.flow->content) {
    case model::Content::clear:
      return nullptr;
    case model::Content::signal:
      if (auto relayed = RelayedTalk::of(run, values, rng)) {
        return relayed;
      }
      return Correspondence::of(run, values, rng);
    case model::Content::omemo:
      return OmemoTalk::of(run, values, rng);
  }
  return nullptr;
}

}  // namespace parley::engine
