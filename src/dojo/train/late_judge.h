// A judge whose clips are read while training goes on already, by a thread of its own and the
// decoding process that it waits for, so that they hold up no step. Not thread-safe.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "dojo/train/held_out.h"
#include "dojo/train/judge.h"

namespace dojo {

class LateJudge final : public Judge {
 public:
  using MakeJudge = std::function<std::unique_ptr<Judge>(HeldOutSet)>;

  // `reading` may have begun. The functions below throw what it and `make_judge` do.
  LateJudge(std::unique_ptr<HeldOutReading> reading, MakeJudge make_judge);
  ~LateJudge() override;  // ends the reading

  // Once all clips are there it makes the judge, which takes as long as it takes.
  bool wait(double seconds) override;
  std::vector<Quarantined> quarantined() const override { return quarantined_; }
  int64_t num_clips() const override { return num_clips_; }

  void load(const SafeTensors& weights, const std::string& path) override {
    made().load(weights, path);
  }
  Verdict judge(bool at_end, const std::function<bool()>& stop = {}) override {
    return made().judge(at_end, stop);
  }
  std::string final_words() override { return made().final_words(); }
  void write_samples(const std::string& folder) override { made().write_samples(folder); }

 private:
  Judge& made();

  std::unique_ptr<HeldOutReading> reading_;
  std::future<HeldOutClips> clips_;  // ends before what it reads with
  const MakeJudge make_judge_;
  std::vector<Quarantined> quarantined_;
  int64_t num_clips_ = 0;
  std::unique_ptr<Judge> judge_;  // none: not yet
};

}  // namespace dojo
