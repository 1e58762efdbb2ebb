#include "dojo/train/quarantine_list.h"

#include <gtest/gtest.h>

#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"

namespace dojo {
namespace {

TEST(QuarantineList, GrowsAndNamesEachFileOnce) {
  const TestFolder folder;
  const std::string path = folder / "quarantine.jsonl";
  list_quarantined(folder.path(), {});
  EXPECT_EQ(read_file(path), "");  // nothing was given up, and that is said
  const Quarantined a{"a.mp4", "input", "cut"}, b{"caf\xE9.mp4", "io", "gone"};
  list_quarantined(folder.path(), {a});
  list_quarantined(folder.path(), {b, a, b});
  EXPECT_EQ(read_file(path),
            "{\"path\":\"a.mp4\",\"category\":\"input\",\"reason\":\"cut\"}\n"
            "{\"path\":\"caf\\\\xe9.mp4\",\"category\":\"io\",\"reason\":\"gone\"}\n");
}

}  // namespace
}  // namespace dojo
