#include "dojo/graph/verify.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "dojo/base/error.h"
#include "dojo/graph/graph_test_util.h"
#include "dojo/graph/text.h"

namespace dojo {
namespace {

TEST(Verify, AcceptsWhatTheBuilderMakes) {
  verify(tiny_step());
  verify(random_graph(3));
}

TEST(Verify, FindsEachBrokenRule) {
  struct Case {
    const char* message;
    std::function<void(Graph&)> break_it;
  };
  const ValueId far{1000};
  const Case cases[] = {
      {"bad name", [](Graph& g) { g.values[0].name = "a b"; }},
      {"bad name", [](Graph& g) { g.values[0].name = ""; }},
      {"the name is taken", [](Graph& g) { g.values[0].name = g.values[1].name; }},
      {"a dimension of 0", [](Graph& g) { g.values[0].type.shape = {0}; }},
      {"where 0 is next", [](Graph& g) { std::swap(g.inputs[0], g.inputs[1]); }},
      {"where 6 is next", [](Graph& g) { g.inputs.pop_back(); }},
      {"another producer", [](Graph& g) { g.values[7].producer = NodeId{3}; }},
      {"another producer", [](Graph& g) { g.values[8].output_index = 1; }},
      {"before it is made", [](Graph& g) { g.nodes[0].inputs[0] = g.nodes[1].outputs[0]; }},
      {"there is no value", [=](Graph& g) { g.nodes[0].inputs[0] = far; }},
      {"is next", [=](Graph& g) { g.nodes[0].outputs[0] = far; }},
      {"absent but not optional", [](Graph& g) { g.nodes[0].inputs[0] = kNoValue; }},
      {"unknown op", [](Graph& g) { g.nodes[0].op = "Frobnicate"; }},
      {"unknown attribute", [](Graph& g) { g.nodes[0].attributes["x"] = int64_t{1}; }},
      {"is NaN", [](Graph& g) { g.nodes.back().attributes["beta1"] = NAN; }},
      {"results; the op makes", [](Graph& g) { g.nodes.back().outputs.pop_back(); }},
      {"the op makes", [](Graph& g) { g.values[7].type.shape = {8}; }},
      {"neither an input nor a node",
       [](Graph& g) {
         g.values.push_back({{}, "z"});
       }},
      {"the name is taken", [](Graph& g) { g.outputs.push_back(g.outputs[0]); }},
      {"an input has that name", [](Graph& g) { g.outputs[0].name = "x"; }},
      {"a guard must be f32[]", [](Graph& g) { g.outputs[0].value = g.nodes[0].outputs[0]; }},
      {"there is no value", [=](Graph& g) { g.outputs[0].value = far; }},
      {"neither a parameter nor a state", [](Graph& g) { g.updates[0].state = ValueId{0}; }},
      {"updated twice", [](Graph& g) { g.updates[1].state = g.updates[0].state; }},
      {"not f32[3,2]", [](Graph& g) { g.updates[0].value = ValueId{0}; }},
      {"data has no first value", [](Graph& g) { g.inputs[0].initial = normal(1); }},
      {"negative scale", [](Graph& g) { g.inputs[4].initial = normal(-1); }},
  };
  for (const Case& c : cases) {
    Graph graph = tiny_step();
    c.break_it(graph);
    try {
      verify(graph);
      ADD_FAILURE() << "accepted: " << c.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::kInput);
      EXPECT_NE(std::string(error.what()).find(c.message), std::string::npos) << c.message << "\n"
                                                                              << error.what();
      EXPECT_FALSE(error.where().empty()) << error.what();
    }
  }
}

}  // namespace
}  // namespace dojo
