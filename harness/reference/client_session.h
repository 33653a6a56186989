// SPDX-License-Identifier: GPL-3.0-or-later
// One user of the reference client: logs in, binds, answers what it is asked, shows what it gets.
// Belongs to one io_context thread. Sources: RFC 6120 section 8; RFC 6121; XEP-0199.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/rng.h"
#include "harness/reference/client_account.h"
#include "harness/reference/client_login.h"
#include "harness/reference/client_wire.h"
#include "harness/reference/faults.h"
#include "harness/reference/file_transfer.h"
#include "harness/reference/omemo/memory.h"
#include "harness/xml/tree.h"

namespace parley::reference {

// A file that the user sends.
struct OutgoingFile {
  Bytes octets;
  std::string mimetype;
  std::string name;  // may be empty
};

// Shared by the driver, which finds it by its user, and by its own coroutines.
class ClientSession : public std::enable_shared_from_this<ClientSession> {
 public:
  // `contexts` outlives it. `memory` is the user's, over all its connections.
  ClientSession(asio::any_io_executor executor, net::TlsContexts& contexts, ClientAccount account,
                const FaultSet& faults, Rng rng, ClientNotify notify,
                std::shared_ptr<omemo::Memory> memory);

  // From the TCP connection to its end; tells the driver of each step.
  static asio::awaitable<void> run(std::shared_ptr<ClientSession> self);

  // Whether stanzas can be sent.
  bool bound() const { return bound_ && !closing_; }
  // These need bound(); they return the stanza's id (`id` unless it is empty).
  std::string send_message(const std::string& to, const std::string& text, std::string id);
  std::string send_file(const std::string& to, OutgoingFile file, std::string id);
  std::string send_ping(const std::string& to);
  void send_presence(const std::string& to, const std::string& type);
  // Closes the stream properly, or gives the login up.
  void close();
  // Drops the connection without a word to either side.
  void forget();
  // Whether a `sync` has to wait for a file.
  bool transferring() const {
    return !transfers_.empty() && !faults_.has(Fault::tp_shared_sync_at_once);
  }
  // Until no file is on its way.
  static asio::awaitable<void> settle(std::shared_ptr<ClientSession> self);

 private:
  enum class RequestKind {
    plain,
    own_list,
    publication,
    list,
    bundle,
    service_items,
    service_info,
    slot
  };
  struct Request {
    std::string to{};  // empty for the server
    RequestKind kind = RequestKind::plain;
    std::uint32_t device = 0;  // of a bundle
    std::uint64_t upload = 0;  // of a slot: which file it is for
  };
  struct OutgoingUpload {
    std::string to;
    std::string id;     // of the message that shares it
    OutgoingFile file;  // as it is uploaded
    std::optional<LinkKey> key;
    std::size_t clear_octets = 0;  // of what is encrypted
    std::string content_type{};    // that the slot was asked for
  };
  // A message that is to be shown once the file is there that it shares.
  struct Arriving {
    xml::Element message;
    std::string text;
    std::optional<SharedLink> link;
  };

  asio::awaitable<LoginStep> connect(net::Address address);
  asio::awaitable<LoginStep> log_in();
  asio::awaitable<LoginStep> bind();
  asio::awaitable<void> serve();
  void start_session();
  void tell(const std::string& method, nlohmann::json params) const;

  // Null while the stream goes on; else why it ended and what is still to be said.
  std::optional<Refusal> take(WireItem item);
  std::optional<Refusal> take_closed();
  std::optional<Refusal> take_stanza(const xml::Element& stanza);
  void take_message(const xml::Element& message);
  // Null when the message has none to be shown.
  const xml::Element* body_of(const xml::Element& message) const;
  void show(const xml::Element& message);
  void show_held();
  void take_presence(const xml::Element& presence);
  void take_iq(const xml::Element& iq);
  void take_request(const xml::Element& iq);
  void take_roster_push(const xml::Element& iq, const xml::Element& query);
  void take_answer(const xml::Element& iq);
  bool is_answer_of(const xml::Element& iq, const Request& request) const;
  void answer_result(const xml::Element& iq);
  void answer_error(const xml::Element& stanza, std::string_view type, std::string_view condition);
  void answer(const xml::Element& request, xml::Element reply);

