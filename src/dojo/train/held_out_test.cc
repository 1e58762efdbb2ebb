#include "dojo/train/held_out.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/base/file.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/packet_table.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

// 40 frames, 10 a second.
Recording short_recording(const TestFolder& folder) {
  Recording r;
  r.path = make_clip(folder, "a.mp4",
                     "-f lavfi -i testsrc2=s=64x48:r=10:d=4 -c:v libx264 -pix_fmt yuv420p");
  r.name = "a.mp4";
  r.end_frame = 40;
  for (int i = 0; i < 40; ++i) r.pts_seconds.push_back(i / 10.0);
  r.key_frames = {0};
  return r;
}

TEST(HeldOut, ClipsBeyondTheMemoryAllowedAreFewerAndThatIsSaid) {
  const TestFolder folder;
  const Recording r = short_recording(folder);
  HeldOutOptions o{.inputs = 2, .horizons = 2, .height = 32, .width = 64};
  const HeldOutClips all = load_held_out({r}, o);
  EXPECT_EQ(all.set.clips.size(), 32u);
  EXPECT_TRUE(all.messages.empty());
  o.max_bytes = 5 * (4 * 32 * 64 * 3) + 1;
  const HeldOutClips few = load_held_out({r}, o);
  EXPECT_EQ(few.set.clips.size(), 5u);
  ASSERT_EQ(few.messages.size(), 1u);
  EXPECT_NE(few.messages[0].find("5 clips of each recording instead of 32"), std::string::npos);
}

TEST(HeldOut, ARecordingTooShortForAllHorizonsHasFewerAndThatIsSaid) {
  const TestFolder folder;
  const HeldOutOptions o{.inputs = 2, .horizons = 50, .height = 32, .width = 64, .clips_each = 2};
  const HeldOutClips held = load_held_out({short_recording(folder)}, o);
  ASSERT_FALSE(held.set.clips.empty());
  EXPECT_EQ(held.set.clips[0].horizons, 38);
  ASSERT_EQ(held.messages.size(), 1u);
  EXPECT_EQ(held.messages[0],
            "held out: 1 of 1 recordings are too short for 50 frames ahead; a.mp4 has 38");
}

// A byte in some packets is not what it was when the file was indexed.
TEST(HeldOut, OnlyClipsThatTouchDamagedFramesAreLeftOutAndThatIsSaid) {
  const TestFolder folder;
  FrameReader reader;
  Recording r = reader.open(
      make_clip(folder, "a.mp4",
                "-f lavfi -i testsrc2=s=64x48:r=10:d=4 -c:v libx264 -g 10 -bf 0 -pix_fmt yuv420p"));
  std::string bytes = read_file(r.path);
  const std::vector<Packet> packets = decode_packets(r.index->packets);
  for (size_t frame : {2, 4, 6, 8, 12})
    bytes[static_cast<size_t>(packets[frame].offset + packets[frame].size / 2)] ^= 0x55;
  r.path = folder / "damaged.mp4";
  write_file_atomic(r.path, bytes);
  const HeldOutOptions o{.inputs = 2, .horizons = 1, .height = 32, .width = 64, .clips_each = 38};
  const HeldOutClips held = load_held_out({r}, o);
  EXPECT_GE(held.set.clips.size(), 18u) << "those behind the damage are there";
  EXPECT_LT(held.set.clips.size(), 30u);
  for (const HeldOutClip& clip : held.set.clips)
    EXPECT_TRUE(clip.first_frame >= 9) << clip.first_frame;
  ASSERT_EQ(held.quarantined.size(), 1u);
  const std::string counted = fmt::format(" (left out: {} of its 38 clips to judge by)",
                                          38 - static_cast<int64_t>(held.set.clips.size()));
  EXPECT_NE(held.quarantined[0].reason.find(counted), std::string::npos)
      << held.quarantined[0].reason;
}

}  // namespace
}  // namespace dojo
