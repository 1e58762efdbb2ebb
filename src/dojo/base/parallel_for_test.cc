#include "dojo/base/parallel_for.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace dojo {
namespace {

using Pieces = std::vector<std::pair<int64_t, int64_t>>;

// The pieces in order; checks that they cover [0, n) once.
Pieces pieces(int64_t n, int64_t grain) {
  Pieces seen;
  std::mutex mutex;
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    const std::lock_guard lock(mutex);
    seen.emplace_back(begin, end);
  });
  std::sort(seen.begin(), seen.end());
  int64_t at = 0;
  for (const auto& [begin, end] : seen) {
    EXPECT_EQ(begin, at);
    EXPECT_LT(begin, end);
    at = end;
  }
  EXPECT_EQ(at, n);
  return seen;
}

class ParallelFor : public testing::Test {
 protected:
  void TearDown() override { set_num_threads(before_); }
  int before_ = num_threads();
};

TEST_F(ParallelFor, CoversTheRangeOnceInPiecesOfTheGrain) {
  for (const int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    for (const int64_t n : {1, 2, 7, 64, 1000}) {
      for (const int64_t grain : {1, 5, 64, 5000}) {
        const Pieces p = pieces(n, grain);
        EXPECT_LE(p.size(), static_cast<size_t>(threads));
        if (p.size() == 1) continue;
        for (const auto& [begin, end] : p) EXPECT_GE(end - begin, std::min(grain, n));
      }
    }
  }
}

TEST_F(ParallelFor, TheSameThreadsGiveTheSamePieces) {
  set_num_threads(3);
  EXPECT_EQ(pieces(100, 10), pieces(100, 10));
  EXPECT_EQ(pieces(100, 10).size(), 3u);
}

TEST_F(ParallelFor, DoesNothingForAnEmptyRange) {
  parallel_for(0, 1, [](int64_t, int64_t) { FAIL(); });
  parallel_for(-5, 1, [](int64_t, int64_t) { FAIL(); });
}

TEST_F(ParallelFor, InsideItselfIsOnePiece) {
  set_num_threads(2);
  std::mutex mutex;
  int inner_calls = 0;
  parallel_for(2, 1, [&](int64_t, int64_t) {
    parallel_for(100, 1, [&](int64_t begin, int64_t end) {
      const std::lock_guard lock(mutex);
      ++inner_calls;
      EXPECT_EQ(end - begin, 100);
    });
  });
  EXPECT_EQ(inner_calls, 2);
}

}  // namespace
}  // namespace dojo
