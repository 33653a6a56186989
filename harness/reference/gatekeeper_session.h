// SPDX-License-Identifier: GPL-3.0-or-later
// One connection of the reference gatekeeper, from its first octet to its last: stream, TLS, SASL,
// binding (gatekeeper_session.cc, gatekeeper_login.cc), stanzas (gatekeeper_stanzas.cc,
// gatekeeper_routing.cc), roster and presence (gatekeeper_roster.cc, gatekeeper_presence.cc).
// Single threaded.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "harness/crypto/scram.h"
#include "harness/net/stream.h"
#include "harness/reference/faults.h"
#include "harness/reference/gatekeeper.h"
#include "harness/reference/gatekeeper_jid.h"
#include "harness/reference/gatekeeper_lenient.h"
#include "harness/xml/reader.h"
#include "harness/xml/tree.h"

namespace parley::reference {

inline constexpr std::string_view kClientNs = "jabber:client";
inline constexpr std::string_view kStreamNs = "http://etherx.jabber.org/streams";
inline constexpr std::string_view kTlsNs = "urn:ietf:params:xml:ns:xmpp-tls";
inline constexpr std::string_view kSaslNs = "urn:ietf:params:xml:ns:xmpp-sasl";
inline constexpr std::string_view kBindNs = "urn:ietf:params:xml:ns:xmpp-bind";
inline constexpr std::string_view kSessionNs = "urn:ietf:params:xml:ns:xmpp-session";
inline constexpr std::string_view kStreamErrorNs = "urn:ietf:params:xml:ns:xmpp-streams";
inline constexpr std::string_view kStanzaErrorNs = "urn:ietf:params:xml:ns:xmpp-stanzas";
inline constexpr std::string_view kManagementNs = "urn:xmpp:sm:3";
inline constexpr std::string_view kPingNs = "urn:xmpp:ping";
inline constexpr std::string_view kDiscoNs = "http://jabber.org/protocol/disco#info";
inline constexpr std::string_view kRosterNs = "jabber:iq:roster";

// RFC 6120 section 8.3.2 and 8.3.3.
struct StanzaError {
  std::string_view type;
  std::string_view condition;
};
inline constexpr StanzaError kBadRequest{"modify", "bad-request"};
inline constexpr StanzaError kServiceUnavailable{"cancel", "service-unavailable"};

xml::Element make_element(std::string_view name, std::string_view ns);

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Gatekeeper& keeper, asio::any_io_executor executor, std::unique_ptr<net::Stream> stream,
          const FaultSet& faults);

  // Serves the connection to its end. The session must be owned by a shared_ptr: the coroutine of
  // the connection and the one that writes both hold it.
  asio::awaitable<void> run(Security security);
  // Ends the connection from outside; the account may be gone afterwards.
  void drop();

  // For other sessions and the roster.
  void deliver(Session& to, xml::Element stanza);
  void send(std::string octets);
  void send(const xml::Element& stanza);
  bool available() const { return presence_.has_value(); }
  bool interested() const { return interested_; }
  int priority() const { return priority_; }
  const xml::Element& last_presence() const { return *presence_; }
  const FaultSet& faults() const { return faults_; }
  const std::string& resource() const { return resource_; }
  std::string bare() const { return user_ + "@" + keeper_.domain(); }
  std::string full() const { return bare() + "/" + resource_; }
  Account* account() const { return account_; }

 private:
  enum class Mechanism { none, plain, scram_first, scram_final };
  bool has(Fault fault) const { return faults_.has(fault); }
  bool authenticated() const { return authenticated_; }
  bool bound() const { return bound_; }

  // gatekeeper_session.cc: octets, streams, stream errors.
  asio::awaitable<void> take(Bytes chunk);
  asio::awaitable<void> handle(xml::Item item, Bytes& rest);
  asio::awaitable<void> handle_element(xml::Element element, Bytes& rest);
  bool skip_header(Bytes& chunk);
  void feed_assumed_header();
  void restart_reader();
  xml::Limits limits() const;
  void adopt_faults(const FaultSet& more);
  void on_header(const xml::StreamOpened& opened);
  std::string_view header_error(const xml::StreamOpened& opened) const;
  void send_header();
  void send_features();
  void on_refused(const xml::Refused& refused);
  void on_closed();
  void stream_error(std::string_view condition);
  void on_segment_end();
  void on_connection_end();
  Bytes act_on_partial(Bytes piece);
  void leave();
  asio::awaitable<void> flush();
  asio::awaitable<void> drain(std::size_t last_read);
  asio::awaitable<void> write_queue();

  // gatekeeper_login.cc.
  asio::awaitable<bool> start_tls();
  asio::awaitable<void> on_starttls(Bytes& rest);
  void before_login(const xml::Element& element);
  void on_sasl(const xml::Element& element);
  void on_auth(const xml::Element& element);
  void on_sasl_data(Bytes data);
  void on_plain(const Bytes& data);
  void on_scram_first(const Bytes& data);
  void on_scram_final(const Bytes& data);
  std::string scram_success(const Bytes& data);
  std::optional<Bytes> decode_sasl(const std::string& text) const;
  Account* login_account(const std::string& user);
  bool authzid_allowed(std::string_view authzid, const std::string& user);
  void challenge(std::string_view data);
  void succeed(const std::string& user, std::string_view data);
  void fail_sasl(std::string_view condition);
  void before_bind(const xml::Element& element);
  void on_bind(const xml::Element& iq);
  std::string free_resource(const std::string& wanted);

  // gatekeeper_stanzas.cc: what is asked of the server itself.
  void on_stanza(xml::Element stanza);
  bool breaks_at(const xml::Element& stanza);
  bool sticks_at(const xml::Refused& refused) const;
  bool stamp(xml::Element& stanza);
  bool on_management(const xml::Element& element);
  bool malformed_iq(const xml::Element& iq);
  void on_iq(const xml::Element& iq, const std::optional<Jid>& to);
  void answer_request(const xml::Element& iq, const Jid& to);
  bool answer_known(const xml::Element& iq, const Jid& to);
  xml::Element items() const;
  void on_upload_iq(const xml::Element& iq);
  void answer(xml::Element answer);
  void result(const xml::Element& request, std::optional<xml::Element> payload);
  void error(const xml::Element& stanza, const StanzaError& condition);

  // gatekeeper_routing.cc: RFC 6121 section 8.
  void on_message(xml::Element message, const std::optional<Jid>& to);
  void route_message(const xml::Element& message, const Jid& to);
  void message_to_bare(const xml::Element& message, Account& account);
  void message_to_full(const xml::Element& message, Account& account, const Jid& to);
  void route_iq(const xml::Element& iq, Account& account, const Jid& to);
  bool not_here(const xml::Element& stanza, const Jid& to);
  void copy_elsewhere(const xml::Element& message, const Session& addressed);
  Session* find_resource(Account& account, const std::string& resource);
  void release_held_message();

  // gatekeeper_roster.cc: RFC 6121 section 2.
  void on_roster(const xml::Element& iq, const Jid& to);
  void roster_set(const xml::Element& iq, const xml::Element& query);
  void roster_remove(const xml::Element& iq, const std::string& jid);

  // gatekeeper_presence.cc: RFC 6121 sections 3 and 4.
  void on_presence(xml::Element presence, const std::optional<Jid>& to);
  void broadcast(const xml::Element& presence);
  void come_online();
  void probe_contacts();
  void go_offline(const xml::Element& presence);
  void directed(const xml::Element& presence, const Jid& to);
  void outbound_subscription(const xml::Element& presence, const Jid& to);

  Gatekeeper& keeper_;
  std::unique_ptr<net::Stream> stream_;
  FaultSet faults_;
  asio::steady_timer drained_;  // expires never; cancelled when the queue is empty
  std::string queue_;
  bool writing_ = false;
  bool broken_ = false;
  bool closing_ = false;
  bool stuck_ = false;  // gk-stuck-…: nothing more is taken

  xml::StreamReader reader_;
  LenientFront front_;
  bool lenient_ = false;
  Bytes unparsed_;            // held until it shows whether a header comes (gk-no-restart-…)
  Bytes partial_;             // since the last whole stanza (gk-acts-on-partial)
  std::size_t acted_on_ = 0;  // stanzas to skip because a part of them was acted on
  bool header_seen_ = false;
  bool header_sent_ = false;
  bool header_may_lack_ = false;
  bool restarted_ = false;
  std::string stream_id_;
  std::string client_from_;
  std::string lang_;
  std::string content_ns_;

  bool secure_ = false;
  Mechanism mechanism_ = Mechanism::none;
  int sasl_failures_ = 0;
  std::string scram_first_;
  std::string scram_server_first_;
  crypto::ScramCredentials scram_credentials_;
  bool authenticated_ = false;
  bool bound_ = false;
  std::string user_;
  std::string resource_;
  Account* account_ = nullptr;

  bool managed_ = false;
  std::uint32_t handled_ = 0;  // XEP-0198 h
  std::uint32_t sent_ = 0;
  std::uint64_t messages_ = 0;
  std::optional<xml::Element> held_message_;  // gk-reorders
  std::optional<xml::Element> presence_;
  int priority_ = 0;
  bool interested_ = false;
  std::set<std::string> directed_;  // full or bare JIDs that got directed presence
};

// Every resource of `account` that asked for the roster gets `jid`'s item (RFC 6121 section 2.1.6).
void push_roster(Gatekeeper& keeper, Account& account, const std::string& jid);
// A subscription stanza from `from` reaches `account` (RFC 6121 section 3, inbound).
void inbound_subscription(Gatekeeper& keeper, const std::string& to, const std::string& type,
                          const xml::Element& presence);

}  // namespace parley::reference
