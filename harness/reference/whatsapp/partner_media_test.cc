// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_media.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace parley::reference::whatsapp {
namespace {

const Bytes kFile = "0123456789\nabcdef";

int status_of(const net::HttpAnswer& answer) { return answer.message.response()->status; }

class Media : public testing::Test {
 protected:
  net::HttpAnswer get(const std::string& path, const std::string& range = {},
                      const FaultSet& faults = {}, const std::string& method = "GET") {
    auto request = wire::http_request(method, path);
    if (!range.empty()) {
      request.headers.push_back({"Range", range});
    }
    return media_.answer(request, faults);
  }
  PartnerMedia media_{Rng(7)};
  const std::string path_ = media_.host(kFile, {});
};

TEST_F(Media, AreThereAsTheyCame) {
  EXPECT_EQ(get(path_).message.body, kFile);
  EXPECT_EQ(get(path_ + "?download").message.body, kFile);
  EXPECT_EQ(status_of(get(path_ + "0")), 404);
  EXPECT_EQ(status_of(get(std::string(kMediaFolder))), 404);
  EXPECT_EQ(status_of(get(path_, "", {}, "DELETE")), 405);
  EXPECT_EQ(get(path_).message.body, kFile);
}

TEST_F(Media, AreServedInParts) {
  struct Row {
    const char* range;
    int status;
    std::string body;
    std::string content_range;
  };
  const Row rows[] = {{"bytes=0-0", 206, "0", "bytes 0-0/17"},
                      {"bytes=2-4", 206, "234", "bytes 2-4/17"},
                      {"bytes=14-", 206, "def", "bytes 14-16/17"},
                      {"bytes=14-99", 206, "def", "bytes 14-16/17"},
                      {"bytes=-2", 206, "ef", "bytes 15-16/17"},
                      {"bytes=-99", 206, kFile, "bytes 0-16/17"},
                      {"bytes=17-", 416, "", "bytes */17"},
                      {"bytes=-0", 416, "", "bytes */17"},
                      {"bytes=4-2", 200, kFile, ""},
                      {"bytes=a-b", 200, kFile, ""},
                      {"bytes=-", 200, kFile, ""},
                      {"lines=0-1", 200, kFile, ""},
                      {"bytes=99999999999999999999999-", 200, kFile, ""}};
  for (const auto& row : rows) {
    const auto answer = get(path_, row.range);
    EXPECT_EQ(status_of(answer), row.status) << row.range;
    EXPECT_EQ(wire::value_of(answer.message.headers, "content-range"), row.content_range)
        << row.range;
    if (row.status != 416) {
      EXPECT_EQ(answer.message.body, row.body) << row.range;
    }
  }
}

TEST_F(Media, MakeRoomForNewerOnes) {
  for (std::size_t i = 0; i < kMostMediaFiles; ++i) {
    media_.host("x", {});
  }
  EXPECT_EQ(status_of(get(path_)), 404);
}

TEST_F(Media, TakeNoMoreMemoryThanThereIs) {
  const auto large = media_.host(Bytes(kMostMediaOctets - kFile.size(), 'x'), {});
  EXPECT_EQ(status_of(get(path_)), 200);
  const auto next = media_.host("y", {});
  EXPECT_EQ(status_of(get(path_)), 404);
  EXPECT_EQ(status_of(get(large, "", {}, "DELETE")), 405);
  EXPECT_EQ(get(large, "bytes=0-0").message.body, "x");
  EXPECT_EQ(get(next).message.body, "y");
}

TEST_F(Media, AreServedWronglyUnderAFault) {
  const auto under = [](const char* name) { return *fault_set({name}); };
  EXPECT_EQ(status_of(get(path_.substr(0, path_.size() - 3), "", under("wp-media-beginning"))),
            200);
  EXPECT_EQ(status_of(get(path_ + "/x", "", under("wp-media-more-behind"))), 200);
  EXPECT_EQ(status_of(get("/media/x", "", under("wp-media-unknown-empty"))), 200);
  EXPECT_EQ(get("/media/", "", under("wp-media-lists")).message.body, path_);
  EXPECT_EQ(get("/media/x", "", under("wp-media-of-another")).message.body, kFile);
  EXPECT_EQ(get(path_, "", under("wp-media-line-ends")).message.body.size(), kFile.size() + 1);
  EXPECT_EQ(get(path_, "bytes=0-3", under("wp-media-range-short")).message.body, "012");
  EXPECT_EQ(get(path_, "bytes=0-3", under("wp-media-range-as-whole")).message.body, kFile);
  EXPECT_EQ(media_.host("x", under("wp-media-sequential")), "/media/2");
  EXPECT_EQ(status_of(get(path_, "", under("wp-media-overwrites"), "PUT")), 204);
  EXPECT_EQ(get(path_, "", under("wp-media-once")).message.body, "");
  EXPECT_EQ(status_of(get(path_)), 404);
}

}  // namespace
}  // namespace parley::reference::whatsapp
