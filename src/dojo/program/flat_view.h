// A view as bytes: where it begins and how it goes on, for who moves or times it. Dimensions that
// follow each other without a gap are one, so that a contiguous block is a single run.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dojo/program/program.h"

namespace dojo::program {

struct FlatView {
  struct Level {
    int64_t count = 1, stride_bytes = 0;
    bool operator==(const Level&) const = default;
  };

  int64_t address = 0;                   // of the first element, beside the terms
  std::vector<Term> terms;               // in bytes
  std::array<Level, kMaxRank> levels{};  // outermost first
  size_t num_levels = 0;
  int64_t run_bytes = 0;  // contiguous, at each place that the levels name

  int64_t begin(const Frame& frame) const;  // the address of the first byte
  int64_t num_runs() const;
};

// REQUIRES: the view is not padded: where that has bytes depends on each index.
FlatView flatten(const Program& program, const Code& code, const View& view);

// fn(address) for each run, in the order of the elements.
template <typename Fn>
void for_each_run(const FlatView& view, const Frame& frame, Fn&& fn) {
  std::array<int64_t, kMaxRank> at{};
  int64_t address = view.begin(frame);
  for (;;) {
    fn(address);
    size_t level = view.num_levels;
    for (; level > 0; --level) {
      const FlatView::Level& l = view.levels[level - 1];
      address += l.stride_bytes;
      if (++at[level - 1] < l.count) break;
      address -= l.count * l.stride_bytes;
      at[level - 1] = 0;
    }
    if (level == 0) return;
  }
}

}  // namespace dojo::program
