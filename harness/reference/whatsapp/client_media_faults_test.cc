// SPDX-License-Identifier: GPL-3.0-or-later
// The faults and liberties of the reference client with files, each by what others see of it.
#include <gtest/gtest.h>

#include "harness/crypto/digest.h"
#include "harness/crypto/media/media_forgery.h"
#include "harness/reference/whatsapp/client_media_scenes.h"

namespace parley::reference::whatsapp {
namespace {

FaultSet faults_named(const char* name) {
  const auto out = fault_set({name});
  EXPECT_TRUE(out) << name;
  return out.value_or(FaultSet());
}

// --- what a client sends ---

// What is wrong with an upload, but for its octets.
std::string wrong_in(const MediaService::Request& upload) {
  static constexpr std::array<std::string_view, 4> kFields{"Host", "Content-Type", "Content-Length",
                                                           "Authorization"};
  if (upload.line != "POST /v1/uploads") {
    return "target";
  }
  if (upload.field("authorization") != "Bearer up-token") {
    return "token";
  }
  if (upload.field("content-type") != "application/octet-stream") {
    return "content type";
  }
  return upload.message.headers.size() == kFields.size() ? "" : "header";
}

std::string wrong_in(const wire::MediaMessage& message, FileKind kind) {
  if (message.type != message_of(kind)) {
    return "type";
  }
  if (kind_of(message) != kind) {
    return "kind";
  }
  if (message.mimetype != "type/of") {
    return "mimetype";
  }
  if (message_of(kind) != wire::MediaType::audio && message.caption != "caption") {
    return "caption";
  }
  return kind == FileKind::document && message.file_name != "n o.pdf" ? "name" : "";
}

std::string wrong_in(const wire::MediaMessage& message, FileKind kind, const Bytes& upload) {
  if (upload == kFile) {
    return "plaintext";
  }
  const auto opened =
      media::decrypt_media(*media::expand(*message.media_key, keys_of(kind)), upload,
                           {.file_sha256 = message.file_sha256,
                            .file_enc_sha256 = message.file_enc_sha256,
                            .file_length = message.file_length,
                            .sidecar = message.sidecar});
  return opened ? "" : std::string(to_string(opened.error().reason));
}

// The first thing that is wrong with the same file sent twice, one message after the other.
std::string wrong_when_sent(const char* kind_name, const FaultSet& faults) {
  MediaService service;
  const auto file = file_to_send(kind_name, {{"name", "n o.pdf"}});
  const auto sent = send_files(service, {file, file}, faults);
  const auto kind = *file_kind(kind_name);
  if (sent.media.size() != 2) {
    return "no message";
  }
  const auto* upload = service.requests.empty() ? nullptr : &service.requests.front();
  if (upload == nullptr) {
    return "no upload";
  }
  const auto& message = sent.media.front();
  const auto& stanza = sent.messages.front();
  if (stanza.get("type") != "media" ||
      stanza.child("enc")->get("mediatype") != mediatype_of(kind)) {
    return "stanza";
  }
  if (message.media_key->reveal() == crypto::sha256(kFile)) {
    return "key of file";
  }
  if (message.media_key->reveal() == sent.media.back().media_key->reveal()) {
    return "same key";
  }
  if (message.url != service.answered_url()) {
    return "url";
  }
  for (const auto& wrong : {wrong_in(*upload), wrong_in(message, kind)}) {
    if (!wrong.empty()) {
      return wrong;
    }
  }
  // Either upload may be that of the first message.
  const auto first = wrong_in(message, kind, upload->message.body);
  const auto second = wrong_in(message, kind, service.requests.back().message.body);
  return first.empty() || second.empty() ? "" : first == "enc-hash" ? second : first;
}

struct SentRow {
  const char* fault;
  const char* kind;
  const char* wrong;
};
class SendsWrongly : public testing::TestWithParam<SentRow> {};

TEST_P(SendsWrongly, WhatIsLookedAt) {
  EXPECT_EQ(wrong_when_sent(GetParam().kind, {}), "");
  EXPECT_EQ(wrong_when_sent(GetParam().kind, faults_named(GetParam().fault)), GetParam().wrong);
}

std::string test_name(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    All, SendsWrongly,
    testing::Values(SentRow{"wt-media-same-key", "image", "same key"},
                    SentRow{"wt-media-same-file-same-key", "image", "same key"},
                    SentRow{"wt-media-key-of-file", "image", "key of file"},
                    SentRow{"wt-media-other-keys", "video", "mac"},
                    SentRow{"wt-media-gif-image-keys", "gif", "mac"},
                    SentRow{"wt-media-voice-document-keys", "voice", "mac"},
                    SentRow{"wt-media-iv-zero", "image", "mac"},
                    SentRow{"wt-media-mac-missing", "image", "mac"},
                    SentRow{"wt-media-mac-wrong", "image", "mac"},
                    SentRow{"wt-media-mac-sent-without-iv", "image", "mac"},
                    SentRow{"wt-media-mac-whole", "image", "mac"},
                    SentRow{"wt-media-hashes-swapped", "image", "enc-hash"},
                    SentRow{"wt-media-length-of-upload", "image", "length"},
                    SentRow{"wt-media-sidecar-sent-wrong", "video", "sidecar"},
                    SentRow{"wt-media-plaintext-uploaded", "image", "plaintext"},
                    SentRow{"wt-media-key-in-header", "image", "header"},
                    SentRow{"wt-media-key-in-url", "image", "target"},
                    SentRow{"wt-media-key-in-body", "image", "mac"},
                    SentRow{"wt-media-name-in-header", "document", "header"},
                    SentRow{"wt-media-name-in-url", "document", "target"},
                    SentRow{"wt-media-caption-in-header", "image", "header"},
                    SentRow{"wt-media-type-uploaded", "image", "content type"},
                    SentRow{"wt-media-upload-without-token", "image", "token"},
                    SentRow{"wt-media-upload-wrong-token", "image", "token"},
                    SentRow{"wt-media-never-uploads", "image", "no upload"},
                    SentRow{"wt-media-url-path-alone", "image", "url"},
                    SentRow{"wt-media-url-in-clear", "image", "url"},
                    SentRow{"wt-media-url-without-query", "image", "url"},
                    SentRow{"wt-media-voice-without-ptt", "voice", "kind"},
                    SentRow{"wt-media-gif-as-video", "gif", "kind"},
                    SentRow{"wt-media-gif-as-image", "gif", "type"},
                    SentRow{"wt-media-image-as-document", "image", "type"},
                    SentRow{"wt-media-document-as-image", "document", "type"},
                    SentRow{"wt-media-type-not-sent", "image", "mimetype"},
                    SentRow{"wt-media-caption-not-sent", "image", "caption"},
                    SentRow{"wt-media-name-not-sent", "document", "name"},
                    SentRow{"wt-media-sent-as-text", "image", "stanza"},
                    SentRow{"wt-media-other-mediatype", "image", "stanza"},
                    SentRow{"wt-may-media-sidecar", "video", ""},
                    SentRow{"wt-may-media-thumbnail", "image", ""}),
    [](const auto& row) { return test_name(row.param.fault); });

TEST(SendsWithLiberty, ASidecarOrAPicture) {
  MediaService service;
  const auto video =
      send_files(service, {file_to_send("video")}, faults_named("wt-may-media-sidecar"));
  ASSERT_EQ(video.media.size(), 1U);
  EXPECT_EQ(video.media.front().sidecar.value_or("").size(), 10U);
  MediaService other;
  const auto image =
      send_files(other, {file_to_send("image")}, faults_named("wt-may-media-thumbnail"));
  ASSERT_EQ(image.media.size(), 1U);
  EXPECT_TRUE(image.media.front().jpeg_thumbnail);
}

struct CertificateRow {
  crypto::LeafKind leaf;
  const char* upload;
  const char* fetch;
};
class TakesACertificate : public testing::TestWithParam<CertificateRow> {};

TEST_P(TakesACertificate, UnderItsFault) {
  MediaService service(GetParam().leaf);
  const auto sent = send_files(service, {file_to_send("image")}, faults_named(GetParam().upload));
  EXPECT_EQ(sent.media.size(), 1U);
  for (const char* fault : {"wt-media-any-status", GetParam().fetch}) {
    MediaService host(GetParam().leaf);
    const auto told = received(host, {}, faults_named(fault));
    EXPECT_EQ(unavailable(media_of(told)), fault != GetParam().fetch) << fault;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, TakesACertificate,
    testing::Values(CertificateRow{crypto::LeafKind::unknown_ca, "wt-media-upload-any-ca",
                                   "wt-media-any-ca"},
                    CertificateRow{crypto::LeafKind::other_host, "wt-media-upload-any-name",
                                   "wt-media-any-name"},
                    CertificateRow{crypto::LeafKind::expired, "wt-media-upload-any-date",
                                   "wt-media-any-date"}));

TEST(UploadsElsewhere, UnderItsFaultWithItsCredential) {
  for (const bool follows : {false, true}) {
    MediaService service;
    service.uploads = {{.status = 307, .headers = {{"Location", "/elsewhere"}}}, {.status = 201}};
    const auto sent = send_files(service, {file_to_send("image")},
                                 follows ? faults_named("wt-media-upload-follows") : FaultSet());
    EXPECT_EQ(sent.media.size(), follows ? 1U : 0U);
    EXPECT_EQ(service.asked("POST /elsewhere"), follows ? 1 : 0);
    EXPECT_EQ(service.requests.back().field("authorization"), "Bearer up-token");
  }
}

TEST(UploadThatFails, LeadsToAMessageUnderAFault) {
  MediaService service;
  service.uploads = {{.status = 401}};
  const auto sent =
      send_files(service, {file_to_send("image")}, faults_named("wt-media-failed-upload-sent"));
  EXPECT_EQ(sent.media.size(), 1U);
}

TEST(UploadThatFails, LeadsToNothingUnderAFault) {
  MediaService service;
  service.uploads = {{.status = 401}};
  const auto sent = send_files(service, {file_to_send("image")},
                               faults_named("wt-media-failed-upload-silent"), milliseconds(300));
  EXPECT_TRUE(sent.media.empty());
  EXPECT_FALSE(shows(sent.log, "not-uploaded"));
}

TEST(UploadThatFails, IsTriedAgainWithoutEndUnderAFault) {
  MediaService service;
  service.uploads.assign(6, {.status = 503});
  service.uploads.push_back({.status = 401});
  (void)send_files(service, {file_to_send("image")}, faults_named("wt-media-upload-without-end"));
  EXPECT_GT(service.asked("POST"), 3);
}

// --- what a client takes ---

// "shown": the right file; "unavailable"; "other": another; "none": nothing is told of it.
std::string outcome(const std::vector<json>& told) {
  const auto at = std::ranges::find(told, "m1", [](const json& one) { return one["id"]; });
  if (at == told.end()) {
    return "none";
  }
  const auto& media = at->value("media", json::object());
  if (unavailable(media)) {
    return "unavailable";
  }
  return media.value("sha256", "") == to_hex(crypto::sha256(kFile)) ? "shown" : "other";
}

Bend forged_as(const char* name, Bytes plaintext = Bytes(kFile)) {
  return [=](MediaService& service, HostedFile& file) {
    Rng rng(9);
    const auto kind = keys_of(kind_of(file.message));
    const auto forged = media::forge_media(name, {.media_key = media::make_media_key(rng),
                                                  .other_key = media::make_media_key(rng),
                                                  .kind = kind,
                                                  .plaintext = plaintext});
    ASSERT_TRUE(forged) << name;
    service.files["/f"] = {{.content = forged->file}};
    file.message.media_key = forged->media_key;
    file.message.file_sha256 = forged->description.file_sha256;
    file.message.file_enc_sha256 = forged->description.file_enc_sha256;
    file.message.file_length = forged->description.file_length;
    file.message.sidecar = forged->description.sidecar;
  };
}

struct TakenRow {
  const char* fault;
  Bend bend;
  const char* outcome;
  const char* honest = "unavailable";
  FileKind kind = FileKind::document;
};
class TakesWrongly : public testing::TestWithParam<TakenRow> {};

TEST_P(TakesWrongly, WhatItGets) {
  const auto& row = GetParam();
  MediaService service;
  EXPECT_EQ(outcome(received(service, row.bend, {}, row.kind)), row.honest);
  MediaService again;
  EXPECT_EQ(outcome(received(again, row.bend, faults_named(row.fault), row.kind)), row.outcome);
}

INSTANTIATE_TEST_SUITE_P(
    Files, TakesWrongly,
    testing::Values(TakenRow{"wt-media-mac-unchecked", forged_as("mac-zeros"), "shown"},
                    TakenRow{"wt-media-mac-of-four-octets", forged_as("mac-bit-9"), "shown"},
                    TakenRow{"wt-media-mac-of-last-octets", forged_as("mac-bit-0"), "shown"},
                    TakenRow{"wt-media-mac-without-iv-taken", forged_as("mac-without-iv"), "shown"},
                    TakenRow{"wt-media-mac-optional", forged_as("mac-missing"), "shown"},
                    TakenRow{"wt-media-enc-hash-unchecked", forged_as("enc-hash-bit"), "shown"},
                    TakenRow{"wt-media-hash-unchecked", forged_as("hash-bit"), "shown"},
                    TakenRow{"wt-media-empty-hash-taken", forged_as("hash-empty"), "shown"},
                    TakenRow{"wt-media-length-unchecked", forged_as("length-one-more"), "shown"},
                    TakenRow{"wt-media-length-unchecked", forged_as("length-huge"), "shown"},
                    TakenRow{"wt-media-sidecar-unchecked", forged_as("sidecar-bit"), "shown",
                             "unavailable", FileKind::audio},
                    TakenRow{"wt-media-padding-unchecked", forged_as("padding-17"), "other"},
                    TakenRow{"wt-media-padding-kept", {}, "other", "shown"},
                    TakenRow{"wt-media-any-keys", forged_as("kind-video"), "shown"},
                    TakenRow{"wt-media-key-length-unchecked", forged_as("key-empty"),
                             "unavailable"},
                    TakenRow{"wt-media-cut-taken",
                             [](MediaService& s, HostedFile& f) {
                               s.files["/f"] = {{.content = f.file.substr(0, 26)}};
                             },
                             "shown"},
                    TakenRow{"wt-media-shown-unproven", forged_as("ciphertext-first-bit"), "other"},
                    TakenRow{"wt-media-shown-unproven", forged_as("keys-swapped"), "other"},
                    TakenRow{"wt-media-failure-empty", forged_as("mac-zeros"), "other"},
                    TakenRow{"wt-media-failure-as-text", forged_as("mac-zeros"), "other"},
                    TakenRow{"wt-media-never-fetches", {}, "unavailable", "shown"},
                    TakenRow{"wt-may-media-says-nothing", forged_as("mac-zeros"), "none"}));

void at(HostedFile& file, const std::string& url) { file.message.url = url; }

// The same file lies at every host.
Bend everywhere(std::string (*url)(const MediaService&)) {
  return [url](MediaService& service, HostedFile& file) { at(file, url(service)); };
}

INSTANTIATE_TEST_SUITE_P(
    Places, TakesWrongly,
    testing::Values(
        TakenRow{"wt-media-any-host",
                 everywhere([](const MediaService& s) { return s.url(2, "/f"); }), "shown"},
        TakenRow{"wt-media-token-to-any-host",
                 everywhere([](const MediaService& s) { return s.url(1, "/f"); }), "shown"},
        TakenRow{"wt-media-any-port",
                 everywhere([](const MediaService& s) { return s.url(1, "/f"); }), "shown"},
        TakenRow{"wt-media-host-begins", everywhere([](const MediaService& s) {
                   return s.url(0) + "@" + s.url(1, "/f").substr(8);
                 }),
                 "shown"},
        TakenRow{"wt-media-host-anywhere", everywhere([](const MediaService& s) {
                   return s.url(1, "/f") + "?" + s.url(0).substr(8);
                 }),
                 "shown"},
        TakenRow{"wt-media-any-scheme", everywhere([](const MediaService& s) {
                   return "http" + s.url(0, "/f").substr(5);
                 }),
                 "shown"},
        TakenRow{"wt-media-files", everywhere([](const MediaService&) {
                   return std::string("file:///proc/self/cmdline");
                 }),
                 "other"},
        TakenRow{"wt-media-follows",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"] = {{.status = 302, .headers = {{"Location", s.url(2, "/g")}}}};
                   s.files["/g"] = {{.content = f.file}};
                 },
                 "shown"},
        TakenRow{"wt-media-follows-with-token",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"] = {{.status = 302, .headers = {{"Location", s.url(2, "/g")}}}};
                   s.files["/g"] = {{.content = f.file}};
                 },
                 "shown"},
        TakenRow{"wt-media-any-status",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"] = {{.status = 404, .content = f.file}};
                 },
                 "shown"},
        TakenRow{"wt-media-retries-without-end",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"].assign(6, {.status = 503});
                   s.files["/f"].push_back({.content = f.file});
                 },
                 "shown"},
        TakenRow{"wt-may-media-retries-more",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"].assign(5, {.status = 503});
                   s.files["/f"].push_back({.content = f.file});
                 },
                 "shown"},
        TakenRow{"wt-may-media-never-retries",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"] = {{.status = 503}, {.content = f.file}};
                 },
                 "unavailable", "shown"},
        TakenRow{"wt-media-retries-gone",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"].assign(6, {.status = 404});
                   s.files["/f"].push_back({.content = f.file});
                 },
                 "shown"}));

