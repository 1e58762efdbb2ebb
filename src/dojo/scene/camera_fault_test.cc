#include "dojo/scene/camera_fault.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"

namespace dojo {
namespace {

TEST(CameraFault, IsOfOneMinuteOrOfAll) {
  const CameraFault all = parse_fault(CameraFault::kAbsent, "left_pillar", "--drop-camera");
  EXPECT_EQ(all.kind, CameraFault::kAbsent);
  EXPECT_EQ(all.camera, "left_pillar");
  EXPECT_EQ(all.minute, std::nullopt);
  const CameraFault one = parse_fault(CameraFault::kAbsent, "left_pillar@2", "--drop-camera");
  EXPECT_EQ(one.camera, "left_pillar");
  EXPECT_EQ(one.minute, 2);
}

TEST(CameraFault, ACutSaysHowMuchIsLeft) {
  const CameraFault last = parse_fault(CameraFault::kCut, "front=12.5", "--cut-camera");
  EXPECT_EQ(last.kind, CameraFault::kCut);
  EXPECT_EQ(last.camera, "front");
  EXPECT_EQ(last.minute, std::nullopt);
  EXPECT_EQ(last.seconds, 12.5);
  const CameraFault one = parse_fault(CameraFault::kCut, "front=0@1", "--cut-camera");
  EXPECT_EQ(one.minute, 1);
  EXPECT_EQ(one.seconds, 0);
}

TEST(CameraFault, ThatMeansNothingIsRefused) {
  const auto refused = [](CameraFault::Kind kind, const char* text, const char* option) {
    try {
      parse_fault(kind, text, option);
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kConfig) << text;
      EXPECT_EQ(e.where(), option) << text;
    }
  };
  for (const char* text : {"", "@1", "front@", "front@x", "front@-1", "front=3"})
    refused(CameraFault::kAbsent, text, "--drop-camera");
  for (const char* text :
       {"front", "front=", "=3", "front=-1", "front=3@", "front=nan", "front=inf", "front=1e300"})
    refused(CameraFault::kCut, text, "--cut-camera");
}

}  // namespace
}  // namespace dojo
