// SPDX-License-Identifier: GPL-3.0-or-later
// The words of the design as plain data: party, requirement, profile, flow, change, case,
// declaration, verdict. No behaviour but names; loaders stand in library.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/wire/tokens.h"
#include "harness/xml/tree.h"

namespace parley::model {

enum class Party {
  gatekeeper_server,
  gatekeeper_client,
  third_party_client,
  third_party_server,
  intermediary
};
std::string_view to_string(Party party);  // "gatekeeper.server"
std::optional<Party> party_from(std::string_view name);
std::vector<std::string> party_names();
std::string names_of(const std::vector<Party>& parties);  // joined with " and "
bool is_server(Party party);

// What a fail means (design: finding level).
enum class Basis { normative, analogy, observed, advisory };
std::string_view to_string(Basis basis);
enum class Level { violation, deviation, advisory };
std::string_view to_string(Level level);
Level level_of(Basis basis);

struct Requirement {
  std::string id;
  std::string suite;
  std::string profile;
  Basis basis = Basis::normative;
  std::vector<Party> binds;
  std::string text;
  std::string source;        // clause
  std::string monitor{};     // that watches it in every case; may be empty
  std::string not_tested{};  // why neither case nor monitor judges it; empty when one does
};

// What a message of a service is where the service is carried as stanzas: the same fields.
struct StanzaForm {
  xml::Element pattern;
  std::map<std::string, std::string> defaults;
  std::map<std::string, std::string> paths;  // of the HTTP message -> of the stanza
};

// A two-way message form: rendered when sent, matched when received. Placeholders ${name} in
// attribute values and texts are fields; ${name?} may be absent.
struct MessageForm {
  enum class Kind { header, element, footer };  // stream header, first-level element, </stream>
  std::string name;
  Kind kind = Kind::element;
  xml::Element pattern;
  std::map<std::string, std::string> defaults;  // field -> expression
  bool restarts = false;                        // the sender's peer begins a new stream after it
  std::map<std::string, std::string> names{};   // field -> what the receiver is called from then on
  bool suspends = false;                        // nothing of this stream may follow it
  // The form of the other side's clients that says the same; empty: theirs is this one.
  std::string mirrors{};
  std::string service{};  // of an HTTP message: which of the profile's services it belongs to
  std::optional<StanzaForm> stanza{};
};

// A profile's setting that no published text fixes, or one that it does. What refers to it as
// ${setting.NAME} rests on it, and so does a message whose shape it decides.
struct Setting {
  std::string value;
  std::string basis;  // published, observed, assumed; given: on the command line
  std::string source;
  std::vector<std::string> bears_on{};  // message forms, "does METHOD" and "does METHOD/PARAMETER"
};

// How a service can be carried as stanzas in place of HTTP: where `setting` says "stanzas", one
// more user, the actor `actor`, logs in as the flow `login` has its actor `user` do, and asks for
// others.
struct Carrier {
  std::string setting;
  std::string login;
  std::string user;
  std::string actor;
};

enum class RefusalKind {
  stream_error,
  stanza_error,
  sasl_failure,
  tls_failure,
  login_failure,  // <failure/> in answer to a login payload
  nack,           // an <ack/> with an error
  http_error,     // a response of status 400 to 599
  close
};
std::string_view to_string(RefusalKind kind);
std::optional<RefusalKind> refusal_from(std::string_view name);

// What lies between octets and stanzas.
enum class Wire { xml, noise };

struct Profile {
  std::string name;
  std::vector<std::string> bases{};     // the profiles that it extends, the nearest first
  std::vector<std::string> excludes{};  // cases of these that do not hold for it: ids or globs
  std::string title;
  std::string status;
  Wire wire = Wire::xml;
  std::string content_ns;  // default namespace of first-level elements
  // What accounts are called: letters and digits, or a number; and an actor's bare address by its
  // party, where it is not "${user}@${domain}".
  bool numbered_accounts = false;
  std::map<Party, std::string> addresses;
  // Accounts that are not like all others: what else a driver is told when it enlists one. A field
  // that is named like a setting stands for that in the account's address.
  std::map<std::string, std::map<std::string, std::string>> account_kinds{};
  std::map<std::string, Setting> settings;
  wire::Tokens tokens{};  // of the file that the setting `token-dictionary` names
  std::map<std::string, MessageForm> forms;
  std::map<std::string, Party> services{};    // of HTTP, by name: whose server offers them
  std::map<std::string, Carrier> carriers{};  // by service, of those that stanzas can carry
  std::vector<RefusalKind> refusals;          // what counts when a case does not say
  std::string probe;                          // the flow that shows that a SUT still works
  std::map<Party, std::string> probes{};      // of the parties for which that is another one
  // The flow of a user whose connection must outlive what is done on another: it has an actor
  // `bystander`.
  std::string bystander{};
  std::string survival{};  // the requirement that a SUT lives through whatever it is sent
  std::string farewell;    // the form, without fields, that ends a session politely

