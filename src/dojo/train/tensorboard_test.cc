#include "dojo/train/tensorboard.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"

namespace dojo {
namespace {

using Scalars = std::vector<std::pair<std::string, float>>;

TEST(TensorBoard, EventsHaveTheBytesOfTheRealWriter) {
  std::string bytes = tfrecord(version_event(1700000000.25));
  bytes += tfrecord(
      scalars_event(1700000001.5, 1, Scalars{{"train/loss", 0.125f}, {"train/lr", 1e-3f}}));
  bytes += tfrecord(scalars_event(1700000002.0, 300000, Scalars{{"held_out/mse", -0.5f}}));
  bytes += tfrecord(restart_event(1700000003.0, 7));
  EXPECT_EQ(bytes, read_file(DOJO_SOURCE_DIR "/tests/golden/tensorboard.events"));
}

TEST(TensorBoard, EachSessionHasAFileOfItsOwn) {
  const TestFolder folder;
  for (int session = 0; session < 3; ++session)
    EventFile(folder.path(), session * 10).scalars(1.5e9, 1, Scalars{{"a", 1}});
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_TRUE(entry.path().filename().string().starts_with("events.out.tfevents."));
    ++files;
  }
  EXPECT_EQ(files, 3);
}

}  // namespace
}  // namespace dojo
