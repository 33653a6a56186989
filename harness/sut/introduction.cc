// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/introduction.h"

#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace parley::sut {
namespace {

std::string text_of(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

Endpoints endpoints_of(const nlohmann::json& result) {
  Endpoints out;
  if (!result.is_object() || !result.contains("endpoints") || !result["endpoints"].is_object()) {
    return out;
  }
  for (const char* name :
       {"domain", "starttls", "direct-tls", "ca", "tcp", "root", "websocket", "enlistment", "proxy",
        "keys", "partner", "media", "download", "upload", "issuer", "client-ca", "client-name"}) {
    if (auto value = text_of(result["endpoints"], name); !value.empty()) {
      out[name] = std::move(value);
    }
  }
  return out;
}

asio::awaitable<Result<Introduction>> introduce(Driver& driver) {
  auto answer = co_await driver.call("describe", nlohmann::json::object(), kIntroductionTimeout);
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  if (!answer->is_object()) {
    co_return fail(Errc::io, "'describe' is answered with something else than an object");
  }
  co_return Introduction{.name = text_of(*answer, "name"),
                         .version = text_of(*answer, "version"),
                         .party = text_of(*answer, "party"),
                         .profile = text_of(*answer, "profile"),
                         .endpoints = endpoints_of(*answer)};
}

asio::awaitable<Result<void>> try_canary(Driver& driver, std::string token) {
  auto answer =
      co_await driver.call("canary-" + token, nlohmann::json::object(), kIntroductionTimeout);
  if (answer) {
    co_return fail(Errc::refused, "the driver answers a method that cannot exist");
  }
  if (answer.error().code == Errc::refused) {
    co_return fail(Errc::refused,
                   "the driver refuses a method that cannot exist with another code than -32001 "
                   "or -32601: " +
                       answer.error().detail);
  }
  if (answer.error().code != Errc::unsupported) {
    co_return std::unexpected(answer.error());
  }
  co_return Result<void>();
}

}  // namespace parley::sut
