// SPDX-License-Identifier: GPL-3.0-or-later
// Carries out the runs of one case against the SUT: dials, listens, sends, waits, and records every
// octet and event. What to do next and when to stop the tracker says; the verdict is the judge's.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "harness/crypto/certificate.h"
#include "harness/engine/ports.h"
#include "harness/engine/shared_runs.h"
#include "harness/engine/transcript.h"
#include "harness/engine/turnstile.h"
#include "harness/model/library.h"

namespace parley::engine {

// How long to wait for what must come: scaled from the slowest answer seen so far on this worker.
class Patience {
 public:
  Patience(std::chrono::milliseconds least, std::chrono::milliseconds most)
      : least_(least), most_(most) {}
  void saw(std::chrono::microseconds answer) { slowest_ = std::max(slowest_, answer); }
  std::chrono::milliseconds now() const {
    // Ten times the slowest answer: a SUT on a loaded machine slows down as a whole.
    return std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(slowest_ * 10), least_,
                      most_);
  }

 private:
  std::chrono::milliseconds least_;
  std::chrono::milliseconds most_;
  std::chrono::microseconds slowest_{0};
};

// One of a host and kind.
using Leaves = std::map<std::pair<std::string, crypto::LeafKind>, crypto::Leaf>;

// What a worker lends to each case. All of it outlives the case.
struct Workshop {
  const model::Library& library;
  std::map<model::Party, Attachment*> attachments;  // of each party under test in the case
  std::vector<model::Party> suts;                   // see Transcript
  const Manners& manners;
  net::TlsContexts& tls;
  const crypto::CertificateAuthority& authority;  // of the played server
  Leaves& leaves;                                 // issued so far
  std::string authority_file;                     // its PEM file, for a client SUT
  std::string domain;                             // the played server's
  Patience& patience;
  SharedRuns& shared;
  Turnstile& leasing;
  std::uint64_t seed;
  // Of the third party's service, the same for all cases of a run, and which gatekeepers know it.
  std::uint64_t identity_seed;
  std::set<const Attachment*>& introduced;
};

// Never throws for what a SUT does.
boost::asio::awaitable<Transcript> conduct(const model::Case& one, Workshop& workshop);

}  // namespace parley::engine
