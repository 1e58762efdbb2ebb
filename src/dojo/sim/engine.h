// Runs a program: threads go from instruction to instruction, messages from memory to memory, and
// what happens in one cycle happens in an order that only the program decides. Inside of
// Simulator; simulator.h is the entrance.
//
// All that an event changes belongs to one node, so that nodes could be shared out over threads of
// the host: what goes from node to node is a message, and takes a cycle at least.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dojo/machine/rate.h"
#include "dojo/program/node_map.h"
#include "dojo/program/problem.h"
#include "dojo/program/program.h"
#include "dojo/program/site.h"
#include "dojo/sim/barrier_tree.h"
#include "dojo/sim/causes.h"
#include "dojo/sim/code.h"
#include "dojo/sim/event_queue.h"
#include "dojo/sim/message.h"
#include "dojo/sim/observer.h"
#include "dojo/sim/options.h"
#include "dojo/sim/places.h"
#include "dojo/sim/state.h"
#include "dojo/sim/stats.h"
#include "dojo/sim/stuck.h"
#include "dojo/sim/transport.h"
#include "dojo/sim/values/values.h"
#include "dojo/sim/wire.h"
#include "dojo/sim/zeroed_array.h"

namespace dojo::sim {

inline constexpr int64_t kSignalBytes = 8;  // of a signal or a barrier's packet

// What an engine runs on. All of it outlives the engine.
struct EngineParts {
  const program::Program& program;
  const program::NodeMap& map;
  const Places& places;
  const NodeCosts& costs;
  machine::Rate interface_rate;  // of their memories
  Cycles interface_latency = 1;
  int64_t num_interfaces = 0;
  Transport& transport;
  Values* values = nullptr;  // none: only time
  Causes* causes = nullptr;  // told why things happen when they do; none: nobody asks
  const Options& options;
  const program::SourceLines* lines = nullptr;  // for messages; may be null
};

class Engine {
 public:
  explicit Engine(const EngineParts& parts);

  // Goes on from a state that fields() wrote, of an engine with equal parts. Throws Error(kInput)
  // where it cannot be one. REQUIRES: nothing ran before.
  void resume_from(std::string_view state);

  // Until nothing is left to do. Throws Error(kInput) for what values show, and where
  // Options::most_cycles are over.
  void run();

  Cycles end() const { return end_; }
  std::vector<Stuck> stuck() const;  // threads that wait for ever, alike ones together
  // Semaphores that do not end as they began. REQUIRES: nothing is stuck.
  std::vector<program::Problem> unmatched() const;
  std::span<const NodeStats> nodes() const { return {stats_.data(), stats_.size()}; }  // by cell
  std::span<const InstructionStats, machine::kNumInstructions> instructions() const {
    return instructions_;
  }
  int64_t num_events() const { return num_events_; }

 private:
  using Status = ThreadState::Status;
  static constexpr uint64_t kInterfaceKey = uint64_t{1} << 62;  // behind those of nodes

  struct Event {
    enum class Kind : uint8_t {
      kThread,    // goes on
      kSignal,    // a signal within a node arrives
      kInterface  // a transfer is written into an interface's memory
    } kind = Kind::kThread;
    uint8_t thread = 0;  // of kThread
    uint32_t what = 0;   // kThread: a cell; else a message
    uint64_t key = 0;
    uint64_t order() const { return key; }
  };

  // ---- Threads: engine.cc ----
  void start();
  void look(Cycles now) const;  // whether the user wants an end, and says how far it is
  void go(size_t cell, size_t thread, Cycles now);
  bool step_alone(size_t cell, size_t thread, const program::Instruction& instruction, Cycles* now);
  bool issue(size_t cell, size_t thread, const program::Instruction& instruction, Cycles* now);
  bool compute(size_t cell, size_t thread, const program::Instruction& instruction, Cycles* now);
  bool enter_unit(size_t cell, size_t thread, const UnitWork& work, Cycles* now);
  void take_time(size_t cell, size_t thread, machine::Instruction instruction, Cycles cycles,
                 Cycles* now);
  Cycles prolong(size_t cell, Cycles begin, Cycles end);  // by how much
  void resume(size_t cell, size_t thread, Cycles at);
  void touch_for(std::span<const Arrival> arrivals);  // what these will need
  void touch_for(std::span<const Event> events);
  void touch_node(size_t cell) const;
  void spend(size_t cell, size_t thread, Spent on, Cycles begin, Cycles cycles) {
    stats_[cell].spent[static_cast<size_t>(on)] += cycles;
    if (parts_.options.observer) tell_spent(cell, thread, on, begin, cycles);
  }
  void count(machine::Instruction instruction, Cycles cycles, int64_t work = 0);

