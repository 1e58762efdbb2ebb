// What a run trains: the part of training that differs between `predict`, `ego` and `mae`. The run
// (run.h) asks for things in the order below; loop, checkpoints, resuming, splitting and reading
// clips are the same for every task.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/train/clip_source.h"
#include "dojo/train/clip_variation.h"
#include "dojo/train/held_out.h"
#include "dojo/train/judge.h"
#include "dojo/train/loop.h"
#include "dojo/train/run_config.h"
#include "dojo/train/step.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/loader.h"

namespace dojo {

class Task {
 public:
  virtual ~Task() = default;

  // Known from the options alone.
  virtual ModelFunction model() const = 0;      // the step's forward pass and loss
  virtual Graph evaluation_graph() const = 0;   // with the same parameters
  virtual int64_t batch() const = 0;            // clips a step
  virtual SamplerOptions clips() const = 0;     // without a seed
  virtual HeldOutOptions held_out() const = 0;  // the same size
  virtual LossNames loss_names() const = 0;     // of outputs of the step
  // Of clips whose frames are kept at this size.
  virtual ClipVariation variation(int64_t height, int64_t width) const = 0;

  // Where a task wants more of recordings than frames, it looks for it, puts those without it among
  // the quarantined, and wants_all_indexed(). Throws Error(kInput) where none is left.
  virtual bool wants_all_indexed() const { return false; }
  virtual void prepare(FoundRecordings*, bool /*quiet*/) {}

  // What is known of the recordings to train on, before the next functions are called.
  virtual void learn(const std::vector<Recording>& /*train*/) {}

  // After learn(). Throws Error(kInput) where the recordings cannot judge what is learned.
  virtual void check_held_out(const std::vector<Recording>& /*held_out*/) const {}

  virtual std::unique_ptr<ClipSource> source(std::unique_ptr<ClipLoader> loader) const {
    return std::make_unique<LoaderSource>(std::move(loader));
  }
  // `recordings`: those of set.recordings.
  virtual std::unique_ptr<Judge> judge(HeldOutSet set, const std::vector<Recording>& recordings,
                                       const ExecutorFactory& make_executor) const = 0;
  // Of the checkpoints: what it takes to use them. "task" is in it.
  virtual std::map<std::string, std::string> metadata() const = 0;
};

// Throws Error(kConfig) for a task that there is not.
std::unique_ptr<Task> make_task(const RunOptions& options);

}  // namespace dojo
