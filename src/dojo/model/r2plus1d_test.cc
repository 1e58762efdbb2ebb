#include "dojo/model/r2plus1d.h"

#include <gtest/gtest.h>

#include "dojo/graph/autodiff.h"
#include "dojo/graph/cost.h"

namespace dojo {
namespace {

Graph training_graph(const R2plus1dOptions& o) {
  Builder b("r2plus1d");
  const TaskGraph task = r2plus1d_training(b, o);
  b.output("loss", task.loss, true);
  return std::move(b).finish();
}

// torchvision states 31,505,325 parameters for r2plus1d_18: 205,200 are of its 512 x 400
// classifier and bias.
TEST(R2plus1d, AtFullWidthItHasThePublishedNumberOfParameters) {
  const Graph g = training_graph({.first_channels = 64, .pooled_stem = false});
  EXPECT_EQ(graph_cost(g).parameters, 31505325 - 205200);
}

TEST(R2plus1d, ItsParametersHaveTorchvisionsNamesAndShapes) {
  const Graph g = training_graph({.first_channels = 64, .pooled_stem = false});
  const auto shape = [&](const char* name) {
    const Input* input = g.find_input(name);
    return input ? g.type(input->value).shape : Shape{};
  };
  EXPECT_EQ(shape("stem.0.weight"), (Shape{45, 3, 1, 7, 7}));
  EXPECT_EQ(shape("stem.3.weight"), (Shape{64, 45, 3, 1, 1}));
  EXPECT_EQ(shape("layer1.0.conv1.0.0.weight"), (Shape{144, 64, 1, 3, 3}));
  EXPECT_EQ(shape("layer2.0.conv1.0.3.weight"), (Shape{128, 230, 3, 1, 1}));
  EXPECT_EQ(shape("layer2.0.conv2.0.0.weight"), (Shape{230, 128, 1, 3, 3}));
  EXPECT_EQ(shape("layer2.0.downsample.0.weight"), (Shape{128, 64, 1, 1, 1}));
  EXPECT_EQ(shape("layer4.1.conv2.1.running_var"), (Shape{512}));
}

}  // namespace
}  // namespace dojo
