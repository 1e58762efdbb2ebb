// Which vector targets our kernels are compiled for: AVX-512, AVX2 with FMA, and the compiler's
// baseline; the best one that the processor has is chosen at run time. Few targets keep compilation
// short. Include before <hwy/foreach_target.h>.
#pragma once

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
