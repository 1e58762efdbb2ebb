// What a run writes about its course: the lines of metrics.jsonl and, for TensorBoard, the same
// curves (formats: docs/training.md). It keeps the clock of the run, which goes on from session to
// session. Not thread-safe; a full disk is an Error(kIo).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dojo/train/checkpoint.h"
#include "dojo/train/judge.h"
#include "dojo/train/loop.h"
#include "dojo/train/metrics_log.h"
#include "dojo/train/tensorboard.h"
#include "dojo/train/times.h"
#include "dojo/video/loader.h"

namespace dojo {

class RunLog {
 public:
  // Of a new run, or of one that goes on from the state `resumed`: then only the lines up to it
  // stay.
  RunLog(const std::string& folder, const LoopState* resumed);

  // The clock of this session begins; `clips` were handed out before it.
  void start(int64_t clips);
  double elapsed() const;  // seconds in all sessions
  void add_compute(double seconds) { now_.compute += seconds; }

  // A line with the means since the last one; `clips` handed out so far.
  void step(int64_t step, int64_t clips, float lr,
            const std::vector<std::pair<std::string, double>>& means, const LoaderStats& stats);
  double clips_per_second() const { return clips_per_second_; }  // at the last line
  double share_of_waiting() const;                               // of this session

  // Seconds from the start of the process to the end of its first step: into the next line of a
  // step, and into the last one.
  void first_step(double seconds) { first_step_seconds_ = seconds; }

  // What comes from now on is written only after the evaluation of the weights that the run began
  // with, which is made later than it stands in the log. release(): or now, without it.
  void hold() { holding_ = true; }
  void first_evaluation(const Verdict& verdict, double seconds);
  void release();

  void evaluation(int64_t step, const Verdict& verdict, double seconds);
  void warning(int64_t step, const std::string& message);
  void final(const LoopResult& result, int64_t parameters, const LoaderStats& stats);

  int64_t lines() const { return metrics_.lines(); }  // that are not held back
  void sync() { metrics_.sync(); }

 private:
  struct Line;  // in the making
  void append(Line line);
  void curves(int64_t step, std::vector<std::pair<std::string, float>> scalars);
  void put(std::function<void()> what);  // now, or later while it is held back

  MetricsLog metrics_;
  EventFile events_;
  Times before_, now_, logged_;  // of earlier sessions; of this one: so far, at the last line
  int64_t logged_clips_ = 0;
  double began_ = 0, clips_per_second_ = 0;
  double first_step_seconds_ = 0;  // 0: not known
  bool first_step_told_ = false;
  bool holding_ = false;
  std::vector<std::function<void()>> held_;
};

}  // namespace dojo
