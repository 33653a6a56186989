// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/media_exchange.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "harness/base/encoding.h"
#include "harness/crypto/digest.h"
#include "harness/crypto/media/media_stream.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

namespace media = crypto::media;

constexpr const char* kUrl = "https://localhost:1/media/a";
constexpr const char* kUploadLink = "alice/media";
const std::string kPlain(100, 'p');

// A run's files, and a file that alice sends.
struct Files {
  Breaches breaches;
  MediaExchange exchange{Rng(4), breaches};
  Scope scope;
  SecretBytes key{std::string(32, 'k')};
  media::EncryptedMedia file =
      *media::encrypt_media(*media::expand(key, media::MediaKind::image), kPlain);

  wire::MediaMessage letter(const std::string& kind, const model::MediaEdit* edit = nullptr) {
    scope.values["m.kind"] = kind;
    scope.values["m.file"] = to_hex(kPlain);
    scope.values["m.url"] = kUrl;
    scope.values["m.text"] = "a caption";
    const auto octets = exchange.letter("m", edit, scope);
    EXPECT_TRUE(octets) << octets.error();
    return wire::parse_content(*octets)->media.at(0);
  }
  void uploads(const Bytes& octets, const std::string& url, const char* status = "201") {
    uploads_named(to_hex(octets), url, status);
  }
  // As a message says the body.
  void uploads_named(const std::string& said, const std::string& url, const char* status = "201") {
    auto request = wire::http_request_tree("POST", "/v1/uploads");
    wire::set_http_header(request, "authorization", "Bearer a-credential");
    xml::Element body{.ns = "", .name = "octets", .attributes = {}, .children = {}};
    body.set_text(said);
    request.children.emplace_back(std::move(body));
    exchange.note_came(kUploadLink, request);
    auto answer = wire::http_response_tree(status);
    xml::Element json{.ns = "", .name = "json", .attributes = {}, .children = {}};
    xml::Element at{.ns = "", .name = "url", .attributes = {}, .children = {}};
    at.set_text(url);
    json.children.emplace_back(std::move(at));
    answer.children.emplace_back(std::move(json));
    exchange.note_said(kUploadLink, answer);
  }
  wire::Content says() const {
    wire::MediaMessage message;
    message.url = kUrl;
    message.mimetype = "image/jpeg";
    message.file_sha256 = file.description.file_sha256;
    message.file_length = file.description.file_length;
    message.media_key = key;
    message.file_enc_sha256 = file.description.file_enc_sha256;
    wire::Content out;
    out.media.push_back(std::move(message));
    return out;
  }
  xml::Element seen(const wire::Content& content) {
    xml::Element out{.ns = "", .name = "enc", .attributes = {}, .children = {}};
    exchange.describe("alice", out, content);
    return out;
  }
  std::string found() const {
    return breaches.all().empty()
               ? ""
               : breaches.all().front().monitor + ": " + breaches.all().front().reason;
  }
};

TEST(MediaExchange, HostsWhatAMessageSaysOfAFile) {
  Files files;
  const auto message = files.letter("video");
  EXPECT_EQ(message.type, wire::MediaType::video);
  EXPECT_EQ(message.url, kUrl);
  EXPECT_EQ(message.caption, "a caption");
  EXPECT_TRUE(message.sidecar);
  EXPECT_FALSE(message.gif_playback);
  EXPECT_EQ(files.scope.values["m.sha256"], to_hex(crypto::sha256(kPlain)));
  EXPECT_EQ(files.scope.values["m.length"], "100");
  const auto keys = media::expand(*message.media_key, media::MediaKind::video);
  const auto plain = media::decrypt_media(*keys, *from_hex(files.scope.values["m.hosted"]),
                                          {.file_sha256 = message.file_sha256,
                                           .file_enc_sha256 = message.file_enc_sha256,
                                           .file_length = message.file_length,
                                           .sidecar = message.sidecar});
  ASSERT_TRUE(plain) << plain.error().detail;
  EXPECT_EQ(*plain, kPlain);
}

