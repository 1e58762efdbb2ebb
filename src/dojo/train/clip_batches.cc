#include "dojo/train/clip_batches.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "dojo/base/check.h"

namespace dojo {

bool run_over(Executor& executor, const HeldOutSet& set, ClipNumbers clips,
              const ClipBatches& batches) {
  const Graph& graph = executor.graph();
  const Type type = graph.type(graph.find_input("clip")->value);
  const size_t batch = static_cast<size_t>(type.shape[0]);
  const size_t one = static_cast<size_t>(type.num_bytes()) / batch;
  std::vector<uint8_t> bytes(batch * one);
  std::vector<size_t> numbers(batch);
  for (size_t begin = 0; begin < clips.size(); begin += batch) {
    if (batches.stop && batches.stop()) return false;
    const size_t count = std::min(batch, clips.size() - begin);
    for (size_t b = 0; b < batch; ++b) {
      numbers[b] = clips[begin + (b < count ? b : 0)];
      const std::vector<uint8_t>& frames = set.clips[numbers[b]].frames;
      DOJO_CHECK_EQ(frames.size(), one);
      std::copy(frames.begin(), frames.end(), bytes.begin() + static_cast<int64_t>(b * one));
    }
    executor.write("clip", std::as_bytes(std::span(bytes)));
    if (batches.feed) batches.feed(numbers);
    executor.run();
    batches.use(ClipNumbers(numbers).first(count));
  }
  return true;
}

std::vector<size_t> all_clips(const HeldOutSet& set) {
  std::vector<size_t> numbers(set.clips.size());
  std::iota(numbers.begin(), numbers.end(), size_t{0});
  return numbers;
}

}  // namespace dojo
