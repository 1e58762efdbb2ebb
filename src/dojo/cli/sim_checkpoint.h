// dojo sim --checkpoint and --from: the state of a run in files.
#pragma once

#include <optional>
#include <string>

#include "dojo/cli/args.h"
#include "dojo/sim/checkpoint.h"
#include "dojo/sim/options.h"

namespace dojo {

struct SimCheckpointArgs {
  std::string file;  // where they go; "{cycle}" in it stands for the cycle
  std::string at;    // "1000,2000"
  int64_t every = 0;
  std::string from;  // go on from this one
};
void add_sim_checkpoints(Args* args, SimCheckpointArgs* wanted);

class SimCheckpoints {
 public:
  // Throws Error(kConfig) where options do not go together; of `from` also what parse_checkpoint()
  // throws, with the file.
  explicit SimCheckpoints(const SimCheckpointArgs& args);

  // The checkpoint to go on from.
  const sim::CheckpointHead* from() const { return from_ ? &from_->head : nullptr; }
  std::string take_state() { return std::move(from_->state); }

  // Sets Options::checkpoints, which refer to this. Throws Error(kInput) where the checkpoint to go
  // on from is of another run.
  void set(const program::Program& program, const machine::Machine& machine, sim::Options* options);
  // The run is over: warns of checkpoints that were not written.
  void finish(sim::Cycles cycles) const;

 private:
  void write(sim::Cycles cycle, std::string_view state) const;

  const SimCheckpointArgs args_;
  std::optional<sim::Checkpoint> from_;
  sim::CheckpointHead head_;
  sim::Checkpoints checkpoints_;
};

}  // namespace dojo
