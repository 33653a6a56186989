// SPDX-License-Identifier: GPL-3.0-or-later
// One connection of the reference gatekeeper for `whatsapp`, from its first octet to its last:
// frames, Noise, closing (session.cc), what counts as a transport frame (transport.cc), login
// (login.cc), what is asked of the server (stanzas.cc, key_server.cc, consent.cc,
// lookup.cc), messages (routing.cc).
// Single threaded.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/crypto/noise/handshake_state.h"
#include "harness/net/stream.h"
#include "harness/net/websocket.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/careless_tag.h"
#include "harness/reference/whatsapp/gatekeeper.h"
#include "harness/reference/whatsapp/handshake.h"
#include "harness/wire/client_payload.h"
#include "harness/wire/frame.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

xml::Element make_element(std::string_view name);
std::string now_s();   // seconds since 1970
std::string now_us();  // microseconds

class Session : public std::enable_shared_from_this<Session> {
 public:
  // `web` is the stream when that is a WebSocket to be opened, and null otherwise.
  Session(Gatekeeper& keeper, asio::any_io_executor executor, std::unique_ptr<net::Stream> stream,
          net::WebSocket* web, const FaultSet& faults);

  // Serves the connection to its end. The session must be owned by a shared_ptr: the coroutine of
  // the connection and the one that writes both hold it.
  asio::awaitable<void> run();
  // Ends the connection from outside; the account may be gone afterwards.
  void drop();

  // For other sessions.
  void send(const xml::Element& stanza);
  // Another session has logged in at the same address.
  void on_replaced();
  bool takes_messages() const { return state_ == State::open && !passive_ && !closing_; }
  bool available() const { return available_; }
  const FaultSet& faults() const { return faults_; }

 private:
  enum class State {
    hello,     // waits for ClientHello
    finish,    // waits for ClientFinish
    checking,  // the login is looked at: nothing is honoured
    open,
    stuck,  // wg-pq-mode-unanswered
  };
  bool has(Fault fault) const { return faults_.has(fault); }
  std::string own() const { return account_->address.bare(); }

  // session.cc
  void take(const Bytes& chunk);
  void on_item(wire::FrameItem item);
  void on_frame(const Bytes& payload);
  void on_hello(const Bytes& payload);
  void on_finish(const Bytes& payload);
  void on_handshaken(const Bytes& login);
  void on_transport(const Bytes& payload);
  void admit();
  std::chrono::milliseconds patience() const;
  void close_with(const xml::Element& last);
  bool drops_frame();
  void close_undecodable();
  void leave();
  void queue(Bytes octets);
  asio::awaitable<void> write_queue();
  asio::awaitable<void> flush();
  asio::awaitable<void> drain();

  // transport.cc
  std::optional<Bytes> open_frame(const Bytes& payload);
  std::optional<Bytes> open_at(std::uint64_t nonce, const Bytes& payload) const;
  std::optional<Bytes> open_ahead(const Bytes& payload, std::uint64_t most);
  std::optional<Bytes> open_unused(const Bytes& payload);
  std::optional<Bytes> open_again(const Bytes& payload) const;
  std::optional<Bytes> open_forgotten(const Bytes& payload) const;
  std::optional<Bytes> open_partly(const TagPart& part, const Bytes& payload);
  Bytes open_tampered(const Bytes& payload);
  void bend_send_counter();

  // login.cc
  asio::awaitable<void> prepare_login();
  asio::awaitable<void> ask_service();
  const Account* asked_about(const std::optional<wire::InteropData>& data) const;
  void check_login(const Bytes& octets);
  void check_third_party(const wire::ClientPayload& payload);
  void check_native(const wire::ClientPayload& payload);
  bool proves(const Account& account, const Bytes& token) const;
  int wrong_token() const;
  bool is_token_of(const Account& account, const Bytes& token) const;
  void check_token(const std::vector<Account*>& candidates, const std::optional<Bytes>& token);
  void finish_login();
  void log_in();

  // stanzas.cc
  void on_stanza(const xml::Element& stanza);
  void on_iq(const xml::Element& iq);
  void on_request(const xml::Element& iq);
  void on_enlistment(const xml::Element& iq);
  bool payload_counts(const xml::Element& iq);
  void on_passive(const xml::Element& iq);
  void answer(xml::Element iq);
  void result(const xml::Element& request, std::optional<xml::Element> payload = {});
  void error(const xml::Element& request, int code, std::string_view text);
  void on_receipt(const xml::Element& receipt);
  void on_presence(const xml::Element& presence);
  void subscribe(const std::string& to);
  void announce(bool available);
  xml::Element presence_of(const std::string& bare, bool available) const;
  void on_chatstate(const xml::Element& chatstate);
  bool chatstate_counts(const xml::Element& chatstate) const;
  void on_ack(const xml::Element& ack);
  void forget(const std::string& kind, const xml::Element& answer);
  // The address that the receiver is shown; none when `from` is another's and that is refused.
  std::optional<std::string> sender_of(const xml::Element& stanza, Fault not_enforced) const;
  std::string shown(const std::string& bare) const;
  void ack(const xml::Element& stanza, std::string_view kind, int error = 0);

