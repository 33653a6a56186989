// SPDX-License-Identifier: GPL-3.0-or-later
// One user of the reference client: logs in, answers what it is asked, shows what it gets.
// Belongs to one io_context thread. Sources: STZ-011 to STZ-029, TRN-021, TRN-023.
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
#include <utility>
#include <vector>

#include "harness/base/rng.h"
#include "harness/reference/client_account.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/client_account.h"
#include "harness/reference/whatsapp/client_connection.h"
#include "harness/reference/whatsapp/media_download.h"
#include "harness/reference/whatsapp/media_name.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

// Shared by the driver, which finds it by its user, and by its own coroutine.
class ClientSession : public std::enable_shared_from_this<ClientSession> {
 public:
  // `memory` is shared with the driver, which keeps it for the user's next connection.
  ClientSession(asio::any_io_executor executor, ClientAccount account,
                std::shared_ptr<ClientMemory> memory, const FaultSet& faults, Rng rng,
                ClientNotify notify);

  // From the TCP connection to its end, and again where that is asked for; tells the driver of each
  // step.
  static asio::awaitable<void> run(std::shared_ptr<ClientSession> self);

  // Whether stanzas can be sent.
  bool ready() const { return ready_ && !closing_; }
  // These need ready(); they return the stanza's id (`id` unless it is empty).
  std::string send_message(const std::string& to, const std::string& text, std::string id);
  // Says `answered` with the id once it is known that the file does not go out. Needs
  // can_send_files().
  std::string send_file(const std::string& to, OutgoingFile file, std::string id);
  bool can_send_files() const { return account_.media && is_encrypted(); }
  std::string send_ping(const std::string& to);
  void send_presence(const std::string& to, const std::string& type);
  void send_chatstate(const std::string& to, const std::string& state);
  // Ends the stream properly, or gives the login up.
  void close();
  // Drops the connection without a word to either side.
  void forget();
  // Whether a `sync` has to wait for a file.
  bool transferring() const {
    return !transfers_.empty() && !faults_.has(Fault::wt_media_sync_at_once);
  }
  // Until no file is on its way.
  static asio::awaitable<void> settle(std::shared_ptr<ClientSession> self);

 private:
  enum class Retry { no, if_wanted, always };  // always only under faults
  enum class Farewell { none, stream_end, stream_error };
  struct Ending {
    std::string reason;
    Retry retry = Retry::no;
    Farewell farewell = Farewell::none;
  };
  enum class RequestKind { any, upload, bundle };
  struct Request {
    std::string to;
    RequestKind kind = RequestKind::any;
    std::string peer{};  // whose bundle
  };
  // What goes out when there is a session; `count` says how often it was asked for again.
  struct Waiting {
    Unacknowledged message;
    int count = 0;
  };
  // A message and what its user is shown of it.
  struct Delivery {
    xml::Element message;
    Bytes text;
    std::optional<wire::MediaMessage> media{};
  };

  asio::awaitable<Ending> connect_once();
  asio::awaitable<bool> wait_to_retry(Retry retry);
  void start_session();
  void resend();
  void tell(const std::string& method, nlohmann::json params) const;

  // Null while the stream goes on.
  std::optional<Ending> take(Incoming item);
  std::optional<Ending> take_silence();
  std::optional<Ending> take_stanza(const xml::Element& stanza);
  std::optional<Ending> take_stream_error(const xml::Element& error);
  std::optional<Ending> take_stream_end();
  std::optional<Ending> take_failure(const xml::Element& failure);
  std::optional<Ending> dispatch(const xml::Element& stanza);
  void take_other(const xml::Element& stanza);
  void take_notification(const xml::Element& notification);

  bool is_encrypted() const;
  Bytes content_of(const Unacknowledged& message) const;
  ClientCipher& cipher();
  void start_encryption();
  void upload_prekeys();
  void take_prekey_count(const xml::Element& count);
  void send_encrypted(const Unacknowledged& message);
  void send_sealed(const Unacknowledged& message, const crypto::signal::Outcome<Sealed>& sealed,
                   int count);
  Sent* find_sent(const std::string& id);  // null: none of that id
  void fetch_bundle(Waiting waiting);
  void take_bundle(const std::string& peer, const xml::Element& answer);
  void give_up(const Unacknowledged& message, const std::string& condition);
  void take_encrypted(const xml::Element& message);
  void take_content(const xml::Element& message, ReadContent content);
  void take_no_content(const xml::Element& message);
  void take_again(const xml::Element& message);
  void take_undecryptable(const xml::Element& message);
  void ask_for_retry(const xml::Element& message);
  xml::Element keys_element();
  void take_retry(const xml::Element& receipt);
  void send_again(const xml::Element& receipt, const Waiting& waiting);

