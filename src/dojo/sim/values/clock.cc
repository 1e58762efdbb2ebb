#include "dojo/sim/values/clock.h"

#include <algorithm>

namespace dojo::sim {

void Clock::set(uint32_t agent, uint32_t time) {
  const size_t part = agent / kPart;
  if (part >= parts_.size()) parts_.resize(part + 1);
  if (!parts_[part])
    parts_[part] = std::make_shared<Part>();
  else if (parts_[part].use_count() > 1)
    parts_[part] = std::make_shared<Part>(*parts_[part]);
  (*parts_[part])[agent % kPart] = time;
}

void Clock::join(const Clock& other) {
  if (other.parts_.size() > parts_.size()) parts_.resize(other.parts_.size());
  for (size_t p = 0; p < other.parts_.size(); ++p) {
    const std::shared_ptr<Part>&theirs = other.parts_[p], &ours = parts_[p];
    if (!theirs || ours == theirs) continue;
    if (!ours) {
      parts_[p] = theirs;
      continue;
    }
    Part most;
    for (size_t i = 0; i < kPart; ++i) most[i] = std::max((*ours)[i], (*theirs)[i]);
    if (most == *ours) continue;
    parts_[p] = most == *theirs ? theirs : std::make_shared<Part>(most);
  }
}

}  // namespace dojo::sim
