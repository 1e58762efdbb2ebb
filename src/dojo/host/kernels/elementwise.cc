#include "dojo/host/kernels/elementwise.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "dojo/base/check.h"
#include "dojo/base/parallel_for.h"
#include "dojo/host/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/elementwise.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/vector_math-inl.h"

#ifndef DOJO_HOST_KERNELS_ELEMENTWISE_ONCE
#define DOJO_HOST_KERNELS_ELEMENTWISE_ONCE
namespace dojo::kernels {

inline constexpr int64_t kBlock = 512;          // elements evaluated at a time; a slot is one block
inline constexpr int64_t kChunk = 16 * kBlock;  // the unit of threads and of partial sums
inline constexpr int kMaxSlots = 40;

using Walk = ElementwiseKernel::Walk;

// Calls run(offset in the array, position in the block, count, stride) for the innermost runs of
// elements [begin, begin + n).
template <class Run>
void for_each_run(const Walk& walk, int64_t begin, int64_t n, const Run& run) {
  const auto& levels = walk.levels;
  const int64_t inner = levels.back().size, stride = levels.back().stride;
  std::array<int64_t, 8> index{};
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

inline bool is_full(const Walk& w) { return w.levels.size() == 1 && w.levels[0].stride == 1; }
inline bool is_scalar(const Walk& w) { return w.levels.size() == 1 && w.levels[0].stride == 0; }
// One short row repeated, for example the bias of channels.
inline bool is_tile(const Walk& w) {
  return w.levels.size() == 2 && w.levels[0].stride == 0 && w.levels[1].stride == 1 &&
         w.levels[1].size <= kBlock;
}

inline void read_block(const Walk& walk, const float* src, int64_t begin, int64_t n, float* dst) {
  for_each_run(walk, begin, n, [&](int64_t offset, int64_t at, int64_t count, int64_t stride) {
    const float* s = src + offset;
    float* d = dst + at;
    if (stride == 0) {
      const float value = *s;
      for (int64_t i = 0; i < count; ++i) d[i] = value;
    } else if (stride == 1) {
      for (int64_t i = 0; i < count; ++i) d[i] = s[i];
    } else {
      for (int64_t i = 0; i < count; ++i) d[i] = s[i * stride];
    }
  });
}

inline void write_block(const Walk& walk, const float* src, int64_t begin, int64_t n, float* dst) {
  for_each_run(walk, begin, n, [&](int64_t offset, int64_t at, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i) dst[offset + i * stride] = src[at + i];
  });
}

}  // namespace dojo::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

template <class F>
HWY_INLINE void unary(const float* a, float* y, int64_t n, const F& f) {
  const D d;
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d)))
    hn::StoreU(f(hn::LoadU(d, a + i)), d, y + i);
}

