// Operations that helpers compute while the simulation goes on. Those of one memory are computed in
// the order in which they came, those of different memories side by side; before bytes of a memory
// are used otherwise, settle() waits for what touches them. So every number is what it would be if
// each operation were computed at once.
//
//   later.add(cell, operation);
//   later.settle(cell, bytes, /*writes=*/false);   // now they are what the operations made of them
//
// Whoever waits helps, so that no thread is needed that the operating system has put aside, unless
// in the middle of an operation.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "dojo/sim/values/arithmetic.h"

namespace dojo::sim {

class DeferredWork {
 public:
  // Arithmetic and memories outlive this. REQUIRES: threads >= 2, this one counted in.
  DeferredWork(const Arithmetic& arithmetic, std::vector<Memory>& memories, int threads);
  ~DeferredWork();  // what is left is not computed
  DeferredWork(const DeferredWork&) = delete;
  DeferredWork& operator=(const DeferredWork&) = delete;

  // ---- By the thread that made this ----
  void add(size_t memory, const Operation& operation);
  // Returns when these bytes can be read, or written.
  void settle(size_t memory, const Bytes& bytes, bool writes);
  void settle_all();

 private:
  static constexpr size_t kMostWaiting = 4096;  // operations
  static constexpr int kSpins = 4000;           // some microseconds

  struct Waiting {
    Operation operation;
    Bytes to;
    std::array<Bytes, 3> from;
    bool conflicts(const Bytes& bytes, bool writes) const;
  };
  // The operations of a memory.
  struct Line {
    std::deque<Waiting> waiting;
    bool is_busy = false;    // somebody computes the first one
    bool is_listed = false;  // in ready_
  };
  using Lock = std::unique_lock<std::mutex>;

  void help();
  void list(size_t memory);
  std::optional<size_t> take();  // a memory with an operation that nobody computes
  void compute_first(size_t memory, Scratch* scratch, Lock* lock);
  void compute_something(size_t memory, Lock* lock);  // there, or else somewhere, or waits
  void wait_for_helpers(Lock* lock);

  const Arithmetic& arithmetic_;
  std::vector<Memory>& memories_;
  Scratch scratch_;  // of the thread that made this

  std::mutex mutex_;         // of all below
  std::vector<Line> lines_;  // by memory
  std::deque<size_t> ready_;
  size_t num_waiting_ = 0;
  std::exception_ptr failure_;
  bool is_over_ = false;
  bool is_waited_for_ = false;
  int num_asleep_ = 0;
  std::condition_variable added_, done_;
  std::atomic<size_t> num_ready_ = 0;  // ready_.size(), for looking without the mutex
  std::atomic<uint64_t> num_done_ = 0;
  std::vector<std::thread> helpers_;
};

}  // namespace dojo::sim
