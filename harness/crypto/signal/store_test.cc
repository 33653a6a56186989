// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/base/encoding.h"
#include "harness/crypto/signal/folder_store.h"

namespace parley::crypto::signal {
namespace {

namespace fs = std::filesystem;

// A folder of its own a test, gone afterwards.
class StoreFolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(PARLEY_BINARY_DIR) / "signal_store_test" / info->name();
    fs::remove_all(folder_);
    store_ = std::move(*FolderStore::open(folder_));
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path only_file() const { return fs::directory_iterator(folder_)->path(); }
  Bytes contents() const {
    std::ifstream in(only_file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view octets) const {
    std::ofstream(only_file(), std::ios::binary | std::ios::trunc)
        .write(octets.data(), static_cast<std::streamsize>(octets.size()));
  }

  fs::path folder_;
  std::unique_ptr<FolderStore> store_;
};

std::string text_at(const Store& store, const std::string& name) {
  const auto record = store.load(name);
  if (!record) {
    return "error";
  }
  return *record ? std::string((*record)->reveal()) : "nothing";
}

void check_store(Store& store) {
  EXPECT_EQ(text_at(store, "a/1"), "nothing");
  ASSERT_TRUE(store.save("a/1", SecretBytes("one")));
  ASSERT_TRUE(store.save("a/2", SecretBytes("")));
  ASSERT_TRUE(store.save("b", SecretBytes(std::string("\0\xFF", 2))));
  ASSERT_TRUE(store.save("a/1", SecretBytes("other")));
  EXPECT_EQ(text_at(store, "a/1"), "other");
  EXPECT_EQ(text_at(store, "a/2"), "");
  EXPECT_EQ(text_at(store, "b"), std::string("\0\xFF", 2));
  EXPECT_EQ(*store.names("a/"), (std::vector<std::string>{"a/1", "a/2"}));
  EXPECT_EQ(store.names("")->size(), 3U);
  ASSERT_TRUE(store.remove("a/1"));
  ASSERT_TRUE(store.remove("a/1"));
  EXPECT_EQ(text_at(store, "a/1"), "nothing");
}

TEST(MemoryStore, SavesReplacesListsAndRemoves) {
  MemoryStore store;
  check_store(store);
}

TEST_F(StoreFolder, SavesReplacesListsAndRemoves) { check_store(*store_); }

TEST(Transaction, SavesReplacesListsAndRemoves) {
  MemoryStore below;
  Transaction transaction(below);
  check_store(transaction);
}

TEST(Transaction, LeavesNothingBehindUnlessItIsCommitted) {
  MemoryStore below;
  ASSERT_TRUE(below.save("kept", SecretBytes("as it was")));
  ASSERT_TRUE(below.save("removed", SecretBytes("as it was")));
  {
    Transaction transaction(below);
    ASSERT_TRUE(transaction.save("kept", SecretBytes("changed")));
    ASSERT_TRUE(transaction.save("new", SecretBytes("new")));
    ASSERT_TRUE(transaction.remove("removed"));
    EXPECT_EQ(*transaction.names(""), (std::vector<std::string>{"kept", "new"}));
  }
  EXPECT_EQ(text_at(below, "kept"), "as it was");
  EXPECT_EQ(*below.names(""), (std::vector<std::string>{"kept", "removed"}));
  Transaction transaction(below);
  ASSERT_TRUE(transaction.save("new", SecretBytes("new")));
  ASSERT_TRUE(transaction.remove("removed"));
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(*below.names(""), (std::vector<std::string>{"kept", "new"}));
}

TEST_F(StoreFolder, IsItsOwnersAlone) {
  EXPECT_EQ(fs::status(folder_).permissions() & fs::perms::all, fs::perms::owner_all);
}

TEST_F(StoreFolder, IsReadAgainByAnotherStore) {
  ASSERT_TRUE(store_->save("session/0/name/bob@gk.example", SecretBytes("record")));
  const auto again = FolderStore::open(folder_);
  ASSERT_TRUE(again);
  EXPECT_EQ(text_at(**again, "session/0/name/bob@gk.example"), "record");
}

TEST_F(StoreFolder, KeepsNamesOfPeersInside) {
  ASSERT_TRUE(store_->save("../../outside", SecretBytes("record")));
  EXPECT_EQ(text_at(*store_, "../../outside"), "record");
  EXPECT_EQ(fs::directory_iterator(folder_)->path().parent_path(), folder_);
  EXPECT_FALSE(fs::exists(folder_.parent_path().parent_path() / "outside"));
  EXPECT_EQ(store_->save(std::string(200, 'x'), SecretBytes("")).error().code, Errc::too_large);
  EXPECT_EQ(store_->load(std::string(200, 'x')).error().code, Errc::too_large);
}

TEST_F(StoreFolder, RefusesAFileThatIsCutAnywhere) {
  ASSERT_TRUE(store_->save("record", SecretBytes("ten octets")));
  const auto whole = contents();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    const auto record = store_->load("record");
    ASSERT_FALSE(record) << size;
    EXPECT_EQ(record.error().code, Errc::truncated) << size;
  }
  write(whole);
  EXPECT_EQ(text_at(*store_, "record"), "ten octets");
}

TEST_F(StoreFolder, RefusesAFileWithAnyOctetChanged) {
  ASSERT_TRUE(store_->save("record", SecretBytes("ten octets")));
  const auto whole = contents();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    write(changed);
    ASSERT_FALSE(store_->load("record")) << at;
  }
  write(whole + "x");
  EXPECT_EQ(store_->load("record").error().code, Errc::malformed);
}

TEST_F(StoreFolder, RefusesTheFileOfAnotherRecord) {
  ASSERT_TRUE(store_->save("one", SecretBytes("of one")));
  const auto file = contents();
  ASSERT_TRUE(store_->remove("one"));
  ASSERT_TRUE(store_->save("other", SecretBytes("of other")));
  write(file);
  EXPECT_EQ(store_->load("other").error().code, Errc::malformed);
}

TEST_F(StoreFolder, KeepsTheOldRecordWhenAWriteWasTorn) {
  ASSERT_TRUE(store_->save("record", SecretBytes("old")));
  std::ofstream(only_file().string() + ".new") << "half of";
  EXPECT_EQ(text_at(*store_, "record"), "old");
  EXPECT_EQ(store_->names("")->size(), 1U);
  ASSERT_TRUE(store_->save("record", SecretBytes("new")));
  EXPECT_EQ(text_at(*store_, "record"), "new");
}

TEST(FolderStoreOpen, SaysWhenTheFolderCannotBeMade) {
  EXPECT_EQ(FolderStore::open("/proc/none/such").error().code, Errc::io);
}

}  // namespace
}  // namespace parley::crypto::signal
