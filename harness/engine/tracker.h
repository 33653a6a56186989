// SPDX-License-Identifier: GPL-3.0-or-later
// Follows one run: takes its events one by one, decodes the octets, matches what came against the
// steps and knows at every moment what is due and which outcomes still can hold. No I/O: the live
// run and the replay feed the same events and get the same answers.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/engine/cast.h"
#include "harness/engine/channel.h"
#include "harness/engine/expression.h"
#include "harness/engine/refusal.h"
#include "harness/engine/transcript.h"
#include "harness/xml/diff.h"
#include "harness/xml/reader.h"

namespace parley::engine {

class Conversations;

// A stanza that we sent, as it went out; what a change has broken is none.
struct Said {
  std::size_t event = 0;
  std::string link;
  int connection = 0;  // which of the link's
  xml::Element element;
};

// Something decoded that came from the SUT, or a driver's notice.
struct Seen {
  std::size_t event = 0;  // index in the run's events
  std::string link;
  int connection = 0;  // which of the link's
  xml::Item item;
  std::string step;  // the step that it matched; empty for traffic beside the flow
};

// Whether the handshake on half a connection is over.
enum class Opened { no, yes };

struct Assessment {
  enum class State { pending, holds, violated };
  State state = State::pending;
  std::string reason{};  // why violated
  std::string expected{};
  std::string came{};
  std::string difference{};
  std::optional<model::Party> broke{};  // which SUT, of a violated one
  bool unproven = false;                // violated: the SUT never came to what the case is about
};
Assessment violated(std::string reason, std::string expected, std::string came);  // assess.cc

class Tracker {
 public:
  // `run` must outlive the tracker. `values` are the scope's at the start; `rng` the run's.
  Tracker(const CastRun& run, std::map<std::string, std::string> values, Rng rng);
  Tracker(Tracker&& other) noexcept;
  ~Tracker();

  void feed(const Event& event);

  // The step that is due: to be carried out, or waited for. Null when all is done or nothing more
  // can be done.
  const CastStep* due() const;
  // The least time that the SUT has for what is due: for refusing what is not to be taken as much
  // as for what would follow it.
  std::chrono::milliseconds within(const CastStep* due) const;
  // No further event can change the answer, or nothing is due.
  bool settled() const;
  // As things stand; after a deadline event pending becomes violated.
  Assessment assess() const;

  // What a sent step says: honest element, then with the change applied. Binds the step's fields.
  // Errors: the harness's own (a value that is missing, a change that does not apply).
  struct Message {
    Bytes octets;
    bool then_end = false;       // the connection ends after it
    model::StreamEdit stream{};  // how it is written
    std::string large{};         // the name of a body that follows the octets
    LargeSource body{};          // that body
  };
  Result<Message> compose(const CastStep& step);
  // Whether a message of ours may go out on that link now. Of a service's link: nothing more is
  // asked until the last thing was answered, and nothing answered that is not asked.
  bool may_send(const std::string& link) const;
  // The standing answer `id`, and the changed one of a link once it is in effect; else null.
  const CastStep* standing(const std::string& id) const;
  const CastStep* changed_service(const std::string& link) const;
  // What the case builds on and the SUT has not asked for.
  const CastStep* not_asked() const;
  // The octets of a stanza beside the flow, and of the end of the stream.
  Result<Bytes> compose(const std::string& link, const xml::Element& stanza);
  Result<Bytes> farewell(const std::string& link);

  // Between two SUTs (relay.h). Half a connection on which something has to be written that came on
  // the other, and the octets of the next of it.
  std::optional<std::string> carries_next() const;
  Result<Bytes> carry(const std::string& half);
  // Half a connection that ends now, for the other half has and nothing is left to carry.
  std::optional<std::string> ends_next() const;

  // How many octets of files the SUT has been told to send, or been given to pass on.
  std::uint64_t file_octets() const { return file_octets_; }

  // The sealed conversations of a flow that has them; null for any other.
  const Conversations* conversations() const { return conversations_.get(); }
  // Whether octets that a verdict hangs on were lost here (a full disk): the harness's own affair.
  bool lost_octets() const;

  // What a change of octets has made of its step's: both are what a message is before it is
  // encrypted. Nullopt: it has changed none, or others.
  struct Edited {
    Bytes honest;
    Bytes octets;
    std::map<std::string, std::string> values{};  // of the scope then
  };
  const std::optional<Edited>& edited() const { return edited_; }

