// PyTorch's training step, which `dojo bench step --peers` measures beside ours:
// benchmarks/peer_step.py as a PeerProcess (peer_process.h), one for each way to set PyTorch up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/cli/peer_process.h"
#include "dojo/cli/step_work.h"
#include "dojo/numerics/format.h"

namespace dojo {

// "eager" (as installed), "tuned" (its fastest settings), "compiled" (torch.compile too)
const std::vector<std::string>& step_peer_settings();

// Networks that there are in PyTorch too: benchmarks/torch_networks.py.
const std::vector<std::string>& step_peer_models();

// Not thread-safe.
class StepPeer {
 public:
  // Starts it. Where PyTorch cannot be had, missing() says why and how to install it.
  explicit StepPeer(const std::string& setting);

  const std::string& missing() const { return process_.missing(); }
  const std::string& version() const { return process_.version(); }  // "PyTorch 2.13.0"

  // Builds the network, sees that it is of our size, compiles it where the setting says so, and
  // takes its first steps: in f32, or bf16 by autocast. This and time() throw PeerError.
  void prepare(const std::string& model, Format format, int threads, const StepSize& ours);
  const std::string& settings() const { return settings_; }  // in words; of prepare()

  // Seconds of each of some more steps, after one that is not timed.
  std::vector<double> time(int64_t steps);

  // The most memory that its process had resident, as of the last answer.
  int64_t peak_bytes() const { return peak_bytes_; }

 private:
  std::string settings_;
  int64_t peak_bytes_ = 0;
  PeerProcess process_;
};

}  // namespace dojo
