// SPDX-License-Identifier: GPL-3.0-or-later
// What a run shows of a third party's identity service under test: the key sets that it published,
// the tokens that it issued and the rotation that it was told to make, in the order of the events;
// and whether a gatekeeper takes a token with a set. Pure: of the transcript alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/token.h"
#include "harness/engine/monitor.h"

namespace parley::engine {

struct PublishedSet {
  std::size_t event = 0;
  std::string media_type;  // in lower case, without parameters
  Bytes text;
  std::vector<crypto::jose::PublicKey> keys;  // those that can be read
};

struct IssuedToken {
  std::size_t event = 0;
  std::string text;
  std::string subject;             // whom it must name
  std::string spelled{};           // the same as the user gave it
  std::vector<std::string> old{};  // what the user was called before
  bool own_algorithm = true;       // nobody has asked for one
};

struct Rotation {
  std::size_t event = 0;
  std::string stage;
};

struct Discovery {
  std::size_t event = 0;
  std::string keys_at;  // jwks_uri
};

struct IdentityService {
  std::vector<PublishedSet> sets;
  std::vector<IssuedToken> tokens;
  std::vector<Rotation> rotations;
  std::vector<Discovery> documents;
};
// Empty when another party is under test.
IdentityService identity_service_of(const Watched& watched);

// By what a gatekeeper of the profile refuses it; nullopt when it takes it.
std::optional<crypto::jose::Refused> refusal_of_token(const Watched& watched,
                                                      const IssuedToken& token,
                                                      const PublishedSet& set);

}  // namespace parley::engine
