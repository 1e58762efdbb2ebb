#include "dojo/train/quarantine_list.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "dojo/base/file.h"

namespace dojo {
namespace {

TEST(QuarantineList, GrowsAndNamesEachFileOnce) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("dojo_quarantine_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = folder / "quarantine.jsonl";
  list_quarantined(folder, {});
  EXPECT_EQ(read_file(path), "");  // nothing was given up, and that is said
  const Quarantined a{"a.mp4", "input", "cut"}, b{"caf\xE9.mp4", "io", "gone"};
  list_quarantined(folder, {a});
  list_quarantined(folder, {b, a, b});
  EXPECT_EQ(read_file(path),
            "{\"path\":\"a.mp4\",\"category\":\"input\",\"reason\":\"cut\"}\n"
            "{\"path\":\"caf\\\\xe9.mp4\",\"category\":\"io\",\"reason\":\"gone\"}\n");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace dojo
