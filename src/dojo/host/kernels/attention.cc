#include "dojo/host/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"
#include "dojo/host/kernels/product.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/attention.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/product-inl.h"
#include "dojo/host/kernels/transpose-inl.h"
#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// factor * rows [rows,d] as panels of d columns.
void PackRows(const float* from, int64_t stride, int64_t rows, int64_t d, float factor, float* to) {
  const PanelTag tag;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(tag));
  const auto k = hn::Set(tag, factor);
  for (int64_t i = 0; i < d; i += lanes)
    for (int64_t r = 0; r < rows; ++r)
      hn::StoreU(hn::Mul(k, hn::LoadU(tag, from + r * stride + i)), tag,
                 PanelPlace(to, d, rows, r, i));
}

// factor * rows' [d, rows] as panels of `padded` columns, those behind the rows 0.
void PackColumns(const float* from, int64_t stride, int64_t rows, int64_t padded, int64_t d,
                 float factor, float* to) {
  const PanelTag tag;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(tag));
  const auto k = hn::Set(tag, factor);
  for (int64_t first = 0; first < padded; first += Panel()) {
    const int64_t width = PanelWidth(padded, first),
                  there = std::clamp<int64_t>(rows - first, 0, width);
    float* panel = to + first * d;
    int64_t r = 0;
    for (; r + lanes <= there; r += lanes)
      for (int64_t i = 0; i < d; i += 4) {
        hn::Vec<PanelTag> columns[4];
        FourColumns(tag, from + (first + r) * stride + i, stride, columns);
        for (int c = 0; c < 4; ++c)
          hn::StoreU(hn::Mul(k, columns[c]), tag, panel + (i + c) * width + r);
      }
    for (int64_t i = 0; i < d; ++i, panel += width) {
      for (int64_t rest = r; rest < there; ++rest)
        panel[rest] = factor * from[(first + rest) * stride + i];
      std::fill(panel + there, panel + width, 0.0f);
    }
  }
}

// The scores become their exponentials, beside the greatest; *sum is their sum. Returns the
// greatest.
float Exponentials(int64_t n, float* scores, float* sum) {
  const D d;
  const V shift = greatest(d, scores, n);
  V total = hn::Zero(d);
  for_each_vector(d, 0, n, [&](int64_t i, int64_t left) {
    const V e = exp_v(d, hn::Sub(load_n(d, scores + i, left), shift));
    total = hn::Add(total, first_n(d, e, left));
    store_n(d, e, scores + i, left);
  });
  *sum = hn::GetLane(hn::SumOfLanes(d, total));
  return hn::GetLane(shift);
}

void Scale(int64_t n, float factor, float* x) {
  const D d;
  const V k = hn::Set(d, factor);
  for_each_vector(d, 0, n, [&](int64_t i, int64_t left) {
    store_n(d, hn::Mul(k, load_n(d, x + i, left)), x + i, left);
  });
}

// Scores become probabilities p, and their gradient dp that of the scores: p (dp - sum(p dp)).
void ScoreGradient(int64_t n, float log_sum, float* scores, float* dp) {
  const D d;
  const V shift = hn::Set(d, log_sum);
  V sum = hn::Zero(d);
  for_each_vector(d, 0, n, [&](int64_t i, int64_t left) {
    const V p = exp_v(d, hn::Sub(load_n(d, scores + i, left), shift));
    sum = hn::MulAdd(first_n(d, p, left), load_n(d, dp + i, left), sum);
    store_n(d, p, scores + i, left);
  });
  const V total = hn::SumOfLanes(d, sum);
  for_each_vector(d, 0, n, [&](int64_t i, int64_t left) {
    const V p = load_n(d, scores + i, left);
    store_n(d, hn::Mul(p, hn::Sub(load_n(d, dp + i, left), total)), dp + i, left);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(PackRows);
HWY_EXPORT(PackColumns);
HWY_EXPORT(Exponentials);
HWY_EXPORT(Scale);
HWY_EXPORT(ScoreGradient);

namespace {

constexpr int64_t kBlock = 64;  // queries at most: their scores stay in the second-level cache

int64_t padded(int64_t keys) { return (keys + 15) / 16 * 16; }

// The scratch memory of one thread.
struct Scratch {
  float *scores, *dp;              // [kBlock, padded(keys)]
  float *key_columns, *v_columns;  // panels [d, padded(keys)]
  float *key_rows, *v_rows;        // panels [keys, d]
  float *q_block, *dy_block;       // panels [kBlock, d]

  Scratch(const Attention& a, float* memory) {
    const int64_t width = padded(a.keys);
    const auto take = [&](int64_t n) { return std::exchange(memory, memory + n); };
    scores = take(kBlock * width);
    dp = take(kBlock * width);
    key_columns = take(a.d * width);
    v_columns = take(a.d * width);
    key_rows = v_rows = take(a.keys * a.d);  // forward needs those of v, backward those of k
    q_block = take(kBlock * a.d);
    dy_block = take(kBlock * a.d);
  }
  static int64_t floats(const Attention& a) {
    return 2 * (kBlock + a.d) * padded(a.keys) + a.keys * a.d + 2 * kBlock * a.d;
  }
};

// Queries that are taken at once: blocks are as equal as they can be.
int64_t block_of(const Attention& a) {
  const int64_t blocks = std::max<int64_t>(1, (a.queries + kBlock - 1) / kBlock);
  return (a.queries + blocks - 1) / blocks;
}

// Calls body(item, scratch) for all items, one thread's items one after the other.
template <class Body>
void for_items(const Attention& a, float* scratch, Body body) {
  const int64_t items = std::ssize(a.q.items), parts = num_threads();
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part)
      for (int64_t i = part * items / parts; i < (part + 1) * items / parts; ++i)
        body(static_cast<size_t>(i), Scratch(a, scratch + part * Scratch::floats(a)));
  });
}

}  // namespace

