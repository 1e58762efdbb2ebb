// For tests: a folder that stands for / with the files of /proc and /sys that a test puts there.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace dojo {

class TestSystemRoot : public testing::Test {
 protected:
  TestSystemRoot() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dojo-root-XXXXXX").string();
    root = mkdtemp(pattern.data());
  }
  ~TestSystemRoot() override { std::filesystem::remove_all(root); }
  void put(const std::string& name, const std::string& content) {
    const std::filesystem::path path = std::filesystem::path(root) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  std::string root;
};

}  // namespace dojo
