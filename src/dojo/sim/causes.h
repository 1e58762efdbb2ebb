// Why things in a run happened when they did. Whatever ends at a cycle is a step; a step begins
// where another one ended, the one without which it would have begun earlier: of a thread its own
// last instruction, or, where it waited, what it waited for; of a message whoever sent it.
// From the last step of a run a chain leads back to cycle 0, and its steps leave no cycle out:
//
//   thread a   |---matmul---|-copy-|
//   message                        |-----wire-----|
//   thread b   |--vector--|........ waits ........|-vector-|       chain: matmul copy wire vector
//
// What no chain can lead to any more is thrown away, so that memory is that of the chains of what
// is under way, and bounded: beyond kMostSteps the oldest steps are forgotten and count as one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "dojo/program/program.h"
#include "dojo/sim/time.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

// What a step is. Messages: critical_path.h divides them further.
enum class Cause : uint8_t {
  kMatrix,      // a matmul in its unit, until its result is in SRAM; of others only its pace
  kVector,      // the same of vector
  kUnitPorts,   // the matrix unit waits for SRAM ports, which the SIMD unit uses
  kIdle,        // as the program says
  kIssue,       // loops, and what instructions take that only issue or test something
  kListEngine,  // takes descriptors of earlier transfers
  kInterface,   // memory of an interface processor: latency and other transfers
  kData,        // a transfer, or its request, from when it can be read until it is written
  kRead,        // the same until it has been read
  kSignal,      // a signal or a barrier's packet
  kForgotten,   // earlier steps, for which there was no room
};

struct CauseStep {
  static constexpr uint32_t kNone = UINT32_MAX;

  Cycles end = 0;
  uint32_t before = kNone;  // the step at whose end this one begins; none: cycle 0
  uint32_t cell = 0;        // whose thread's instruction `pc` this is
  uint32_t pc = 0;
  uint8_t thread = 0;
  Cause cause = Cause::kIssue;
  // Of messages.
  PlaceId from = -1, to = -1;
  uint32_t bytes = 0;
  uint32_t targets = kNone;  // of a multicast: number of them, for targets()
  uint32_t read = 0;         // cycles until its last byte was read
  uint32_t waited = 0;       // Arrival::waited
};
static_assert(sizeof(CauseStep) == 48);

class Causes {
 public:
  static constexpr size_t kMostSteps = size_t{1} << 22;  // of 48 bytes

  // REQUIRES: most_steps >= 2.
  Causes(size_t num_cells, size_t num_interfaces, size_t most_steps = kMostSteps);

  // ---- What happens now: called by the engine before anything else of that event ----

  void thread_goes_on(size_t cell, size_t thread, uint32_t pc);
  void arrives(const Arrival& arrival, Cycles now);
  void message_is_done(uint32_t message);  // the time that sent() or interface() said is there

  // ---- What comes of it ----

  // A thread is in its instruction, on its own account, until then.
  void took(size_t cell, size_t thread, uint32_t pc, Cause cause, Cycles until);
  // What happens now wakes it, and it goes on then.
  void woken(size_t cell, size_t thread, uint32_t pc, Cycles at);
  void is_done(size_t cell, size_t thread);  // the thread

  enum Unit : size_t { kMatrixUnit, kVectorUnit };
  // A thread's instruction is in its unit until then, and another one may begin from `free` on.
  void enters(size_t cell, size_t thread, uint32_t pc, Unit unit, Cycles free, Cycles until);
  void waits_for_unit(size_t cell, size_t thread, Unit unit);
  void matrix_unit_later(size_t cell, size_t thread, Cycles later);

  // The thread's transfer, which comes now, is taken and given to the network then; the next one
  // can be taken from `free` on.
  void list_engine(size_t cell, Cycles now, Cycles taken, Cycles ready, Cycles free);
  // An interface's memory serves a transfer of which it is told now.
  void interface(size_t interface, Cycles now, Cycles begin, Cycles end);
  void elapse(Cause cause, Cycles until);  // before what comes of it

  void sent(uint32_t message, PlaceId from, std::span<const PlaceId> to, int64_t bytes,
            Cycles ready, Cause cause);
  void is_local(uint32_t message, Cycles ready);  // goes through no network
  void comes_from_interface(uint32_t message);    // what interface() said is its arrival
  void removed(uint32_t message);

  // ---- After the run ----

  std::vector<CauseStep> chain() const;  // from cycle 0 to the last step
  std::span<const PlaceId> targets(uint32_t number) const { return target_sets_[number]; }
  size_t num_steps() const { return steps_.size(); }  // that are kept

 private:
  static constexpr uint32_t kNone = CauseStep::kNone;

  struct Actor {
    uint32_t cell = 0, pc = 0;
    uint8_t thread = 0;
  };
  struct InUnit {
    uint32_t before = kNone;
    Actor actor;
    Cycles free = 0, later = 0;  // `later` of it because of ports
  };
  struct Message {
    uint32_t step = kNone;  // that ends when it can be read
    uint32_t targets = kNone;
    uint32_t bytes = 0, read = 0;
    PlaceId from = -1, to = -1;  // `to`: the first one
    Actor actor;
    Cause cause = Cause::kData;
  };

  Cycles end_of(uint32_t step) const { return step == kNone ? 0 : steps_[step].end; }
  uint32_t add(CauseStep step);  // nothing if it takes no time
  uint32_t add(uint32_t before, const Actor& actor, Cause cause, Cycles end);
  void happens(uint32_t step, const Actor& actor);
  Message& message(uint32_t number);
  uint32_t targets_of(std::span<const PlaceId> to);
  uint32_t& thread(size_t cell, size_t t) { return threads_[cell * program::kNumThreads + t]; }

  template <typename Fn>
  void for_each_root(const Fn& fn);
  void collect();

  const size_t most_steps_;
  size_t collect_at_;
  std::vector<CauseStep> steps_;
  std::vector<uint32_t> threads_;  // by cell and thread: the step that ends where it is now
  std::vector<std::array<InUnit, 2>> units_;
  std::vector<uint32_t> list_engines_, interfaces_;  // the step that ends when they are free
  std::vector<Message> messages_;
  std::vector<std::vector<PlaceId>> target_sets_;
  std::map<std::vector<PlaceId>, uint32_t> target_numbers_;
  size_t num_targets_ = 0;

  uint32_t now_ = kNone;  // the step whose end is what happens now
  Actor actor_;           // whose it is
  uint32_t last_ = kNone;
};

}  // namespace dojo::sim
