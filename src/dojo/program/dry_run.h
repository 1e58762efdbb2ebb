// A program executed in counts alone: waits, signals, transfers, barriers and phases, with the
// loops around them. No instruction depends on data, and of a node only one thread waits for a
// given semaphore, so that a thread that can go on can never be held up by what another one does
// first: all orders of execution end in the same state. One order is therefore enough to know
// whether threads wait for ever and how semaphores end.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dojo/program/machine_view.h"
#include "dojo/program/node_map.h"
#include "dojo/program/problem.h"
#include "dojo/program/program.h"
#include "dojo/program/site.h"
#include "dojo/program/straight_ways.h"
#include "dojo/program/sync_code.h"
#include "dojo/program/verify.h"

namespace dojo::program {

class DryRun {
 public:
  enum class Status : uint8_t { kReady, kAtWait, kAtBarrier, kAtPhase, kDone };

  // All of these outlive this. REQUIRES: of a class one thread waits for a semaphore, and one comes
  // to a barrier.
  DryRun(const Program& program, const NodeMap& map, const MachineView& machine,
         const VerifyOptions& options, Problems* problems);

  // Until nobody can go on. False: it adds a problem and was given up before.
  bool run();
  int64_t steps() const { return steps_; }  // that were taken

  // ---- Where it ended ----

  Status status(size_t cell, size_t thread) const { return status_[cell * kNumThreads + thread]; }
  // At which a thread waits. REQUIRES: not kReady or kDone.
  const SyncStep& step(size_t cell, size_t thread) const;
  // What it waits for. REQUIRES: kAtWait.
  struct Wanted {
    int32_t slot = 0, amount = 0;
  };
  Wanted wanted(size_t cell, size_t thread) const;
  int32_t count(size_t cell, int32_t slot) const {
    return words_[first_word_[cell] + static_cast<size_t>(slot)];
  }
  int64_t num_at_barrier(size_t barrier) const { return at_barrier_[barrier]; }

 private:
  static constexpr size_t kNoSlot = SIZE_MAX;

  // How the state of a node of a class lies in words: the semaphores of its layout, how many
  // threads are at a phase, then each thread that has steps: the step that it is at, what it waits
  // for, and the turns of the loops around.
  struct ClassSync {
    std::array<SyncCode, kNumThreads> threads;
    std::array<int32_t, kNumThreads> first_word{};  // of a thread; -1: it has no steps
    int32_t num_threads = 0;                        // that have instructions
    int32_t num_words = 0;
    int64_t arguments = 0;      // steps that it takes to compute them
    std::vector<int8_t> waits;  // by slot of the layout: the thread that waits for it, or -1
  };

  // A transfer or a signal on its way from a node to those of one layout.
  struct Message {
    Site here;
    Coord from;
    LayoutId layout;
    size_t signalled;  // kNoSlot: nothing
    int64_t amount;
    bool is_answered = false;  // a request, whose data come back
  };

  const NodeClass& class_of(size_t cell) const { return program_.classes[class_number(cell)]; }
  size_t class_number(size_t cell) const { return at(map_.role(cell).node_class); }
  const ClassSync& sync_of(size_t cell) const { return classes_[class_number(cell)]; }
  size_t slot(const SemaphoreRef& s, const Code& code, const Frame& frame) const;
  size_t first_word(size_t cell, size_t thread) const {  // of the thread's own
    return first_word_[cell] + static_cast<size_t>(sync_of(cell).first_word[thread]);
  }

  void add_class(const NodeClass& node_class);
  bool make_state();
  bool give_up(std::string_view why);
  void wake(size_t cell, size_t thread);
  void run(size_t cell, size_t thread);
  void reach(const Message& message, const Code& code, const Place& place, const Frame& frame);
  bool reach_one(const Message& message, int64_t x, int64_t y);
  void deliver(const Site& here, size_t cell, size_t signalled, int64_t amount);
  bool come_to_barrier(size_t cell, size_t thread, const SyncStep& step);
  void open_barrier(size_t number);
  bool check_way(const Site& here, Coord from, Coord to);

  const Program& program_;
  const NodeMap& map_;
  const VerifyOptions& options_;
  Problems& problems_;
  std::optional<StraightWays> ways_;  // nothing: routing tables lead around

  std::vector<ClassSync> classes_;
  std::vector<uint32_t> first_word_;  // by cell
  std::vector<int32_t> words_;
  std::vector<Status> status_;  // by cell and thread
  std::vector<int64_t> at_barrier_;
  std::vector<std::pair<size_t, size_t>> ready_;  // cell and thread
  int64_t steps_ = 0;
  bool is_given_up_ = false;
};

}  // namespace dojo::program
