// SPDX-License-Identifier: GPL-3.0-or-later
// TLS, SASL and resource binding. Sources: RFC 6120 sections 5 to 7; RFC 4616; RFC 5802; RFC 7677.
#include <algorithm>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/reference/careless_scram.h"
#include "harness/reference/gatekeeper_session.h"

namespace parley::reference {
namespace {

using namespace std::chrono_literals;

constexpr int kFailuresAllowed = 3;  // RFC 6120 section 6.4.5: two to five retries
constexpr int kIterations = 4096;    // RFC 7677 section 4

// The salt depends on the name alone, so that an unknown user looks like a known one.
std::string salt_of(const std::string& user) { return "parley-salt-" + user; }

struct Plain {
  std::string authzid;
  std::string authcid;
  std::string password;
};

// RFC 4616 section 2.
std::optional<Plain> parse_plain(const Bytes& data) {
  const auto parts = split(data, '\0');
  if (parts.size() != 3 || parts[1].empty() || parts[2].empty()) {
    return std::nullopt;
  }
  for (std::size_t at = 0; at < data.size();) {
    char32_t c = 0;
    const std::size_t length = utf8_sequence(data, at, c);
    if (length == 0) {
      return std::nullopt;
    }
    at += length;
  }
  return Plain{.authzid = parts[0], .authcid = parts[1], .password = parts[2]};
}

// The value of `key=` in a SCRAM message; empty when absent.
std::string scram_value(std::string_view message, char key) {
  for (const std::string& part : split(message, ',')) {
    if (part.size() >= 2 && part[0] == key && part[1] == '=') {
      return part.substr(2);
    }
  }
  return {};
}

// Whether a client-first-message begins with a gs2-header that asks for no channel binding and goes
// on with the name: "n,," or "y,,", or with "a=…" in the middle (RFC 5802 sections 5.1, 6 and 7).
bool is_plain_first(std::string_view message) {
  const auto parts = split(message, ',');
  return parts.size() >= 4 && (parts[0] == "n" || parts[0] == "y") &&
         (parts[1].empty() || parts[1].starts_with("a=")) && parts[2].starts_with("n=") &&
         parts[2].size() > 2 && parts[3].starts_with("r=") && parts[3].size() > 2;
}

// Base64 as a careless decoder reads it: what is not of the alphabet is skipped.
Bytes from_careless_base64(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Bytes out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) {
      continue;
    }
    bits = (bits << 6) | static_cast<unsigned>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xFF);
    }
  }
  return out;
}

}  // namespace

asio::awaitable<bool> Session::start_tls() {
  net::TlsServerOptions options{.chain_pem = keeper_.leaf().chain_pem,
                                .key_pem = keeper_.leaf().key_pem};
  if (has(Fault::gk_tls_1_0_accepted)) {
    options.min_version = net::TlsVersion::tls1_0;
  }
  if (has(Fault::gk_tls_1_2_refused)) {
    options.min_version = net::TlsVersion::tls1_3;
  }
  const auto session = co_await stream_->start_tls(keeper_.contexts(), std::move(options), 20s);
  secure_ = session.has_value();
  co_return secure_;
}

asio::awaitable<void> Session::on_starttls(Bytes& rest) {
  // Octets in clear behind <starttls/> never count as if they came under TLS (RFC 6120 section
  // 5.4.3.3; CVE-2011-0411): a peer that sends them is not followed.
  Bytes injected = std::exchange(rest, {});
  if (!injected.empty() && !has(Fault::gk_starttls_injection)) {
    stream_error("policy-violation");
    co_return;
  }
  send("<proceed xmlns='" + std::string(kTlsNs) + "'/>");
  co_await flush();
  if (!co_await start_tls()) {
    broken_ = closing_ = true;
    co_return;
  }
  restart_reader();
  header_may_lack_ = has(Fault::gk_no_restart_after_tls);
  rest = std::move(injected);
}

