// Decoding processes, and which frames each is asked for: those that are wanted first, together
// with the wanted neighbours that one pass of the decoder gives with little waste. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "dojo/video/recording.h"
#include "dojo/video/worker_process.h"

struct pollfd;

namespace dojo {

class DecodePool {
 public:
  // A frame that somebody needs, with its whole unit, or `single`: without; `alone`: not in one
  // request with others.
  struct Want {
    int32_t recording;
    int64_t frame;
    bool alone, single;
  };

  struct Options {
    int workers = 1;
    WorkerOptions worker;
    int64_t height = 0, width = 0;  // of the pictures wanted
    bool keep_damaged = false;
    int64_t unit_frames = 1;  // frames [n * unit, (n + 1) * unit) are asked for together
  };

  explicit DecodePool(const Options& options);

  bool has_idle() const;
  bool is_in_flight(int32_t recording, int64_t frame) const {
    return in_flight_.count({recording, frame}) > 0;
  }

  // Asks idle workers for `wants`, the most urgent first. None of them is in flight. Throws
  // Error(kIo) where no process can be started.
  void ask(const std::vector<Recording>& recordings, const std::vector<Want>& wants);

  // Calls take(recording, frames, reply) for each answer that is there. The frames stay in flight
  // until they have landed().
  using Take = std::function<void(int32_t recording, const std::vector<int64_t>& frames,
                                  const WorkerReply& reply)>;
  void take_answers(const Take& take);

  void landed(int32_t recording, int64_t frame) { in_flight_.erase({recording, frame}); }

  // What to poll for, and for how long at most, until there is an answer.
  void add_waits(std::vector<pollfd>* waits, double* seconds) const;

 private:
  struct Job {
    std::unique_ptr<WorkerProcess> worker;
    int32_t recording = -1;
    std::vector<int64_t> frames;
  };
  void add_unit(const Recording& recording, const Want& want, std::vector<int64_t>* frames) const;
  std::vector<int64_t> neighbours(const Recording& recording, const std::vector<int64_t>& frames,
                                  int64_t frame) const;

  Options options_;
  std::vector<Job> jobs_;
  std::set<std::pair<int32_t, int64_t>> in_flight_;
};

}  // namespace dojo
