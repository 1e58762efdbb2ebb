#include "dojo/sim/values/deferred_work.h"

#include <algorithm>
#include <utility>

#include "dojo/base/check.h"

namespace dojo::sim {

DeferredWork::DeferredWork(const Arithmetic& arithmetic, std::vector<Memory>& memories, int threads)
    : arithmetic_(arithmetic), memories_(memories), lines_(memories.size()) {
  DOJO_CHECK_LE(2, threads);
  for (int t = 1; t < threads; ++t) helpers_.emplace_back([this] { help(); });
}

DeferredWork::~DeferredWork() {
  {
    const Lock lock(mutex_);
    is_over_ = true;
  }
  added_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

bool DeferredWork::Waiting::conflicts(const Bytes& bytes, bool writes) const {
  return to.overlaps(bytes) ||
         (writes &&
          std::any_of(from.begin(), from.end(), [&](const Bytes& f) { return f.overlaps(bytes); }));
}

void DeferredWork::add(size_t memory, const Operation& operation) {
  Lock lock(mutex_);
  Waiting& waiting = lines_[memory].waiting.emplace_back();
  waiting.operation = operation;
  waiting.to = reach(operation.to);
  for (size_t i = 0; i < operation.from.size(); ++i)
    if (operation.from[i].elements > 0) waiting.from[i] = reach(operation.from[i]);
  ++num_waiting_;
  list(memory);
  while (num_waiting_ > kMostWaiting) compute_something(memory, &lock);
}

void DeferredWork::settle(size_t memory, const Bytes& bytes, bool writes) {
  Lock lock(mutex_);
  const std::deque<Waiting>& waiting = lines_[memory].waiting;
  while (std::any_of(waiting.begin(), waiting.end(),
                     [&](const Waiting& w) { return w.conflicts(bytes, writes); }))
    compute_something(memory, &lock);
  if (failure_) std::rethrow_exception(failure_);
}

void DeferredWork::settle_all() {
  Lock lock(mutex_);
  while (num_waiting_ > 0) {
    if (const auto memory = take())
      compute_first(*memory, &scratch_, &lock);
    else
      wait_for_helpers(&lock);
  }
  if (failure_) std::rethrow_exception(failure_);
}

void DeferredWork::compute_something(size_t memory, Lock* lock) {
  if (!lines_[memory].is_busy && !lines_[memory].waiting.empty())
    compute_first(memory, &scratch_, lock);
  else if (const auto other = take())
    compute_first(*other, &scratch_, lock);
  else
    wait_for_helpers(lock);
}

void DeferredWork::help() {
  Scratch scratch;
  Lock lock(mutex_);
  while (!is_over_) {
    if (const auto memory = take()) {
      compute_first(*memory, &scratch, &lock);
      continue;
    }
    lock.unlock();
    for (int i = 0; i < kSpins && num_ready_.load(std::memory_order_relaxed) == 0; ++i)
      __builtin_ia32_pause();
    lock.lock();
    ++num_asleep_;
    added_.wait(lock, [&] { return is_over_ || !ready_.empty(); });
    --num_asleep_;
  }
}

void DeferredWork::list(size_t memory) {
  Line& line = lines_[memory];
  if (line.is_busy || line.is_listed || line.waiting.empty()) return;
  line.is_listed = true;
  ready_.push_back(memory);
  num_ready_.store(ready_.size(), std::memory_order_relaxed);
  if (num_asleep_ > 0) added_.notify_one();
}

std::optional<size_t> DeferredWork::take() {
  while (!ready_.empty()) {
    const size_t memory = ready_.front();
    ready_.pop_front();
    num_ready_.store(ready_.size(), std::memory_order_relaxed);
    Line& line = lines_[memory];
    line.is_listed = false;
    if (!line.is_busy && !line.waiting.empty()) return memory;  // else somebody came first
  }
  return {};
}

void DeferredWork::compute_first(size_t memory, Scratch* scratch, Lock* lock) {
  Line& line = lines_[memory];
  line.is_busy = true;
  const Operation& operation = line.waiting.front().operation;
  lock->unlock();
  std::exception_ptr failure;
  try {
    arithmetic_.run(operation, &memories_[memory], scratch);
  } catch (...) {
    failure = std::current_exception();
  }
  lock->lock();
  if (failure && !failure_) failure_ = failure;
  line.waiting.pop_front();
  line.is_busy = false;
  --num_waiting_;
  num_done_.fetch_add(1, std::memory_order_relaxed);
  list(memory);
  if (std::exchange(is_waited_for_, false)) done_.notify_one();
}

void DeferredWork::wait_for_helpers(Lock* lock) {
  const uint64_t before = num_done_.load(std::memory_order_relaxed);
  lock->unlock();
  for (int i = 0; i < kSpins && num_done_.load(std::memory_order_relaxed) == before; ++i)
    __builtin_ia32_pause();
  lock->lock();
  done_.wait(*lock, [&] {
    is_waited_for_ = num_done_.load(std::memory_order_relaxed) == before;
    return !is_waited_for_;
  });
}

}  // namespace dojo::sim
