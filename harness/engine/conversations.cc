// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/conversations.h"

#include "harness/engine/correspondence.h"
#include "harness/engine/omemo_talk.h"

namespace parley::engine {

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
      return Correspondence::of(run, values, rng);
    case model::Content::omemo:
      return OmemoTalk::of(run, values, rng);
  }
  return nullptr;
}

}  // namespace parley::engine