// A large file is its name; what is made of that is what the message says.
TEST(MediaExchange, HostsALargeFilePieceByPiece) {
  Files files;
  files.scope.values["m.times"] = "50000";
  const auto message = files.letter("video");
  const auto name = files.scope.values["m.hosted"];
  EXPECT_EQ(files.scope.values["m.length"], "5000000");
  EXPECT_EQ(message.file_length, 5'000'000U);
  EXPECT_FALSE(files.exchange.file_named("large:1:0"));
  const auto source = files.exchange.file_named(name);
  ASSERT_TRUE(source);
  auto spool = *Spool::make();
  for (auto piece = source(); !piece.empty(); piece = source()) {
    ASSERT_TRUE(spool->append(piece));
  }
  ASSERT_TRUE(large_name(name));
  EXPECT_EQ(spool->size(), large_name(name)->length);
  LyingFile file{.octets = {}, .name = name, .spool = spool};
  auto proof = proof_of(message, file);
  EXPECT_EQ(proof.verdict, "yes");
  EXPECT_EQ(proof.sha256, files.scope.values["m.sha256"]);
  ASSERT_TRUE(spool->append("x"));
  EXPECT_EQ(proof_of(message, file).verdict, "mac");
  file.name = to_string(LargeName{.length = spool->size(), .sha256 = std::string(64, '0')});
  EXPECT_EQ(proof_of(message, file).verdict, "enc-hash");
  EXPECT_FALSE(proof_of(message, file).lost);
  file.spool = nullptr;
  EXPECT_EQ(proof_of(message, file).verdict, "its octets were not kept");
  EXPECT_TRUE(proof_of(message, file).lost);
}

// Of octets that are not there it is not said that they are others.
TEST(MediaExchange, KnowsNothingOfALargeFileThatItsDiskHasLost) {
  const std::filesystem::path path =
      testing::TempDir() + "/parley-lost-" + std::to_string(getpid());
  Files files;
  files.scope.values["m.times"] = "50000";
  const auto message = files.letter("video");
  const auto name = files.scope.values["m.hosted"];
  const auto source = files.exchange.file_named(name);
  const auto whole = *Spool::make();
  for (auto piece = source(); !piece.empty(); piece = source()) {
    ASSERT_TRUE(whole->append(piece));
  }
  ASSERT_TRUE(write_spool(*whole, path));
  const auto cut = *Spool::open(path);
  std::filesystem::resize_file(path, 100);
  auto proof = proof_of(message, {.octets = {}, .name = name, .spool = cut});
  EXPECT_EQ(proof.verdict, "its octets were not kept");
  EXPECT_TRUE(proof.lost);
  EXPECT_FALSE(files.exchange.lost_octets());
  files.exchange.note_large({.name = name, .octets = cut});
  files.uploads_named(name, kUrl);
  EXPECT_TRUE(files.exchange.lost_octets());
  std::filesystem::remove(path);
}

TEST(MediaExchange, SaysSoWhereALargeUploadWasNotKept) {
  Files files;
  const auto name = "large:32:" + std::string(64, 'a');
  files.exchange.note_large({.name = name, .octets = nullptr});
  files.uploads_named(name, kUrl);
  EXPECT_TRUE(files.exchange.lost_octets());
}

TEST(MediaExchange, ProvesALargeUploadAndLooksIntoIt) {
  Files files;
  const auto octets = files.file.file;
  auto spool = *Spool::make();
  ASSERT_TRUE(spool->append(octets));
  const auto name =
      to_string(LargeName{.length = octets.size(), .sha256 = to_hex(crypto::sha256(octets))});
  files.exchange.note_large({.name = name, .octets = spool});
  files.uploads_named(name, kUrl);
  EXPECT_EQ(files.seen(files.says()).get("media-holds"), "yes");
  EXPECT_EQ(files.found(), "");
  auto open = *Spool::make();
  ASSERT_TRUE(open->append(files.key.reveal()));
  files.exchange.note_large({.name = "large:32:" + std::string(64, 'a'), .octets = open});
  files.uploads_named("large:32:" + std::string(64, 'a'), "b");
  EXPECT_EQ(files.found(), "media-sealed: the key of a file went out in the clear");
}

