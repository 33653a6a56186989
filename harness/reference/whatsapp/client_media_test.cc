// SPDX-License-Identifier: GPL-3.0-or-later
// What the reference client of profile `whatsapp` does with files, without faults: those that its
// user sends are looked at where it uploads them and in what it says of them, those that it is sent
// lie at a host over real TLS.
#include <gtest/gtest.h>

#include "harness/crypto/digest.h"
#include "harness/crypto/media/media_forgery.h"
#include "harness/reference/whatsapp/client_media_scenes.h"

namespace parley::reference::whatsapp {
namespace {

struct KindRow {
  const char* kind;
  wire::MediaType type;
  media::MediaKind keys;
  const char* mediatype;
};
class SendsAFile : public testing::TestWithParam<KindRow> {};

TEST_P(SendsAFile, EncryptedAndAnnounced) {
  const auto& row = GetParam();
  MediaService service;
  const auto sent =
      send_files(service, {file_to_send(row.kind, {{"name", "n.pdf"}, {"seconds", 7}})});
  ASSERT_EQ(sent.media.size(), 1U) << sent.log;
  const auto& message = sent.media.front();
  EXPECT_EQ(message.type, row.type);
  EXPECT_EQ(message.url, service.answered_url());
  EXPECT_EQ(message.mimetype, "type/of");
  EXPECT_EQ(message.file_length, kFile.size());
  EXPECT_TRUE(message.media_key_timestamp.value_or(0) > 1'700'000'000);
  ASSERT_TRUE(message.media_key && message.media_key->size() == 32);
  const std::string kind = row.kind;
  EXPECT_EQ(message.ptt.value_or(0), kind == "voice" ? 1U : 0U);
  EXPECT_EQ(message.gif_playback.value_or(0), kind == "gif" ? 1U : 0U);
  EXPECT_EQ(message.file_name.value_or(""), kind == "document" ? "n.pdf" : "");
  ASSERT_NE(service.upload(), nullptr);
  const auto& upload = *service.upload();
  EXPECT_EQ(upload.field("authorization"), "Bearer up-token");
  EXPECT_EQ(upload.field("content-type"), "application/octet-stream");
  const auto opened =
      media::decrypt_media(*media::expand(*message.media_key, row.keys), upload.message.body,
                           {.file_sha256 = message.file_sha256,
                            .file_enc_sha256 = message.file_enc_sha256,
                            .file_length = message.file_length,
                            .sidecar = {}});
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(*opened, kFile);
  EXPECT_EQ(sent.messages.front().get("type"), "media");
  EXPECT_EQ(sent.messages.front().child("enc")->get("mediatype"), row.mediatype);
  EXPECT_TRUE(shows(sent.log, R"([answered {"from":"13-5@interop","id":"f1","type":"result")"))
      << sent.log;
}

INSTANTIATE_TEST_SUITE_P(
    All, SendsAFile,
    testing::Values(
        KindRow{"image", wire::MediaType::image, media::MediaKind::image, "image"},
        KindRow{"video", wire::MediaType::video, media::MediaKind::video, "video"},
        KindRow{"gif", wire::MediaType::video, media::MediaKind::video, "gif"},
        KindRow{"voice", wire::MediaType::audio, media::MediaKind::audio, "ptt"},
        KindRow{"audio", wire::MediaType::audio, media::MediaKind::audio, "audio"},
        KindRow{"document", wire::MediaType::document, media::MediaKind::document, "document"},
        KindRow{"sticker", wire::MediaType::sticker, media::MediaKind::image, "sticker"}),
    [](const auto& row) { return row.param.kind; });

TEST(SendsFiles, EachUnderAKeyOfItsOwn) {
  MediaService service;
  const auto sent = send_files(service, {file_to_send("image"), file_to_send("image")});
  ASSERT_EQ(sent.media.size(), 2U) << sent.log;
  EXPECT_NE(sent.media[0].media_key->reveal(), sent.media[1].media_key->reveal());
  EXPECT_EQ(sent.media[0].file_sha256, sent.media[1].file_sha256);
}

TEST(SendsFiles, AsOftenOneAfterTheOtherAsIsSaid) {
  MediaService service;
  const auto sent = send_files(service, {file_to_send("document", {{"times", 10'000}}),
                                         file_to_send("document", {{"times", 0}})});
  ASSERT_EQ(sent.media.size(), 2U) << sent.log;
  const bool large_first = sent.media[0].file_length != 0U;
  EXPECT_EQ(sent.media[large_first ? 0 : 1].file_length, 160'000U);
  EXPECT_EQ(sent.media[large_first ? 1 : 0].file_length, 0U);
  EXPECT_EQ(sent.media[large_first ? 1 : 0].file_sha256, crypto::sha256(""));
}

// What comes of an upload that is answered so.
struct UploadRow {
  const char* name;
  MediaService::Page page;
  int asked;
};
class FailsToUpload : public testing::TestWithParam<UploadRow> {};

TEST_P(FailsToUpload, AndSaysSoInPlaceOfTheMessage) {
  MediaService service;
  service.uploads = {GetParam().page};
  const auto sent = send_files(service, {file_to_send("image")});
  EXPECT_TRUE(sent.media.empty());
  EXPECT_TRUE(shows(sent.log, R"([answered {"condition":"not-uploaded","from":"13-5@interop",)"
                              R"("id":"f1","type":"error")"))
      << sent.log;
  EXPECT_EQ(service.asked("POST"), GetParam().asked);
}

INSTANTIATE_TEST_SUITE_P(
    All, FailsToUpload,
    testing::Values(
        UploadRow{"Unauthorised", {.status = 401}, 1}, UploadRow{"TooLarge", {.status = 413}, 1},
        UploadRow{"Ok", {.status = 200, .content = R"({"url":"https://localhost:1/a"})"}, 1},
        UploadRow{"Busy", {.status = 503}, 3},
        UploadRow{"NoJson", {.status = 201, .content = "https://localhost:1/a"}, 1},
        UploadRow{"PathAlone", {.status = 201, .content = R"({"url":"/media/1"})"}, 1},
        UploadRow{"InClear", {.status = 201, .content = R"({"url":"http://localhost:1/a"})"}, 1}),
    [](const auto& row) { return row.param.name; });

TEST(SendsFiles, AgainWhereTheServerWasBusy) {
  MediaService service;
  service.uploads.insert(service.uploads.begin(), {.status = 503});
  const auto sent = send_files(service, {file_to_send("image")});
  ASSERT_EQ(sent.media.size(), 1U) << sent.log;
  EXPECT_EQ(service.asked("POST"), 2);
  EXPECT_NE(service.requests[0].message.body, service.requests[1].message.body);
}

class TrustsNoHost : public testing::TestWithParam<crypto::LeafKind> {};

TEST_P(TrustsNoHost, WithAnotherCertificate) {
  MediaService service(GetParam());
  const auto sent = send_files(service, {file_to_send("image")});
  EXPECT_TRUE(sent.media.empty());
  EXPECT_TRUE(service.requests.empty());
}

INSTANTIATE_TEST_SUITE_P(All, TrustsNoHost,
                         testing::Values(crypto::LeafKind::unknown_ca,
                                         crypto::LeafKind::self_signed,
                                         crypto::LeafKind::other_host, crypto::LeafKind::expired));

// --- receiving ---

TEST(ReceivesAFile, AndShowsItInItsPlace) {
  MediaService service;
  const auto told = received(service, [](MediaService&, HostedFile& file) {
    file.message.caption = "look";
    file.message.file_name = "../in/voice\u202e.pdf";
  });
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0], (json{{"user", "5550100"},
                           {"from", "13-5@interop"},
                           {"id", "m1"},
                           {"type", "media"},
                           {"text", "look"},
                           {"media",
                            {{"kind", "document"},
                             {"mimetype", "application/pdf"},
                             {"name", "voice.pdf"},
                             {"length", kFile.size()},
                             {"sha256", to_hex(crypto::sha256(kFile))}}}}));
  EXPECT_EQ(told[1]["text"], "behind");
  ASSERT_EQ(service.requests.size(), 1U);
  EXPECT_EQ(service.requests[0].line, "GET /f");
  EXPECT_EQ(service.requests[0].field("authorization"), "Bearer down-token");
}

TEST(ReceivesAFile, OfEachKind) {
  for (const auto kind : {FileKind::image, FileKind::video, FileKind::gif, FileKind::voice,
                          FileKind::audio, FileKind::document}) {
    MediaService service;
    const auto told = received(
        service,
        [&](MediaService&, HostedFile& file) {
          file.message.ptt = kind == FileKind::voice ? 1 : 0;
          file.message.gif_playback = kind == FileKind::gif ? 1 : 0;
        },
        {}, kind);
    EXPECT_EQ(media_of(told)["kind"], std::string(to_string(kind)));
    EXPECT_EQ(media_of(told)["length"], kFile.size());
  }
}

class ForgedFile : public testing::TestWithParam<std::string_view> {};

TEST_P(ForgedFile, IsNotShown) {
  Rng rng(9);
  const auto forged = media::forge_media(GetParam(), {.media_key = media::make_media_key(rng),
                                                      .other_key = media::make_media_key(rng),
                                                      .kind = media::MediaKind::document,
                                                      .plaintext = Bytes(kFile)});
  ASSERT_TRUE(forged);
  MediaService service;
  const auto told = received(service, [&](MediaService& serving, HostedFile& file) {
    serving.files["/f"] = {{.content = forged->file}};
    file.message.media_key = forged->media_key;
    file.message.file_sha256 = forged->description.file_sha256;
    file.message.file_enc_sha256 = forged->description.file_enc_sha256;
    file.message.file_length = forged->description.file_length;
  });
  const bool of_sidecar = GetParam().starts_with("sidecar");  // which documents do not have
  EXPECT_EQ(unavailable(media_of(told)), !of_sidecar) << media_of(told);
}

INSTANTIATE_TEST_SUITE_P(All, ForgedFile, testing::ValuesIn([] {
                           std::vector<std::string_view> out;
                           for (const auto& forgery : media::media_forgeries()) {
                             out.push_back(forgery.name);
                           }
                           return out;
                         }()),
                         [](const auto& row) {
                           std::string name(row.param);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(ReceivesAFile, WhoseSidecarIsRight) {
  for (const bool right : {true, false}) {
    MediaService service;
    const auto told = received(
        service,
        [&](MediaService&, HostedFile& file) {
          const auto keys = media::expand(*file.message.media_key, media::MediaKind::audio);
          auto made = media::encrypt_media(*keys, kFile, media::SidecarWanted::yes);
          file.message.sidecar = made->description.sidecar;
          file.message.sidecar->front() ^= right ? 0 : 1;
        },
        {}, FileKind::audio);
    EXPECT_EQ(unavailable(media_of(told)), !right);
  }
}

// What is wrong with a file's place, and how often it is asked for.
struct PlaceRow {
  const char* name;
  void (*bend)(MediaService&, HostedFile&);
  int asked = 0;
};
class FileThatIsNotHad : public testing::TestWithParam<PlaceRow> {};

TEST_P(FileThatIsNotHad, IsToldAsThat) {
  MediaService service;
  const auto told = received(service, GetParam().bend);
  EXPECT_EQ(media_of(told), (json{{"kind", "document"}, {"unavailable", true}}));
  EXPECT_EQ(std::ssize(service.requests), GetParam().asked);
}

void status(MediaService& service, int status) {
  service.files["/f"] = {{.status = status, .content = "some words about it"}};
}

INSTANTIATE_TEST_SUITE_P(
    Places, FileThatIsNotHad,
    testing::Values(
        PlaceRow{"OtherHost",
                 [](MediaService& s, HostedFile& f) { f.message.url = s.url(1, "/f"); }},
        PlaceRow{"Clear", [](MediaService& s, HostedFile& f) { f.message.url = s.url(2, "/f"); }},
        PlaceRow{"ClearAtThePort",
                 [](MediaService& s, HostedFile& f) {
                   f.message.url = "http" + s.url(0, "/f").substr(5);
                 }},
        PlaceRow{"File",
                 [](MediaService&, HostedFile& f) { f.message.url = "file:///etc/hostname"; }},
        PlaceRow{
            "UserInformation",
            [](MediaService& s, HostedFile& f) { f.message.url = s.url(0) + "@localhost:1/f"; }},
        PlaceRow{"PathAlone", [](MediaService&, HostedFile& f) { f.message.url = "/f"; }},
        PlaceRow{"None", [](MediaService&, HostedFile& f) { f.message.url.reset(); }}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Answers, FileThatIsNotHad,
    testing::Values(
        PlaceRow{"NotFound", [](MediaService& s, HostedFile&) { status(s, 404); }, 1},
        PlaceRow{"Gone", [](MediaService& s, HostedFile&) { status(s, 410); }, 1},
        PlaceRow{"Forbidden", [](MediaService& s, HostedFile&) { status(s, 403); }, 1},
        PlaceRow{"Busy", [](MediaService& s, HostedFile&) { status(s, 503); }, 3},
        PlaceRow{"Redirect",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"] = {{.status = 302, .headers = {{"Location", "/g"}}}};
                   s.files["/g"] = {{.content = f.file}};
                 },
                 1},
        PlaceRow{"Endless",
                 [](MediaService& s, HostedFile&) { s.files["/f"] = {{.takeover = endless}}; }, 1},
        PlaceRow{"LongerThanAnnounced",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"] = {{.content = f.file + Bytes(100'000, 'x')}};
                 },
                 1},
        PlaceRow{"Cut",
                 [](MediaService& s, HostedFile& f) {
                   s.files["/f"] = {{.content = f.file.substr(0, 30)}};
                 },
                 1}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Announcements, FileThatIsNotHad,
    testing::Values(
        PlaceRow{
            "TooLarge",
            [](MediaService&, HostedFile& f) { f.message.file_length = kMostMediaFileOctets + 1; }},
        PlaceRow{"NoLength", [](MediaService&, HostedFile& f) { f.message.file_length.reset(); }},
        PlaceRow{"NoHash", [](MediaService&, HostedFile& f) { f.message.file_sha256.reset(); }},
        PlaceRow{"NoEncHash",
                 [](MediaService&, HostedFile& f) { f.message.file_enc_sha256.reset(); }},
        PlaceRow{"NoKey", [](MediaService&, HostedFile& f) { f.message.media_key.reset(); }}),
    [](const auto& row) { return row.param.name; });

TEST(ReceivesAFile, AtTheThirdAttempt) {
  MediaService service;
  const auto told = received(service, [](MediaService& serving, HostedFile& file) {
    serving.files["/f"] = {{.status = 503}, {.status = 500}, {.content = file.file}};
  });
  EXPECT_EQ(media_of(told)["length"], kFile.size());
}

TEST(ReceivesAFile, UnderANameOfItsOwn) {
  MediaService service;
  Scene scene;
  scene.silence = kFilesTakeTime;
  std::vector<std::string> names;
  scene.before = [&](const asio::any_io_executor& executor) { return service.open(executor); };
  scene.after = [&] { service.stop(); };
  scene.opening = [&](Correspondent& peer) {
    auto file = hosted(Bytes(kFile));
    file.message.url = service.url(0, "/f");
    file.message.file_name = "a.pdf";
    service.files["/f"] = {{.content = file.file}};
    peer.begin();
    peer.tell_media("m1", content_of(file.message));
    peer.tell_media("m2", content_of(file.message));
  };
  scene.on_receipt = [](Correspondent& peer, const std::string& id) {
    if (id == "m2") {
      peer.fence();
    }
  };
  scene.on_told = [&](ClientDriver&, const std::string& method, const json& told) {
    if (method == "received") {
      names.push_back(told["media"]["name"]);
    }
  };
  (void)converse(scene, {});
  EXPECT_EQ(names, (std::vector<std::string>{"a.pdf", "a (1).pdf"}));
}

}  // namespace
}  // namespace parley::reference::whatsapp
