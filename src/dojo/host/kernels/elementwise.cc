// Blocks of 512 elements at a time: inputs are read into slots or used where they lie, each step
// runs over the whole block in f32, and results are written out.
#include "dojo/host/kernels/elementwise.h"

#include <algorithm>
#include <array>

#include "dojo/base/check.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/elementwise.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/elementwise_ops-inl.h"

#ifndef DOJO_HOST_KERNELS_ELEMENTWISE_ONCE
#define DOJO_HOST_KERNELS_ELEMENTWISE_ONCE
namespace dojo::kernels {

inline constexpr int64_t kBlock = 512;          // elements evaluated at a time; a slot is one block
inline constexpr int64_t kChunk = 16 * kBlock;  // the unit of threads and of partial sums
inline constexpr int kMaxTiles = 8;             // inputs that are kept as a repeated row

// Calls run(offset in the array, position in the block, count, stride) for the innermost runs of
// elements [begin, begin + n).
template <class Run>
void for_each_run(const Walk& walk, int64_t begin, int64_t n, const Run& run) {
  const auto& levels = walk.levels;
  const int64_t inner = levels.back().size, stride = levels.back().stride;
  std::array<int64_t, kMaxLevels> index{};
  int64_t offset = 0, rest = begin / inner, first = begin % inner;
  for (size_t l = levels.size() - 1; l-- > 0;) {
    index[l] = rest % levels[l].size;
    rest /= levels[l].size;
    offset += index[l] * levels[l].stride;
  }
  for (int64_t done = 0; done < n;) {
    const int64_t count = std::min(inner - first, n - done);
    run(offset + first * stride, done, count, stride);
    done += count;
    first = 0;
    for (size_t l = levels.size() - 1; l-- > 0;) {
      offset += levels[l].stride;
      if (++index[l] < levels[l].size) break;
      offset -= levels[l].stride * levels[l].size;
      index[l] = 0;
    }
  }
}

inline void convert(float from, float& to) { to = from; }
inline void convert(Bf16 from, float& to) { to = value_of(from); }
inline void convert(float from, Bf16& to) { to = static_cast<Bf16>(bf16_code(from)); }

template <class T>
void read_block(const Walk& walk, const T* src, int64_t begin, int64_t n, float* dst) {
  for_each_run(walk, begin, n, [&](int64_t offset, int64_t at, int64_t count, int64_t stride) {
    const T* s = src + offset;
    float* d = dst + at;
    if (stride == 0) {
      convert(*s, *d);
      for (int64_t i = 1; i < count; ++i) d[i] = *d;
    } else if (stride == 1) {
      for (int64_t i = 0; i < count; ++i) convert(s[i], d[i]);
    } else {
      for (int64_t i = 0; i < count; ++i) convert(s[i * stride], d[i]);
    }
  });
}
inline void read_block(const Walk& walk, FloatsIn src, int64_t begin, int64_t n, float* dst) {
  src.is_bf16() ? read_block(walk, src.bf16(), begin, n, dst)
                : read_block(walk, src.f32(), begin, n, dst);
}

template <class T>
void write_block(const Walk& walk, const float* src, int64_t begin, int64_t n, T* dst) {
  for_each_run(walk, begin, n, [&](int64_t offset, int64_t at, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i) convert(src[at + i], dst[offset + i * stride]);
  });
}

}  // namespace dojo::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

