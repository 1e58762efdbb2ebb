#include "dojo/emulate/signature.h"

#include <gtest/gtest.h>

#include <set>

#include "dojo/base/parallel_for.h"

namespace dojo::emulate {
namespace {

TEST(Signature, IsTheSameForEveryRunAndAnyNumberOfThreads) {
  set_num_threads(1);
  const std::vector<SignaturePart> one = signature_parts();
  ASSERT_EQ(one.size(), 10u);
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    const std::vector<SignaturePart> more = signature_parts();
    ASSERT_EQ(more.size(), 10u);
    for (size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(one[i].cycles, more[i].cycles) << one[i].program << " " << threads;
      EXPECT_EQ(one[i].outputs, more[i].outputs) << one[i].program << " " << threads;
    }
    EXPECT_EQ(signature(one), signature(more)) << threads;
  }
  std::set<uint32_t> outputs;
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_GT(one[i].cycles, 0);
    EXPECT_NE(one[i].outputs, 0u) << one[i].program;
    outputs.insert(one[i].outputs);
  }
  EXPECT_EQ(outputs.size(), 10u);
}

TEST(Signature, SeesACycleAndABit) {
  const std::vector<SignaturePart> parts = {{"a", "unit", 10, 7}, {"b", "unit", 20, 8}};
  std::vector<SignaturePart> other = parts;
  ++other[0].cycles;
  EXPECT_NE(signature(parts), signature(other));
  other = parts;
  other[1].outputs ^= 1;
  EXPECT_NE(signature(parts), signature(other));
}

}  // namespace
}  // namespace dojo::emulate
