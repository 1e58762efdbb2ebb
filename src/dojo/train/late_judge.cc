#include "dojo/train/late_judge.h"

#include <chrono>
#include <utility>

#include "dojo/base/check.h"

namespace dojo {

LateJudge::LateJudge(std::unique_ptr<HeldOutReading> reading, MakeJudge make_judge)
    : reading_(std::move(reading)), make_judge_(std::move(make_judge)) {}

LateJudge::~LateJudge() {
  if (reading_) reading_->stop();
}

bool LateJudge::wait(double seconds) {
  if (judge_) return true;
  DOJO_CHECK(reading_ != nullptr);  // not again after an error
  if (!clips_.valid())
    clips_ = std::async(std::launch::async, [reading = reading_.get()] {
      while (reading->next()) {
      }
      return reading->take();
    });
  if (clips_.wait_for(std::chrono::duration<double>(seconds)) != std::future_status::ready)
    return false;
  const auto reading = std::move(reading_);
  HeldOutClips clips = clips_.get();
  quarantined_ = std::move(clips.quarantined);
  num_clips_ = std::ssize(clips.set.clips);
  judge_ = make_judge_(std::move(clips.set));
  return true;
}

Judge& LateJudge::made() {
  while (!wait(1)) {
  }
  return *judge_;
}

}  // namespace dojo
