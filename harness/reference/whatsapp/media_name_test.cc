// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_name.h"

#include <gtest/gtest.h>

namespace parley::reference::whatsapp {
namespace {

struct NameRow {
  const char* name;
  std::string said;
  std::string saved;
  std::string mimetype = "application/pdf";
  FileKind kind = FileKind::document;
};
class SavedName : public testing::TestWithParam<NameRow> {};

TEST_P(SavedName, IsOneComponentOfVisibleCharacters) {
  const auto& row = GetParam();
  EXPECT_EQ(saved_name({.kind = row.kind, .name = row.said, .mimetype = row.mimetype}, {}, {}),
            row.saved);
}

INSTANTIATE_TEST_SUITE_P(
    All, SavedName,
    testing::Values(NameRow{"Plain", "report.pdf", "report.pdf"},
                    NameRow{"Umlaut", "Übersicht.pdf", "Übersicht.pdf"},
                    NameRow{"Path", "../../etc/passwd", "passwd"},
                    NameRow{"Backslash", "..\\..\\boot.ini", "boot.ini"},
                    NameRow{"Dots", "..", "document.pdf"}, NameRow{"Hidden", ".bashrc", "bashrc"},
                    NameRow{"Folder", "a/", "document.pdf"}, NameRow{"None", "", "document.pdf"},
                    NameRow{"Control", std::string("a\0b\r\n\x7f.txt", 10), "ab.txt"},
                    NameRow{"Direction", "a\u202etxt.exe", "atxt.exe"},
                    NameRow{"Isolate", "\u2066a\u2069\u200b.txt", "a.txt"},
                    NameRow{"NoCharacter", "a\xff\xc3.txt", "a.txt"},
                    NameRow{"Stream", "a.txt:b", "a.txt_b"},
                    NameRow{"Device", "nul.txt", "_nul.txt"},
                    NameRow{"DeviceAndSpaces", "CON .txt", "_CON.txt"},
                    NameRow{"DeviceTwice", "COM1.tar.gz", "_COM1.tar.gz"},
                    NameRow{"Trailing", "a.exe. .", "a.exe"},
                    NameRow{"Long", std::string(300, 'a') + ".pdf", std::string(116, 'a') + ".pdf"},
                    NameRow{"LongUmlauts", "a" + std::string(10, 'b') + std::string(200, 'c'),
                            "a" + std::string(10, 'b') + std::string(109, 'c')},
                    NameRow{"Image", "", "image.png", "image/png", FileKind::image},
                    NameRow{"ImageOfText", "", "image.bin", "text/html", FileKind::image},
                    NameRow{"ImageOfAnotherFamily", "", "image.bin", "application/pdf",
                            FileKind::image},
                    NameRow{"Voice", "", "voice.ogg", "audio/ogg; codecs=opus", FileKind::voice},
                    NameRow{"TypeWithAPath", "", "video.bin", "video/../../x", FileKind::video}),
    [](const auto& row) { return row.param.name; });

TEST(SavedName, CutsWithinNoCharacter) {
  std::string said;
  for (int i = 0; i < 100; ++i) {
    said += "ü";
  }
  const auto saved = saved_name({.name = said + ".p", .mimetype = {}}, {}, {});
  EXPECT_EQ(saved, said.substr(0, 118) + ".p");
  EXPECT_EQ(saved_name({.name = "x" + said + ".p", .mimetype = {}}, {}, {}),
            "x" + said.substr(0, 116) + ".p");
}

TEST(SavedName, IsNotOneThatIsTaken) {
  EXPECT_EQ(saved_name({.name = "a.txt", .mimetype = {}}, {"a.txt", "a (1).txt"}, {}), "a (2).txt");
}

struct CarelessRow {
  const char* fault;
  std::string said;
  std::string saved;
};
class SavedCarelessly : public testing::TestWithParam<CarelessRow> {};

TEST_P(SavedCarelessly, UnderItsFault) {
  const auto faults = fault_set({GetParam().fault});
  ASSERT_TRUE(faults);
  EXPECT_EQ(saved_name({.name = GetParam().said, .mimetype = "text/html"}, {"taken.txt"}, *faults),
            GetParam().saved);
}

INSTANTIATE_TEST_SUITE_P(
    All, SavedCarelessly,
    testing::Values(CarelessRow{"wt-media-name-as-it-is", "../../etc/passwd", "../../etc/passwd"},
                    CarelessRow{"wt-media-name-cut-at-slash", "..\\..\\boot.ini", "\\..\\boot.ini"},
                    CarelessRow{"wt-media-name-with-directions", "a\u202etxt.exe",
                                "a\u202etxt.exe"},
                    CarelessRow{"wt-media-name-with-controls", "a\r\n.txt", "a\r\n.txt"},
                    CarelessRow{"wt-media-name-of-any-length", std::string(300, 'a') + ".pdf",
                                std::string(300, 'a') + ".pdf"},
                    CarelessRow{"wt-media-name-of-dots", "..", ".."},
                    CarelessRow{"wt-media-name-of-dots", ".bashrc", ".bashrc"},
                    CarelessRow{"wt-media-name-overwrites", "taken.txt", "taken.txt"},
                    CarelessRow{"wt-media-name-by-type", "", "document.html"},
                    CarelessRow{"wt-media-name-by-type", "a.pdf", "a.html"},
                    CarelessRow{"wt-may-media-numbers-names", "a.pdf", "file-2"}));

}  // namespace
}  // namespace parley::reference::whatsapp
