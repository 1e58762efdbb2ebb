#include "dojo/graph/ops/op_cases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "dojo/graph/gradient_check.h"
#include "dojo/graph/interpreter.h"

namespace dojo {
namespace {

std::string describe(const OpCase& c) {
  std::string text = c.op;
  for (const CaseInput& input : c.inputs) text += " " + to_string(input.type);
  return text;
}

TEST(OpCases, EveryOpHasOne) {
  Random random(1);
  std::set<std::string, std::less<>> seen;
  for (const OpCase& c : op_cases(random)) seen.insert(c.op);
  for (const OpDef* def : all_ops())
    EXPECT_TRUE(seen.contains(def->name)) << def->name << " has no case";
}

TEST(OpCases, EveryOpIsComplete) {
  for (const OpDef* def : all_ops()) {
    EXPECT_NE(def->infer, nullptr) << def->name;
    EXPECT_NE(def->evaluate, nullptr) << def->name;
    EXPECT_FALSE(def->summary.empty()) << def->name;
    EXPECT_EQ(find_op(def->name), def);
  }
  EXPECT_EQ(find_op("NoSuchOp"), nullptr);
}

TEST(OpCases, EveryResultIsFiniteAndInItsFormat) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Random random(seed);
    for (const OpCase& c : op_cases(random)) {
      const Graph graph = case_graph(c);
      std::vector<RefTensor> inputs;
      for (const CaseInput& input : c.inputs)
        if (input.present) inputs.push_back({input.type, random_values(random, input)});
      for (const RefTensor& y : interpret(graph, inputs, Precision::kFloat))
        for (double x : y.data) {
          ASSERT_TRUE(std::isfinite(x)) << describe(c);
          const double stored = is_floating(y.type.format)      ? round_to(y.type.format, x)
                                : y.type.format == Format::kI32 ? static_cast<int32_t>(x)
                                                                : static_cast<uint8_t>(x);
          ASSERT_EQ(x, stored) << describe(c);
        }
    }
  }
}

TEST(OpCases, EveryGradientEqualsCentralDifferences) {
  std::set<std::string, std::less<>> checked;
  for (uint64_t seed = 0; seed < 3; ++seed) {
    Random random(seed);
    for (const OpCase& c : op_cases(random)) {
      if (!find_op(c.op)->gradient) continue;
      const GradientCheck check = check_gradient(c, random);
      EXPECT_LT(check.worst, 1e-6) << describe(c) << ": " << check.where;
      if (check.compared > 0) checked.insert(c.op);
    }
  }
  for (const OpDef* def : all_ops())
    EXPECT_EQ(checked.contains(def->name), def->gradient != nullptr) << def->name;
}

}  // namespace
}  // namespace dojo
