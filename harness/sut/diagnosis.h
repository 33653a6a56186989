// SPDX-License-Identifier: GPL-3.0-or-later
// What is wrong with certificates and handshakes, in the words of a declaration. Safe from any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::sut {

struct Diagnosis {
  enum class Kind { certificate, other_name, not_tls };
  Kind kind;
  std::string_view sign;  // in what OpenSSL or the connection said
  std::string_view found;
  std::string_view mend;
};

// What a failed handshake that ended with the words `said` means; null when they are not known.
const Diagnosis* tls_diagnosis(std::string_view said);

// Nothing when `pem` holds certificates and each of them is valid now.
std::optional<Diagnosis> wrong_with_ca(const std::string& pem);

// How to mend a certificate that is for `names` and not for `domain`.
std::string mend_domain(const std::string& domain, const std::vector<std::string>& names);

}  // namespace parley::sut