  Scope& scope() { return scope_; }
  const Scope& scope() const { return scope_; }
  const std::vector<Seen>& seen() const { return seen_; }
  const std::vector<Said>& sent() const { return sent_; }
  // Stanzas that no step took since the last call, on connections that still stand: for the
  // responders. `step` of one names the standing answer to it, if there is one.
  std::vector<Seen> take_beside();
  bool link_open(const std::string& link) const;
  // Which of the link's connections is the present one, from 1; 0 before the first.
  int connection(const std::string& link) const;
  // The step that a connection of the SUT on `link` carries out, now or when the link's connection
  // has ended; null when the flow asks for no more.
  const CastStep* connection_to_come(const std::string& link) const;
  // The call of ours that is to have that connection come and is still to be made; null when it may
  // come.
  const CastStep* call_to_come(const std::string& link) const;
  // Whether a connection on `link` may begin: none stands.
  bool may_connect(const std::string& link) const;
  // Whether the SUT has refused there what it must, so that it is ours to end the connection.
  bool turned_away(const std::string& link) const;
  // Whether both sides have opened a stream on `link` that may end now.
  bool can_part(const std::string& link) const;
  // Whether the next thing on `link` is a TLS handshake: the octets then are not the stream's.
  bool handshake_next(const std::string& link) const;
  const std::vector<Refusal>& refusals() const { return refusals_; }
  const std::string& changed_octets() const { return changed_octets_; }
  // The first step of the preamble that went wrong, if that is where the run ended.
  bool failed_in_preamble() const;
  // Octets of the SUT that its own reader would have to refuse too (a monitor judges them).
  const std::vector<std::pair<std::size_t, xml::Refused>>& malformed() const { return malformed_; }
  // The SUT did what the change forbids.
  bool acted() const { return !prohibited_.empty(); }
  // Whether the SUT has met the change; of a standing answer it must have asked for it.
  bool met() const { return met_ || !changed_octets_.empty(); }
  bool timed_out() const { return deadline_.has_value(); }
  bool late() const { return late_; }

 private:
  struct Mark {
    bool done = false;
    bool begun = false;      // a driver call under way
    std::int64_t at_us = 0;  // when it was done
  };
  struct Link {
    int connection = 0;                  // from 1, once connected
    std::unique_ptr<Channel> channel{};  // of that connection
    bool open = true;
    bool reachable = true;     // no attempt to connect has failed since
    bool header_sent = false;  // of the stream that is under way
    bool header_came = false;
    bool ended_by_us = false;
    bool turned_away = false;                 // the SUT has refused and may not have ended it
    std::optional<xml::Element> late_auth{};  // an <auth/> whose response is still to come
    Bytes came_after{};                       // the first octets that came once the change was made
  };

  // What of the other half's items has still to be written on one half.
  struct Across {
    std::deque<xml::Item> items{};
    Opened opened = Opened::no;
    std::size_t composed = 0;
    std::size_t sent = 0;
  };
  void note_across(const std::string& link, const xml::Item& item);
  void follow_carried(const std::string& half);

  void open(const std::string& link, int connection);
  void on_connection(const Event& event);
  void note_written(const Event& event);
  void note_large(Channel& channel);
  void bind_params(const std::string& name, const nlohmann::json& params);
  void on_sent(const Event& event);
  void on_received(const Event& event);
  std::vector<xml::Item> read(Link& link, const Bytes& octets);
  void on_item(const std::string& link, xml::Item item);
  void note_seen(const std::string& link, xml::Item item, std::string step);
  void on_refusal(const Refusal& refusal);
  void on_notice(const Event& event);
  void on_answer(const Event& event);
  void on_end(const Event& event);
  void complete(const std::string& step);
  void done(std::size_t index);
  void follow_stream(Link& link, const model::MessageForm& form, bool sent);
  bool active(std::size_t index) const;
  bool begins_connection(const CastStep& step) const;
  std::optional<std::size_t> end_due(const std::string& link) const;
  bool ends_with(const std::string& link, const Refusal& refusal);
  bool owes_answer(const std::string& link) const;
  bool concerns(const std::string& link) const;
  bool wakes(const CastStep& call, const std::string& link) const;
  bool may_take() const;  // the change may have its consequences, as things stand
  const std::string& changed_link() const;

