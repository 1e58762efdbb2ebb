#include "dojo/cli/given_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "dojo/base/error.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

class GivenFiles : public testing::Test {
 protected:
  GivenFiles() : folder_(fs::path(testing::TempDir()) / ("given" + std::to_string(getpid()))) {
    fs::create_directories(folder_ / "in");
    std::ofstream(folder_ / "a") << "a";
    fs::create_symlink("a", folder_ / "link");
  }
  ~GivenFiles() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string refusal(const std::vector<GivenFile>& read, const std::vector<GivenFile>& written) {
    try {
      check_distinct_files(read, written);
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::kConfig);
      return error.message();
    }
    return "";
  }

  const fs::path folder_;
};

TEST_F(GivenFiles, WhatIsReadIsNotWritten) {
  for (const char* name : {"a", "./a", "in/../a", "link"})
    EXPECT_EQ(refusal({{"FILE", path("a")}}, {{"--out", path(name)}}),
              "FILE and --out are the same file")
        << name;
  EXPECT_EQ(refusal({{"FILE", path("a")}}, {{"--out", path("b")}}), "");
}

TEST_F(GivenFiles, NoTwoResultsGoToOneFile) {
  EXPECT_EQ(refusal({}, {{"--out", path("new")}, {"--trace", path("in/../new")}}),
            "--out and --trace are the same file");
  EXPECT_EQ(refusal({}, {{"--out", path("new")}, {"--trace", path("newer")}}), "");
}

TEST_F(GivenFiles, WhatIsNoFileIsNeverTheSame) {
  EXPECT_EQ(refusal({{"FILE", "-"}, {"--values", ""}}, {{"--out", ""}, {"--trace", "-"}}), "");
}

}  // namespace
}  // namespace dojo