template <class F>
HWY_INLINE void binary(const float* a, const float* b, float* y, int64_t n, const F& f) {
  const D d;
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) {
    hn::StoreU(f(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  }
}

template <class F>
HWY_INLINE void scalars(const float* a, float* y, int64_t n, const F& f) {
  for (int64_t i = 0; i < n; ++i) y[i] = f(a[i]);
}

// n is a multiple of the vector's lanes. y may be a, b or c.
void EvaluateStep(Ew op, const float* a, const float* b, const float* c, float* y, int64_t n) {
  const D d;
  const V one = hn::Set(d, 1.0f), zero = hn::Zero(d);
  const auto truth = [&](auto mask) { return hn::IfThenElseZero(mask, one); };
  const auto nan_or = [&](V p, V q, V r) {
    return hn::IfThenElse(hn::IsNaN(p), p, hn::IfThenElse(hn::IsNaN(q), q, r));
  };
  switch (op) {
    case Ew::kCopy:
      return unary(a, y, n, [&](V x) { return x; });
    case Ew::kNeg:
      return unary(a, y, n, [&](V x) { return hn::Neg(x); });
    case Ew::kAbs:
      return unary(a, y, n, [&](V x) { return hn::Abs(x); });
    case Ew::kSign:
      return unary(a, y, n, [&](V x) {
        return hn::IfThenElse(hn::Gt(x, zero), one,
                              hn::IfThenElse(hn::Lt(x, zero), hn::Neg(one), x));
      });
    case Ew::kSqrt:
      return unary(a, y, n, [&](V x) { return hn::Sqrt(x); });
    case Ew::kReciprocal:
      return unary(a, y, n, [&](V x) { return hn::Div(one, x); });
    case Ew::kSquare:
      return unary(a, y, n, [&](V x) { return hn::Mul(x, x); });
    case Ew::kExp:
      return unary(a, y, n, [&](V x) { return exp_v(d, x); });
    case Ew::kLog:
      return unary(a, y, n, [&](V x) { return log_v(d, x); });
    case Ew::kTanh:
      return unary(a, y, n, [&](V x) { return tanh_v(d, x); });
    case Ew::kSigmoid:
      return unary(a, y, n, [&](V x) { return sigmoid_v(d, x); });
    case Ew::kErf:
      return unary(a, y, n, [&](V x) { return erf_v(d, x); });
    case Ew::kRelu:
      return unary(a, y, n, [&](V x) { return relu_v(d, x); });
    case Ew::kGelu:
      return unary(a, y, n, [&](V x) { return gelu_v(d, x); });
    case Ew::kGeluTanh:
      return unary(a, y, n, [&](V x) { return gelu_tanh_v(d, x); });
    case Ew::kSilu:
      return unary(a, y, n, [&](V x) { return hn::Mul(x, sigmoid_v(d, x)); });
    case Ew::kSoftplus:
      return scalars(a, y, n, [](float x) {
        return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x)));
      });
    case Ew::kFloor:
      return unary(a, y, n, [&](V x) { return hn::Floor(x); });
    case Ew::kCeil:
      return unary(a, y, n, [&](V x) { return hn::Ceil(x); });
    case Ew::kRound:
      return unary(a, y, n, [&](V x) { return hn::Round(x); });
    case Ew::kSin:
      return scalars(a, y, n, [](float x) { return std::sin(x); });
    case Ew::kCos:
      return scalars(a, y, n, [](float x) { return std::cos(x); });
    case Ew::kNot:
      return unary(a, y, n, [&](V x) { return truth(hn::Eq(x, zero)); });
    case Ew::kIsFinite:
      return unary(a, y, n, [&](V x) { return truth(hn::IsFinite(x)); });
    case Ew::kGeluSlope:
      return unary(a, y, n, [&](V x) { return gelu_slope_v(d, x); });
    case Ew::kGeluTanhSlope:
      return unary(a, y, n, [&](V x) { return gelu_tanh_slope_v(d, x); });
    case Ew::kAdd:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Add(p, q); });
    case Ew::kSub:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Sub(p, q); });
    case Ew::kMul:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(p, q); });
    case Ew::kDiv:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Div(p, q); });
    case Ew::kMin:
      return binary(a, b, y, n, [&](V p, V q) { return nan_or(p, q, hn::Min(p, q)); });
    case Ew::kMax:
      return binary(a, b, y, n, [&](V p, V q) { return nan_or(p, q, hn::Max(p, q)); });
    case Ew::kPow:
      for (int64_t i = 0; i < n; ++i) y[i] = std::pow(a[i], b[i]);
      return;
    case Ew::kEqual:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Eq(p, q)); });
    case Ew::kLess:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Lt(p, q)); });
    case Ew::kLessOrEqual:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Le(p, q)); });
    case Ew::kGreater:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Gt(p, q)); });
    case Ew::kGreaterOrEqual:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Ge(p, q)); });
    case Ew::kAnd:
      return binary(a, b, y, n,
                    [&](V p, V q) { return truth(hn::And(hn::Ne(p, zero), hn::Ne(q, zero))); });
    case Ew::kOr:
      return binary(a, b, y, n,
                    [&](V p, V q) { return truth(hn::Or(hn::Ne(p, zero), hn::Ne(q, zero))); });
    case Ew::kReluGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::IfThenElseZero(hn::Gt(p, zero), q); });
    case Ew::kGeluGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(q, gelu_slope_v(d, p)); });
    case Ew::kGeluTanhGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(q, gelu_tanh_slope_v(d, p)); });
    case Ew::kSigmoidGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(q, hn::Mul(p, hn::Sub(one, p))); });
    case Ew::kTanhGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(q, hn::NegMulAdd(p, p, one)); });
    case Ew::kMulAdd:
      for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) {
        hn::StoreU(hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), hn::LoadU(d, c + i)), d,
                   y + i);
      }
      return;
    case Ew::kSelect:
      for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) {
        const auto mask = hn::Ne(hn::LoadU(d, a + i), zero);
        hn::StoreU(hn::IfThenElse(mask, hn::LoadU(d, b + i), hn::LoadU(d, c + i)), d, y + i);
      }
      return;
  }
}