  // Encryption (client_omemo.cc).
  bool is_encrypted() const { return account_.content == ClientContent::omemo; }
  omemo::Device& device();
  void start_encryption();
  void publish(const std::string& node, xml::Element payload);
  void publish_bundle();
  void publish_list(const xml::Element* held);
  void ask_node(const std::string& to, const std::string& node, Request request);
  void send_encrypted(omemo::Waiting message);
  void go_on(const std::string& peer);
  void send_sealed(const std::string& peer, const omemo::Waiting& message);
  void give_up(const std::string& peer, const omemo::Waiting& message, bool has_devices);
  void take_node(const Request& request, const xml::Element& iq);
  bool take_event(const xml::Element& message);
  void take_encrypted(const xml::Element& message, const xml::Element& encrypted);
  void take_unread(const xml::Element& message);
  void show_text(const xml::Element& message, const std::string& text);
  void show_now(const xml::Element& message, const std::string& text, const nlohmann::json* media);

  // Files (client_files.cc).
  void begin_transfer(asio::awaitable<void> transfer);
  asio::awaitable<void> wait_for_transfers();
  void end_transfers();
  void request_files(const std::string& to, xml::Element payload, Request request);
  void take_service(const Request& request, const xml::Element& iq);
  void ask_for_slots();
  void take_slot(const Request& request, const xml::Element& iq);
  static asio::awaitable<void> upload(std::shared_ptr<ClientSession> self, OutgoingUpload upload,
                                      Slot slot);
  void tell_not_sent(const OutgoingUpload& upload);
  void share(const OutgoingUpload& upload, const Slot& slot);
  std::optional<SharedLink> link_in(const xml::Element& message, const std::string& text) const;
  void arrive(Arriving arriving);
  static asio::awaitable<void> receive(std::shared_ptr<ClientSession> self);
  nlohmann::json shown_file(const SharedLink& link, const std::optional<GotFile>& file) const;

  void send(xml::Element stanza);
  std::string request(xml::Element iq);
  std::string request(xml::Element iq, Request request);
  std::string next_id();
  std::string sender(const xml::Element& stanza) const;

  asio::any_io_executor executor_;
  net::TlsContexts& contexts_;
  ClientAccount account_;
  FaultSet faults_;
  Rng rng_;
  ClientNotify notify_;
  std::shared_ptr<omemo::Memory> memory_;
  std::shared_ptr<ClientWire> wire_;  // null before the connection is up
  std::string jid_;
  std::string bare_jid_;
  std::string id_prefix_;
  std::uint64_t ids_ = 0;
  std::map<std::string, Request> requests_;
  std::optional<xml::Element> held_message_;   // under tp-reorders
  std::optional<std::string> upload_service_;  // null: not found yet
  bool service_asked_ = false;
  std::size_t infos_asked_ = 0;  // and not answered
  std::uint64_t slots_asked_ = 0;
  std::vector<OutgoingUpload> uploads_;                      // that wait for the service
  std::map<std::uint64_t, OutgoingUpload> waiting_uploads_;  // that wait for a slot
  std::deque<Arriving> arriving_;                            // the first of them is being fetched
  std::vector<std::shared_ptr<asio::cancellation_signal>> transfers_;
  asio::steady_timer no_transfers_;  // cancelled when none runs any more
  bool bound_ = false;
  bool closing_ = false;        // own </stream:stream> was sent
  bool stuck_ = false;          // tp-stuck-…: nothing more is taken
  bool given_up_ = false;       // no login is wanted any more
  bool stream_failed_ = false;  // a stream error came, under tp-ignores-stream-error
  bool forgotten_ = false;      // nobody is to be told anything
};

}  // namespace parley::reference
