// The state of a run as a file, so that another process can go on from there. The content may come
// from anybody: what is cut, changed or of another run is refused with Error(kInput).
//
//   "DOJOSIM\n" | version u32 | bytes of the rest u64 | their CRC-32C u32 | head | state
//
// Numbers of the first line are little-endian; head and state are archives (archive.h). A state
// that carries a right sum may still be made up; the simulator checks it as it uses it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dojo/machine/machine.h"
#include "dojo/program/program.h"
#include "dojo/sim/options.h"

namespace dojo::sim {

struct CheckpointHead {
  std::string commit;            // of the simulator
  std::string program, machine;  // their names
  uint32_t program_hash = 0, machine_hash = 0;
  Level level = Level::kBurst;
  bool values = false, races = false;
  uint64_t seed = 0;
  uint32_t step = 0;
  Cycles cycle = 0;  // nothing has happened in it yet
};

// Of a run with these. The cycle is 0.
CheckpointHead checkpoint_head(std::string_view commit, const program::Program& program,
                               const machine::Machine& machine, const Options& options);

// What comes in the file before the state.
std::string checkpoint_prefix(const CheckpointHead& head, std::string_view state);

struct Checkpoint {
  CheckpointHead head;
  std::string state;
};

// Throws Error(kInput) where it is no whole checkpoint of this version.
Checkpoint parse_checkpoint(std::string bytes);

// Throws Error(kInput) that says what differs. Another commit may be too old or too new for it: its
// fields are then refused as they are read.
void require_same_run(const CheckpointHead& head, const CheckpointHead& wanted);

}  // namespace dojo::sim