void Session::before_login(const xml::Element& element) {
  if (element.ns == kSaslNs) {
    if (secure_ || has(Fault::gk_no_tls_required)) {
      on_sasl(element);
    } else {
      fail_sasl("encryption-required");
    }
    return;
  }
  const bool stanza = element.ns == kClientNs;
  const bool binds = element.child("bind", kBindNs) != nullptr;
  if (stanza && binds && has(Fault::gk_bind_before_login)) {
    const auto from = parse_jid(client_from_);
    user_ = from && !from->local.empty() ? from->local : "anonymous";
    account_ = &keeper_.enlist(user_, "pw-" + user_, faults_);
    authenticated_ = true;
    on_bind(element);
    return;
  }
  if (stanza && !binds && has(Fault::gk_honours_before_login)) {
    const auto from = parse_jid(client_from_);
    user_ = from && !from->local.empty() ? from->local : "anonymous";
    resource_ = "before-login";
    on_stanza(element);
    return;
  }
  stream_error("not-authorized");
}

void Session::on_sasl(const xml::Element& element) {
  if (element.name == "auth") {
    on_auth(element);
  } else if (element.name == "abort") {
    mechanism_ = Mechanism::none;
    if (!has(Fault::gk_ignores_abort)) {
      fail_sasl("aborted");
    }
  } else if (element.name == "response" && mechanism_ != Mechanism::none) {
    const auto data = decode_sasl(element.text());
    if (data) {
      on_sasl_data(*data);
    } else {
      fail_sasl("incorrect-encoding");
    }
  } else {
    fail_sasl("malformed-request");
  }
}

void Session::on_auth(const xml::Element& element) {
  if (has(Fault::gk_deaf_after_element_in_auth) && !element.elements().empty()) {
    keeper_.fall_deaf();
    return;
  }
  const std::string name = element.get("mechanism");
  const bool any = has(Fault::gk_accepts_any_mechanism);
  if (mechanism_ != Mechanism::none) {
    fail_sasl("malformed-request");  // one exchange at a time (RFC 6120 section 6.4.2)
    return;
  }
  if (name == "SCRAM-SHA-256" && secure_) {
    mechanism_ = Mechanism::scram_first;
  } else if (name == "PLAIN" || any) {
    mechanism_ = Mechanism::plain;
  } else {
    fail_sasl("invalid-mechanism");
    return;
  }
  const std::string text = element.text();
  if (text.empty()) {
    challenge("");  // the initial response comes later (RFC 6120 section 6.4.2)
    return;
  }
  const auto data = text == "=" ? std::optional<Bytes>("") : decode_sasl(text);
  if (data) {
    on_sasl_data(*data);
  } else {
    fail_sasl("incorrect-encoding");
  }
}

std::optional<Bytes> Session::decode_sasl(const std::string& text) const {
  auto data = from_base64(text);
  if (data) {
    return std::move(*data);
  }
  return has(Fault::gk_accepts_bad_base64) ? std::optional(from_careless_base64(text))
                                           : std::nullopt;
}

void Session::on_sasl_data(Bytes data) {
  switch (mechanism_) {
    case Mechanism::plain:
      return on_plain(data);
    case Mechanism::scram_first:
      return on_scram_first(data);
    case Mechanism::scram_final:
      return on_scram_final(data);
    case Mechanism::none:
      return fail_sasl("malformed-request");
  }
}

// The account that `user` names, whose faults hold from now on; null when there is none.
Account* Session::login_account(const std::string& user) {
  Account* account = keeper_.find(user);
  if (account != nullptr) {
    adopt_faults(account->faults);
  }
  return account;
}

bool Session::authzid_allowed(std::string_view authzid, const std::string& user) {
  if (authzid.empty() || has(Fault::gk_accepts_foreign_authzid)) {
    return true;
  }
  const auto jid = parse_jid(authzid);
  if (!jid) {
    return false;
  }
  return jid->full() == user + "@" + keeper_.domain() ||
         (has(Fault::gk_acts_for_any_account) && keeper_.find_bare(jid->full()) != nullptr);
}

void Session::on_plain(const Bytes& data) {
  const auto plain = parse_plain(data);
  const auto user = plain ? prepare_local(plain->authcid) : std::nullopt;
  if (!plain) {
    return fail_sasl("malformed-request");
  }
  Account* account = user ? login_account(*user) : nullptr;
  if (account == nullptr && user && has(Fault::gk_accepts_unknown_user)) {
    account = &keeper_.enlist(*user, plain->password, faults_);
  }
  if (account == nullptr) {
    return fail_sasl(has(Fault::gk_reveals_unknown_user) ? "account-disabled" : "not-authorized");
  }
  if (account->password != plain->password && !has(Fault::gk_accepts_wrong_password)) {
    return fail_sasl("not-authorized");
  }
  if (!authzid_allowed(plain->authzid, *user)) {
    return fail_sasl("invalid-authzid");
  }
  const auto authzid = parse_jid(plain->authzid);
  succeed(authzid && !authzid->local.empty() ? authzid->local : *user, "");
}

