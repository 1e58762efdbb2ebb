#include "dojo/numerics/matrix_unit.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/numerics/convert.h"
#include "dojo/numerics/exact_sum.h"
#include "dojo/numerics/round.h"

namespace dojo {
namespace {

constexpr int kDepth = 4;  // products of a step

FloatFormat format_of(Accumulator accumulator) {
  if (accumulator == Accumulator::k1_7_13)
    return {.exponent_bits = 7, .fraction_bits = 13, .bias = 63, .top = TopExponent::kNumbers};
  return float_format(FloatKind::kF32);
}

// Of terms that are not all finite: what IEEE 754 makes of their sum, a NaN with the sign +.
double special_sum(const FloatFormat& format, std::span<const double> terms) {
  const double sum = std::accumulate(terms.begin(), terms.end(), 0.0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return decode(format, encode(format, std::isnan(sum) ? nan : sum));
}

bool is_finite(double x) { return std::isfinite(x); }

// [x + y]
double add(const FloatFormat& format, double x, double y) {
  if (!is_finite(x) || !is_finite(y)) return special_sum(format, std::array{x, y});
  return decode(format, encode(format, add_to_odd(x, y)));
}

// [the sum of all terms]; a sum of zero is +0.
double add_all(const FloatFormat& format, std::span<const double> terms) {
  if (!std::all_of(terms.begin(), terms.end(), is_finite)) return special_sum(format, terms);
  ExactSum sum;
  for (double x : terms) sum.add(x);
  return decode(format, encode(format, sum.round_to_odd()));
}

double product(float a, float b) { return static_cast<double>(a) * static_cast<double>(b); }

using Numbers = std::span<const float>;

double in_turn(const FloatFormat& format, double acc, Numbers a, Numbers b) {
  for (size_t k = 0; k < a.size(); ++k) acc = add(format, acc, product(a[k], b[k]));
  return acc;
}

double by_pairs(const FloatFormat& format, double acc, Numbers a, Numbers b) {
  for (size_t k = 0; k < a.size(); k += kDepth) {
    // The next one or two products, which begin at i.
    const auto pair = [&](size_t i) {
      const double p = product(a[i], b[i]);
      return i + 1 < a.size() ? add(format, p, product(a[i + 1], b[i + 1])) : p;
    };
    const double first = pair(k);
    acc = add(format, acc, k + 2 < a.size() ? add(format, first, pair(k + 2)) : first);
  }
  return acc;
}

double fused(const FloatFormat& format, double acc, Numbers a, Numbers b) {
  for (size_t k = 0; k < a.size(); k += kDepth) {
    std::vector<double> terms = {acc};
    for (size_t i = k; i < std::min(k + kDepth, a.size()); ++i)
      terms.push_back(product(a[i], b[i]));
    acc = add_all(format, terms);
  }
  return acc;
}

double on_four_units(const FloatFormat& format, double start, Numbers a, Numbers b) {
  std::array<double, kDepth> acc = {start, 0, 0, 0};
  for (size_t k = 0; k < a.size(); ++k)
    acc[k % kDepth] = add(format, acc[k % kDepth], product(a[k], b[k]));
  return add(format, add(format, acc[0], acc[1]), add(format, acc[2], acc[3]));
}

double exactly(double start, Numbers a, Numbers b) {
  std::vector<double> terms = {start};
  for (size_t k = 0; k < a.size(); ++k) terms.push_back(product(a[k], b[k]));
  return add_all(float_format(FloatKind::kF32), terms);
}

double accumulated(const MatrixUnitRules& rules, float start, Numbers a, Numbers b) {
  const double acc = static_cast<double>(start);
  if (rules.accumulator == Accumulator::kExact) return exactly(acc, a, b);
  const FloatFormat format = format_of(rules.accumulator);
  switch (rules.order) {
    case AdditionOrder::kInTurn:
      return in_turn(format, acc, a, b);
    case AdditionOrder::kPairs:
      return by_pairs(format, acc, a, b);
    case AdditionOrder::kFused:
      return fused(format, acc, a, b);
    case AdditionOrder::kFourUnits:
      return on_four_units(format, acc, a, b);
  }
  DOJO_CHECK(false);
  return 0;
}

void decode_codes(const CodedMatrix& x, int64_t first, std::span<float> values) {
  if (x.format.bytes() == 1)
    scalar::decode(x.format, {static_cast<const uint8_t*>(x.codes) + first, values.size()}, values);
  else
    scalar::decode(x.format, {static_cast<const uint16_t*>(x.codes) + first, values.size()},
                   values);
}

}  // namespace

float accumulate(const MatrixUnitRules& rules, float start, Numbers a, Numbers b) {
  DOJO_CHECK_EQ(a.size(), b.size());
  const double acc = accumulated(rules, start, a, b);
  return std::isnan(acc) ? std::bit_cast<float>(0x7fc00000u) : static_cast<float>(acc);
}

void scalar::matrix_multiply(const MatrixUnitRules& rules, int64_t m, int64_t n, int64_t k,
                             const CodedMatrix& a, const CodedMatrix& b, float* c,
                             int64_t c_stride) {
  DOJO_CHECK(a.format.bits() <= 16 && b.format.bits() <= 16);
  std::vector<float> row(static_cast<size_t>(k)), column(static_cast<size_t>(k));
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < k; ++i)
      decode_codes(b, i * b.row_stride + j, std::span(column).subspan(static_cast<size_t>(i), 1));
    for (int64_t i = 0; i < m; ++i) {
      decode_codes(a, i * a.row_stride, row);
      float& out = c[i * c_stride + j];
      out = accumulate(rules, out, row, column);
    }
  }
}

}  // namespace dojo
