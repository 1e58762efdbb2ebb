// Threads that simulate bands together, a window of cycles after the other: as long as nothing that
// leaves a band in a window takes effect in another one within it, bands need not look at each
// other before its end.
//
// Each thread has a band of its own, whose memory stays in its caches, and takes another one only
// if nobody has begun with it when its own is done: so a thread that the operating system has put
// aside is not waited for, unless in the middle of a band. Nor do threads meet at the end of run(),
// which is called for each cycle where others decide from cycle to cycle what is sent: helpers look
// out for the next window for some microseconds and sleep then.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "dojo/sim/network/band.h"

namespace dojo::sim {

class BandCrew {
 public:
  // A thread for each band, the one that calls run() counted in.
  explicit BandCrew(std::vector<std::unique_ptr<Band>>& bands);
  ~BandCrew();

  // Simulates windows; `next_window`, which is called when all bands have come to the end of one,
  // says where the next one ends, or that there is none by the same end again.
  void run(Cycle end, const std::function<Cycle(Cycle end)>& next_window);

 private:
  void help(size_t own);
  void work(size_t own, uint32_t window);  // bands of this window that nobody has begun with
  bool begin(size_t band, uint32_t window);

  std::vector<std::unique_ptr<Band>>& bands_;
  std::vector<std::atomic<uint32_t>> begun_;  // by band: the last window
  std::atomic<uint32_t> window_ = 0;          // under way
  std::atomic<size_t> done_ = 0;              // bands of this window
  std::atomic<bool> over_ = false;
  Cycle end_ = 0;  // of the window
  std::vector<std::thread> helpers_;
};

}  // namespace dojo::sim
