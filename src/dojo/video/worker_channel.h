// The worker's end of the socket to the main process: messages, and the descriptors of files that
// come with them. Not thread-safe.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/video/media_source.h"
#include "dojo/video/worker_protocol.h"

namespace dojo {

class WorkerChannel {
 public:
  // Waits for the next request. False when the main process is done, or gone.
  bool receive(WorkerRequest* request);

  // What the last request is about. Copies may be kept.
  MediaSource source(const WorkerRequest& request, const std::vector<int64_t>& picture_times);

  // False when the main process is gone.
  bool send(std::string_view message);

 private:
  bool receive_text(std::string* text);
  SharedFile take_file();
  SharedFile picture(size_t i);

  std::string buffer_;
  std::deque<SharedFile> files_;  // received, not taken yet
  SharedFile file_;               // of the last request
  size_t first_picture_ = 0;      // of those asked for last:
  std::vector<SharedFile> pictures_;
  std::vector<std::string> problems_;
};

}  // namespace dojo