// Elements of chunks [begin, end); partial[chunk * sums + s] gets the sum over a chunk.
void RunChunks(const ElementwisePlan& plan, const FloatsIn* inputs, const FloatsOut* outputs,
               double* partial, int64_t chunk_begin, int64_t chunk_end) {
  alignas(64) float storage[kMaxSlots * kBlock];
  // Two blocks of a repeated row: a block that begins anywhere in the row lies in one piece.
  alignas(64) float tiles[kMaxTiles * 2 * kBlock];
  const int num_inputs = static_cast<int>(plan.inputs.size());
  const bool direct = plan.direct_output >= 0 && !outputs[plan.direct_output].is_bf16();
  const int direct_output = direct ? plan.direct_output : -1;
  std::array<const float*, kMaxSlots> value;
  std::array<const float*, kMaxSlots> tile{};
  int64_t num_tiles = 0;
  for (int s = 0; s < plan.num_slots; ++s) value[static_cast<size_t>(s)] = storage + s * kBlock;
  for (int i = 0; i < num_inputs; ++i) {
    const Walk& walk = plan.inputs[static_cast<size_t>(i)];
    if (walk.is_scalar()) {
      std::fill_n(storage + i * kBlock, kBlock, inputs[i][0]);
    } else if (walk.is_row() && walk.levels[1].size <= kBlock && num_tiles < kMaxTiles) {
      float* t = tiles + num_tiles++ * 2 * kBlock;
      read_block(walk, inputs[i], 0, kBlock, t);
      read_block(walk, inputs[i], kBlock % walk.levels[1].size, kBlock, t + kBlock);
      tile[static_cast<size_t>(i)] = t;
    }
  }
  for (const auto& [slot, v] : plan.constants) std::fill_n(storage + slot * kBlock, kBlock, v);

  const size_t num_sums = plan.sums.size();
  const int64_t end = std::min(plan.size, chunk_end * kChunk);
  for (int64_t begin = chunk_begin * kChunk; begin < end; begin += kBlock) {
    const int64_t n = std::min(kBlock, end - begin);
    for (int i = 0; i < num_inputs; ++i) {
      const Walk& walk = plan.inputs[static_cast<size_t>(i)];
      const size_t s = static_cast<size_t>(i);
      if (walk.is_scalar()) continue;
      if (tile[s] != nullptr) {
        value[s] = tile[s] + begin % walk.levels[1].size;
      } else if (walk.is_full() && n == kBlock && !inputs[i].is_bf16()) {
        value[s] = inputs[i].f32() + begin;
      } else {
        float* own = storage + i * kBlock;
        if (walk.is_full() && inputs[i].is_bf16())
          copy_block(inputs[i].bf16() + begin, n, own);
        else
          read_block(walk, inputs[i], begin, n, own);
        std::fill(own + n, own + kBlock, 0.0f);
        value[s] = own;
      }
    }
    for (size_t k = 0; k < plan.steps.size(); ++k) {
      const auto& step = plan.steps[k];
      const bool last = direct_output >= 0 && n == kBlock && k + 1 == plan.steps.size();
      float* y = last ? outputs[direct_output].f32() + begin : storage + step.result * kBlock;
      evaluate_op(step.op, value[static_cast<size_t>(step.a)], value[static_cast<size_t>(step.b)],
                  value[static_cast<size_t>(step.c)], y, kBlock);
      value[static_cast<size_t>(step.result)] = y;
    }
    for (size_t o = 0; o < plan.outputs.size(); ++o) {
      if (static_cast<int>(o) == direct_output && n == kBlock) continue;
      const auto& store = plan.outputs[o];
      const float* from = value[static_cast<size_t>(store.slot)];
      if (!outputs[o].is_bf16())
        write_block(store.walk, from, begin, n, outputs[o].f32());
      else if (store.walk.is_full())
        copy_block(from, n, outputs[o].bf16() + begin);
      else
        write_block(store.walk, from, begin, n, outputs[o].bf16());
    }
    for (size_t s = 0; s < num_sums; ++s) {
      partial[static_cast<size_t>(begin / kChunk) * num_sums + s] +=
          sum_block(plan.sums[s].kind, value[static_cast<size_t>(plan.sum_slots[s])], n);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(RunChunks);

ElementwiseKernel::ElementwiseKernel(const Elementwise& program)
    : plan_(plan_elementwise(program)) {}

void ElementwiseKernel::run(std::span<const FloatsIn> inputs, std::span<const FloatsOut> outputs,
                            std::span<float* const> sums) const {
  DOJO_CHECK_EQ(inputs.size(), plan_.inputs.size());
  DOJO_CHECK_EQ(outputs.size(), plan_.outputs.size());
  DOJO_CHECK_EQ(sums.size(), plan_.sums.size());
  const int64_t chunks = (plan_.size + kChunk - 1) / kChunk;
  std::vector<double> partial(static_cast<size_t>(chunks) * sums.size());
  parallel_for(chunks, 2, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(RunChunks)
    (plan_, inputs.data(), outputs.data(), partial.data(), begin, end);
  });
  for (size_t s = 0; s < sums.size(); ++s) {
    double sum = 0;
    for (int64_t c = 0; c < chunks; ++c) sum += partial[static_cast<size_t>(c) * sums.size() + s];
    *sums[s] = static_cast<float>(sum * plan_.sums[s].scale);
  }
}

void ElementwiseKernel::run(std::initializer_list<FloatsIn> inputs,
                            std::initializer_list<FloatsOut> outputs,
                            std::initializer_list<float*> sums) const {
  run(std::span(inputs.begin(), inputs.size()), std::span(outputs.begin(), outputs.size()),
      std::span(sums.begin(), sums.size()));
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
