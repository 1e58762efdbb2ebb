// The product of two matrices by all threads: y [m,n] = a b, or with a bias. Both factors are
// brought into the order in which panel_product() reads them, a block at a time; a left factor that
// lies row by row is read where it is.
//
// An element's sum does not depend on the number of threads: they share rows or columns, never the
// sum.
#pragma once

#include <cstdint>

namespace dojo::kernels {

struct Gemm {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;  // a [k,m], b [n,k] in memory
};

bool gemm_knows(const Gemm& g);  // n is a multiple of 16, and m, if a is transposed, at least 16

// Floats that it needs beside its result, with num_threads() threads.
int64_t gemm_scratch_floats(const Gemm& g);

// bias [n], added to each row, or nullptr.
void gemm(const Gemm& g, const float* a, const float* b, const float* bias, float* y,
          float* scratch);

}  // namespace dojo::kernels
