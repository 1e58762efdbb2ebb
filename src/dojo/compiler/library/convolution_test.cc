#include "dojo/compiler/library/convolution.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using Found = std::vector<std::string>;
using program::Coord;
using program::ElementKind;

TEST(Convolution, CanRunOnEachMachine) {
  for (const std::string& name : test_machines()) {
    const TestTarget machine = test_target(name);
    for (const ConvolutionSizes& sizes :
         {ConvolutionSizes{.rows = 1, .columns = 1, .channels = 32, .outputs = 32},
          {.rows = 36, .columns = 18, .channels = 3, .outputs = 16},
          {.rows = 24, .columns = 40, .channels = 64, .outputs = 40},
          {.rows = 48,
          .columns = 48,
          .channels = 16,
          .outputs = 8,
          .factor = {ElementKind::kCFloat8_1_4_3, 7}}}) {
      // Channels that do not fill a flit are no mistake: a flit holds one format all the same.
      EXPECT_EQ(problems_of(convolution(machine.target, sizes), machine.target), Found{})
          << name << " " << sizes.rows << " x " << sizes.columns;
    }
  }
}

TEST(Convolution, NodesDivideTheImage) {
  const TestTarget machine("booksim_mesh");  // 8 x 8
  EXPECT_EQ(convolution_grid(machine.target, {.rows = 21, .columns = 64}), (Coord{8, 7}));
  EXPECT_EQ(convolution_grid(machine.target, {.rows = 13, .columns = 5}), (Coord{5, 1}));
}

TEST(Convolution, WhatCannotBeIsRefused) {
  const TestTarget machine("booksim_mesh");
  EXPECT_THROW(convolution(machine.target, {.factor = {ElementKind::kF32}}), Error);
  EXPECT_THROW(convolution(machine.target, {.rows = 0}), Error);
}

}  // namespace
}  // namespace dojo::compiler
