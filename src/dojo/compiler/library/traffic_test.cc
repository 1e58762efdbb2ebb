#include "dojo/compiler/library/traffic.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using Found = std::vector<std::string>;
using Make = program::Program (*)(const Target&, const TrafficSizes&);

constexpr Make kAll[] = {traffic_uniform, traffic_transpose, traffic_neighbour, traffic_hotspot};

TEST(Traffic, CanRunOnEachMachine) {
  for (const std::string& name : test_machines()) {
    const TestTarget machine = test_target(name);
    for (const TrafficSizes& sizes : {TrafficSizes{}, TrafficSizes{4, 1, 100}, {1024, 3, 7}})
      for (const Make make : kAll) {
        TrafficSizes fitting = sizes;
        if (name != "d1_die") fitting.messages = std::min<int64_t>(fitting.messages, 12);
        EXPECT_EQ(problems_of(make(machine.target, fitting), machine.target), Found{}) << name;
      }
  }
}

TEST(Traffic, UniformGoesToAllNodes) {
  const TestTarget machine("unit:die");  // 4 x 3
  EXPECT_EQ(problems_of(traffic_uniform(machine.target, {.messages = 12}), machine.target),
            Found{});
  EXPECT_TRUE(traffic_uniform(machine.target, {.messages = 12}).allocations[1].is_output);
  EXPECT_FALSE(traffic_uniform(machine.target, {.messages = 11}).allocations[1].is_output);
  EXPECT_THROW(traffic_uniform(machine.target, {.messages = 13}), Error);
}

TEST(Traffic, MessagesAreWholeWords) {
  const TestTarget machine("unit:die");
  for (const Make make : kAll) EXPECT_THROW(make(machine.target, {.bytes = 6}), Error);
}

TEST(Traffic, ASingleNodeSendsToItself) {
  const TestTarget machine("d1_node");
  for (const Make make : kAll)
    EXPECT_EQ(problems_of(make(machine.target, {.messages = 1}), machine.target), Found{});
}

}  // namespace
}  // namespace dojo::compiler