void Session::on_scram_first(const Bytes& data) {
  const auto name = crypto::scram_user(data);
  const auto user = name ? prepare_local(*name) : std::nullopt;
  if (!name || !is_plain_first(data)) {
    return fail_sasl("malformed-request");
  }
  Account* account = user ? login_account(*user) : nullptr;
  if (account == nullptr && user && has(Fault::gk_accepts_unknown_user)) {
    account = &keeper_.enlist(*user, "pw-" + *user, faults_);
    faults_.add(Fault::gk_accepts_wrong_scram_proof);  // its password is not known here
  }
  if (account == nullptr && has(Fault::gk_reveals_unknown_user)) {
    return fail_sasl("account-disabled");
  }
  // An unknown user is led to the same end by the same way (RFC 6120 section 13.11).
  const std::string salt = salt_of(user.value_or(*name));
  const int iterations = has(Fault::gk_scram_few_iterations) ? 1 : kIterations;
  const std::string nonce = has(Fault::gk_scram_nonce_not_extended) ? "" : keeper_.fresh_id();
  const auto first = crypto::scram_server_first(data, nonce, salt, iterations);
  if (!first) {
    return fail_sasl("malformed-request");
  }
  user_ = user.value_or("");
  scram_first_ = data;
  scram_server_first_ = *first;
  if (account != nullptr) {
    scram_credentials_ = crypto::scram_credentials(account->password, salt, iterations);
  }
  mechanism_ = Mechanism::scram_final;
  challenge(*first);
}

// "v=…" for the client's final message; empty when it is to be refused.
std::string Session::scram_success(const Bytes& data) {
  auto final =
      crypto::scram_server_final(scram_credentials_, scram_first_, scram_server_first_, data);
  if (final) {
    return std::move(*final);
  }
  const auto bare = scram_first_.find(',', scram_first_.find(',') + 1) + 1;
  const bool same_nonce = scram_value(data, 'r') == scram_value(scram_server_first_, 'r');
  const bool same_binding = scram_value(data, 'c') == to_base64(scram_first_.substr(0, bare));
  if ((same_nonce || has(Fault::gk_scram_ignores_nonce)) &&
      (same_binding || has(Fault::gk_scram_ignores_channel_binding))) {
    auto proven = scram_answer_to_proof(scram_credentials_, scram_first_.substr(bare),
                                        scram_server_first_, data);
    if (!proven.empty()) {
      return proven;
    }
  }
  const bool any_proof =
      has(Fault::gk_accepts_wrong_scram_proof) ||
      (has(Fault::gk_accepts_empty_scram_proof) && scram_value(data, 'p').empty());
  const bool forgiven = same_nonce && same_binding && any_proof;
  const Account* account = keeper_.find(user_);
  if (!forgiven || account == nullptr) {
    return {};
  }
  const auto right =
      crypto::scram_client_final(account->password, scram_first_, scram_server_first_);
  if (!right) {
    return "v=" + to_base64(Bytes(32, '\0'));
  }
  final = crypto::scram_server_final(scram_credentials_, scram_first_, scram_server_first_, *right);
  return final ? std::move(*final) : "v=" + to_base64(Bytes(32, '\0'));
}

void Session::on_scram_final(const Bytes& data) {
  const std::string user = user_;
  const auto proof = scram_value(data, 'p');
  if (!from_base64(proof) && has(Fault::gk_silent_after_bad_scram_proof)) {
    return;
  }
  if (scram_value(data, 'r').empty() ||
      (proof.empty() && !has(Fault::gk_accepts_empty_scram_proof))) {
    return fail_sasl("malformed-request");
  }
  const std::string proven = keeper_.find(user) == nullptr ? "" : scram_success(data);
  if (proven.empty()) {
    return fail_sasl("not-authorized");
  }
  // gs2-header: "n,a=authzid," (RFC 5802 section 7); the escapes are those of a name.
  const auto header = split(scram_first_, ',');
  std::string authzid = header.size() > 1 && header[1].starts_with("a=") ? header[1].substr(2) : "";
  authzid = replace_all(replace_all(std::move(authzid), "=2C", ","), "=3D", "=");
  if (!authzid_allowed(authzid, user)) {
    return fail_sasl("invalid-authzid");
  }
  const auto as = parse_jid(authzid);
  const std::string signature =
      has(Fault::gk_wrong_scram_signature) ? "v=" + to_base64(Bytes(32, '\x5A')) : proven;
  succeed(as && !as->local.empty() ? as->local : user, signature);
}