bool attention_knows(const Attention& a) { return a.d % 16 == 0; }

int64_t attention_scratch_floats(const Attention& a) { return num_threads() * Scratch::floats(a); }

void attention_forward(const Attention& a, const float* q, const float* k, const float* v,
                       const ItemRows& y_rows, float* y, float* log_sums, float* scratch) {
  const int64_t width = padded(a.keys), block = block_of(a);
  for_items(a, scratch, [&](size_t item, const Scratch& s) {
    HWY_DYNAMIC_DISPATCH(PackColumns)
    (k + a.k.items[item], a.k.stride, a.keys, width, a.d, a.scale, s.key_columns);
    HWY_DYNAMIC_DISPATCH(PackRows)(v + a.v.items[item], a.v.stride, a.keys, a.d, 1, s.v_rows);
    float* item_sums = log_sums + int64_t(item) * a.queries;
    for (int64_t first = 0; first < a.queries; first += block) {
      const int64_t rows = std::min(block, a.queries - first);
      float* to = y + y_rows.items[item] + first * y_rows.stride;
      panel_product(rows, width, a.d, q + a.q.items[item] + first * a.q.stride, a.q.stride, 1,
                    s.key_columns, s.scores, width, false);
      float sums[kBlock];
      for (int64_t r = 0; r < rows; ++r) {
        const float top =
            HWY_DYNAMIC_DISPATCH(Exponentials)(a.keys, s.scores + r * width, &sums[r]);
        item_sums[first + r] = top + std::log(sums[r]);
      }
      panel_product(rows, a.d, a.keys, s.scores, width, 1, s.v_rows, to, y_rows.stride, false);
      for (int64_t r = 0; r < rows; ++r)
        HWY_DYNAMIC_DISPATCH(Scale)(a.d, 1 / sums[r], to + r * y_rows.stride);
    }
  });
}

void attention_backward(const Attention& a, const AttentionGrad& g, const float* q, const float* k,
                        const float* v, const float* dy, const float* log_sums, float* dq,
                        float* dk, float* dv, float* scratch) {
  const int64_t width = padded(a.keys), block = block_of(a);
  for_items(a, scratch, [&](size_t item, const Scratch& s) {
    const float *key = k + a.k.items[item], *value = v + a.v.items[item];
    HWY_DYNAMIC_DISPATCH(PackColumns)
    (key, a.k.stride, a.keys, width, a.d, a.scale, s.key_columns);
    HWY_DYNAMIC_DISPATCH(PackColumns)(value, a.v.stride, a.keys, width, a.d, 1, s.v_columns);
    HWY_DYNAMIC_DISPATCH(PackRows)(key, a.k.stride, a.keys, a.d, a.scale, s.key_rows);
    const float* item_sums = log_sums + int64_t(item) * a.queries;
    for (int64_t first = 0; first < a.queries; first += block) {
      const int64_t rows = std::min(block, a.queries - first);
      const bool add = first > 0;
      const float* query = q + a.q.items[item] + first * a.q.stride;
      const float* gradient = dy + g.dy.items[item] + first * g.dy.stride;
      HWY_DYNAMIC_DISPATCH(PackRows)(query, a.q.stride, rows, a.d, a.scale, s.q_block);
      HWY_DYNAMIC_DISPATCH(PackRows)(gradient, g.dy.stride, rows, a.d, 1, s.dy_block);
      panel_product(rows, width, a.d, query, a.q.stride, 1, s.key_columns, s.scores, width, false);
      panel_product(rows, width, a.d, gradient, g.dy.stride, 1, s.v_columns, s.dp, width, false);
      for (int64_t r = 0; r < rows; ++r) HWY_DYNAMIC_DISPATCH(ScoreGradient)
      (a.keys, item_sums[first + r], s.scores + r * width, s.dp + r * width);
      panel_product(rows, a.d, a.keys, s.dp, width, 1, s.key_rows,
                    dq + g.dq.items[item] + first * g.dq.stride, g.dq.stride, false);
      panel_product(a.keys, a.d, rows, s.scores, 1, width, s.dy_block, dv + g.dv.items[item],
                    g.dv.stride, add);
      panel_product(a.keys, a.d, rows, s.dp, 1, width, s.q_block, dk + g.dk.items[item],
                    g.dk.stride, add);
    }
  });
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