TEST(FetchesWithCredentials, AsItsFaultHasIt) {
  struct Row {
    const char* fault;
    std::size_t host;
    const char* authorization;
  };
  for (const auto& [fault, host, authorization] :
       {Row{"wt-media-any-host", 1, ""}, Row{"wt-media-token-to-any-host", 1, "Bearer down-token"},
        Row{"wt-media-fetches-without-token", 0, ""},
        Row{"wt-media-fetches-wrong-token", 0, "Bearer up-token"}}) {
    MediaService service;
    (void)received(
        service, [&](MediaService& s, HostedFile& f) { at(f, s.url(host, "/f")); },
        faults_named(fault));
    ASSERT_EQ(service.requests.size(), 1U) << fault;
    EXPECT_EQ(service.requests.front().field("authorization"), authorization) << fault;
  }
  for (const char* fault : {"wt-media-follows", "wt-media-follows-with-token"}) {
    MediaService service;
    (void)received(
        service,
        [](MediaService& s, HostedFile&) {
          s.files["/f"] = {{.status = 302, .headers = {{"Location", s.url(1, "/g")}}}};
        },
        faults_named(fault));
    ASSERT_EQ(service.requests.size(), 2U) << fault;
    EXPECT_EQ(service.requests.back().field("authorization").empty(),
              fault == std::string("wt-media-follows"));
  }
}