  // consent.cc
  Account* asker(const xml::Element& iq);
  void recall_consent();
  void on_consent(const xml::Element& iq);
  void on_terms(const xml::Element& iq, const xml::Element& payload, Account& account);
  void on_tokens(const xml::Element& iq, const xml::Element& payload, Account& account);
  void on_opt_in(const xml::Element& iq, const xml::Element& payload, Account& account);
  void on_opt_out(const xml::Element& iq, const xml::Element& payload, Account& account);
  void on_blocklist(const xml::Element& iq, const xml::Element& payload, Account& account);
  int partner_error(const xml::Element& integrator) const;
  bool terms_suffice(const Consent& consent) const;
  bool trusts(const Consent& consent, const std::string& other) const;
  bool opted_in(const Consent& consent, std::uint16_t integrator) const;
  int consent_error(const Account& native, const Account& other) const;
  int consent_error(const Account& to) const;
  bool is_blocked(const Account& native, const Account& other) const;
  bool passes(const Account& to, Fault while_out, Fault while_blocked) const;
  bool presence_passes(const Account& of, const Account& watcher) const;
  bool stopped_by_consent(const xml::Element& message, Account& to);

  // lookup.cc
  void on_partners(const xml::Element& iq, const Account& account);
  void on_resolve(const xml::Element& iq, const xml::Element& payload);
  void on_reachability_get(const xml::Element& iq, const Account& account);
  void on_reachability_set(const xml::Element& iq, const xml::Element& payload, Account& account);
  xml::Element resolved(const xml::Element& asked);
  Account* enlisted_as(const std::string& identifier, std::uint16_t integrator);
  Account* called(const std::string& identifier, const Partner& partner, std::string& normalised);

  // key_server.cc
  void on_encrypt(const xml::Element& iq);
  void on_upload(const xml::Element& iq);
  void refuse_upload(const xml::Element& iq);
  void keep_keys(Account& owner, KeyBundle bundle);
  void tell_of_identity(const Account& owner);
  void tell_if_low(Account& owner, const Account& asker);
  // What one request was answered with, by owner.
  using Handed = std::map<Account*, std::optional<Prekey>>;
  void on_fetch(const xml::Element& iq, const xml::Element& key);
  std::optional<xml::Element> keys_for(const xml::Element& asked, Handed& handed);
  Account* owner_of_keys(const std::string& jid);
  bool kept_apart(const Account& owner) const;
  void recall_keys();
  std::optional<Prekey> take_one_time(Account& owner);

  // routing.cc
  void on_message(const xml::Element& message);
  // 0, or the error that refuses it.
  int message_error(const xml::Element& message) const;
  int shape_error(const xml::Element& message) const;
  enum class Novelty { fresh, again, other };  // other: under an id that was used
  Novelty novelty_of(const xml::Element& message);
  xml::Element as_delivered(const xml::Element& message, const std::string& from) const;
  void accept_message(const std::string& to, xml::Element delivered);
  void store_late();
  void release_held();
  void deliver(const std::string& to, xml::Element stanza);
  void wake(const Account& account, const xml::Element& waiting);
  void deliver_offline();
  Account* recipient(const std::string& to, bool any_device = false);

  Gatekeeper& keeper_;
  std::unique_ptr<net::Stream> stream_;
  net::WebSocket* web_;
  FaultSet faults_;
  asio::steady_timer drained_;  // expires never; cancelled when the queue is empty
  Bytes queue_;
  bool writing_ = false;
  bool broken_ = false;
  bool closing_ = false;

  State state_ = State::hello;
  wire::FrameReader reader_;
  bool intro_seen_ = false;
  bool frame_taken_ = false;  // in the octets at hand (wg-joined-frames-lost)
  Handshake handshake_;
  std::optional<crypto::noise::Transport> transport_;
  std::set<std::uint64_t> skipped_;  // counters that were stepped over (wg-accepts-reordered-frame)
  std::vector<Bytes> early_;         // frames that came before success

  bool proven_ = false;  // by a token of its third party's service, on this connection
  Bytes login_payload_;
  std::string login_;           // the address that the client logs in at, while that is checked
  int failure_ = 0;             // of the login; 0 is none
  Account* account_ = nullptr;  // once logged in
  std::string push_name_;
  bool passive_ = false;
  bool success_owed_ = false;  // wg-honours-before-success
  bool available_ = false;

  std::uint64_t messages_ = 0;
  struct Waiting {
    std::string to;
    xml::Element stanza;
  };
  std::optional<Waiting> held_;      // wg-reorders-messages
  std::optional<Waiting> unstored_;  // wg-acks-before-storing
};

}  // namespace parley::reference::whatsapp
