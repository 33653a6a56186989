// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::parse_media_transport. Input: the first letter of a type, then the message of a
// file. Oracles: what parses is written to what parses to the same, and says nothing that is longer
// than what came.
#include <array>
#include <cstdint>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/wire/media_transport.h"

namespace {

using parley::wire::MediaMessage;

void check_same(const MediaMessage& one, const MediaMessage& other) {
  for (const auto member : {&MediaMessage::url, &MediaMessage::mimetype, &MediaMessage::caption,
                            &MediaMessage::file_sha256, &MediaMessage::file_enc_sha256,
                            &MediaMessage::sidecar, &MediaMessage::file_name}) {
    PARLEY_ORACLE(one.*member == other.*member);
  }
  for (const auto member :
       {&MediaMessage::media_key_timestamp, &MediaMessage::file_length, &MediaMessage::seconds,
        &MediaMessage::gif_playback, &MediaMessage::ptt}) {
    PARLEY_ORACLE(one.*member == other.*member);
  }
  PARLEY_ORACLE(one.media_key.has_value() == other.media_key.has_value());
  PARLEY_ORACLE(!one.media_key || one.media_key->reveal() == other.media_key->reveal());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  using wire::MediaType;
  constexpr std::string_view kLetters = "idavs";
  constexpr std::array kTypes{MediaType::image, MediaType::document, MediaType::audio,
                              MediaType::video, MediaType::sticker};
  const auto which = size == 0 ? std::string_view::npos : kLetters.find(static_cast<char>(data[0]));
  if (which >= kTypes.size()) {
    return 0;
  }
  const auto type = kTypes[which];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto message = wire::parse_media_transport(type, input);
  if (!message) {
    return 0;
  }
  PARLEY_ORACLE(message->type == type);
  for (const auto& said : {message->url, message->mimetype, message->caption, message->file_sha256,
                           message->file_enc_sha256, message->sidecar, message->file_name}) {
    PARLEY_ORACLE(said.value_or("").size() <= input.size());
  }
  const auto written = wire::write_media_transport(*message);
  const auto again = wire::parse_media_transport(type, written);
  PARLEY_ORACLE(again);
  check_same(*again, *message);
  PARLEY_ORACLE(wire::write_media_transport(*again) == written);
  return 0;
}