TEST(MediaExchange, MarksVoiceMessagesAndGifs) {
  Files files;
  EXPECT_EQ(files.letter("voice").ptt, 1U);
  EXPECT_FALSE(files.letter("audio").ptt);
  EXPECT_EQ(files.letter("gif").gif_playback, 1U);
  EXPECT_FALSE(files.letter("voice").caption);
  EXPECT_EQ(MediaExchange::mediatype_of("m", files.scope), "ptt");
  EXPECT_EQ(MediaExchange::mediatype_of("n", files.scope), "");
}

TEST(MediaExchange, ForgesAFile) {
  Files files;
  const model::MediaEdit edit{.forge = "key-short"};
  EXPECT_EQ(files.letter("image", &edit).media_key->size(), 31U);
}

TEST(MediaExchange, KnowsNoOtherKind) {
  Files files;
  files.scope.values["m.kind"] = "vidio";
  const auto octets = files.exchange.letter("m", nullptr, files.scope);
  ASSERT_FALSE(octets);
  EXPECT_EQ(octets.error().detail, "unknown kind of media 'vidio'; did you mean 'video', 'audio'?");
}

TEST(MediaExchange, ProvesWhatWasUploaded) {
  Files files;
  files.uploads(files.file.file, kUrl);
  const auto view = files.seen(files.says());
  EXPECT_EQ(view.get("media"), "image");
  EXPECT_EQ(view.get("media-url"), kUrl);
  EXPECT_EQ(view.get("media-length"), "100");
  EXPECT_EQ(view.get("media-holds"), "yes");
  EXPECT_EQ(view.get("media-sha256"), to_hex(crypto::sha256(kPlain)));
  EXPECT_EQ(files.found(), "");
}

TEST(MediaExchange, SaysWhyAFileDoesNotHold) {
  Files files;
  files.uploads(files.file.file, kUrl);
  auto content = files.says();
  content.media.front().url = "https://localhost:1/media/b";
  EXPECT_EQ(files.seen(content).get("media-holds"), "nothing was uploaded for that URL");
  content = files.says();
  content.media.front().file_sha256 = Bytes(32, 'x');
  EXPECT_EQ(files.seen(content).get("media-holds"), "hash");
  content = files.says();
  content.media.front().file_enc_sha256.reset();
  EXPECT_EQ(files.seen(content).get("media-holds"), "without fileEncSha256");
}

TEST(MediaExchange, TakesNoUploadThatWasRefused) {
  Files files;
  files.uploads(files.file.file, kUrl, "503");
  EXPECT_EQ(files.seen(files.says()).get("media-holds"), "nothing was uploaded for that URL");
}

TEST(MediaExchange, FindsAKeyThatIsLearnedOfLater) {
  Files files;
  auto request = wire::http_request_tree("POST", "/v1/uploads");
  wire::set_http_header(request, "x-key", to_base64(files.key.reveal()));
  files.exchange.note_came(kUploadLink, request);
  EXPECT_EQ(files.found(), "");
  (void)files.seen(files.says());
  EXPECT_EQ(files.found(), "media-sealed: the key of a file went out in the clear");
  ASSERT_FALSE(files.breaches.all().empty());
  EXPECT_EQ(files.breaches.all().front().link, kUploadLink);
  EXPECT_TRUE(files.breaches.all().front().came.ends_with("x-key\n***"))
      << files.breaches.all().front().came;
}

