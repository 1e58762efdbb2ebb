#include "dojo/sim/network/band_crew.h"

#include <thread>

#include "dojo/base/parallel_for.h"

namespace dojo::sim {
namespace {

constexpr int kSpins = 2000;  // some microseconds

}  // namespace

void BandCrew::run(Cycle end, const std::function<Cycle(Cycle end)>& next_window) {
  next_window_ = &next_window;
  end_ = end;
  over_ = false;
  window_.fetch_add(1, std::memory_order_release);
  parallel_for(std::ssize(bands_), 1, [this](int64_t begin, int64_t last) {
    for (int64_t b = begin; b < last; ++b) work(static_cast<size_t>(b));
  });
}

bool BandCrew::begin(size_t band, uint32_t window) {
  uint32_t before = window - 1;
  return begun_[band].compare_exchange_strong(before, window, std::memory_order_acq_rel);
}

void BandCrew::work(size_t own) {
  while (!over_.load(std::memory_order_acquire)) {
    const uint32_t window = window_.load(std::memory_order_acquire);
    for (size_t i = 0; i < bands_.size(); ++i) {
      const size_t b = (own + i) % bands_.size();
      if (!begin(b, window)) continue;
      bands_[b]->run_until(end_);
      if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 < bands_.size()) continue;
      done_.store(0, std::memory_order_relaxed);
      const Cycle next = (*next_window_)(end_);
      if (next == end_) {
        over_.store(true, std::memory_order_release);
        return;
      }
      end_ = next;
      window_.store(window + 1, std::memory_order_release);
    }
    for (int spins = 0; window_.load(std::memory_order_acquire) == window &&
                        !over_.load(std::memory_order_acquire);
         ++spins) {
      if (spins >= kSpins) std::this_thread::yield();
    }
  }
}

}  // namespace dojo::sim
