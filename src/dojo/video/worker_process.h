// One decoding process, seen from the main process: start it, ask, and get an answer in bounded
// time, whatever the file does to it: the process tells of its progress, and the deadline runs from
// the last time that it had made some. A process that crashes or does not answer in time is killed;
// that is an answer too, and the next request starts a fresh one. Not thread-safe. The thread that
// makes the first request must outlive the object: the system kills workers with that thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dojo/video/frame_index.h"
#include "dojo/video/recording.h"
#include "dojo/video/worker_protocol.h"

namespace dojo {

struct WorkerOptions {
  double deadline_seconds = 60;          // of silence; progress of the work is no silence
  int64_t max_bytes = int64_t{2} << 30;  // of address space
  bool low_priority = false;             // other processes come first
  std::string program =
      {};  // empty: $DOJO_WORKER, else dojo-decode-worker beside the running program
};

class WorkerProcess {
 public:
  explicit WorkerProcess(WorkerOptions options = {});
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // REQUIRES: not busy(). Throws Error(kIo) where no process can be started.
  void ask_probe(const std::string& path);
  void ask_read(const Recording& recording, const ReadRequest& request);
  void ask_states(const Recording& recording);  // the telemetry in the video

  bool busy() const { return busy_; }
  int socket() const { return socket_; }  // to poll() for reading
  double seconds_left() const;            // until the deadline

  std::optional<WorkerReply>
  try_answer();          // does not block; gives up for the file when the deadline has passed
  WorkerReply answer();  // blocks; throws Interrupted (base/interrupt.h)

  int64_t pid() const { return pid_; }

 private:
  void start();
  void stop();
  void ask(const WorkerRequest& request);
  void tell_index(const Recording& recording, WorkerRequest* request);
  void set_deadline();
  void check(const WorkerReply& reply) const;
  WorkerReply lost(const std::string& reason, const std::string& category = "input");
  std::string how_it_ended();

  WorkerOptions options_;
  int64_t pid_ = -1;
  int socket_ = -1, memory_ = -1;
  void* map_ = nullptr;
  size_t map_bytes_ = 0, pixel_bytes_ = 0;
  std::vector<int64_t> frames_asked_;
  bool probe_ = false, md5_ = false, keep_damaged_ = false;
  int64_t states_of_ = 0;  // asked for: the number of frames that may have some
  int64_t progress_ = 0;
  bool busy_ = false;
  std::string buffer_;
  std::chrono::steady_clock::time_point deadline_;
  std::map<std::string, std::shared_ptr<const FrameIndex>> told_;  // indexes that the process has
};

}  // namespace dojo
