#include "dojo/train/run.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

TEST(TrainingMemory, CountsWhatIsThereAtTheSameTime) {
  RunOptions o;
  o.model = {.batch = 2, .frames = 3, .height = 32, .width = 64, .channels = 8};
  int asked = 0;
  const MemoryNeed need = training_memory(o, [&](const Graph& graph) -> int64_t {
    ++asked;
    return graph.updates.empty() ? 1'000'000 : 5'000'000;  // evaluation, training
  });
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(need.step, 5'000'000);
  EXPECT_EQ(need.evaluation, 1'000'000);
  EXPECT_EQ(need.batches, 3 * 2 * 4 * 32 * 64 * 3);
  EXPECT_GT(need.checkpoint, 10'000);
  EXPECT_EQ(need.total(), need.step + need.evaluation + need.batches + need.checkpoint);
}

}  // namespace
}  // namespace dojo
