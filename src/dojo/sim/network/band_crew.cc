#include "dojo/sim/network/band_crew.h"

namespace dojo::sim {
namespace {

constexpr int kSpins = 2000;  // some microseconds

}  // namespace

BandCrew::BandCrew(std::vector<std::unique_ptr<Band>>& bands)
    : bands_(bands), begun_(bands.size()) {
  for (size_t own = 1; own < bands.size(); ++own) helpers_.emplace_back([this, own] { help(own); });
}

BandCrew::~BandCrew() {
  over_.store(true, std::memory_order_relaxed);
  window_.fetch_add(1, std::memory_order_release);
  window_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void BandCrew::run(Cycle end, const std::function<Cycle(Cycle end)>& next_window) {
  for (;;) {
    if (helpers_.empty()) {
      for (const auto& band : bands_) band->run_until(end);
    } else {
      end_ = end;
      done_.store(0, std::memory_order_relaxed);
      const uint32_t window = window_.fetch_add(1, std::memory_order_release) + 1;
      window_.notify_all();
      work(0, window);
      for (int spins = 0; done_.load(std::memory_order_acquire) < bands_.size(); ++spins)
        if (spins >= kSpins) std::this_thread::yield();
    }
    const Cycle next = next_window(end);
    if (next == end) return;
    end = next;
  }
}

void BandCrew::help(size_t own) {
  for (uint32_t seen = 0;;) {
    for (int spins = 0; spins < kSpins && window_.load(std::memory_order_relaxed) == seen; ++spins)
      __builtin_ia32_pause();
    window_.wait(seen, std::memory_order_acquire);
    seen = window_.load(std::memory_order_acquire);
    if (over_.load(std::memory_order_relaxed)) return;
    work(own, seen);
  }
}

void BandCrew::work(size_t own, uint32_t window) {
  for (size_t i = 0; i < bands_.size(); ++i) {
    const size_t b = (own + i) % bands_.size();
    if (!begin(b, window)) continue;
    bands_[b]->run_until(end_);
    done_.fetch_add(1, std::memory_order_acq_rel);
  }
}

// False: somebody else has, or the window is over.
bool BandCrew::begin(size_t band, uint32_t window) {
  uint32_t before = window - 1;
  return begun_[band].compare_exchange_strong(before, window, std::memory_order_acq_rel);
}

}  // namespace dojo::sim
