// Starts a decoding process and gives it messages, with the files that belong to them. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "dojo/video/media_source.h"

namespace dojo {

struct WorkerOptions {
  double deadline_seconds = 60;          // of silence; progress of the work is no silence
  int64_t max_bytes = int64_t{2} << 30;  // of address space
  bool low_priority = false;             // other processes come first
  std::string program =
      {};  // empty: $DOJO_WORKER, else dojo-decode-worker beside the running program
  // Asked each second by who waits for an answer: true ends the waiting as an interrupt does.
  std::function<bool()> stop = {};
};

struct StartedWorker {
  int64_t pid;
  int socket;  // to talk to it, as worker_protocol.h says; the caller closes it
};

// `memory`: descriptor of the memory for pictures. The process ends with the calling thread. Throws
// Error(kIo).
StartedWorker start_worker(const WorkerOptions& options, int memory);

// False if the process is gone, or does not take the message within its deadline; and on an
// interrupt (base/interrupt.h).
bool send_message(int socket, const std::string& message, std::span<const SharedFile> files);

}  // namespace dojo
