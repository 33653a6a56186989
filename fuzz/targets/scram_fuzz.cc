// SPDX-License-Identifier: GPL-3.0-or-later
// Target: crypto/scram.h, what either side reads of the other. Input: a letter, then 'u' a user's
// name, 'c' a client's first message, 's' a server's first one, 'f' a client's final one, 'x'
// octets that are laid over an honest final one (xor, the surplus appended). Oracles: a name is
// escaped and read the same; who is answered can go on to the end, and each side sees that the
// other knows the password; no final message but the honest one proves anything; why one is refused
// says nothing of the password.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/laid_over.h"
#include "fuzz/oracle.h"
#include "fuzz/oracles/secrets.h"
#include "harness/crypto/scram.h"

namespace {

using namespace parley;
using namespace parley::crypto;

constexpr std::string_view kPassword = "a password of many letters";
constexpr std::string_view kSalt = "salt";
constexpr int kIterations = 2;  // few, so that it is fast

struct Honest {
  std::string first = scram_client_first("user", "client");
  std::string server = scram_server_first(first, "server", kSalt, kIterations).value_or("");
  std::string final_message = scram_client_final(kPassword, first, server).value_or("");
  ScramCredentials credentials = scram_credentials(kPassword, kSalt, kIterations);
};
const Honest& honest() {
  static const Honest made;
  return made;
}

// A million iterations are allowed, and would take a second.
bool costs_much(std::string_view server_first) {
  for (auto at = server_first.find("i="); at != std::string_view::npos;
       at = server_first.find("i=", at + 1)) {
    int count = 0;
    const auto digits = server_first.substr(at + 2);
    std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (count > 64) {
      return true;
    }
  }
  return false;
}

void check_user(std::string_view user) {
  const auto first = scram_client_first(user, "client");
  PARLEY_ORACLE(scram_user(first) == std::string(user));
}

// Both know the password: what the one has taken the other goes on from.
void check_exchange(std::string_view first, std::string_view server) {
  const auto final_message = scram_client_final(kPassword, first, server);
  if (!final_message) {
    PARLEY_ORACLE(!fuzz::says(final_message.error().detail, kPassword));
    return;
  }
  const auto signature = scram_signature(kPassword, first, server);
  PARLEY_ORACLE(signature);
  PARLEY_ORACLE(scram_server_final_is_right(kPassword, first, server, *signature));
  PARLEY_ORACLE(!scram_server_final_is_right("another password", first, server, *signature));
}

void check_client_first(std::string_view first) {
  const auto server = scram_server_first(first, "server", kSalt, kIterations);
  if (server && !costs_much(*server)) {
    PARLEY_ORACLE(scram_client_final(kPassword, first, *server));
    check_exchange(first, *server);
  }
}

void check_final(std::string_view final_message) {
  const auto& right = honest();
  const auto answer =
      scram_server_final(right.credentials, right.first, right.server, final_message);
  PARLEY_ORACLE(answer.has_value() == (final_message == right.final_message));
  PARLEY_ORACLE(answer || !fuzz::says(answer.error().detail, right.credentials.stored_key));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) {
    return 0;
  }
  const auto rest = input.substr(1);
  switch (input[0]) {
    case 'u':
      check_user(rest);
      break;
    case 'c':
      check_client_first(rest);
      break;
    case 's':
      if (!costs_much(rest)) {
        check_exchange(honest().first, rest);
      }
      break;
    case 'x':
      check_final(fuzz::laid_over(honest().final_message, rest));
      break;
    default:
      check_final(rest);
      break;
  }
  return 0;
}
