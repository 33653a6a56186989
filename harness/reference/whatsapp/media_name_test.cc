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
class SafeName : public testing::TestWithParam<NameRow> {};

TEST_P(SafeName, IsOneComponentOfVisibleCharacters) {
  const auto& row = GetParam();
  EXPECT_EQ(safe_name({.kind = row.kind, .name = row.said, .mimetype = row.mimetype}, {}),
            row.saved);
}

INSTANTIATE_TEST_SUITE_P(
    All, SafeName,
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

TEST(SafeName, CutsWithinNoCharacter) {
  std::string said;
  for (int i = 0; i < 100; ++i) {
    said += "ü";
  }
  const auto saved = safe_name({.name = said + ".p", .mimetype = {}}, {});
  EXPECT_EQ(saved, said.substr(0, 118) + ".p");
  EXPECT_EQ(safe_name({.name = "x" + said + ".p", .mimetype = {}}, {}),
            "x" + said.substr(0, 116) + ".p");
}

TEST(SafeName, IsNotOneThatIsTaken) {
  EXPECT_EQ(safe_name({.name = "a.txt", .mimetype = {}}, {"a.txt", "a (1).txt"}), "a (2).txt");
}

}  // namespace
}  // namespace parley::reference::whatsapp
