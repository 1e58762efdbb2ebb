#include "dojo/host/limits.h"

#include <unistd.h>

#include <algorithm>
#include <new>
#include <vector>

#include "dojo/base/clock.h"
#include "dojo/base/memory_limit.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/limits.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/aligned_allocator.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dojo::limits {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Twelve chains: two units of a core with a latency of 4 or 5 cycles need 8 or 10, and 16 registers
// hold no more. Each begins with another number, else the compiler finds that they are all the same
// and computes one; all go to 2. Returns the number of FLOP; `sum` keeps the work alive.
double FmaLoop(int64_t iterations, float* sum) {
  const hn::ScalableTag<float> d;
  const auto half = hn::Set(d, 0.5f), one = hn::Set(d, 1.0f);
  auto a = hn::Set(d, 1.f), b = hn::Set(d, 3.f), c = hn::Set(d, 4.f), e = hn::Set(d, 5.f);
  auto f = hn::Set(d, 6.f), g = hn::Set(d, 7.f), h = hn::Set(d, 8.f), i = hn::Set(d, 9.f);
  auto j = hn::Set(d, 10.f), k = hn::Set(d, 11.f), l = hn::Set(d, 12.f), m = hn::Set(d, 13.f);
  for (int64_t n = 0; n < iterations; ++n) {
    a = hn::MulAdd(a, half, one), b = hn::MulAdd(b, half, one);
    c = hn::MulAdd(c, half, one), e = hn::MulAdd(e, half, one);
    f = hn::MulAdd(f, half, one), g = hn::MulAdd(g, half, one);
    h = hn::MulAdd(h, half, one), i = hn::MulAdd(i, half, one);
    j = hn::MulAdd(j, half, one), k = hn::MulAdd(k, half, one);
    l = hn::MulAdd(l, half, one), m = hn::MulAdd(m, half, one);
  }
  const auto first = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(f, g));
  const auto second = hn::Add(hn::Add(hn::Add(h, i), hn::Add(j, k)), hn::Add(l, m));
  *sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(first, second)));
  return 2.0 * 12 * static_cast<double>(hn::Lanes(d)) * static_cast<double>(iterations);
}

// REQUIRES: n is a multiple of 16; the arrays are aligned for vectors.
void Triad(int64_t n, const float* HWY_RESTRICT b, const float* HWY_RESTRICT c,
           float* HWY_RESTRICT a) {
  const hn::ScalableTag<float> d;
  const auto s = hn::Set(d, 3.0f);
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < n; i += lanes)
    hn::Stream(hn::MulAdd(s, hn::Load(d, c + i), hn::Load(d, b + i)), d, a + i);
  hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::limits
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo {
namespace limits {
namespace {

HWY_EXPORT(FmaLoop);
HWY_EXPORT(Triad);

double fma_loop(int64_t iterations, float* sum) {
  return HWY_DYNAMIC_DISPATCH(FmaLoop)(iterations, sum);
}
void triad(int64_t n, const float* b, const float* c, float* a) {
  HWY_DYNAMIC_DISPATCH(Triad)(n, b, c, a);
}

constexpr int kRuns = 5;
constexpr int64_t kBlock = 16;  // floats: a cache line, and the widest vector

int64_t largest_cache_bytes() {
  int64_t bytes = 0;  // where the system does not tell, sysconf() gives 0 or -1
  for (int name : {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE})
    bytes = std::max<int64_t>(bytes, sysconf(name));
  return bytes;
}

int64_t triad_blocks() {  // of each of the three arrays
  constexpr int64_t kLeast = int64_t{32} << 20;
  const int64_t wanted = std::max(kLeast, 2 * largest_cache_bytes() / 3);
  return std::min(wanted, memory_limit().bytes / 16) / (kBlock * int64_t{sizeof(float)});
}

}  // namespace
}  // namespace limits

double measure_fma_peak() {
  constexpr int64_t kIterations = 1'000'000;  // about 2 ms
  const int64_t threads = num_threads();
  std::vector<double> flop(static_cast<size_t>(threads));
  std::vector<float> sums(flop.size());
  double best = 0;
  for (int run = 0; run <= limits::kRuns; ++run) {  // the first wakes threads and clocks up
    const double seconds = seconds_of([&] {
      parallel_for(threads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; ++t)
          flop[static_cast<size_t>(t)] =
              limits::fma_loop(kIterations, &sums[static_cast<size_t>(t)]);
      });
    });
    double all = 0;
    for (double f : flop) all += f;
    if (run > 0) best = std::max(best, all / seconds);
  }
  return best;
}

int64_t triad_bytes() {
  return 3 * limits::triad_blocks() * limits::kBlock * int64_t{sizeof(float)};
}

double measure_bandwidth() {
  const int64_t blocks = limits::triad_blocks(), n = blocks * limits::kBlock;
  const auto array = [&] {
    auto memory = hwy::AllocateAligned<float>(static_cast<size_t>(n));
    if (!memory) throw std::bad_alloc();
    return memory;
  };
  const auto a = array(), b = array(), c = array();
  double best = 0;
  for (int run = 0; run <= limits::kRuns; ++run) {  // the first has the pages backed
    const double seconds = seconds_of([&] {
      parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
        const int64_t from = begin * limits::kBlock, count = (end - begin) * limits::kBlock;
        if (run == 0) {
          std::fill_n(b.get() + from, count, 1.0f);
          std::fill_n(c.get() + from, count, 2.0f);
        }
        limits::triad(count, b.get() + from, c.get() + from, a.get() + from);
      });
    });
    if (run > 0) best = std::max(best, static_cast<double>(triad_bytes()) / seconds);
  }
  return best;
}

}  // namespace dojo
#endif  // HWY_ONCE
