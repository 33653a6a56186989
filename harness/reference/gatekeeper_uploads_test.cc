// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/gatekeeper_uploads.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <ctime>

#include "harness/crypto/certificate.h"
#include "harness/net/http_url.h"
#include "harness/reference/upload_slot.h"
#include "harness/wire/http_message.h"

namespace parley::reference {
namespace {

const Bytes kFile = "0123456789";

FaultSet with(const char* name) { return *fault_set({name}); }

class Uploads : public testing::Test {
 protected:
  Uploads() {
    const auto authority = crypto::CertificateAuthority::make(Rng(1), std::time(nullptr));
    const auto leaf = authority->issue("localhost", crypto::LeafKind::valid);
    uploads_ = *GatekeeperUploads::open(context_.get_executor(), contexts_, *leaf, Rng(2));
  }

  xml::Element ask(SlotRequest request, const FaultSet& faults = {}) {
    return uploads_->ask(slot_request(request), faults);
  }

  // The slot as a client reads it.
  Slot slot(const FaultSet& faults = {}) {
    auto iq = *xml::parse("<iq type='result'/>", "jabber:client");
    iq.children.emplace_back(ask({"a.html", kFile.size(), "text/html"}, faults));
    return *read_slot(iq, {});
  }

  int put(const Slot& slot, const Bytes& octets, wire::HttpFields headers = {}) {
    headers.insert(headers.end(), slot.headers.begin(), slot.headers.end());
    return status_of(
        uploads_->answer(wire::http_request("PUT", slot.put.target, std::move(headers), octets)));
  }
  net::HttpAnswer get(const Slot& slot) {
    return uploads_->answer(wire::http_request("GET", net::parse_http_url(slot.get)->target));
  }
  static int status_of(const net::HttpAnswer& answer) { return answer.message.response()->status; }

  static std::string refusal(const xml::Element& error) {
    return error.name == "error" && !error.elements().empty() ? error.elements().front()->name
                                                              : error.name;
  }

