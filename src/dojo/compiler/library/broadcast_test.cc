#include "dojo/compiler/library/broadcast.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using Found = std::vector<std::string>;

TEST(Broadcast, CanRunOnEachMachine) {
  for (const std::string& name : test_machines())
    for (const int64_t elements : {1, 16, 1000, 16384}) {
      const TestTarget machine = test_target(name);
      EXPECT_EQ(problems_of(broadcast(machine.target, {.elements = elements}), machine.target),
                Found{})
          << name << " " << elements;
    }
}

TEST(Broadcast, CanRunOnASingleNode) {
  const TestTarget machine("d1_node");
  EXPECT_EQ(problems_of(broadcast(machine.target, {}), machine.target), Found{});
}

TEST(Broadcast, WhatDoesNotFitIsFoundOut) {
  const TestTarget machine("unit:die");
  const Found found = problems_of(broadcast(machine.target, {.elements = 500000}), machine.target);
  ASSERT_FALSE(found.empty());
  EXPECT_NE(found[0].find("overflow"), std::string::npos) << found[0];
  EXPECT_THROW(broadcast(machine.target, {.elements = 0}), Error);
}

}  // namespace
}  // namespace dojo::compiler