double SumBlock(Elementwise::Sum kind, const float* a, int64_t n) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V sum0 = hn::Zero(d), sum1 = hn::Zero(d);
  const bool square = kind == Elementwise::Sum::kSumOfSquares;
  for (int64_t i = 0; i < n; i += 2 * lanes) {
    const V x0 = load_n(d, a + i, n - i);
    const V x1 = n - i > lanes ? load_n(d, a + i + lanes, n - i - lanes) : hn::Zero(d);
    sum0 = square ? hn::MulAdd(x0, x0, sum0) : hn::Add(sum0, x0);
    sum1 = square ? hn::MulAdd(x1, x1, sum1) : hn::Add(sum1, x1);
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
}

// Elements of chunks [begin, end); partial[chunk * sums + s] gets the sum over a chunk.
void RunChunks(const ElementwiseKernel::Plan& plan, const float* const* inputs,
               float* const* outputs, double* partial, int64_t chunk_begin, int64_t chunk_end) {
  alignas(64) float storage[kMaxSlots * kBlock];
  alignas(64) float tiles[8 * 2 * kBlock];
  const int num_inputs = static_cast<int>(plan.inputs.size());
  std::array<const float*, kMaxSlots> value;
  std::array<const float*, kMaxSlots> tile{};
  int num_tiles = 0;
  for (int s = 0; s < plan.num_slots; ++s) value[static_cast<size_t>(s)] = storage + s * kBlock;
  for (int i = 0; i < num_inputs; ++i) {
    const Walk& walk = plan.inputs[static_cast<size_t>(i)];
    if (is_scalar(walk)) {
      std::fill_n(storage + i * kBlock, kBlock, *inputs[i]);
    } else if (is_tile(walk) && num_tiles < 8) {
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
      if (is_scalar(walk)) continue;
      if (tile[s] != nullptr) {
        value[s] = tile[s] + begin % walk.levels[1].size;
      } else if (is_full(walk) && n == kBlock) {
        value[s] = inputs[i] + begin;
      } else {
        float* own = storage + i * kBlock;
        read_block(walk, inputs[i], begin, n, own);
        std::fill(own + n, own + kBlock, 0.0f);
        value[s] = own;
      }
    }
    for (size_t k = 0; k < plan.steps.size(); ++k) {
      const auto& step = plan.steps[k];
      const bool direct = plan.direct_output >= 0 && n == kBlock && k + 1 == plan.steps.size();
      float* y = direct ? outputs[plan.direct_output] + begin : storage + step.dst * kBlock;
      EvaluateStep(step.op, value[static_cast<size_t>(step.a)], value[static_cast<size_t>(step.b)],
                   value[static_cast<size_t>(step.c)], y, kBlock);
      value[static_cast<size_t>(step.dst)] = y;
    }
    for (size_t o = 0; o < plan.outputs.size(); ++o) {
      if (static_cast<int>(o) == plan.direct_output && n == kBlock) continue;
      const auto& store = plan.outputs[o];
      write_block(store.walk, value[static_cast<size_t>(store.slot)], begin, n, outputs[o]);
    }
    for (size_t s = 0; s < num_sums; ++s) {
      partial[static_cast<size_t>(begin / kChunk) * num_sums + s] +=
          SumBlock(plan.sums[s].kind, value[static_cast<size_t>(plan.sum_slots[s])], n);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(RunChunks);

namespace {

Walk make_walk(std::span<const int64_t> dims, const Strides& strides) {
  DOJO_CHECK_EQ(dims.size(), strides.size());
  Walk walk;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    auto& levels = walk.levels;
    if (!levels.empty() && levels.back().stride == strides[i] * dims[i]) {
      levels.back() = {levels.back().size * dims[i], strides[i]};
    } else {
      levels.push_back({dims[i], strides[i]});
    }
  }
  if (walk.levels.empty()) walk.levels.push_back({1, 1});
  DOJO_CHECK_LE(walk.levels.size(), 8u);
  return walk;
}

struct OpInfo {
  Ew op;
  std::string_view name;
  int operands;
};
constexpr OpInfo kOps[] = {{Ew::kCopy, "Copy", 1},
                           {Ew::kNeg, "Neg", 1},
                           {Ew::kAbs, "Abs", 1},
                           {Ew::kSign, "Sign", 1},
                           {Ew::kSqrt, "Sqrt", 1},
                           {Ew::kReciprocal, "Reciprocal", 1},
                           {Ew::kSquare, "Square", 1},
                           {Ew::kExp, "Exp", 1},
                           {Ew::kLog, "Log", 1},
                           {Ew::kTanh, "Tanh", 1},
                           {Ew::kSigmoid, "Sigmoid", 1},
                           {Ew::kErf, "Erf", 1},
                           {Ew::kRelu, "Relu", 1},
                           {Ew::kGelu, "Gelu", 1},
                           {Ew::kGeluTanh, "GeluTanh", 1},
                           {Ew::kSilu, "Silu", 1},
                           {Ew::kSoftplus, "Softplus", 1},
                           {Ew::kFloor, "Floor", 1},
                           {Ew::kCeil, "Ceil", 1},
                           {Ew::kRound, "Round", 1},
                           {Ew::kSin, "Sin", 1},
                           {Ew::kCos, "Cos", 1},
                           {Ew::kNot, "Not", 1},
                           {Ew::kIsFinite, "IsFinite", 1},
                           {Ew::kGeluSlope, "GeluSlope", 1},
                           {Ew::kGeluTanhSlope, "GeluTanhSlope", 1},
                           {Ew::kAdd, "Add", 2},
                           {Ew::kSub, "Sub", 2},
                           {Ew::kMul, "Mul", 2},
                           {Ew::kDiv, "Div", 2},
                           {Ew::kMin, "Min", 2},
                           {Ew::kMax, "Max", 2},
                           {Ew::kPow, "Pow", 2},
                           {Ew::kEqual, "Equal", 2},
                           {Ew::kLess, "Less", 2},
                           {Ew::kLessOrEqual, "LessOrEqual", 2},
                           {Ew::kGreater, "Greater", 2},
                           {Ew::kGreaterOrEqual, "GreaterOrEqual", 2},
                           {Ew::kAnd, "And", 2},
                           {Ew::kOr, "Or", 2},
                           {Ew::kReluGrad, "ReluGrad", 2},
                           {Ew::kGeluGrad, "GeluGrad", 2},
                           {Ew::kGeluTanhGrad, "GeluTanhGrad", 2},
                           {Ew::kSigmoidGrad, "SigmoidGrad", 2},
                           {Ew::kTanhGrad, "TanhGrad", 2},
                           {Ew::kMulAdd, "MulAdd", 3},
                           {Ew::kSelect, "Select", 3}};

const OpInfo& info(Ew op) {
  const OpInfo& found = kOps[static_cast<size_t>(op)];
  DOJO_CHECK(found.op == op);
  return found;
}

}  // namespace

int num_operands(Ew op) { return info(op).operands; }
std::string_view name(Ew op) { return info(op).name; }

Strides full_strides(std::span<const int64_t> dims) {
  return pitched_strides(dims, dims.empty() ? 1 : dims.back());
}

Strides pitched_strides(std::span<const int64_t> dims, int64_t pitch) {
  Strides strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;)
    strides[i - 1] = i + 1 == dims.size() ? pitch : strides[i] * dims[i];
  return strides;
}

Strides broadcast_strides(std::span<const int64_t> from, std::span<const int64_t> dims) {
  DOJO_CHECK_LE(from.size(), dims.size());
  Strides strides(dims.size(), 0);
  const Strides own = full_strides(from);
  const size_t skip = dims.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    DOJO_CHECK(from[i] == 1 || from[i] == dims[skip + i]);
    if (from[i] != 1) strides[skip + i] = own[i];
  }
  return strides;
}

