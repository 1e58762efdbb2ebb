// What the machine can do at most: the two limits that bound every kernel (the roofline). host/
// measures them.
#pragma once

#include <algorithm>

namespace dojo {

struct MachineLimits {
  double flop_per_second = 0;   // f32, one multiply-add counts 2
  double bytes_per_second = 0;  // to and from memory

  // The least time for so much arithmetic and so many bytes that come from or go to memory. What
  // lies in a cache may take less.
  double least_seconds(double flop, double bytes) const {
    return std::max(flop / flop_per_second, bytes / bytes_per_second);
  }
};

}  // namespace dojo