  void take_message(const xml::Element& message);
  // The nack's code for a message that cannot be shown; empty when it can.
  std::string_view unfit(const xml::Element& message) const;
  std::string_view unfit_envelope(const xml::Element& message) const;
  const xml::Element* enc_of(const xml::Element& message) const;
  void take_text(const Delivery& delivery);
  // By what a message that comes again is known: its sender and id.
  std::pair<std::string, std::string> sight_of(const xml::Element& message) const;
  void deliver(const Delivery& delivery);
  void deliver_held();
  void show(const Delivery& delivery);

  // Files come and go beside the stream; each transfer ends before run() does.
  void begin_transfer(asio::awaitable<void> transfer);
  static asio::awaitable<void> upload(std::shared_ptr<ClientSession> self, Unacknowledged message,
                                      OutgoingFile file);
  static asio::awaitable<void> receive(std::shared_ptr<ClientSession> self);
  asio::awaitable<void> wait_for_transfers();
  void arrive(const Delivery& delivery);
  void show_file(const Delivery& delivery, const FileOutcome& file);
  nlohmann::json shown_file(const wire::MediaMessage& message, const FileOutcome& file);
  std::string name_for(const SaidOfFile& said);
  void post(const Unacknowledged& message);
  void take_presence(const xml::Element& presence);
  void take_chatstate(const xml::Element& chatstate);

  std::optional<Ending> take_iq(const xml::Element& iq);
  void take_request(const xml::Element& iq);
  void take_answer(const xml::Element& iq);
  bool is_answer_of(const xml::Element& iq, const Request& request) const;
  void answer_result(const xml::Element& iq);
  void answer_error(const xml::Element& iq, std::string_view code, std::string_view text);
  void answer(const xml::Element& request, xml::Element reply);

  void take_ack(const xml::Element& ack);
  // Acknowledges a stanza; with `error` it is one that cannot be handled.
  void acknowledge(const xml::Element& stanza, std::string_view error = {});
  void ask_again(const xml::Element& message);
  void send_receipt(const xml::Element& message);
  // What a faulty client makes of a peer's address.
  std::string with_own_integrator(const std::string& jid) const;

  void send(const xml::Element& stanza);
  void send_content(const Unacknowledged& message);
  void send_enc(const Unacknowledged& message, const Sealed& sealed, int count);
  std::string request(xml::Element iq);
  // `asked` says what the answer is about; its `to` is the iq's.
  std::string request(xml::Element iq, Request asked);
  std::string next_id();

  asio::any_io_executor executor_;
  ClientAccount account_;
  std::shared_ptr<ClientMemory> memory_;
  FaultSet faults_;
  Rng rng_;
  ClientNotify notify_;
  asio::steady_timer retry_;                      // cancelled when no further login is wanted
  std::shared_ptr<ClientConnection> connection_;  // null before the connection is up
  std::string id_prefix_;
  std::uint64_t ids_ = 0;
  int failures_ = 0;  // logins that did not come to a success, one after the other
  std::map<std::string, Request> requests_;
  std::map<std::string, std::vector<Waiting>> waiting_;  // for the peer's bundle
  std::string keepalive_id_;                             // of a ping that is not answered
  std::optional<Delivery> held_message_;                 // under wt-reorders
  std::deque<Delivery> arriving_;                        // the first one's file is being fetched
  std::vector<std::shared_ptr<asio::cancellation_signal>> transfers_;
  asio::steady_timer no_transfers_;  // cancelled when none is under way any more
  bool ready_ = false;
  bool closing_ = false;    // own stream end was sent
  bool stuck_ = false;      // wt-stuck-…: nothing more is taken
  bool given_up_ = false;   // no login is wanted any more
  bool forgotten_ = false;  // nobody is to be told anything
};

// Nack codes of clients: 487 cannot be read, 488 unknown stanza, 490 unknown type, 491 content that
// is none, 500 anything else.
inline constexpr std::string_view kUnreadable = "487";
inline constexpr std::string_view kUnknownStanza = "488";
inline constexpr std::string_view kUnknownType = "490";
inline constexpr std::string_view kNoContent = "491";
inline constexpr std::string_view kUnhandled = "500";

// What the error in an answer says of itself, else its number.
std::string condition_of(const xml::Element& answer);

// An element without namespace, as the binary form has them.
xml::Element stanza_element(std::string_view name);

}  // namespace parley::reference::whatsapp
