// For tests: a folder that stands for / with the files of /proc and /sys that a test puts there.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "dojo/base/test_folder.h"

namespace dojo {

class TestSystemRoot : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& content) {
    const std::filesystem::path path = std::filesystem::path(root) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  const TestFolder own;
  const std::string root = own.path();
};

}  // namespace dojo
