#include "dojo/base/text.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace dojo {
namespace {

TEST(OneLine, ControlCodesAreWrittenOut) {
  EXPECT_EQ(one_line("a\nb\x1b[2J\x7f"), "a\\x0ab\\x1b[2J\\x7f");
  EXPECT_EQ(one_line(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(one_line("a\xc2\x9b"
                     "2J"),
            "a\\x9b2J");
}

TEST(OneLine, OtherTextStaysAsItIs) {
  EXPECT_EQ(one_line("caf\xc3\xa9 \xe2\x82\xac \xc2\xa0.mp4"),
            "caf\xc3\xa9 \xe2\x82\xac \xc2\xa0.mp4");
  EXPECT_EQ(one_line(""), "");
}

TEST(OneLine, BytesThatAreNoUtf8AreWrittenOut) {
  EXPECT_EQ(one_line("caf\xe9.mp4"), "caf\\xe9.mp4");
  EXPECT_EQ(one_line("\xc2"), "\\xc2");
  EXPECT_EQ(one_line("\x9b"), "\\x9b");
}

TEST(ForTable, OfALongNameTheMiddleIsLeftOut) {
  EXPECT_EQ(for_table("a/short.mp4", 11), "a/short.mp4");
  EXPECT_EQ(for_table("2026-05-01/front.mp4", 19), "2026-0…01/front.mp4");
  EXPECT_EQ(columns_of(for_table(std::string(1000, 'x') + "end.mp4")), 72u);
  EXPECT_TRUE(for_table(std::string(1000, 'x') + "end.mp4").ends_with("xend.mp4"));
  EXPECT_EQ(for_table("a\nb", 4), "a…ab");
}

TEST(ForTable, WideCharactersAreNotCut) {
  EXPECT_EQ(columns_of("caf\xc3\xa9"), 4u);
  EXPECT_EQ(columns_of("東京…"), 5u);
  EXPECT_EQ(for_table("東京の道路.mp4", 14), "東京の道路.mp4");
  EXPECT_EQ(for_table("東京の道路.mp4", 12), "東…道路.mp4");
  for (size_t most = 2; most < 14; ++most) {
    const std::string name = for_table("東京の道路.mp4", most);
    EXPECT_LE(columns_of(name), most);
    EXPECT_EQ(to_utf8(name), name);
  }
}

TEST(ToUtf8, OnlyBytesThatAreNoUtf8AreWrittenOut) {
  EXPECT_EQ(to_utf8("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x97"),
            "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x97");
  EXPECT_EQ(to_utf8("caf\xe9.mp4"), "caf\\xe9.mp4");
  EXPECT_EQ(to_utf8("\xc3"), "\\xc3");                             // cut
  EXPECT_EQ(to_utf8("\xc0\xaf"), "\\xc0\\xaf");                    // too long a form
  EXPECT_EQ(to_utf8("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // half a pair
  EXPECT_EQ(to_utf8("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
}

TEST(ToUtf8, EveryNameComesBackByteByByte) {
  EXPECT_EQ(to_utf8("caf\\xe9.mp4"), "caf\\x5cxe9.mp4");
  EXPECT_EQ(to_utf8("a\\b\\"), "a\\b\\");
  for (const char* name : {"", "caf\xe9.mp4", "caf\\xe9.mp4", "caf\\\xe9.mp4", "caf\xc3\xa9.mp4",
                           "\\", "\\x", "\\x5", "\\\\x5cx", "\\xzz", "\xe9\\x\xff"})
    EXPECT_EQ(name_of_utf8(to_utf8(name)), name) << to_utf8(name);
}

TEST(FileUri, KeepsEveryByteOfThePath) {
  EXPECT_EQ(file_uri("/a b/caf\xe9%.mp4"), "file:///a%20b/caf%E9%25.mp4");
  EXPECT_EQ(file_uri("a.mp4"), "file://" + std::filesystem::absolute("a.mp4").string());
}

TEST(ShellWord, IsQuotedWhereAShellNeedsIt) {
  EXPECT_EQ(shell_word("runs/predict-001"), "runs/predict-001");
  EXPECT_EQ(shell_word("my clips"), "'my clips'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("caf\xc3\xa9"), "'caf\xc3\xa9'");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a\nb\\'\xe9"), "$'a\\x0ab\\\\\\'\\xe9'");
}

TEST(Text, ListsAreCutAfterThree) {
  EXPECT_EQ(listed({"a"}), "a");
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(listed({"a", "b", "c", "d", "e"}), "a, b, c and 2 more");
}

}  // namespace
}  // namespace dojo