  boost::asio::io_context context_;
  net::TlsContexts contexts_;
  std::unique_ptr<GatekeeperUploads> uploads_;
};

TEST_F(Uploads, AreGotOnceTheyArePutAndServedToBeKept) {
  const auto place = slot();
  EXPECT_EQ(status_of(get(place)), 404);
  EXPECT_EQ(put(place, kFile, {{"Content-Type", "text/html"}}), 201);
  const auto answer = get(place);
  EXPECT_EQ(answer.message.body, kFile);
  EXPECT_EQ(wire::value_of(answer.message.headers, "content-disposition"), "attachment");
  EXPECT_TRUE(wire::value_of(answer.message.headers, "content-security-policy")
                  .starts_with("default-src 'none'"));
}

TEST_F(Uploads, AreRefusedWhenTheyAreNotWhatTheSlotWasAskedFor) {
  const auto place = slot();
  EXPECT_EQ(put(place, kFile + "x"), 413);
  EXPECT_EQ(put(place, "012"), 413);
  EXPECT_EQ(put(place, kFile, {{"Content-Type", "text/plain"}}), 400);
  auto stranger = place;
  stranger.headers.clear();
  EXPECT_EQ(put(stranger, kFile), 403);
  stranger.headers = slot().headers;
  EXPECT_EQ(put(stranger, kFile), 403);
  EXPECT_EQ(put(place, kFile), 201);
  EXPECT_EQ(put(place, kFile), 409);
}

TEST_F(Uploads, GetNoSlotWithoutANameANumberAndASizeThatIsAllowed) {
  EXPECT_EQ(refusal(ask({"", 1, ""})), "bad-request");
  EXPECT_EQ(refusal(ask({"../a", 1, ""})), "bad-request");
  EXPECT_EQ(refusal(ask({"a", kMostUploadOctets + 1, ""})), "not-acceptable");
  auto request = slot_request({"a", 1, ""});
  for (const char* size : {"", "-1", "1.5", "a", "1 ", "+1"}) {
    request.set("size", size);
    EXPECT_EQ(refusal(uploads_->ask(request, {})), "bad-request") << size;
  }
  request.set("size", "99999999999999999999999999");
  EXPECT_EQ(refusal(uploads_->ask(request, {})), "not-acceptable");
  EXPECT_EQ(refusal(uploads_->ask(request, with("gk-upload-any-length"))), "slot");
}

TEST_F(Uploads, MakeRoomForNewerOnes) {
  const auto first = slot();
  for (int i = 0; i < 2'000; ++i) {
    (void)ask({"a", 1, ""});
  }
  EXPECT_EQ(put(first, kFile), 404);
}

TEST_F(Uploads, AreTakenWronglyUnderAFault) {
  auto place = slot(with("gk-upload-token-missing"));
  place.headers.clear();
  EXPECT_EQ(put(place, kFile), 201);
  EXPECT_EQ(put(slot(with("gk-upload-longer-taken")), kFile + "x"), 201);
  EXPECT_EQ(put(slot(with("gk-upload-shorter-taken")), "0"), 201);
  const auto again = slot(with("gk-upload-overwrites"));
  EXPECT_EQ(put(again, kFile), 201);
  EXPECT_EQ(put(again, "9876543210"), 201);
  EXPECT_EQ(status_of(get(slot(with("gk-upload-nothing-served")))), 200);
  const auto path = uploads_->ask(slot_request({"../a", 1, ""}), with("gk-upload-name-as-path"));
  EXPECT_TRUE(path.child("get", kUploadNs)->get("url").ends_with("/../a"));
  const auto most = slot_request({"a", kMostUploadOctets, ""});
  EXPECT_EQ(refusal(uploads_->ask(most, {})), "slot");
  EXPECT_EQ(refusal(uploads_->ask(most, with("gk-upload-limit-exclusive"))), "not-acceptable");
}

TEST_F(Uploads, AreGivenAPlaceByTheNameAloneUnderAFault) {
  EXPECT_NE(slot().get, slot().get);
  const auto by_name = with("gk-upload-place-by-name");
  EXPECT_EQ(slot(by_name).get, slot(by_name).get);
}

TEST_F(Uploads, AreGotFromAnotherHostWhereTheyMayBe) {
  const auto elsewhere = slot(with("gk-may-upload-got-elsewhere"));
  EXPECT_TRUE(elsewhere.get.starts_with(uploads_->download_url() + "/"));
  EXPECT_NE(uploads_->download_url(), uploads_->url());
  EXPECT_EQ(put(elsewhere, kFile), 201);
}

TEST_F(Uploads, AreServedUnderThePolicyOfTheirFault) {
  const auto policy_of = [&](const FaultSet& faults) {
    const auto place = slot(faults);
    EXPECT_EQ(put(place, kFile), 201);
    return wire::value_of(get(place).message.headers, "content-security-policy");
  };
  EXPECT_EQ(policy_of({}), "default-src 'none'; frame-ancestors 'none'");
  EXPECT_TRUE(policy_of(with("gk-upload-policy-open")).ends_with("script-src *"));
  EXPECT_TRUE(policy_of(with("gk-may-upload-policy-otherwise")).ends_with("Default-Src 'none'"));
}

TEST_F(Uploads, AskForAHeaderThatMayBeNamedOrForNone) {
  const auto by_cookie = slot(with("gk-may-upload-cookie"));
  ASSERT_EQ(by_cookie.headers.size(), 1U);
  EXPECT_EQ(by_cookie.headers.front().name, "Cookie");
  EXPECT_EQ(put(by_cookie, kFile), 201);
  const auto by_url = slot(with("gk-may-upload-secret-in-url"));
  EXPECT_TRUE(by_url.headers.empty());
  EXPECT_EQ(put(by_url, kFile), 201);
}

}  // namespace
}  // namespace parley::reference
