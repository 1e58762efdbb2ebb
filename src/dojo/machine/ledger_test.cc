#include "dojo/machine/ledger.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace dojo::machine {
namespace {

TEST(Ledger, IsWhatTheDocumentSays) {
  std::ifstream file(DOJO_SOURCE_DIR "/docs/machine.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  const std::string begin = "<!-- begin: dojo machine ledger -->\n";
  const size_t from = page.find(begin), to = page.find("<!-- end -->");
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  EXPECT_TRUE(page.substr(from + begin.size(), to - from - begin.size()) ==
              ledger(built_in_for_ledger()))
      << "put the output of `dojo machine ledger` into docs/machine.md";
}

TEST(Ledger, HasEachNumberOfAFileOnce) {
  const std::string text = ledger(built_in_for_ledger());
  for (const char* row : {"| `node/clock` | 2 GHz | published | HCu, CC1 |",
                          "| `die/grid/rows` | 18 rows | assumed |", "| peak_bf16 1.1 EFLOPS |"}) {
    const size_t at = text.find(row);
    ASSERT_NE(at, std::string::npos) << row;
    EXPECT_EQ(text.find(row, at + 1), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace dojo::machine
