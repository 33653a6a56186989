// SPDX-License-Identifier: GPL-3.0-or-later
// The faults and liberties of the reference client with files that it is sent, each by what it asks
// for and what its user has.
#include <gtest/gtest.h>

#include "harness/crypto/digest.h"
#include "harness/crypto/media/media_forgery.h"
#include "harness/reference/whatsapp/client_media_scenes.h"

namespace parley::reference::whatsapp {
namespace {

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
                    TakenRow{"wt-media-padding-unchecked", forged_as("padding-uneven"), "other"},
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
        TakenRow{"wt-media-body-unbounded",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"] = {{.content = f.file + Bytes(100'000, 'x')}};
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

// How much of an endless body is read. More than any window of a socket holds, and little enough
// for the time that a fetch has on a slow machine.
TEST(FetchesTooMuch, OfABodyBeyondWhatWasAnnounced) {
  constexpr std::size_t kPoured = 16U * 1024 * 1024;
  for (const bool unbounded : {false, true}) {
    std::size_t written = 0;
    MediaService service;
    (void)received(
        service,
        [&](MediaService& s, HostedFile&) {
          s.files["/f"] = {
              {.takeover = [&](net::Stream& stream) { return pour(stream, kPoured, written); }}};
        },
        unbounded ? faults_named("wt-media-body-unbounded") : FaultSet());
    EXPECT_EQ(written >= kPoured, unbounded) << written;
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

// A host that says nothing until its peer goes.
asio::awaitable<void> stall(net::Stream& stream, std::function<void()> begun,
                            std::function<void()> gone) {
  begun();
  while (std::holds_alternative<Bytes>(co_await stream.read(milliseconds(0)))) {
  }
  gone();
}

// Who waits without an end does so until the driver forgets its user.
TEST(FetchesWithoutEnd, UntilItIsForgotten) {
  MediaService service;
  ClientDriver* driver = nullptr;
  bool gone = false;
  Scene scene;
  scene.before = [&](const asio::any_io_executor& executor) { return service.open(executor); };
  scene.opening = [&](Correspondent& peer) {
    auto file = hosted(Bytes(kFile));
    file.message.url = service.url(0, "/f");
    peer.begin();
    peer.tell_media("m1", content_of(file.message));
  };
  scene.on_told = [&](ClientDriver& told, const std::string&, const json&) { driver = &told; };
  const auto forget = [&] { (void)driver->handle("reset", {{"user", "5550100"}}); };
  const auto end = [&] {
    gone = true;
    service.stop();
  };
  MediaService::Page page;
  page.takeover = [&](net::Stream& stream) { return stall(stream, forget, end); };
  service.files["/f"] = {page};
  const auto log = converse(scene, faults_named("wt-media-any-time"));
  EXPECT_TRUE(gone);
  EXPECT_FALSE(shows(log, "[received")) << log;
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

}  // namespace
}  // namespace parley::reference::whatsapp
