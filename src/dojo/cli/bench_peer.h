// A library of others that `dojo bench video --peers` measures beside ours:
// benchmarks/peer_video.py as a PeerProcess (peer_process.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dojo/cli/peer_process.h"
#include "dojo/video/bench/measure.h"
#include "dojo/video/bench/workload.h"

namespace dojo {

// torchcodec, decord, pyav, opencv
const std::vector<std::string>& peer_names();

// Not thread-safe.
class Peer {
 public:
  // Starts it. Where the library cannot be had, missing() says why and how to install it.
  explicit Peer(const std::string& name);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& missing() const { return process_->missing(); }
  const std::string& version() const { return process_->version(); }  // "torchcodec 0.13.0"

  // Takes clips for `seconds`: opens the file for each, or keeps files open. Both throw PeerError.
  bench::Measured time(const bench::Workload& w, const std::vector<ClipRef>& clips, bool keep_open,
                       double seconds);

  // Frames, not clips: how many of those of `exact` are wrong. `before`, `after`: the same clips
  // one frame earlier and later.
  bench::Measured check(const bench::Workload& w, const std::vector<bench::ExactClip>& before,
                        const std::vector<bench::ExactClip>& exact,
                        const std::vector<bench::ExactClip>& after);

 private:
  int pictures_ = -1;  // exact ones, in memory; a file would have a name, and could stay behind
  std::unique_ptr<PeerProcess> process_;
};

}  // namespace dojo
