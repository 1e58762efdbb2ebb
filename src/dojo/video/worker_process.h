// One decoding process, seen from the main process: start it, ask, and get an answer in bounded
// time, whatever the file does to it: the process tells of its progress, and the deadline runs from
// the last time that it had made some. A process that crashes or does not answer in time is killed;
// that is an answer too, and the next request starts a fresh one. One that somebody else kills
// (SIGKILL, as the system does when memory is short) gets a second chance: the request is made
// again, once, of a fresh process. Not thread-safe. The thread that makes the first request must
// outlive the object: the system kills workers with that thread.
//
// The worker can open nothing (sandbox.h): this side opens the files and hands them over.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dojo/video/frame_index.h"
#include "dojo/video/media_source.h"
#include "dojo/video/recent.h"
#include "dojo/video/recording.h"
#include "dojo/video/worker_protocol.h"
#include "dojo/video/worker_start.h"

namespace dojo {

struct PictureSeries;  // image_folder.h

class WorkerProcess {
 public:
  explicit WorkerProcess(WorkerOptions options = {});
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // REQUIRES: not busy(). A file that cannot be opened is an answer like others. Throw Error(kIo)
  // where no process can be started.
  void ask_probe(const std::string& path);
  void ask_read(const Recording& recording, const ReadRequest& request);
  void ask_states(const Recording& recording);  // the telemetry in the video

  bool busy() const { return busy_; }
  int socket() const { return socket_; }  // to poll() for reading
  double seconds_left() const;            // until the deadline

  std::optional<WorkerReply>
  try_answer();  // does not block; gives up for the file when the deadline has passed
  // Blocks; throws Interrupted (base/interrupt.h), also where WorkerOptions::stop says so.
  WorkerReply answer();

  int64_t pid() const { return pid_; }

 private:
  void start();
  void stop();
  void ask(WorkerRequest request, const std::shared_ptr<const FrameIndex>& index);
  void put_question();
  void grant_pictures(int64_t first);
  void set_deadline();
  bool take(WorkerReply reply);
  bool take(const WorkerProgress& progress);
  bool take(const WantedPictures& wanted);
  bool take(const RefusedCall& call);
  void check(const WorkerReply& reply) const;
  void lose(const std::string& reason, const std::string& category = "input");
  void lose_or_ask_again();
  void read_messages();

  WorkerOptions options_;
  int64_t pid_ = -1;
  int socket_ = -1, memory_ = -1;
  void* map_ = nullptr;
  size_t map_bytes_ = 0, pixel_bytes_ = 0;

  // The question
  WorkerRequest request_;
  std::shared_ptr<const FrameIndex> index_;  // of its file; null: not known
  std::shared_ptr<const PictureSeries> pictures_;
  int64_t file_bytes_ = 0;   // or how many pictures there are
  size_t most_frames_ = 0;   // that an answer can be about
  uint32_t most_bytes_ = 0;  // of the answer
  int64_t progress_ = 0, grants_ = 0;
  bool busy_ = false, second_try_ = false;
  bool overdue_ = false;  // the deadline has passed once
  bool closed_ = false;   // the process has closed its socket
  std::optional<WorkerReply> answer_;
  std::string buffer_;
  std::chrono::steady_clock::time_point deadline_;

  Recent<std::shared_ptr<const FrameIndex>> told_{kKnownFiles};  // what the process knows
  Recent<std::shared_ptr<const PictureSeries>> series_{8};
};

}  // namespace dojo