// How much of an endless body is read.
TEST(FetchesTooMuch, OfABodyBeyondWhatWasAnnounced) {
  for (const bool unbounded : {false, true}) {
    std::size_t written = 0;
    MediaService service;
    (void)received(
        service,
        [&](MediaService& s, HostedFile&) {
          s.files["/f"] = {{.takeover = [&](net::Stream& stream) {
            return pour(stream, 40 * 1024 * 1024, written);
          }}};
        },
        unbounded ? faults_named("wt-media-body-unbounded") : FaultSet());
    EXPECT_EQ(written >= 40U * 1024 * 1024, unbounded) << written;
  }
}

TEST(FetchesWithLiberty, HeadFirstOrInParts) {
  MediaService service;
  EXPECT_EQ(outcome(received(service, {}, faults_named("wt-may-media-asks-head"))), "shown");
  ASSERT_EQ(service.requests.size(), 2U);
  EXPECT_EQ(service.requests[0].line, "HEAD /f");
  MediaService whole;  // which has no parts
  EXPECT_EQ(outcome(received(whole, {}, faults_named("wt-may-media-in-ranges"))), "shown");
  EXPECT_EQ(whole.requests.front().field("range"), "bytes=0-65535");
  MediaService parts;
  const auto in_parts = [](MediaService& s, HostedFile& f) {
    const auto part = [&](std::size_t from, std::size_t count) {
      return MediaService::Page{
          .status = 206,
          .content = f.file.substr(from, count),
          .headers = {{"Content-Range",
                       fmt::format("bytes {}-{}/{}", from, from + count - 1, f.file.size())}}};
    };
    s.files["/f"] = {part(0, 20), part(20, f.file.size() - 20)};
  };
  EXPECT_EQ(outcome(received(parts, in_parts, faults_named("wt-may-media-in-ranges"))), "shown");
  ASSERT_EQ(parts.requests.size(), 2U);
  EXPECT_EQ(parts.requests[1].field("range"), "bytes=20-65555");
}

TEST(ShowsWithLiberty, ATextBeforeTheFileThatItCameBehind) {
  MediaService service;
  const auto told = received(service, {}, faults_named("wt-may-media-text-overtakes"));
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front()["text"], "behind");
}

TEST(ShowsWrongly, KindAndCaption) {
  MediaService service;
  const Bend voice = [](MediaService&, HostedFile& file) { file.message.ptt = 1; };
  auto told = received(service, voice, faults_named("wt-media-other-kind-shown"), FileKind::voice);
  EXPECT_EQ(media_of(told)["kind"], "audio");
  MediaService again;
  const Bend captioned = [](MediaService&, HostedFile& file) { file.message.caption = "look"; };
  told = received(again, captioned, faults_named("wt-media-caption-not-shown"));
  EXPECT_EQ(told.at(0)["text"], "");
}

}  // namespace
}  // namespace parley::reference::whatsapp