void Session::challenge(std::string_view data) {
  send("<challenge xmlns='" + std::string(kSaslNs) + "'>" + to_base64(data) + "</challenge>");
}

void Session::succeed(const std::string& user, std::string_view data) {
  mechanism_ = Mechanism::none;
  send("<success xmlns='" + std::string(kSaslNs) + "'>" + to_base64(data) + "</success>");
  if (Account* account = keeper_.find(user)) {
    adopt_faults(account->faults);
  }
  user_ = user;
  authenticated_ = true;
  restart_reader();
  header_may_lack_ = has(Fault::gk_no_restart_after_sasl);
}

void Session::fail_sasl(std::string_view condition) {
  mechanism_ = Mechanism::none;
  if (!authenticated()) {
    user_.clear();
  }
  std::string out = "<failure xmlns='" + std::string(kSaslNs) + "'>";
  if (!has(Fault::gk_failure_without_condition)) {
    out += "<" + std::string(condition) + "/>";
  }
  send(out + "</failure>");
  if (++sasl_failures_ > kFailuresAllowed && !has(Fault::gk_no_retry_limit)) {
    stream_error("policy-violation");
  }
}

void Session::before_bind(const xml::Element& element) {
  const bool binds =
      element.ns == kClientNs && element.name == "iq" && element.child("bind", kBindNs) != nullptr;
  if (binds) {
    on_bind(element);
  } else if (element.ns == kSaslNs && has(Fault::gk_second_sasl_accepted)) {
    on_sasl(element);
  } else if (element.ns == kManagementNs && on_management(element)) {
    return;
  } else if (element.ns == kClientNs && has(Fault::gk_stanza_before_bind)) {
    resource_ = "unbound";
    on_stanza(element);
  } else {
    stream_error("not-authorized");
  }
}

std::string Session::free_resource(const std::string& wanted) {
  if (has(Fault::gk_bind_same_resource_for_all) && wanted.empty()) {
    return "parley";
  }
  std::string out = wanted.empty() ? keeper_.fresh_id() : wanted;
  // RFC 6120 section 7.7.2.2, first choice: the server makes another resource.
  while (find_resource(*account_, out) != nullptr) {
    out = wanted.substr(0, 900) + "-" + keeper_.fresh_id().substr(0, 8);
  }
  return out;
}

void Session::on_bind(const xml::Element& iq) {
  const auto children = iq.elements();
  if (iq.get("type") != "set" || iq.find("id") == nullptr || children.size() != 1) {
    return error(iq, kBadRequest);
  }
  if (bound() && !has(Fault::gk_second_bind_accepted)) {
    return error(iq, {"cancel", "not-allowed"});
  }
  const xml::Element* wanted = children[0]->child("resource", kBindNs);
  const std::string text = wanted == nullptr ? "" : wanted->text();
  const auto prepared = text.empty() ? std::optional<std::string>("") : prepare_resource(text);
  account_ = keeper_.find(user_);
  if (!prepared || account_ == nullptr) {
    return error(iq, kBadRequest);
  }
  std::erase(account_->sessions, this);
  resource_ = free_resource(*prepared);
  account_->sessions.push_back(this);
  bound_ = true;
  xml::Element jid = make_element("jid", kBindNs);
  jid.set_text(has(Fault::gk_bind_result_bare) ? bare() : full());
  xml::Element bind = make_element("bind", kBindNs);
  bind.children.emplace_back(std::move(jid));
  // Not answer(): the faults of answers to requests begin after the login.
  xml::Element out = make_element("iq", kClientNs);
  out.set("type", "result");
  out.set("id", iq.get("id"));
  out.children.emplace_back(std::move(bind));
  send(out);
}

}  // namespace parley::reference
