// SPDX-License-Identifier: GPL-3.0-or-later
// The faults and liberties of the reference client with files that it sends, each by what its
// server and its peer get.
#include <gtest/gtest.h>

#include "harness/crypto/digest.h"
#include "harness/reference/whatsapp/client_media_scenes.h"

namespace parley::reference::whatsapp {
namespace {

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

}  // namespace
}  // namespace parley::reference::whatsapp
