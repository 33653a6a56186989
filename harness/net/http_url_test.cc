// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/net/http_url.h"

#include <gtest/gtest.h>

namespace parley::net {
namespace {

std::string shown(const Result<HttpUrl>& url) {
  return url ? to_string(*url) : std::string(to_string(url.error().code));
}

TEST(ParseHttpUrl, TakesItApart) {
  const auto url = parse_http_url("HTTPS://Issuer.Test:8443/.well-known/keys?v=1");
  ASSERT_TRUE(url) << url.error();
  EXPECT_EQ(*url,
            (HttpUrl{.host = "issuer.test", .port = 8443, .target = "/.well-known/keys?v=1"}));
  EXPECT_EQ(authority_of(*url), "issuer.test:8443");
  const auto bare = parse_http_url("http://[::1]?q");
  ASSERT_TRUE(bare) << bare.error();
  EXPECT_EQ(*bare,
            (HttpUrl{.scheme = HttpUrl::Scheme::http, .host = "::1", .port = 80, .target = "/?q"}));
  EXPECT_EQ(authority_of(*bare), "[::1]");
}

TEST(ParseHttpUrl, RefusesWhatIsNone) {
  const std::pair<std::string, Errc> kRows[] = {
      {"", Errc::unsupported},
      {"ftp://a/", Errc::unsupported},
      {"a.test/keys", Errc::unsupported},
      {"https:a", Errc::malformed},
      {"https:///keys", Errc::malformed},
      {"https://user@a/", Errc::unsupported},
      {"https://a/#x", Errc::unsupported},
      {"https://a:0/", Errc::malformed},
      {"https://a:65536/", Errc::malformed},
      {"https://a:1x/", Errc::malformed},
      {"https://[::1/", Errc::malformed},
      {"https://[::1]x/", Errc::malformed},
      {"https://a b/", Errc::malformed},
      {"https://a/\r\nHost: b", Errc::malformed},
      {"https://a%00/", Errc::malformed},
      {"https://a/" + std::string(9000, 'a'), Errc::too_large},
  };
  for (const auto& [text, code] : kRows) {
    const auto url = parse_http_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, code) << text;
  }
}

TEST(ResolveLocation, IsThatOfRfc3986) {
  const auto base = *parse_http_url("http://a:81/b/c/d;p?q");
  const std::pair<const char*, const char*> kRows[] = {
      {"g", "http://a:81/b/c/g"},
      {"./g", "http://a:81/b/c/g"},
      {"g/", "http://a:81/b/c/g/"},
      {"/g", "http://a:81/g"},
      {"//g", "http://g/"},
      {"?y", "http://a:81/b/c/d;p?y"},
      {"g?y/../x", "http://a:81/b/c/g?y/../x"},
      {"#s", "http://a:81/b/c/d;p?q"},
      {"", "http://a:81/b/c/d;p?q"},
      {".", "http://a:81/b/c/"},
      {"..", "http://a:81/b/"},
      {"../g", "http://a:81/b/g"},
      {"../../../../g", "http://a:81/g"},
      {"/../g", "http://a:81/g"},
      {"g..", "http://a:81/b/c/g.."},
      {"https://b/#x", "https://b/"},
      {"mailto:a", "unsupported"},
      {"a b", "malformed"},
  };
  for (const auto& [location, url] : kRows) {
    EXPECT_EQ(shown(resolve(base, location)), url) << location;
  }
}

}  // namespace
}  // namespace parley::net