  // ---- Counters and phases: engine_sync.cc ----
  void signal(size_t cell, size_t thread, const program::Signal& signal, Cycles now);
  bool wait(size_t cell, size_t thread, const program::Wait& wait, Cycles now);
  void add(size_t cell, int32_t slot, int64_t amount, const Clock* known, Cycles now);
  void come_to_phase(size_t cell, size_t thread, Cycles now);
  void try_phase(size_t cell, Cycles now);
  void come_to_barrier(size_t cell, size_t thread, program::BarrierId barrier, Cycles now);
  void try_barrier(program::BarrierId barrier, size_t cell, Cycles now);
  void pass_barrier(program::BarrierId barrier, size_t cell, Cycles now);
  void send_barrier(Message::Kind kind, program::BarrierId barrier, size_t from, size_t to,
                    Cycles ready);

  // ---- Transfers: engine_transfers.cc ----
  bool copy(size_t cell, size_t thread, const program::Copy& copy, Cycles now);
  void targets(size_t cell, size_t thread, const program::Place& there, Cycles now);
  void add_target(size_t cell, size_t thread, int64_t x, int64_t y, program::LayoutId layout,
                  Cycles now);
  int32_t slot(const ThreadCode& code, const program::SemaphoreRef& semaphore,
               const int32_t* variables) const;
  void send(uint32_t message, PlaceId from, std::span<const PlaceId> to, int64_t bytes,
            Cycles ready, uint32_t* sent, uint64_t sender);
  void arrive(const Arrival& arrival, Cycles now);
  void arrive_data(const Arrival& arrival, Cycles now);
  void arrive_request(const Arrival& arrival, Cycles now);
  void interface_done(uint32_t message, Cycles now);
  void written(uint32_t message, PlaceId place, Cycles now);
  void read(Message* message, size_t memory, Cycles now);
  void leave_list_engine(size_t cell, Cycles now);
  void complete_here(size_t cell, int32_t slot, const Clock* known, Cycles now);
  void came(uint32_t message);  // one arrival less to come
  size_t memory_of(PlaceId place) const;
  int32_t phase_of(size_t memory) const;

  // ---- Checkpoints: engine_checkpoint.cc ----
  void write_checkpoints(Cycles now);
  void fields(Archive& archive);
  void fields(Archive& archive, size_t cell);
  void fields(Archive& archive, size_t cell, size_t thread);
  void turns(Archive& archive, size_t cell, size_t thread);
  void fields(Archive& archive, Message& message, ClockParts* clocks);
  void fields(Archive& archive, Event& event) const;
  void check_threads() const;
  // What was read and is used now fits together.
  void check(const Arrival& arrival);
  void check(const Event& event);
  bool is_node(PlaceId place) const;
  bool is_slot(size_t cell, int32_t slot) const;
  bool has(size_t memory, program::AllocationId of) const;

  // Ends the run: the instruction of a thread does what it must not.
  [[noreturn]] void fail(size_t cell, size_t thread, Cycles now, std::string what) const;

  // ---- For the observer, which is there: engine_observe.cc ----
  void tell_spent(size_t cell, size_t thread, Spent on, Cycles begin, Cycles cycles);
  void tell_unit(size_t cell, bool is_matrix, Cycles begin);
  void tell_prolonged(size_t cell, Cycles later);
  void tell_stuck();  // threads that wait for ever, until the end

  Actor actor(size_t cell, size_t thread, Cycles now) const;
  const ClassCode& class_code(size_t cell) const {
    return classes_[static_cast<size_t>(nodes_[cell].node_class)];
  }
  int32_t* variables(size_t cell, size_t thread) {
    return &words_[nodes_[cell].first_word + class_code(cell).first_variable[thread]];
  }
  int32_t& counter(size_t cell, int32_t slot) {
    return words_[nodes_[cell].first_word + static_cast<size_t>(slot)];
  }

  const EngineParts parts_;
  const program::Program& program_;
  Values* const values_;
  Causes* const causes_;
  std::vector<ClassCode> classes_;
  ZeroedArray<NodeState> nodes_;  // by cell
  ZeroedArray<int32_t> words_;
  std::vector<BarrierTree> barriers_;
  std::vector<Wire> interfaces_;  // their memories: one transfer after the other
  std::vector<uint32_t> interface_sent_;
  Messages messages_;
  EventQueue<Event> queue_;

  ZeroedArray<NodeStats> stats_;  // by cell
  std::array<InstructionStats, machine::kNumInstructions> instructions_{};
  Cycles end_ = 0;
  int64_t num_events_ = 0;
  int64_t looked_at_ = 0;          // of these, when the user was asked last
  uint32_t steps_ = 0;             // instructions, for the same
  Cycles checkpoint_at_ = kNever;  // the next one
  bool is_resumed_ = false;        // from a checkpoint, which anybody may have written

  std::vector<PlaceId> targets_;   // of the instruction that runs
  std::vector<Arrival> arrivals_;  // of this cycle
};

}  // namespace dojo::sim
