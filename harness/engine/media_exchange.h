// SPDX-License-Identifier: GPL-3.0-or-later
// The files of one run: those that Parley's users send a client under test, and what it uploads and
// says of its own. Source: observed clients (crypto/media). It sees all that is said, in order, and
// draws from the run's generator alone: a replay makes and reads the same octets. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/rng.h"
#include "harness/base/secret_bytes.h"
#include "harness/crypto/media/large_media.h"
#include "harness/crypto/media/media_keys.h"
#include "harness/engine/breach.h"
#include "harness/engine/expression.h"
#include "harness/engine/large_body.h"
#include "harness/engine/media_kind.h"
#include "harness/engine/media_proof.h"
#include "harness/engine/message_content.h"
#include "harness/model/model.h"
#include "harness/wire/content.h"
#include "harness/xml/tree.h"

namespace parley::engine {

// Services that a client under test asks: its own server's, for what it sends, and the
// gatekeeper's, for what it is sent.
inline constexpr std::string_view kUploadService = "media";
inline constexpr std::string_view kDownloadService = "files";
// The gatekeeper's proxy, which its users ask for what third parties' servers host.
inline constexpr std::string_view kProxyService = "proxy";

// The value that says whom a user of an XMPP server asks for a place to upload to (XEP-0363).
inline constexpr std::string_view kUploadJid = "upload.jid";

// What a client is told of where it uploads, as members of a driver's `media`, and what each is
// called as an actor's value.
inline constexpr std::pair<std::string_view, std::string_view> kUploads[] = {
    {"upload", ".upload"}, {"upload_token", ".upload-token"}, {"ca", ".upload-ca"}};

class MediaExchange {
 public:
  // What it finds goes to `breaches`, which outlives it.
  MediaExchange(Rng rng, Breaches& breaches) : rng_(std::move(rng)), breaches_(breaches) {}
  // In which protobuf messages of ours say of a file.
  void write_as(ContentForm form) { form_ = form; }

  // The content of a message of ours about a file: of what the step says as `kind` (image, video,
  // gif, voice, audio, document, sticker), `file` (octets in hex), `url`, `text`, and perhaps
  // `mimetype`, `name` and `seconds`. Binds the step's `hosted`, the encrypted file in hex, and of
  // the file itself `sha256` (hex) and `length`. With `times` the file is so often those octets,
  // `hosted` is its name (large_body.h), and file_named() makes it. `edit` may be null. Errors:
  // malformed for a file that is no hex; not_found for an unknown kind or forgery.
  Result<Bytes> letter(const std::string& step, const model::MediaEdit* edit, Scope& scope);

  // What `<enc mediatype/>` says of such a message; empty for any other.
  static std::string mediatype_of(const std::string& step, const Scope& scope);

  // A credential that goes to nobody but who is asked on `link`, who proves by it.
  void note_credential(std::string credential, std::string link);
  // A file that a user of the SUT's is told to send: hex, so often one after the other.
  void note_told(std::string_view file);
  // A body too large to be held that something names which comes next.
  void note_large(LargeBody body);
  // Whether one of those could not be kept, or not be read again: what was found of it is nothing.
  bool lost_octets() const { return lost_; }
  LargeSource file_named(const std::string& name);  // null: letter() has made none of that name
  // Whatever came on `link`, a stanza or a request, before it is opened.
  void note_came(const std::string& link, const xml::Element& said);
  // What we said there.
  void note_said(const std::string& link, const xml::Element& said);
  // What a message says of a file, on its view: <enc media media-url media-type media-name
  // media-length …/>. The key that it says is not shown, in `content` neither.
  static void show(xml::Element& enc, const wire::Content& content);
  // The same of a message of the SUT's that came on `link`, with `media-holds`: "yes" where the
  // file that was uploaded for that URL is as the message says, and its `media-sha256`; else why it
  // is not.
  void describe(const std::string& link, xml::Element& enc, const wire::Content& content);

 private:
  struct Credential {
    std::string value;
    std::string link;
  };
  struct KnownKey {
    SecretBytes key;
    std::string url;
    std::vector<std::string> forms;  // in which it may be found
  };
  struct Came {
    std::string link;
    std::string text;
  };

  struct LargeLetter {
    const NamedKind& kind;
    std::string step;
    Bytes octets;  // of the file, `times` one after the other
    std::uint64_t times = 1;
    std::string forgery;  // empty: none
  };
  Result<Bytes> large_letter(const LargeLetter& letter, Scope& scope);
  LyingFile body_of(const xml::Element& message) const;
  void learn_key(const std::string& link, const wire::MediaMessage& message);
  void look_for_secrets(const Came& came);
  std::string without_secrets(std::string text) const;
  void check_hosted(const std::string& link, const xml::Element& response);
  std::string holds(const wire::MediaMessage& message, xml::Element& enc);

  Rng rng_;
  ContentForm form_ = ContentForm::message;
  Breaches& breaches_;
  std::vector<Credential> credentials_;
  std::vector<KnownKey> keys_;
  std::vector<std::string> plain_;  // beginnings of files, in the forms to be looked for
  std::vector<Came> came_;          // for keys that are learned of later
  std::size_t came_octets_ = 0;
  std::map<std::string, LyingFile> under_way_;  // what is uploaded and not yet answered, by link
  std::map<std::string, LyingFile> uploads_;    // what was taken, by URL
  std::map<std::string, std::shared_ptr<const Spool>> large_;  // what came of that, by its name
  bool lost_ = false;
  struct OwnLarge {
    crypto::media::LargeMedia file;
    crypto::media::LargeMediaFacts facts;
  };
  std::map<std::string, OwnLarge> own_large_;            // by its name
  std::map<std::string, std::string> asked_;             // what we asked for last, by link
  std::map<std::string, wire::MediaMessage> announced_;  // what the SUT's messages say, by path
};

}  // namespace parley::engine
