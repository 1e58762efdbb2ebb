// Who knows what when a program runs, and which accesses to memory race. Order comes from where
// docs/program.md says: the instructions of a thread, semaphores, barriers and phases. The engine
// tells of these as it comes to them; memories tell of accesses.
//
// A transfer is an agent of its own in each memory that it touches: its accesses are known to who
// got its signal there, or saw the end of its phase, and to nobody else.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "dojo/program/node_map.h"
#include "dojo/program/program.h"
#include "dojo/sim/values/clock.h"
#include "dojo/sim/values/shadow.h"

namespace dojo::sim {

class Order {
 public:
  // Not `on`: it knows nothing and finds nothing.
  Order(const program::Program& program, const program::NodeMap& map, size_t num_memories, bool on);

  // ---- Synchronisation. Nodes are cells. ----

  // What the thread knows now; what it does later is not in it.
  Clock release(size_t cell, size_t thread);
  void acquire(size_t cell, size_t thread, const Clock& clock);

  void add(size_t cell, size_t slot, int64_t amount, const Clock& clock);  // to a counter
  // The thread takes units of a counter, the oldest first.
  void take(size_t cell, size_t thread, size_t slot, int64_t amount);

  void complete(size_t cell, const Clock& clock);  // a transfer of the node, on the node's side
  void end_phase(size_t cell);                     // all threads know all of these

  // ---- Checkpoints ----

  uint32_t num_agents() const { return num_agents_; }
  void fields(Archive& archive, ClockParts* shared, uint32_t sites);
  // What can be taken of a counter, if there is order at all.
  std::optional<int64_t> units(size_t cell, size_t slot) const;

  // ---- Accesses ----

  Access by_thread(size_t cell, size_t thread, uint32_t site) const;
  const Clock& known(size_t cell, size_t thread) const;

  // A transfer begins to touch a memory: its own agent there, which `known` gets to know.
  Access by_transfer(size_t memory, uint32_t site, Clock* known);

  std::optional<Shadow::Race> note(size_t memory, int64_t address, int64_t bytes, bool writes,
                                   const Access& access, const Clock& known);

 private:
  struct Thread {
    uint32_t agent = 0;
    Clock known;  // also the thread's own time
  };
  struct Units {
    int64_t amount = 0;
    Clock clock;
  };
  struct Node {
    uint32_t first_counter = 0;  // in counters_
    std::array<Thread, program::kNumThreads> threads;
    Clock completed;
  };
  struct Agent {
    uint32_t id = 0, time = 0;
  };

  bool on_;
  std::vector<Node> nodes_;  // by cell
  std::vector<std::deque<Units>> counters_;
  std::vector<Shadow> shadows_;                // by memory
  std::vector<std::vector<Agent>> transfers_;  // by memory
  uint32_t num_agents_ = 0;
  Clock nothing_;
};

}  // namespace dojo::sim
