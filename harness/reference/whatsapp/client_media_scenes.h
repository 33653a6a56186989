// SPDX-License-Identifier: GPL-3.0-or-later
// For the tests of what a client does with files: those that it is told to send, and one that it is
// sent. Not part of any library.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/reference/whatsapp/client_media_service.h"

namespace parley::reference::whatsapp {

using nlohmann::json;

inline constexpr std::string_view kFile = "a file's content";  // a block
// None of it is waited for where the client does what is waited for.
inline constexpr milliseconds kFilesTakeTime{5'000};

inline FaultSet faults_named(const char* name) {
  const auto out = fault_set({name});
  EXPECT_TRUE(out) << name;
  return out.value_or(FaultSet());
}

struct SentFiles {
  std::string log;
  std::vector<xml::Element> messages;
  std::vector<wire::MediaMessage> media;
};

inline json file_to_send(const std::string& kind, const json& more = json::object()) {
  json out = {{"kind", kind}, {"file", to_hex(kFile)}, {"mimetype", "type/of"}};
  out.update(more);
  return out;
}

// Has a client send each of the files, and close once each has gone out or has failed.
inline SentFiles send_files(MediaService& service, const std::vector<json>& files,
                            const FaultSet& faults = {}, milliseconds silence = kFilesTakeTime) {
  SentFiles out;
  std::size_t ended = 0;
  Scene scene;
  scene.silence = silence;
  scene.before = [&](const asio::any_io_executor& executor) { return service.open(executor); };
  scene.after = [&] { service.stop(); };
  scene.on_content = [&](const xml::Element& message, const wire::Content& content) {
    out.messages.push_back(message);
    out.media.insert(out.media.end(), content.media.begin(), content.media.end());
  };
  scene.on_told = [&](ClientDriver& driver, const std::string& method, const json& told) {
    if (method == "connected") {
      for (std::size_t i = 0; i < files.size(); ++i) {
        const auto sent = driver.handle("send", {{"user", "5550100"},
                                                 {"to", kPeer},
                                                 {"id", "f" + std::to_string(i + 1)},
                                                 {"text", "caption"},
                                                 {"media", files[i]}});
        EXPECT_TRUE(sent) << sent.error().message;
      }
    }
    if (method == "answered" && told["from"] == kPeer && ++ended == files.size()) {
      (void)driver.handle("close", {{"user", "5550100"}});
    }
  };
  out.log = converse(scene, faults);
  return out;
}

using Bend = std::function<void(MediaService&, HostedFile&)>;

// What a client tells its user of a file at /f that `bend` has made what it is.
inline std::vector<json> received(MediaService& service, const Bend& bend,
                                  const FaultSet& faults = {}, FileKind kind = FileKind::document) {
  std::vector<json> out;
  Scene scene;
  scene.silence = kFilesTakeTime;
  scene.before = [&](const asio::any_io_executor& executor) { return service.open(executor); };
  scene.after = [&] { service.stop(); };
  scene.opening = [&](Correspondent& peer) {
    auto file = hosted(Bytes(kFile), kind);
    file.message.url = service.url(0, "/f");
    if (bend) {
      bend(service, file);
    }
    service.files.try_emplace("/f", std::vector{MediaService::Page{.content = file.file}});
    peer.begin();
    peer.tell_media("m1", content_of(file.message), std::string(mediatype_of(kind)));
    peer.tell_text("m2", "behind");
  };
  scene.on_receipt = [](Correspondent& peer, const std::string& id) {
    if (id == "m2") {
      peer.fence();
    }
  };
  scene.on_told = [&](ClientDriver&, const std::string& method, const json& told) {
    if (method == "received") {
      out.push_back(told);
    }
  };
  const auto log = converse(scene, faults);
  EXPECT_TRUE(shows(log, "<ack class='message' id='m1' to='13-5@interop'/>")) << log;
  return out;
}

inline json media_of(const std::vector<json>& told) {
  return told.empty() ? json() : told[0]["media"];
}
inline bool unavailable(const json& media) { return media.value("unavailable", false); }

// So many octets of a body that nobody has said the length of; `written` counts them.
inline asio::awaitable<void> pour(net::Stream& stream, std::size_t octets, std::size_t& written) {
  (void)co_await stream.write("HTTP/1.1 200 OK\r\n\r\n");
  while (written < octets && co_await stream.write(Bytes(16'384, 'x'))) {
    written += 16'384;
  }
}

// More than was announced, without an end.
inline asio::awaitable<void> endless(net::Stream& stream) {
  Bytes octets = "HTTP/1.1 200 OK\r\n\r\n";
  while (co_await stream.write(octets)) {
    octets = Bytes(16'384, 'x');
  }
}

}  // namespace parley::reference::whatsapp
