// For tests of the training loop: runs of the tiny network (tiny_test_model.h) in folders of their
// own, and what they leave.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "dojo/base/test_folder.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/loop.h"
#include "dojo/train/tiny_test_model.h"

namespace dojo {

class TestRun : public testing::Test {
 protected:
  // Below root_; made where it is not there.
  std::string folder(const std::string& name) const;

  // Evaluations at 0, 15, 30, ... and at the end; the learning rate is one that learns.
  static LoopOptions options(const std::string& folder, int64_t steps = 40);

  // With the interpreter.
  static std::unique_ptr<Judge> make_judge(const HeldOutSet& held_out = tiny::held_out());
  static LoopResult train(const LoopOptions& options, tiny::Source& source, Judge& judge);
  static LoopResult train(const LoopOptions& options, tiny::Source& source,
                          const HeldOutSet& held_out = tiny::held_out());
  static LoopResult train(const LoopOptions& options);

  // Clips, and with those of step `at` a signal.
  static tiny::Source clips_and_signal(int64_t at, int signal);

  // The lines of metrics.jsonl without what depends on the clock, and the messages of its warnings.
  static std::vector<std::string> metrics(const std::string& folder);
  static std::vector<std::string> warnings(const std::string& folder);

  static LoopState last_state(const std::string& folder);  // of last.safetensors

  // Both checkpoints have the same bytes, and the logs are equal but for times.
  static void expect_same_run(const std::string& a, const std::string& b);

  const TestFolder root_;
};

}  // namespace dojo
