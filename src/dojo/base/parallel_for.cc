#include "dojo/base/parallel_for.h"

#include <omp.h>

#include <algorithm>

#include "dojo/base/check.h"

namespace dojo {

void set_num_threads(int n) {
  DOJO_CHECK_LE(1, n);
  omp_set_num_threads(n);
}

int num_threads() { return omp_get_max_threads(); }

void parallel_for(int64_t n, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  if (n <= 0) return;
  const int64_t pieces =
      std::min<int64_t>(num_threads(), std::max<int64_t>(1, n / std::max<int64_t>(1, grain)));
  if (pieces == 1 || omp_in_parallel()) return body(0, n);
#pragma omp parallel for schedule(static, 1) num_threads(static_cast <int>(pieces))
  for (int64_t p = 0; p < pieces; ++p) body(n * p / pieces, n * (p + 1) / pieces);
}

}  // namespace dojo