ElementwiseKernel::ElementwiseKernel(const Elementwise& program) {
  const size_t num_inputs = program.inputs.size(), num_values = num_inputs + program.code.size();
  plan_.size = 1;
  for (int64_t dim : program.dims) plan_.size *= dim;
  for (const Strides& strides : program.inputs)
    plan_.inputs.push_back(make_walk(program.dims, strides));
  for (const auto& output : program.outputs) {
    for (size_t i = 0; i < program.dims.size(); ++i)
      DOJO_CHECK(program.dims[i] <= 1 || output.strides[i] != 0);
  }

  // When each value is used last; what leaves the program is used for ever.
  std::vector<size_t> last_use(num_values, 0);
  for (size_t k = 0; k < program.code.size(); ++k) {
    const Instruction& in = program.code[k];
    for (int16_t v : {in.a, in.b, in.c}) {
      DOJO_CHECK_LT(v, static_cast<int64_t>(num_inputs + k));
      if (v >= 0) last_use[static_cast<size_t>(v)] = k;
    }
  }
  for (const auto& output : program.outputs)
    last_use.at(static_cast<size_t>(output.value)) = num_values;
  for (const auto& sum : program.sums) last_use.at(static_cast<size_t>(sum.value)) = num_values;

  int next_slot = static_cast<int>(num_inputs);
  const auto constant = [&](float x) {
    for (const auto& [slot, value] : plan_.constants) {
      if (std::bit_cast<uint32_t>(value) == std::bit_cast<uint32_t>(x)) return slot;
    }
    plan_.constants.push_back({static_cast<int16_t>(next_slot++), x});
    return plan_.constants.back().first;
  };
  std::vector<int16_t> slot(num_values);
  for (size_t i = 0; i < num_inputs; ++i) slot[i] = static_cast<int16_t>(i);
  std::vector<int16_t> free;
  for (size_t k = 0; k < program.code.size(); ++k) {
    const Instruction& in = program.code[k];
    const int operands = num_operands(in.op);
    int16_t used[3] = {};
    const int16_t given[3] = {in.a, in.b, in.c};
    for (int o = 0; o < 3; ++o) {
      if (o >= operands) {
        used[o] = used[0];
      } else {
        used[o] =
            given[o] == kImmediate ? constant(in.immediate) : slot[static_cast<size_t>(given[o])];
      }
    }
    for (int o = 0; o < operands; ++o) {  // a slot that ends here may take the result
      const int16_t v = given[o];
      if (v < static_cast<int16_t>(num_inputs) || last_use[static_cast<size_t>(v)] != k) continue;
      if (std::find(free.begin(), free.end(), slot[static_cast<size_t>(v)]) == free.end()) {
        free.push_back(slot[static_cast<size_t>(v)]);
      }
    }
    int16_t dst;
    if (free.empty()) {
      dst = static_cast<int16_t>(next_slot++);
    } else {
      dst = free.back();
      free.pop_back();
    }
    slot[num_inputs + k] = dst;
    plan_.steps.push_back({in.op, dst, used[0], used[1], used[2]});
  }
  plan_.num_slots = next_slot;
  DOJO_CHECK_LE(plan_.num_slots, kMaxSlots);

  for (size_t o = 0; o < program.outputs.size(); ++o) {
    const auto& output = program.outputs[o];
    plan_.outputs.push_back(
        {slot[static_cast<size_t>(output.value)], make_walk(program.dims, output.strides)});
    const bool last = !program.code.empty() && static_cast<size_t>(output.value) == num_values - 1;
    if (last && is_full(plan_.outputs.back().walk)) plan_.direct_output = static_cast<int>(o);
  }
  for (const auto& sum : program.sums)
    plan_.sum_slots.push_back(slot[static_cast<size_t>(sum.value)]);
  plan_.sums = program.sums;
}

void ElementwiseKernel::run(std::span<const float* const> inputs, std::span<float* const> outputs,
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

void ElementwiseKernel::run(std::initializer_list<const float*> inputs,
                            std::initializer_list<float*> outputs,
                            std::initializer_list<float*> sums) const {
  run(std::span(inputs.begin(), inputs.size()), std::span(outputs.begin(), outputs.size()),
      std::span(sums.begin(), sums.size()));
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
