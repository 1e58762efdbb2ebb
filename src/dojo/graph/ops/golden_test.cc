// Every op and its gradient against PyTorch, in double: tests/golden/ops/*.json, written by
// tests/golden/make_op_goldens.py.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "dojo/graph/autodiff.h"
#include "dojo/graph/builder.h"
#include "dojo/graph/interpreter.h"

namespace dojo {
namespace {

using nlohmann::json;

const std::filesystem::path kFolder = std::filesystem::path(DOJO_SOURCE_DIR) / "tests/golden/ops";
constexpr double kTolerance = 1e-9;  // of the largest value in the tensor

Attribute attribute(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return value.get<double>();
  if (value.is_number()) return value.get<int64_t>();
  const bool floats =
      std::any_of(value.begin(), value.end(), [](const json& x) { return x.is_number_float(); });
  if (floats) return value.get<std::vector<double>>();
  return value.get<std::vector<int64_t>>();
}

void expect_near(const std::vector<double>& seen, const std::vector<double>& expected,
                 const std::string& what) {
  ASSERT_EQ(seen.size(), expected.size()) << what;
  double largest = 0;
  for (double x : expected) largest = std::max(largest, std::abs(x));
  for (size_t i = 0; i < seen.size(); ++i) {
    ASSERT_TRUE(std::abs(seen[i] - expected[i]) <= kTolerance * std::max(largest, 1e-3))
        << what << ", element " << i << ": " << seen[i] << ", PyTorch has " << expected[i];
  }
}

// A case as a graph: the op, a loss that weighs its outputs, and the gradients of the loss.
void check_case(const std::string& op, const json& c) {
  Builder b("golden");
  std::map<std::string, std::vector<double>> fed, expected;
  std::vector<ValueId> operands, wrt;
  std::vector<std::string> wrt_names;
  const auto feed = [&](const std::string& name, const std::string& format, const Shape& shape,
                        const json& data) {
    fed[name] = data.get<std::vector<double>>();
    return b.data(name, {*parse_format(format), shape});
  };
  for (const json& input : c["inputs"]) {
    if (input.is_null()) {
      operands.push_back(kNoValue);
      continue;
    }
    const std::string name = fmt::format("x{}", operands.size());
    operands.push_back(feed(name, input["format"], input["shape"], input["data"]));
    if (input.contains("gradient")) {
      wrt.push_back(operands.back());
      wrt_names.push_back("d" + name);
      expected["d" + name] = input["gradient"].get<std::vector<double>>();
    }
  }
  Attributes attributes;
  for (const auto& [name, value] : c["attributes"].items())
    attributes.emplace(name, attribute(value));

  const std::vector<ValueId> outputs = b.op_multi(op, operands, attributes);
  ASSERT_EQ(outputs.size(), c["outputs"].size());
  ValueId loss = kNoValue;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const json& output = c["outputs"][i];
    const std::string name = fmt::format("y{}", i);
    ASSERT_EQ(b.shape(outputs[i]), output["shape"].get<Shape>());
    expected[name] = output["data"].get<std::vector<double>>();
    b.output(name, outputs[i]);
    if (!output.contains("output_gradient")) continue;
    const ValueId weight = feed("w" + name, "f32", output["shape"], output["output_gradient"]);
    const ValueId term = b.op("ReduceSum", {b.mul(outputs[i], weight)}, {{"keepdims", int64_t{0}}});
    loss = loss == kNoValue ? term : b.add(loss, term);
  }
  if (!wrt.empty()) {
    const std::vector<ValueId> found = gradients(b, loss, wrt);
    for (size_t i = 0; i < wrt.size(); ++i) b.output(wrt_names[i], found[i]);
  }

  const Graph graph = std::move(b).finish();
  std::vector<RefTensor> inputs;
  for (const Input& input : graph.inputs)
    inputs.push_back({graph.type(input.value), fed.at(graph.value(input.value).name)});
  const std::vector<RefTensor> results = interpret(graph, inputs, Precision::kDouble);
  ASSERT_EQ(results.size(), expected.size());
  for (size_t i = 0; i < results.size(); ++i) {
    expect_near(results[i].data, expected.at(graph.outputs[i].name), graph.outputs[i].name);
  }
}

TEST(Goldens, EveryOpAndItsGradientAgreeWithPyTorch) {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    const json golden = json::parse(file);
    for (size_t i = 0; i < golden.size(); ++i, ++cases) {
      SCOPED_TRACE(fmt::format("{} case {}, {}", entry.path().filename().string(), i,
                               golden[i]["attributes"].dump()));
      check_case(entry.path().stem().string(), golden[i]);
    }
  }
  EXPECT_GT(cases, 150);
}

TEST(Goldens, EveryDifferentiableOpHasAFile) {
  for (const OpDef* op : all_ops()) {
    if (op->gradient == nullptr) continue;
    EXPECT_TRUE(std::filesystem::exists(kFolder / fmt::format("{}.json", op->name))) << op->name;
  }
}

}  // namespace
}  // namespace dojo
