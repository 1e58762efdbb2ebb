#include "dojo/video/frame_index.h"

#include <gtest/gtest.h>

#include <limits>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/packet_table.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

FrameIndex small_index() {
  FrameIndex index{.codec = "h264",
                   .container = "mov,mp4",
                   .pixel_format = "yuv420p",
                   .width = 64,
                   .height = 48,
                   .stored_width = 48,
                   .stored_height = 64,
                   .rotation = 90,
                   .time_base_num = 1,
                   .time_base_den = 12800,
                   .pts = {-512, 0, 512, 1024, 1530, std::numeric_limits<int64_t>::max()},
                   .keys = {{0, 0, -512, -1024}, {3, 2, 1024, 0}},
                   .seekable = true,
                   .counted = true,
                   .note = "the file ends early",
                   .header_crc = 0xFFFFFFFFu};
  index.packets = encode_packets(std::vector<Packet>{{.pts = 3, .offset = 7, .size = 11}});
  return index;
}

TEST(FrameIndex, SurvivesBeingStored) {
  const FrameIndex index = small_index();
  EXPECT_EQ(decode_index(encode_index(index)), index);
}

TEST(FrameIndex, OfMadeFilesSurvivesBeingStored) {
  const TestFolder folder;
  const std::string moving = "-f lavfi -i testsrc2=s=64x48:r=10:d=3 ";
  for (const auto& [name, arguments] : std::vector<std::pair<std::string, std::string>>{
           {"b_frames.mp4", "-c:v libx264 -g 12 -bf 3"},
           {"open_gop.mkv", "-c:v libx264 -g 8 -bf 2 -x264-params open-gop=1"},
           {"raw.h264", "-c:v libx264 -g 8 -bf 2"},  // without times
           {"mpeg4.avi", "-c:v mpeg4 -g 8"},
           {"mpeg2.ts", "-c:v mpeg2video -g 8 -bf 2"},
           {"mjpeg.avi", "-c:v mjpeg"}}) {
    const std::string path = make_clip(folder, name, moving + arguments);
    const FoundRecordings found = find_recordings({path});
    ASSERT_EQ(found.recordings.size(), 1u) << name;
    const FrameIndex& index = *found.recordings[0].index;
    EXPECT_EQ(decode_index(encode_index(index)), index) << name;
    EXPECT_GE(decode_packets(index.packets).size(), 30u) << name;
  }
}

TEST(FrameIndex, OfDrivingClipsTakesAtMostSixteenBytesAFrame) {
  const char* data = std::getenv("DOJO_DRIVING_DATA");
  if (!data) GTEST_SKIP() << "DOJO_DRIVING_DATA is not set";
  for (const Recording& r : find_recordings({data}, 2).recordings) {
    const std::string bytes = encode_index(*r.index);
    EXPECT_LE(bytes.size(), 16u * static_cast<size_t>(r.num_frames())) << r.name;
    EXPECT_EQ(decode_index(bytes), *r.index);
    std::printf("%-50s %5.2f bytes a frame\n", r.name.c_str(),
                static_cast<double>(bytes.size()) / static_cast<double>(r.num_frames()));
  }
}

TEST(FrameIndex, BytesThatAreNoIndexAreAnErrorAndNeverACrash) {
  const std::string good = encode_index(small_index());
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW(decode_index(good.substr(0, size)), Error) << size;
  EXPECT_THROW(decode_index(good + "x"), Error);
  Random random(3);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    for (int64_t n = 1 + random.below(4); n > 0; --n) {
      const auto at = static_cast<size_t>(random.below(std::ssize(bad)));
      if (random.chance(0.3))
        bad.insert(at, 1 + random.below(12), static_cast<char>(random.below(256)));
      else if (random.chance(0.3))
        bad.erase(at, 1 + random.below(4));
      else
        bad[at] = static_cast<char>(random.below(256));
    }
    try {
      const FrameIndex index = decode_index(bad);  // what is accepted makes sense
      ASSERT_EQ(index.keys.at(0).frame, 0);
      for (const FrameIndex::Key& k : index.keys) ASSERT_LT(k.frame, index.num_frames());
      ASSERT_EQ(decode_index(encode_index(index)), index);
      decode_packets(index.packets);
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      ++refused;
    }
  }
  EXPECT_GT(refused, 5000);
  EXPECT_LT(refused, 20'000);
}

}  // namespace
}  // namespace dojo
