#include "dojo/compiler/library/library.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using Found = std::vector<std::string>;

TEST(Library, EveryProgramCanRunWithTheSizesThatItHas) {
  for (const std::string name : {"unit:die", "holes", "d1_die", "tile"}) {
    TestTarget machine = test_target(name);
    for (const LibraryProgram& p : library()) {
      // These do not fit into twelve nodes.
      if (name == "unit:die" &&
          (p.name == "transpose" || p.name == "gemm_cannon" || p.name == "convolution"))
        continue;
      const Made made = p.make(machine.uses, p.sizes({}, ""));
      EXPECT_EQ(problems_of(made.program, machine.target), Found{}) << name << " " << p.name;
      EXPECT_GT(made.bound.cycles(), 0) << name << " " << p.name;
    }
  }
}

TEST(Library, NodesOfOneRoleShareAClass) {
  TestTarget machine = test_target("tile");
  for (const LibraryProgram& p : library())
    EXPECT_LE(p.make(machine.uses, p.sizes({}, "")).program.classes.size(), 4U) << p.name;
}

TEST(Library, SizesAreGivenByName) {
  const LibraryProgram& gemm = library_program("gemm_summa");
  const std::vector<std::string> given = {"k=7", "m=12"};
  const LibrarySizes sizes = gemm.sizes(given, "cfloat8_1_4_3:7");
  EXPECT_EQ(sizes.values, (std::vector<int64_t>{12, 1024, 7, -1, -1}));
  EXPECT_EQ(sizes.format, (program::Element{program::ElementKind::kCFloat8_1_4_3, 7}));
}

std::string message_of(std::string_view name, const std::vector<std::string>& given,
                       std::string_view format = "") {
  try {
    library_program(name).sizes(given, format);
  } catch (const Error& error) {
    return std::string(error.what());
  }
  return "";
}

TEST(Library, WhatCannotBeGivenIsNamed) {
  EXPECT_NE(message_of("gem", {}).find("no program of the library is named gem"),
            std::string::npos);
  for (const char* given : {"q=1", "m", "m=", "m=x", "m=1x", "m=-1", "m=99999999999999999999"})
    EXPECT_NE(message_of("gemm_summa", {given}).find("is no size of gemm_summa"), std::string::npos)
        << given;
  EXPECT_NE(message_of("gemm_summa", {"m=1", "m=2"}), "");
  for (const char* format : {"bf17", "bf16:1", "cfloat8_1_4_3", "cfloat8_1_4_3:64", "shp:"})
    EXPECT_NE(message_of("gemm_summa", {}, format), "") << format;
  EXPECT_NE(message_of("reduce", {}, "bf16").find("has no choice of format"), std::string::npos);
}

}  // namespace
}  // namespace dojo::compiler
