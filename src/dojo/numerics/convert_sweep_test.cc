// Numbers of f32 through every conversion, vectors against the definition: one in 20,011 of them,
// or, with DOJO_FULL_TESTS=1, all 2^32.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "dojo/base/parallel_for.h"
#include "dojo/numerics/convert.h"

namespace dojo {
namespace {

constexpr int64_t kAll = int64_t{1} << 32, kBlock = 1 << 14;

// How many codes differ among the numbers begin * stride, ..., (end - 1) * stride.
template <class Code>
int64_t differences(Conversion to, int64_t begin, int64_t end, int64_t stride) {
  std::vector<float> x;
  for (int64_t i = begin; i < end; ++i)
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(i * stride)));
  std::vector<Code> seen(x.size()), expected(x.size());
  to.first_element = begin;
  encode(to, x, seen);
  scalar::encode(to, x, expected);
  int64_t n = 0;
  for (size_t i = 0; i < x.size(); ++i) n += seen[i] != expected[i];
  return n;
}

struct Target {
  std::string name;
  FloatFormat format;
};

class ConvertSweep : public testing::TestWithParam<Target> {};

TEST_P(ConvertSweep, OverTheNumbersOfF32VectorsEqualTheDefinition) {
  const bool full = std::getenv("DOJO_FULL_TESTS") != nullptr;
  const int64_t stride = full ? 1 : 20011, numbers = kAll / stride;
  const int64_t blocks = (numbers + kBlock - 1) / kBlock;
  for (const RoundingRules& rules : {RoundingRules{}, RoundingRules{.ties = Ties::kAway},
                                     RoundingRules{.mode = Rounding::kStochastic}}) {
    const Conversion to = {.format = GetParam().format, .rules = rules, .random = {.seed = 5}};
    std::vector<int64_t> wrong(static_cast<size_t>(blocks));
    parallel_for(blocks, 1, [&](int64_t first, int64_t last) {
      for (int64_t b = first; b < last; ++b) {
        const int64_t begin = b * kBlock, end = std::min(numbers, begin + kBlock);
        wrong[static_cast<size_t>(b)] = to.format.bytes() == 1
                                            ? differences<uint8_t>(to, begin, end, stride)
                                            : differences<uint16_t>(to, begin, end, stride);
      }
    });
    EXPECT_EQ(std::count(wrong.begin(), wrong.end(), 0), blocks);
    if (full) std::printf("  %lld numbers\n", static_cast<long long>(numbers));
  }
}

INSTANTIATE_TEST_SUITE_P(
    To, ConvertSweep,
    testing::Values(Target{"cfloat8_1_4_3", float_format(FloatKind::kCFloat8_1_4_3, 7)},
                    Target{"cfloat8_1_5_2", float_format(FloatKind::kCFloat8_1_5_2, 63)},
                    Target{"shp", float_format(FloatKind::kShp, 20)},
                    Target{"uhp", float_format(FloatKind::kUhp)},
                    Target{"f16", float_format(FloatKind::kF16)},
                    Target{"bf16", float_format(FloatKind::kBF16)}),
    [](const testing::TestParamInfo<Target>& target) { return target.param.name; });

}  // namespace
}  // namespace dojo
