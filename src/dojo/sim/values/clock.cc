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

void Clock::fields(Archive& archive, ClockParts* shared, uint32_t agents) {
  archive.list(parts_, [&](std::shared_ptr<Part>& part) { shared->fields(archive, part); });
  Archive::require(parts_.size() <= agents / kPart + 1);
}

void ClockParts::fields(Archive& archive, std::shared_ptr<Clock::Part>& part) {
  size_t number = 0;  // 0: null; one more than there are: a new one
  if (part) number = 1 + numbers_.try_emplace(part.get(), parts_.size()).first->second;
  archive.index(number, parts_.size() + 2);
  if (number == 0) return;
  if (number <= parts_.size()) {
    part = parts_[number - 1];
    return;
  }
  if (archive.reads()) part = std::make_shared<Clock::Part>();
  for (uint32_t& time : *part) archive.word(time);
  parts_.push_back(part);
}

}  // namespace dojo::sim
