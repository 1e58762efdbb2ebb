// A library of others that `dojo bench video --peers` measures beside ours:
// benchmarks/peer_video.py in a process of the user's python3, told what to do line by line.
// Nothing that it does ends more than this object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/video/bench/measure.h"
#include "dojo/video/bench/workload.h"

namespace dojo {

// torchcodec, decord, pyav, opencv
const std::vector<std::string>& peer_names();

// The library failed, its process ended or hung, or an answer made no sense: there is no use in
// asking it again.
struct PeerError : Error {
  using Error::Error;
};

// Not thread-safe.
class Peer {
 public:
  // Starts it. Where the library cannot be had, missing() says why and how to install it.
  explicit Peer(const std::string& name);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& missing() const { return missing_; }
  const std::string& version() const { return version_; }  // "torchcodec 0.13.0"

  // Takes clips for `seconds`: opens the file for each, or keeps files open. Both throw PeerError.
  bench::Measured time(const bench::Workload& w, const std::vector<ClipRef>& clips, bool keep_open,
                       double seconds);

  // Frames, not clips: how many of those of `exact` are wrong. `before`, `after`: the same clips
  // one frame earlier and later.
  bench::Measured check(const bench::Workload& w, const std::vector<bench::ExactClip>& before,
                        const std::vector<bench::ExactClip>& exact,
                        const std::vector<bench::ExactClip>& after);

 private:
  struct Process;
  std::string ask(const std::string& line, double seconds);

  std::string name_, missing_, version_, buffer_;
  std::unique_ptr<Process> process_;
};

}  // namespace dojo
