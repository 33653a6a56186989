// SPDX-License-Identifier: GPL-3.0-or-later
// What a client says of a file that it sends: to its server, which learns nothing of what is in it,
// and in the message. Sources: MED-005, MED-006, MED-012, MED-013. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "harness/base/secret_bytes.h"
#include "harness/crypto/media/media_stream.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/media_access.h"
#include "harness/wire/http_message.h"

namespace parley::reference::whatsapp {

wire::HttpMessage upload_request(const MediaAccess& access, const OutgoingFile& file,
                                 const SecretBytes& media_key, std::uint64_t octets,
                                 const FaultSet& faults);
// `target` is the upload's own.
std::string upload_target(std::string target, const OutgoingFile& file,
                          const SecretBytes& media_key, const FaultSet& faults);

// Of a file that is there.
struct Uploaded {
  std::string url;
  SecretBytes media_key;
  crypto::media::MediaDescription description;
  std::uint64_t octets = 0;  // as it lies there
};
wire::MediaMessage announcement(const OutgoingFile& file, const Uploaded& uploaded,
                                const FaultSet& faults);
// What <enc/> says as its mediatype.
std::string announced_mediatype(FileKind kind, const FaultSet& faults);

}  // namespace parley::reference::whatsapp
