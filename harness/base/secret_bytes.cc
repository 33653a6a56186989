// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/secret_bytes.h"

#include <string.h>  // explicit_bzero is not in <cstring>

namespace parley {

SecretBytes::~SecretBytes() {
  if (!octets_.empty()) {
    explicit_bzero(octets_.data(), octets_.size());
  }
}

}  // namespace parley