TEST(MediaExchange, HidesAndLearnsTheKeyOfEachFileOfAMessage) {
  Files files;
  auto content = files.says();
  content.media.push_back(content.media.front());
  content.media.back().media_key = SecretBytes(std::string(32, 'l'));
  content.media.back().url = "https://localhost:1/media/b";
  const auto first = to_hex(content.media.front().media_key->reveal());
  const auto second = to_hex(content.media.back().media_key->reveal());
  xml::Element view{.ns = "", .name = "enc", .attributes = {}, .children = {}};
  view.set("content", first + "00" + second);
  files.exchange.describe("alice", view, content);
  EXPECT_EQ(view.get("content"), std::string(64, '*') + "00" + std::string(64, '*'));
  auto request = wire::http_request_tree("POST", "/v1/uploads");
  wire::set_http_header(request, "x-key", second);
  files.exchange.note_came(kUploadLink, request);
  EXPECT_EQ(files.found(), "media-sealed: the key of a file went out in the clear");
}

TEST(MediaExchange, LooksForSoManyKeysAndNoMore) {
  Files files;
  auto content = files.says();
  for (char c = 0; c < 65; ++c) {
    content.media.front().media_key = SecretBytes(std::string(31, 'k') + c);
    content.media.front().url = "https://localhost:1/media/" + std::to_string(c);
    (void)files.seen(content);
  }
  auto request = wire::http_request_tree("POST", "/v1/uploads");
  wire::set_http_header(request, "x-key", to_hex(std::string(31, 'k') + char{64}));
  files.exchange.note_came(kUploadLink, request);
  EXPECT_EQ(files.found(), "");
}

TEST(MediaExchange, FindsAFileInTheClear) {
  Files files;
  files.exchange.note_told(to_hex(kPlain));
  files.uploads(kPlain, kUrl);
  EXPECT_EQ(files.found(), "media-sealed: a file went out in the clear");
}

TEST(MediaExchange, FindsOneKeyOfTwoFiles) {
  Files files;
  auto content = files.says();
  (void)files.seen(content);
  (void)files.seen(content);  // one file, sent again
  EXPECT_EQ(files.found(), "");
  content.media.front().url = "https://localhost:1/media/b";
  (void)files.seen(content);
  EXPECT_EQ(files.found(), "media-keys-fresh: two files have the same key");
}

TEST(MediaExchange, FindsTwoUploadsThatAreTheSame) {
  Files files;
  files.uploads(files.file.file, "a", "503");
  files.uploads(files.file.file, "a");
  files.uploads(files.file.file, kUrl);  // the answer need not have come
  EXPECT_EQ(files.found(), "");
  (void)files.seen(files.says());
  EXPECT_EQ(files.found(), "");
  files.uploads(files.file.file, "b");
  EXPECT_EQ(files.found(), "media-keys-fresh: two uploads are the same octets");
}

// Of what a server has, at the path that a message of its client's says.
TEST(MediaExchange, FindsAFileThatIsHostedAsAnother) {
  Files files;
  (void)files.seen(files.says());
  const auto hosts = [&](const Bytes& octets) {
    files.exchange.note_said("server/media", wire::http_request_tree("GET", "/media/a"));
    auto answer = wire::http_response_tree("200");
    xml::Element body{.ns = "", .name = "octets", .attributes = {}, .children = {}};
    body.set_text(to_hex(octets));
    answer.children.emplace_back(std::move(body));
    files.exchange.note_came("server/media", answer);
  };
  hosts(files.file.file);
  EXPECT_EQ(files.found(), "");
  hosts(files.file.file + "x");
  EXPECT_EQ(files.found(),
            "media-hosted: a file is hosted that is not as its message says: enc-hash");
}

TEST(MediaExchange, FindsACredentialThatGoesElsewhere) {
  Files files;
  files.exchange.note_credential("a-credential", kUploadLink);
  files.uploads(files.file.file, kUrl);
  EXPECT_EQ(files.found(), "");
  auto request = wire::http_request_tree("GET", "/media/a");
  wire::set_http_header(request, "authorization", "Bearer a-credential");
  files.exchange.note_came("alice/elsewhere", request);
  EXPECT_EQ(files.found(), "media-credentials: what proves the client at media went out elsewhere");
}

}  // namespace
}  // namespace parley::engine
