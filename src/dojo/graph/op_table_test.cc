#include "dojo/graph/op_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace dojo {
namespace {

TEST(OpTable, IsWhatTheDocumentSays) {
  std::ifstream file(DOJO_SOURCE_DIR "/docs/graph.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  const std::string begin = "<!-- begin: dojo graph ops --markdown -->\n";
  const size_t from = page.find(begin), to = page.find("<!-- end -->");
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  EXPECT_EQ(page.substr(from + begin.size(), to - from - begin.size()), ops_markdown())
      << "put the output of `dojo graph ops --markdown` into docs/graph.md";
}

}  // namespace
}  // namespace dojo
