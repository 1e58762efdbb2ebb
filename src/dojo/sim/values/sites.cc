#include "dojo/sim/values/sites.h"

#include <algorithm>

namespace dojo::sim {

Sites::Sites(const program::Program& program) {
  uint32_t next = 0;
  for (const program::NodeClass& c : program.classes)
    for (const program::Code& code : c.threads) {
      first_.push_back(next);
      next += static_cast<uint32_t>(code.instructions.size());
    }
  size_ = next;
}

program::Site Sites::site(uint32_t number) const {
  // The last thread that begins at or before it; empty ones begin where the next one does.
  const auto after = std::upper_bound(first_.begin(), first_.end(), number);
  const auto thread = static_cast<size_t>(after - first_.begin()) - 1;
  return program::site(program::ClassId{static_cast<int32_t>(thread / program::kNumThreads)},
                       thread % program::kNumThreads, number - first_[thread]);
}

}  // namespace dojo::sim
