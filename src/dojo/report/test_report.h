// What the tests of the report share: a run folder to put files into, and the page of it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "dojo/base/test_folder.h"
#include "dojo/report/report.h"

namespace dojo {

class ReportTest : public testing::Test {
 protected:
  ReportTest() { std::filesystem::create_directory(folder); }
  void put(const std::string& name, const std::string& content) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << content;
  }
  void copy_golden() {  // a tiny run of the task predict
    std::filesystem::copy(golden / "run", folder,
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
  }
  std::string rendered() const { return render_report(folder.string()).html; }
  static bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  // The page without the style sheet and the script, which may change their looks.
  static std::string body_of(const std::string& html) {
    const size_t begin = html.find("<body>"), end = html.find("<script>");
    return html.substr(begin, end - begin) + "\n";
  }

  const TestFolder own;
  const std::filesystem::path folder = own / "run";
  const std::filesystem::path golden =
      std::filesystem::path(DOJO_SOURCE_DIR) / "tests/golden/report";
};

}  // namespace dojo
