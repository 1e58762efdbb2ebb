#include "dojo/compiler/library/gemm.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using Found = std::vector<std::string>;
using program::Coord;
using program::ElementKind;

TEST(Gemm, CanRunOnEachMachine) {
  const std::vector<GemmSizes> cases = {
      {.m = 1, .n = 1, .k = 1},
      {.m = 100, .n = 30, .k = 70},
      {.m = 256, .n = 256, .k = 2048},  // panels go round often
      {.m = 256, .n = 256, .k = 1024, .panel = 32, .slots = 2},
      {.m = 320, .n = 64, .k = 640, .factor = {ElementKind::kCFloat8_1_4_3, 7}, .panel = 16},
      {.m = 512, .n = 512, .k = 512, .factor = {ElementKind::kCFloat8_1_5_2, 15}}};
  for (const std::string& name : test_machines()) {
    const TestTarget machine = test_target(name);
    for (const GemmSizes& sizes : cases)
      for (const auto& make : {gemm_summa, gemm_cannon})
        EXPECT_EQ(problems_of(make(machine.target, sizes), machine.target), Found{})
            << name << " " << sizes.m << " x " << sizes.n << " x " << sizes.k;
  }
}

TEST(Gemm, CanRunOnASingleNode) {
  const TestTarget machine("d1_node");
  for (const auto& make : {gemm_summa, gemm_cannon})
    EXPECT_EQ(problems_of(make(machine.target, {.m = 64, .n = 64, .k = 512}), machine.target),
              Found{});
}

TEST(Gemm, ATileHolds4096) {
  const TestTarget machine("tile");
  const GemmSizes sizes{.m = 4096, .n = 4096, .k = 4096};
  const GemmShape shape = summa_shape(machine.target, sizes);
  EXPECT_EQ(shape.block_m, 48);
  EXPECT_EQ(shape.block_n, 48);
  EXPECT_EQ(shape.grid, (Coord{86, 86}));
  EXPECT_EQ(problems_of(gemm_summa(machine.target, sizes), machine.target), Found{});
}

// A product takes 576 cycles; 12 kB of panels are 192 flits.
TEST(Gemm, PanelsAreUnderWayForAsLongAsTheyAndTheWordTake) {
  const TestTarget machine("tile");
  const GemmSizes sizes{.m = 4096, .n = 4096, .k = 4096};
  const GemmShape shape = summa_shape(machine.target, sizes);
  EXPECT_EQ(shape.slots, 2 + ceil_div(3 * machine.target.across_cycles, 576));
  EXPECT_EQ(shape.gap, 288);
  GemmSizes few = sizes;
  few.slots = 3;
  EXPECT_EQ(summa_shape(machine.target, few).slots, 3);
  // Where there is little to multiply ports decide: 192 cycles, and 128 flits.
  const GemmShape thin = summa_shape(machine.target, {.m = 4096, .n = 1024, .k = 1024});
  EXPECT_EQ(thin.block_m, 48);
  EXPECT_EQ(thin.block_n, 16);
  EXPECT_EQ(thin.gap, 3 * (96 + 32) / 2);
}

TEST(Gemm, BlocksAreWholeStepsOfTheMatrixUnit) {
  const TestTarget machine("unit:die");  // 4 x 3
  const GemmShape summa = summa_shape(machine.target, {.m = 40, .n = 33, .k = 130});
  EXPECT_EQ(summa.grid, (Coord{3, 3}));  // 16 columns in each of 3 nodes are enough
  EXPECT_EQ(summa.block_m, 16);
  EXPECT_EQ(summa.block_n, 16);
  EXPECT_EQ(summa.panel, 64);
  EXPECT_EQ(summa.panels, 3);
  const GemmShape cannon = cannon_shape(machine.target, {.m = 40, .n = 33, .k = 130});
  EXPECT_EQ(cannon.grid, (Coord{3, 3}));
  EXPECT_EQ(cannon.panel, 44);
}

TEST(Gemm, PlacesForPanelsLeaveRoomForTheRest) {
  const TestTarget machine("unit:die");
  const GemmShape shape = summa_shape(machine.target, {.m = 768, .n = 1024, .k = 512});
  EXPECT_LT(shape.slots, 16);
  EXPECT_EQ(
      problems_of(gemm_summa(machine.target, {.m = 768, .n = 1024, .k = 512}), machine.target),
      Found{});
}

TEST(Gemm, FactorsAreThoseOfTheMatrixUnit) {
  const TestTarget machine("unit:die");
  EXPECT_THROW(gemm_summa(machine.target, {.factor = {ElementKind::kF32}}), Error);
  EXPECT_THROW(gemm_cannon(machine.target, {.factor = {ElementKind::kF16}}), Error);
  EXPECT_THROW(gemm_summa(machine.target, {.k = 0}), Error);
}

}  // namespace
}  // namespace dojo::compiler
