// SPDX-License-Identifier: GPL-3.0-or-later
// The one place where Boost.Asio's own code is compiled.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
