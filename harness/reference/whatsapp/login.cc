// SPDX-License-Identifier: GPL-3.0-or-later
// Who a client is: its ClientPayload, success and failure. Sources: STZ-028; observed client
// behaviour. A third party's user is told from its namesake of another integrator by its token.
#include <algorithm>
#include <utility>

#include "harness/reference/whatsapp/careless_keys.h"
#include "harness/reference/whatsapp/session.h"

namespace parley::reference::whatsapp {
namespace {

constexpr int kBadPayload = 400;
constexpr int kUnsupportedProduct = 405;
constexpr int kUnavailable = 503;  // wg-failure-asks-for-retry
constexpr int kForbidden = 403;    // wg-may-fail-otherwise

}  // namespace

// Waits for the keys that the token of a third party's user needs; other sessions go on meanwhile.
asio::awaitable<void> Session::prepare_login() {
  const auto payload = wire::parse_client_payload(login_payload_);
  if (!payload || !payload->interop_data || !payload->interop_data->account_id ||
      !payload->interop_data->token) {
    co_return;
  }
  struct Need {
    std::uint16_t integrator;
    FaultSet faults;
  };
  std::vector<Need> needs;
  for (const Account* one : keeper_.of_number(std::to_string(*payload->interop_data->account_id))) {
    if (one->address.integrator) {
      needs.push_back({.integrator = *one->address.integrator, .faults = faults_});
      needs.back().faults.add(one->faults);
    }
  }
  for (const Need& need : needs) {
    co_await keeper_.partners().prepare(need.integrator, *payload->interop_data->token,
                                        need.faults);
  }
}

// Null for one whose service is not asked.
const Account* Session::asked_about(const std::optional<wire::InteropData>& data) const {
  if (failure_ == 0 && proven_) {
    return keeper_.find(login_);
  }
  const auto number = data ? data->account_id : std::nullopt;
  for (const Account* one : keeper_.of_number(std::to_string(number.value_or(0)))) {
    const bool early = has(Fault::wg_may_ask_first) || has(Fault::wg_call_answer_suffices) ||
                       one->faults.has(Fault::wg_may_ask_first) ||
                       one->faults.has(Fault::wg_call_answer_suffices);
    if (early && one->address.integrator) {
      return one;
    }
  }
  return nullptr;
}

// Whether the third party's service says, too, that its user's token holds.
asio::awaitable<void> Session::ask_service() {
  const auto payload = wire::parse_client_payload(login_payload_);
  if (has(Fault::wg_call_blocks_others)) {
    co_await keeper_.callers().settled();
  }
  const Account* account = asked_about(payload ? payload->interop_data : std::nullopt);
  const auto caller = account == nullptr ? nullptr : keeper_.caller(account->address.integrator);
  if (caller == nullptr || !payload || !payload->interop_data) {
    co_return;
  }
  FaultSet faults = faults_;
  faults.add(account->faults);
  const auto identifier =
      account->identifier.empty() ? account->address.number : account->identifier;
  const auto address = account->address.bare();
  caller->seen(identifier);
  const bool vouched =
      co_await caller->vouches(payload->interop_data->token.value_or(""), identifier, faults);
  if (vouched && faults.has(Fault::wg_call_answer_suffices)) {
    failure_ = 0;
    login_ = address;
  }
  failure_ = vouched ? failure_ : wrong_token();
}

// Sets login_ or failure_; the faults of whoever is named hold from here.
void Session::check_login(const Bytes& octets) {
  failure_ = 0;
  const auto payload = wire::parse_client_payload(octets);
  if (!payload) {
    failure_ = kBadPayload;
    return;
  }
  const auto& dialect = keeper_.dialect();
  const auto product = payload->product.value_or(wire::kProductWhatsApp);
  const bool foreign =
      product == kWhatsAppDialect.product && has(Fault::mg_accepts_foreign_product);
  passive_ = payload->passive.value_or(false);
  push_name_ = payload->push_name.value_or(Bytes());
  if (product == dialect.native_product) {
    check_native(*payload);
  } else if (product == dialect.product || foreign || has(Fault::wg_accepts_any_product)) {
    check_third_party(*payload);
  } else {
    failure_ = kUnsupportedProduct;
  }
}

void Session::check_third_party(const wire::ClientPayload& payload) {
  const auto& data = payload.interop_data;
  if (!data || !data->account_id || payload.device.value_or(0) != 0) {
    failure_ = kBadPayload;
    return;
  }
  const std::string number = std::to_string(*data->account_id);
  auto candidates = keeper_.of_number(number);
  std::erase_if(candidates, [](const Account* one) { return !one->address.integrator; });
  if (candidates.empty() && has(Fault::wg_accepts_unknown_account)) {
    keeper_.enlist(number, kDefaultIntegrator, data->token.value_or(Bytes()), FaultSet());
    candidates = {keeper_.find(Address{kDefaultIntegrator, number}.bare())};
  }
  for (Account* one : candidates) {
    const bool once = one->proven && (has(Fault::wg_token_once_proven) ||
                                      one->faults.has(Fault::wg_token_once_proven));
    if (once || (data->token && proves(*one, *data->token))) {
      one->proven = true;
      proven_ = true;
      login_ = one->address.bare();
      return;
    }
  }
  check_token(candidates, data->token);
}

// IDP-021: on every connection.
bool Session::proves(const Account& account, const Bytes& token) const {
  FaultSet faults = faults_;
  faults.add(account.faults);
  if (faults.has(Fault::wg_enlist_in_vain) && !account.identifier.empty()) {
    return false;
  }
  const auto integrator = *account.address.integrator;
  const bool formerly = faults.has(Fault::wg_rename_old_logs_in) && !account.former.empty() &&
                        keeper_.partners().proves(integrator, account.former, token, faults);
  return formerly ||
         keeper_.partners().proves(
             integrator, account.identifier.empty() ? account.address.number : account.identifier,
             token, faults);
}

int Session::wrong_token() const {
  if (has(Fault::wg_failure_asks_for_retry)) {
    return kUnavailable;
  }
  if (has(Fault::wg_may_fail_otherwise)) {
    return kForbidden;
  }
  return has(Fault::mg_foreign_failure_reason) ? kWhatsAppDialect.wrong_token
                                               : keeper_.dialect().wrong_token;
}

void Session::check_native(const wire::ClientPayload& payload) {
  if (!payload.username) {
    failure_ = kBadPayload;
    return;
  }
  auto candidates = keeper_.of_number(std::to_string(*payload.username));
  std::erase_if(candidates, [](const Account* one) { return one->address.integrator.has_value(); });
  check_token(candidates, payload.fb_cat);
}

bool Session::is_token_of(const Account& account, const Bytes& token) const {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = token.find_first_not_of(kSpace);
  const auto last = token.find_last_not_of(kSpace);
  return token == account.token ||
         (has(Fault::wg_accepts_token_prefix) && account.token.starts_with(token)) ||
         (has(Fault::wg_accepts_token_to_nul) && token.c_str() == account.token) ||
         (has(Fault::wg_accepts_token_in_spaces) && first != Bytes::npos &&
          token.substr(first, last + 1 - first) == account.token) ||
         (has(Fault::wg_accepts_token_of_another) &&
          std::ranges::any_of(keeper_.all(),
                              [&](const Account* one) { return one->token == token; }));
}

void Session::check_token(const std::vector<Account*>& candidates,
                          const std::optional<Bytes>& token) {
  for (const Account* one : candidates) {
    faults_.add(one->faults);
  }
  const bool is_empty = !token || token->empty();
  const Bytes given = token.value_or("");
  const auto found = std::ranges::find_if(
      candidates, [&](const Account* one) { return !is_empty && is_token_of(*one, given); });
  if (found != candidates.end()) {
    login_ = (*found)->address.bare();
  } else if (!candidates.empty() && handshake_.early() && has(Fault::wg_ik_token_unchecked)) {
    login_ = candidates.front()->address.bare();
  } else if (!candidates.empty() &&
             has(is_empty ? Fault::wg_accepts_empty_token : Fault::wg_accepts_wrong_token)) {
    login_ = candidates.front()->address.bare();
  } else if (!candidates.empty() && has(Fault::wg_goes_on_after_failure)) {
    login_ = candidates.front()->address.bare();
    failure_ = wrong_token();
  } else {
    failure_ = wrong_token();
  }
}

// The account may have been reset while the login was looked at.
void Session::log_in() {
  account_ = keeper_.find(login_);
  if (account_ == nullptr) {
    failure_ = wrong_token();
    return;
  }
  account_->bound.insert(this);
  recall_consent();
  remember_carelessly(account_->bundle, account_->key_history, faults_);
  if (has(Fault::wg_bundle_keys_back_to_asker)) {
    recall_keys();
  }
  state_ = State::open;
  if (has(Fault::wg_no_passive_hold)) {
    passive_ = false;
  }
}

void Session::finish_login() {
  if (failure_ == 0 && account_ == nullptr) {
    log_in();
  }
  const bool is_second =
      failure_ == 0 && account_->session != nullptr && account_->address.integrator.has_value();
  if (is_second && has(Fault::wg_may_refuse_second_device)) {
    failure_ = kForbidden;
  }
  if (failure_ != 0 && has(Fault::wg_may_close_without_failure)) {
    closing_ = true;
    return;
  }
  if (failure_ != 0) {
    auto out = make_element("failure");
    out.set("reason", std::to_string(failure_));
    if (!has(Fault::wg_goes_on_after_failure) || login_.empty()) {
      return close_with(out);
    }
    send(out);
    log_in();
    return;
  }
  if (Session* earlier = account_->session; earlier != nullptr) {
    earlier->on_replaced();
  }
  account_->session = this;
  if (has(Fault::wg_sends_before_success)) {
    deliver_offline();
  }
  auto out = make_element("success");
  out.set("t", now_s());
  send(out);
  if (!passive_ && !has(Fault::wg_sends_before_success)) {
    deliver_offline();
  }
  if (handshake_.replayed() && has(Fault::wg_replayed_ik_takes_queue)) {
    account_->stored.clear();
  }
  if (handshake_.replayed() && has(Fault::wg_replayed_ik_shows_online)) {
    announce(true);
  }
}

}  // namespace parley::reference::whatsapp