  // Whether what is written for profile `other` holds for this one.
  bool is(const std::string& other) const;
  // The flow that shows that such a SUT still works.
  std::string probe_of(Party party) const;
};

using Fields = std::map<std::string, std::vector<std::string>>;  // field -> alternatives

struct Step {
  // wire: a message; connect: TCP, and once more of the same actor: its next connection, when the
  // one before has ended; tls: a handshake; close: the end of the TCP connection;
  // does: an actor's action (a driver method when the actor is the SUT);
  // shows: what the SUT's user must get to see (a driver notification);
  // answers: how a played service answers, from then on, what no step expects.
  enum class Kind { wire, connect, tls, close, does, shows, answers };
  std::string id;
  Kind kind = Kind::wire;
  std::string from;
  std::string to;    // empty for does and shows
  std::string form;  // message form, or the driver's method; close: the service, if it is one's
  Fields with;
  std::string asked{};               // answers: the form of the requests
  Fields asked_with{};               // answers: what they say
  bool must_be_asked = false;        // answers: without it what the case builds on is not there
  std::set<std::string> unquoted{};  // of `with`: numbers and booleans, which a driver gets as such
  Fields gets{};           // does: what the driver must answer; "" for a field that is not
  bool preamble = false;   // before what the case is about: a failure here is inconclusive
  bool fence = false;      // a later exchange that proves that nothing happened before it
  bool unordered = false;  // may come before its unordered neighbours
  bool refuses = false;    // close: or a refusal, upon which we end the connection
  std::chrono::milliseconds within{0};  // the least time that the SUT has for it
  std::string within_setting{};         // or the setting that says so, in seconds
  // The step after which it must not come sooner than that; empty: whenever it likes.
  std::string not_before{};
  std::chrono::milliseconds not_before_by{0};
};

// How the content of a flow's messages travels: as it is, or sealed by the Signal protocol, in the
// stanzas of the binary dialect or in OMEMO's.
enum class Content { clear, signal, omemo };
std::string content_name(Content content);  // empty: clear
Content content_from(const std::string& name);

struct Flow {
  std::string name;
  std::string profile;
  std::string title;
  // Each side acts by itself, in this way alone, so that two SUTs carry it out between them.
  bool between = false;
  Content content = Content::clear;
  std::map<std::string, Party> actors;
  std::map<std::string, std::string> accounts{};  // actor -> kind of account, where it needs one
  std::vector<Step> steps;                        // flat: uses and repeats are written out
};

// One edit to one step. Paths: "@to", "body", "body/@xml:lang", "." for the element itself.
struct StanzaEdit {
  std::map<std::string, std::string> set;
  std::vector<std::string> remove;
  std::vector<std::string> add;  // XML, appended to `into`
  std::string into = ".";
  std::string rename;
  std::string ns;
  // Of a server's call: whether it is proved before the change, which may break the proof, or after
  // it, so that the proof holds for what is sent.
  enum class Proof { before, after };
  Proof proof = Proof::before;
};
// Octets that a mutator of fuzz/mutators makes of others: the same of the same, with one seed.
struct Mutation {
  std::string by;  // the mutator's name
  std::uint64_t seed = 0;
};
// Octets are written with \xNN escapes and ${…}.
struct BytesEdit {
  std::string find;  // with `replace`: first occurrence; empty: everything
  std::optional<std::string> replace;
  std::string prepend;
  std::string append;
  std::string cut_after;  // truncate after the first occurrence
  // Positions count octets, negative ones from the end.
  std::optional<long> flip{};  // the lowest bit of the octet there
  std::optional<long> keep{};  // truncate there
  std::size_t times = 1;       // how many times it is sent
  // Where `replace` stands in place of `take` octets, whatever these are; `find` is empty then.
  std::optional<long> at{};
  std::size_t take = 0;
  std::optional<Mutation> mutate{};  // before all else
};
// The same of a frame as it goes out: length, ciphertext and tag.
struct FrameEdit {
  BytesEdit octets;
  int counter = 0;  // added to the counter under which it is encrypted
};
// Of a handshake message's fields as they are on the wire, in hex.
struct HandshakeEdit {
  StanzaEdit tree;
};
// Of the identity token that a step carries: what it says, then how it is signed.
struct TokenEdit {
  std::map<std::string, std::string> set{};  // claims: JSON where the text is JSON, else a string
  std::map<std::string, std::string> header{};  // the same of the header's parameters
  std::vector<std::string> remove{};            // claims; "header/NAME" for a parameter
  std::string sign{};   // by whom: "other", a key that nobody has published; the third party's own
  std::string forge{};  // crypto::jose::Forgery: what no honest signer makes
};
// Of what a sealed message says before it is encrypted: protobuf fields, then octets, then padding.
struct ContentEdit {
  std::map<std::string, std::string> set{};  // "1", "6/1", "4/varint" -> value; made if absent
  std::vector<std::string> remove{};         // "1", "6/1"
  BytesEdit octets{};                        // of the whole protobuf
  std::optional<int> padding{};              // so many octets of padding
  std::optional<int> filler{};               // of that value, not of their number
};
// Of how a message is encrypted, or of the keys of a bundle.
struct EncryptionEdit {
  std::string forge{};           // crypto::signal::Forgery: what no honest sender makes
  std::string replay{};          // the step whose message is sent once more, octet by octet
  std::optional<int> ahead{};    // as if so many messages before it were still under way
  std::optional<int> version{};  // the message's first octet, under a MAC that fits
  BytesEdit octets{};            // of the encrypted message
};
// Of the file that a sealed message is about, and of what it says of it.
struct MediaEdit {
  std::string forge{};  // crypto::media::MediaForgery: what no honest sender makes
};
// How a step's octets become WebSocket frames (RFC 6455 section 5); all but the defaults is wrong
// or unusual.
struct WebSocketEdit {
  std::string opcode{};             // of the message: "text", "continuation", "reserved"; binary
  std::size_t fragment_octets = 0;  // 0: in one frame
  std::string control{};  // a frame before the last: "ping", "pong", "long-ping", "split-ping",
                          // "unknown", "close", "bad-close"
  std::string mask{};     // "none", "always"; as the role demands
  unsigned reserved = 0;  // the reserved bits
  std::string length{};   // that the header claims; the true one
};
struct StreamEdit {
  std::size_t segment_octets = 0;      // over WebSocket of one message each
  std::chrono::milliseconds pause{0};  // between two segments
  // So many octets go out and no more, and the connection stays.
  std::optional<std::size_t> stall_after{};
  std::size_t join = 1;  // steps from this one on whose octets go out at once, in one message
  std::optional<WebSocketEdit> web_socket{};
};
struct ConnectionEdit {
  std::string tls_min;
  std::string tls_max;
  std::string certificate;  // crypto::LeafKind
  std::string end;          // "fin" or "reset": the connection ends after the step
  // Of the opening handshake of a WebSocket: "origin", "path", "host", "version", "key" of our
  // request; "status", "accept", "protocol", "upgrade" of our answer.
  std::map<std::string, std::string> upgrade{};
};
struct FlowEdit {
  enum class Kind { drop, before, insert_before, insert_after };
  Kind kind = Kind::drop;
  std::string step;  // before: the step to move in front of
  std::string form;  // insert: the form
  Fields with;
};
struct Change {
  std::string step;
  std::variant<StanzaEdit, BytesEdit, StreamEdit, ConnectionEdit, FlowEdit, FrameEdit,
               HandshakeEdit, TokenEdit, ContentEdit, EncryptionEdit, MediaEdit>
      edit;
};
std::string describe(const Change& change);

struct Outcome {
  // survives: whatever the SUT makes of it, it goes on answering.
  enum class Kind { completes, refused, ignored, survives };
  Kind kind = Kind::completes;
  std::vector<RefusalKind> by;          // refused: which refusals count
  std::vector<std::string> conditions;  // refused: which error conditions; empty: any
};
std::string describe(const Outcome& outcome);

struct Case {
  std::string id;  // "stanza/forged-from", or "stanza/bad-utf8/overlong" for a vary row
  std::string title;
  std::string suite;
  std::string file;
  std::string requirement;
  std::string profile;
  std::string flow;
  Party party = Party::gatekeeper_server;  // under test
  std::vector<std::string> needs;          // features that the SUT must declare
  std::map<std::string, std::string> row;  // vary values
  std::optional<Change> change;
  std::vector<Outcome> any_of;
  std::vector<Step> never;          // what must not happen, after the change if there is one
  bool soils = false;               // its accounts are not used again
  bool alone = false;               // it slows a SUT down: nothing else is judged beside it
  std::string inherits{};           // the id of the case of an extended profile that it is
  std::optional<Party> together{};  // under test too: what the one is told the other does
  std::optional<Party> mirror{};    // of which it is a case once more, mirrored (mirror.h)
  std::string mirrors{};            // the id of the case of which it is the mirror

