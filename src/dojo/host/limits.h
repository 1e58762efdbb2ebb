// Measures what this machine can do at most, on num_threads() threads: what steps and kernels are
// compared with, in the same run, because clocks, neighbours and turbo change.
#pragma once

#include <cstdint>

#include "dojo/graph/machine_limits.h"

namespace dojo {

// FLOP a second of f32 multiply-adds on registers: the best of a few runs of some milliseconds.
double measure_fma_peak();

// Bytes a second of a[i] = b[i] + s * c[i] over arrays that together are twice as large as the
// largest cache, as far as memory allows; counted as in STREAM (www.cs.virginia.edu/stream): 12 a
// number. Stores go past the caches, so nothing is read that is not counted. The best of a few
// passes. The arrays, triad_bytes(), are taken and given back: up to 3/16 of the memory.
double measure_bandwidth();
int64_t triad_bytes();

inline MachineLimits measure_limits() { return {measure_fma_peak(), measure_bandwidth()}; }

}  // namespace dojo
