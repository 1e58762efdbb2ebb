#include "dojo/host/product_algorithm.h"

#include <gtest/gtest.h>

#include <limits>

namespace dojo::host {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

TEST(ProductAlgorithm, WithoutTimingItIsOneDnn) {
  EXPECT_TRUE(panels_of({.m = 64, .n = 64, .k = 64}));
  EXPECT_EQ(choose_product_algorithm({.m = 64, .n = 64, .k = 64}, nullptr, kNoLimit),
            ProductAlgorithm::kOneDnn);
}

TEST(ProductAlgorithm, NothingIsTimedThatIsSmallOrUnknownOrCannotFit) {
  int64_t timed = 0;
  Algorithms algorithms({.file = "", .progress = [&](int64_t, const std::string&) { ++timed; }});
  const onednn::MatmulShape batch{.batch = 2, .m = 64, .n = 64, .k = 64};
  const onednn::MatmulShape bf16{.m = 64, .n = 64, .k = 64, .bf16 = true};
  const onednn::MatmulShape small{.m = 63, .n = 64, .k = 64}, odd{.m = 64, .n = 72, .k = 64};
  const onednn::MatmulShape huge{.m = 1 << 20, .n = 1 << 20, .k = 64};
  for (const onednn::MatmulShape& s : {batch, bf16, small, odd}) {
    EXPECT_FALSE(panels_of(s));
    EXPECT_EQ(choose_product_algorithm(s, &algorithms, kNoLimit), ProductAlgorithm::kOneDnn);
  }
  EXPECT_EQ(choose_product_algorithm(huge, &algorithms, int64_t{1} << 40),
            ProductAlgorithm::kOneDnn);
  EXPECT_EQ(timed, 0);
  choose_product_algorithm({.m = 64, .n = 64, .k = 64, .transpose_b = true}, &algorithms, kNoLimit);
  EXPECT_EQ(timed, 1);
  EXPECT_NE(algorithms.text().find("product: 64x64 times 64x64 turned"), std::string::npos);
}

TEST(ProductAlgorithm, WhatARunRecordedDecides) {
  Algorithms algorithms({.file = ""});
  algorithms.record(R"({"product: 64x64 turned times 64x80": "panels"})", "run");
  EXPECT_EQ(choose_product_algorithm({.m = 64, .n = 80, .k = 64, .transpose_a = true}, &algorithms,
                                     kNoLimit),
            ProductAlgorithm::kPanels);
}

}  // namespace
}  // namespace dojo::host
