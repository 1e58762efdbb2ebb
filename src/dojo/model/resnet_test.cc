#include "dojo/model/resnet.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

TEST(Resnet18, HasThePublishedNumberOfParameters) {
  Builder b("resnet18-clip");
  resnet18_clip_training(b);
  int64_t parameters = 0;
  for (const Input& input : b.graph().inputs)
    if (input.role == Role::kParameter) parameters += b.type(input.value).num_elements();
  EXPECT_EQ(
      parameters,
      11176512);  // torchvision's resnet18, 11,689,512, without its 512 x 1000 classifier and bias
}

}  // namespace
}  // namespace dojo
