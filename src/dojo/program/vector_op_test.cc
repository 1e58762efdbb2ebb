#include "dojo/program/vector_op.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/base/file.h"

namespace dojo::program {
namespace {

TEST(VectorOp, EachIsFoundByItsName) {
  for (int i = 0; i < kNumVectorOps; ++i) {
    const auto op = static_cast<VectorOp>(i);
    EXPECT_EQ(info(op).op, op);
    EXPECT_EQ(parse_vector_op(info(op).name), op);
  }
  EXPECT_EQ(parse_vector_op("mov"), std::nullopt);
}

TEST(VectorOp, TheDocumentSaysWhatEachMeans) {
  const std::string page = read_file(DOJO_SOURCE_DIR "/docs/program.md", 1 << 20);
  for (int i = 0; i < kNumVectorOps; ++i) {
    const VectorOpInfo& op = info(static_cast<VectorOp>(i));
    std::string meaning;
    for (const char c : op.meaning) meaning += c == '|' ? "\\|" : std::string(1, c);
    const std::string_view operands =
        std::string_view("a, b, c").substr(0, static_cast<size_t>(3 * op.operands - 2));
    const std::string row = fmt::format("| `{}` {} | {} |\n", op.name, operands, meaning);
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace dojo::program