  // Matching (tracker_received.cc).
  std::optional<std::size_t> candidate(const std::string& link) const;
  std::optional<std::size_t> next_unordered(std::size_t index) const;
  bool try_match(std::size_t index, const xml::Element& element, model::MessageForm::Kind kind,
                 std::optional<xml::Difference>& wrong);
  const CastStep* standing_answer(const std::string& link, const xml::Element& asked);
  const CastStep* standing_answer_to(const std::string& link, const xml::Element& asked);
  bool joins_late_auth(const std::string& link, xml::Item& item);
  void take(std::size_t index, const std::string& link);
  bool answers_change(const Refusal& refusal) const;
  bool same_exchange(std::size_t index, const xml::Element& element) const;
  void note_wrong(std::size_t index, const xml::Item& item, const std::optional<Refusal>& refusal,
                  const std::optional<xml::Difference>& difference);
  bool shown_in_order(std::size_t index) const;
  bool shown_too_soon(std::size_t index) const;
  bool says(const Event& notice, const model::Step& step) const;
  bool takes(const std::vector<std::string>& alternatives, const std::string& value,
             const std::string& step) const;

  // What must not happen (prohibited.cc).
  void prohibit(const std::string& link, std::string what);
  bool is_form(const model::Step& step, const xml::Element& element) const;
  void check_new_stream(const Event& event);
  void check_prohibited(const std::string& link, const xml::Element& element,
                        model::MessageForm::Kind kind);
  void check_never(const std::string& link, const xml::Element& element,
                   model::MessageForm::Kind kind);
  void check_never(const Event& notice, const std::string& what);
  void check_stray(const std::string& link);

  // Judging (assess.cc).
  Assessment assess(const model::Outcome& outcome) const;
  Assessment assess_completes() const;
  Assessment assess_asked() const;
  Assessment assess_refused(const model::Outcome& outcome) const;
  Assessment assess_ignored() const;
  Assessment assess_outcomes() const;
  std::optional<model::Party> who_broke() const;
  bool comes_for_call(std::size_t index) const;
  bool taken() const;
  bool fence_done() const;
  std::string shown_due() const;

  // What a SUT has only to live through (survival.cc).
  Assessment assess_survives() const;
  bool spoke_last(const std::string& link) const;
  bool sent_last(const std::string& link) const;
  bool spoke_since(std::size_t event, const std::string& link) const;
  bool same_account(const std::string& one, const std::string& other) const;
  bool struck_over() const;
  bool owes_end() const;
  bool struck_to_silence() const;
  bool awaits_word() const;
  bool went_on() const;
  bool fence_asked() const;
  bool fell_silent() const;
  bool is_needless(const CastStep& step) const;
  bool bystander_lives() const;
  bool asks_again();

  // What came in place of a due step, and is like it: the same element, other contents.
  struct Near {
    std::string step;
    std::string shown;
    xml::Difference difference;
  };
  void note_near(std::size_t index, const xml::Item& item,
                 const std::optional<xml::Difference>& difference);
  const Near* near_due() const;

  Result<Message> written(const CastStep& step, std::vector<xml::Element> stanzas);
  void note_edited(Edits& edits);
  Result<void> edit_content(xml::Element& message, const model::BytesEdit& edit);

  const CastRun& run_;
  Scope scope_;
  std::unique_ptr<Conversations> conversations_;
  std::vector<Mark> marks_;
  std::map<std::string, Link> links_;
  std::map<std::string, Across> across_;  // by the half that writes it
  std::vector<Seen> seen_;
  std::vector<Said> sent_;
  std::uint64_t file_octets_ = 0;
  std::size_t beside_from_ = 0;
  std::size_t events_ = 0;
  std::int64_t now_us_ = 0;  // of the event that is fed
  std::vector<Refusal> refusals_;
  std::vector<std::pair<std::size_t, xml::Refused>> malformed_;
  bool change_made_ = false;
  bool met_ = false;
  std::string changed_octets_;
  std::size_t changed_at_ = 0;  // the event by which they went out
  std::optional<Edited> edited_;
  Reading changed_reads_ = Reading::whole;  // what a strict reader makes of the change
  std::vector<std::string> changed_ids_;
  std::string canary_;
  std::set<std::string> asked_;  // link and id of what we sent beside the change
  // The same of what we asked a service that may have it ask for a changed answer.
  std::set<std::string> provoking_;
  bool refused_ = false;              // the change, in a way that the case takes
  std::optional<Refusal> stray_;      // of a stanza that we never sent
  std::string prohibited_;            // what the SUT did that it must not
  std::string prohibited_on_;         // on which link; empty: whose doing it is cannot be told
  std::optional<std::string> wrong_;  // an answer to the due step that is not of its form
  std::optional<xml::Difference> difference_;
  std::string wrong_step_;
  std::optional<Near> near_;
  std::optional<std::string> deadline_;  // the step that was due
  bool late_ = false;
  std::optional<std::size_t> asked_again_;  // the event after which the fence is sent once more
  std::string broken_;
  std::string gave_up_;
  std::string gave_up_on_;
};

}  // namespace parley::engine