  std::vector<Party> suts() const;  // the parties under test, `party` first
  // Whether a conforming SUT refuses or ignores what the case sends.
  bool negative() const;
};

struct Declaration {
  std::string file;
  std::string name;
  std::string profile;
  Party party = Party::gatekeeper_server;
  std::map<std::string, std::string> endpoints;  // domain, starttls, direct-tls, ca, websocket …
  std::vector<std::string> features;
  std::string pool_file;                  // accounts: user,password a line
  std::vector<std::string> driver;        // command
  std::string folder;                     // relative paths start here
  std::chrono::milliseconds patience{0};  // 0: the default
};

enum class VerdictKind { pass, fail, inconclusive, not_applicable, flaky, error };
std::string_view to_string(VerdictKind kind);
std::optional<VerdictKind> verdict_from(std::string_view name);
enum class Blame { none, sut, configuration, environment, harness, spec };
std::string_view to_string(Blame blame);

// The six lines of a failed case (design section 7) but for the requirement and the command.
struct Verdict {
  VerdictKind kind = VerdictKind::error;
  Blame blame = Blame::none;
  std::optional<Level> level;  // of a fail
  std::string reason;          // one sentence
  std::string sent;
  std::string expected;
  std::string came;
  std::string difference;
  std::string monitor;           // the monitor that found it, when one did
  std::string requirement{};     // the one that is broken, when it is not the case's own
  std::optional<Party> broke{};  // of several SUTs the one whose doing it is

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

}  // namespace parley::model
