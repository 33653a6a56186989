// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/key_ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/engine/conversations.h"

namespace parley::engine {
namespace {

// Which parts of `handed` are not as `published` says.
std::string differing(const StatedKeys& handed, const StatedKeys& published) {
  std::vector<std::string> out;
  const auto compare = [&](const char* name, const Bytes& a, const Bytes& b) {
    if (a != b) {
      out.emplace_back(name);
    }
  };
  compare("registration", handed.registration, published.registration);
  compare("type", handed.kind, published.kind);
  compare("identity", handed.identity, published.identity);
  compare("the signed prekey's id", handed.signed_prekey.id, published.signed_prekey.id);
  compare("signed prekey", handed.signed_prekey.key, published.signed_prekey.key);
  compare("signature", handed.signature, published.signature);
  return join(out, ", ");
}

}  // namespace

void KeyLedger::note_sent(const std::string& link, const std::string& owner,
                          const xml::Element& stanza) {
  const auto request = link + " " + stanza.get("id");
  if (is_key_request(stanza)) {
    asked_.insert(request);
  } else if (is_key_upload(stanza)) {
    uploads_[owner].push_back(
        {.request = request, .lasting = stated_keys(stanza), .one_time = stated_one_time(stanza)});
  }
}

void KeyLedger::note_came(const std::string& link, const xml::Element& stanza) {
  if (stanza.name != "iq") {
    return;
  }
  const auto request = link + " " + stanza.get("id");
  if (stanza.get("type") == "error") {
    for (auto& [owner, uploads] : uploads_) {
      std::erase_if(uploads, [&](const Upload& one) { return one.request == request; });
    }
    return;
  }
  const auto* list = stanza.get("type") == "result" ? stanza.child("list") : nullptr;
  if (list == nullptr || !asked_.contains(request)) {
    return;
  }
  for (const auto* user : list->elements()) {
    if (user->child("error") == nullptr) {
      check(link, *user);
    }
  }
}

// Of a user of whom nothing is known there may be keys from before.
void KeyLedger::check(const std::string& link, const xml::Element& user) {
  const auto owner = user_of(user.get("jid"));
  const auto at = uploads_.find(owner);
  if (at == uploads_.end() || at->second.empty()) {
    return;
  }
  const auto handed = stated_keys(user);
  const auto& uploads = at->second;
  if (std::ranges::find(uploads, handed, &Upload::lasting) == uploads.end()) {
    const auto same = std::ranges::find_if(uploads.rbegin(), uploads.rend(), [&](const auto& one) {
      return one.lasting.identity == handed.identity;
    });
    const auto& nearest = same == uploads.rend() ? uploads.back() : *same;
    breaches_.note({"bundles-published", link,
                    fmt::format("the server hands out keys of {} that this user has not published: "
                                "another {}",
                                owner, differing(handed, nearest.lasting)),
                    xml::print(user)});
    return;
  }
  check_one_time(link, owner, user);
}

void KeyLedger::check_one_time(const std::string& link, const std::string& owner,
                               const xml::Element& user) {
  const auto* element = user.child("key");
  if (element == nullptr) {
    return;
  }
  const auto key = stated_key(*element);
  const auto identity = stated_keys(user).identity;
  const bool published = std::ranges::any_of(uploads_[owner], [&](const Upload& one) {
    return one.lasting.identity == identity &&
           std::ranges::find(one.one_time, key) != one.one_time.end();
  });
  if (!published) {
    breaches_.note({"bundles-published", link,
                    fmt::format("the server hands out a one-time prekey of {} that this user has "
                                "not published with that identity",
                                owner),
                    xml::print(user)});
  } else if (!handed_out_[owner].insert(key.key).second) {
    breaches_.note({"prekeys-handed-once", link,
                    fmt::format("the server hands out one one-time prekey of {} twice", owner),
                    to_hex(key.key)});
  }
}

}  // namespace parley::engine
