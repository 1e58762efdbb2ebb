#include "dojo/base/parallel_for.h"

#include <omp.h>

#include <algorithm>
#include <atomic>

#include "dojo/base/check.h"

// The thread sanitizer does not see the barriers of libgomp, which is not built with it, and would
// call all that threads hand to each other there a race. So its builds say the same order again
// with an atomic, and leave the code that the compiler makes around the region alone.
#ifdef __SANITIZE_THREAD__
#define DOJO_OPENMP_REGION __attribute__((no_sanitize("thread")))
#else
#define DOJO_OPENMP_REGION
#endif

namespace dojo {
namespace {

class ForkAndJoin {
 public:
#ifdef __SANITIZE_THREAD__
  [[gnu::noinline]] void release() { count_.fetch_add(1, std::memory_order_release); }
  [[gnu::noinline]] void acquire() { count_.load(std::memory_order_acquire); }

 private:
  std::atomic<int64_t> count_ = 0;
#else
  void release() {}
  void acquire() {}
#endif
};

}  // namespace

void set_num_threads(int n) {
  DOJO_CHECK_LE(1, n);
  omp_set_num_threads(n);
}

int num_threads() { return omp_get_max_threads(); }

DOJO_OPENMP_REGION void parallel_for(int64_t n, int64_t grain,
                                     const std::function<void(int64_t, int64_t)>& body) {
  if (n <= 0) return;
  const int64_t pieces =
      std::min<int64_t>(num_threads(), std::max<int64_t>(1, n / std::max<int64_t>(1, grain)));
  if (pieces == 1 || omp_in_parallel()) return body(0, n);
  ForkAndJoin order;
  order.release();
#pragma omp parallel for schedule(static, 1) num_threads(static_cast <int>(pieces))
  for (int64_t p = 0; p < pieces; ++p) {
    order.acquire();
    body(n * p / pieces, n * (p + 1) / pieces);
    order.release();
  }
  order.acquire();
}

}  // namespace dojo
