// Frame numbers against ffmpeg's own sequential decode, for every kind of file that we know to be
// hard.
#include "dojo/video/decoder.h"

#include <gtest/gtest.h>

#include <chrono>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/image.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

constexpr char kMoving[] = "-f lavfi -i testsrc2=s=96x64:r=10:d=4 ";

// All frames in order, then `reads` in a random order, then random stretches.
void expect_exact(const std::string& path, int64_t reads = 40) {
  const std::vector<std::string> wanted = ffmpeg_md5(path);
  FrameReader reader;
  const Recording r = reader.open(path);
  ASSERT_EQ(static_cast<size_t>(r.num_frames()), wanted.size()) << path;
  std::vector<int64_t> all(wanted.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  EXPECT_EQ(reader.md5(r, all), wanted) << path;
  Random random(1);
  for (int64_t k = 0; k < reads; ++k) {
    const int64_t begin = random.below(r.num_frames());
    const int64_t end = std::min(r.num_frames(), begin + 1 + random.below(4));
    std::vector<int64_t> frames;
    for (int64_t i = begin; i < end; ++i) frames.push_back(i);
    const std::vector<std::string> sums = reader.md5(r, frames);
    for (size_t i = 0; i < frames.size(); ++i)
      ASSERT_EQ(sums[i], wanted[static_cast<size_t>(frames[i])]) << path << " frame " << frames[i];
  }
  for (size_t i = 1; i < r.pts_seconds.size(); ++i)
    ASSERT_LT(r.pts_seconds[i - 1], r.pts_seconds[i]);
}

TEST(Frames, AreExactForCodecsAndContainers) {
  const TestFolder folder;
  const std::string x264 = "-c:v libx264 -preset veryfast ";
  for (const auto& [name, arguments] : std::vector<std::pair<std::string, std::string>>{
           {"plain.mp4", x264 + "-g 10"},
           {"b_frames.mp4", x264 + "-g 12 -bf 3"},
           {"open_gop.mkv", x264 + "-g 8 -bf 2 -x264-params open-gop=1"},
           {"open_gop.mp4", x264 + "-g 8 -bf 2 -x264-params open-gop=1"},
           {"intra_refresh.mkv", x264 + "-g 10 -x264-params intra-refresh=1"},
           {"one_key.mp4", x264 + "-g 1000 -bf 3"},
           {"grey.mp4", x264 + "-pix_fmt gray"},
           {"ten_bit.mkv", x264 + "-pix_fmt yuv420p10le"},
           {"hevc.mp4",
            "-c:v libx265 -preset ultrafast -x265-params "
            "log-level=none:keyint=9:bframes=3:open-gop=1"},
           {"mpeg4.mp4", "-c:v mpeg4 -g 8 -bf 2"},
           {"mpeg4.avi", "-c:v mpeg4 -g 8"},
           {"mpeg2.ts", "-c:v mpeg2video -g 8 -bf 2"},
           {"h264.ts", x264 + "-g 8"},
           {"raw.h264", x264 + "-g 8 -bf 2"},
           {"vp9.webm",
            "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 10 -auto-alt-ref 1 -lag-in-frames "
            "8"},
           {"vp8.webm", "-c:v libvpx -deadline realtime -cpu-used 8 -g 10"},
           {"mjpeg.avi", "-c:v mjpeg"}}) {
    SCOPED_TRACE(name);
    expect_exact(make_clip(folder, name, kMoving + arguments));
  }
}

TEST(Frames, AreExactForOddSizes) {
  const TestFolder folder;
  for (const char* size : {"16x16", "36x130", "98x50"}) {
    const std::string source = std::string("-f lavfi -i testsrc2=r=10:d=1:s=") + size;
    expect_exact(
        make_clip(folder, std::string(size) + ".mp4", source + " -c:v libx264 -preset veryfast"),
        5);
  }
  expect_exact(
      make_clip(
          folder, "odd.mp4",
          "-f lavfi -i testsrc2=r=10:d=1:s=63x47 -c:v libx264 -preset veryfast -pix_fmt yuv444p"),
      5);
  expect_exact(
      make_clip(folder, "large.mp4",
                "-f lavfi -i testsrc2=r=10:d=0.5:s=4096x2160 -c:v libx264 -preset ultrafast"),
      2);
  expect_exact(
      make_clip(folder, "one.mp4", "-f lavfi -i testsrc2=r=10:s=64x48 -frames:v 1 -c:v libx264"),
      2);
}

TEST(Frames, VariableRateAndEditListsAreHonoured) {
  const TestFolder folder;
  const std::string vfr =
      make_clip(folder, "vfr.mp4",
                std::string(kMoving) +
                    "-vf \"select='not(eq(mod(n\\,7)\\,3))+0',setpts='PTS+0.03*mod(N\\,3)/TB'\" "
                    "-vsync vfr -c:v libx264 -g 9 -bf 2 -enc_time_base 1:1000");
  expect_exact(vfr);
  const std::string whole =
      make_clip(folder, "whole.mp4", std::string(kMoving) + "-c:v libx264 -g 12 -bf 2");
  const std::string cut = make_clip(folder, "cut.mp4", "-ss 1.7 -i '" + whole + "' -c copy");
  expect_exact(cut);
  FrameReader reader;
  EXPECT_LT(reader.open(cut).num_frames(), 40);
}

TEST(Frames, RotationTurnsThePicture) {
  const TestFolder folder;
  const std::string plain =
      make_clip(folder, "plain.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v libx264");
  const std::string turned = folder / "turned.mp4";
  run_program("ffmpeg -nostdin -v error -i '" + plain + "' -metadata:s:v rotate=90 -c copy '" +
              turned + "'");
  FrameReader reader;
  const Recording b = reader.open(turned);
  if (run_program("ffmpeg -nostdin -hide_banner -i '" + turned + "' -f null - 2>&1")
          .find("displaymatrix") == std::string::npos)
    GTEST_SKIP() << "this ffmpeg program writes no rotation this way";
  EXPECT_EQ(b.width, 48);
  EXPECT_EQ(b.height, 64);
  // The ffmpeg program turns the picture too, when it is let; its conversion to RGB differs a
  // little.
  const std::string theirs =
      run_program("ffmpeg -nostdin -v error -i '" + turned +
                  "' -vf 'select=eq(n\\,3)' -frames:v 1 -f rawvideo -pix_fmt rgb24 -");
  const std::vector<uint8_t> ours = reader.read(b, std::vector<int64_t>{3}, 64, 48);
  ASSERT_EQ(theirs.size(), ours.size());
  double difference = 0;
  for (size_t k = 0; k < ours.size(); ++k)
    difference += std::abs(ours[k] - static_cast<uint8_t>(theirs[k]));
  EXPECT_LT(difference / static_cast<double>(ours.size()), 12);
}

// Clips that are hard to read exactly, each for a reason of its own.
void make_hard_clips(const TestFolder& folder) {
  const std::string moving = "-f lavfi -i testsrc2=s=96x64:r=10:d=6 ",
                    x264 = "-c:v libx264 -preset veryfast ";
  make_clip(folder, "variable_rate.mp4",
            moving +
                "-vf \"select='not(eq(mod(n\\,7)\\,3))+0',setpts='PTS+0.03*mod(N\\,3)/TB'\" "
                "-vsync vfr " +
                x264 + "-g 9 -bf 2 -enc_time_base 1:1000");
  make_clip(folder, "open_gop.mkv", moving + x264 + "-g 8 -bf 2 -x264-params open-gop=1");
  make_clip(folder, "open_gop_hevc.mp4",
            moving +
                "-c:v libx265 -preset ultrafast -x265-params "
                "log-level=none:keyint=9:bframes=3:open-gop=1");
  const std::string whole = make_clip(folder, "whole.mp4", moving + x264 + "-g 12 -bf 2");
  // With packets that are discarded, for they come before the edit list begins.
  make_clip(folder, "edit_list.mp4", "-ss 1.7 -i '" + whole + "' -c copy");
  make_clip(folder, "no_cues.mkv", "-i '" + whole + "' -c copy -f matroska -live 1");
  // The first three packets are lost, among them the key.
  const std::string no_b = make_clip(folder, "no_b.mp4", moving + x264 + "-g 12 -bf 0");
  make_clip(folder, "no_key_at_first.mp4",
            "-i '" + no_b + "' -c copy -bsf:v \"noise=amount=0:drop='lt(n,3)'\"");
  // The header says 7 frames.
  const std::string counted =
      make_clip(folder, "wrong_count.avi", moving + "-c:v mpeg4 -g 8 -bf 0");
  std::string bytes = read_bytes(counted);
  const size_t header = bytes.find("avih");
  bytes.replace(header + 24, 4, std::string("\7\0\0\0", 4));
  write_bytes(counted, bytes);
}

// The acceptance test of the frame numbers: 2,000 random reads (or DOJO_EXACT_READS) over real
// clips and hard ones, 8 to a request; 32 where every request decodes from the only key frame.
TEST(Frames, ThousandsOfRandomReadsAreExact) {
  const char* data = std::getenv("DOJO_DRIVING_DATA");
  const char* wish = std::getenv("DOJO_EXACT_READS");
  const int64_t wanted_reads = wish ? std::atoll(wish) : 2000;
  const TestFolder folder;
  make_hard_clips(folder);
  std::vector<std::string> paths = {folder.path()};
  if (data) paths.push_back(data);
  const FoundRecordings found = find_recordings(paths, 2);
  ASSERT_GE(found.recordings.size(), 9u);
  EXPECT_TRUE(found.quarantined.empty());
  const int64_t each = wanted_reads / std::ssize(found.recordings) + 1;
  int64_t reads = 0, wrong = 0;
  FrameReader reader;
  for (const Recording& r : found.recordings) {
    const std::vector<std::string> wanted = ffmpeg_md5(r.path);
    ASSERT_EQ(static_cast<size_t>(r.num_frames()), wanted.size()) << r.name;
    Random random(2, stream_id(r.name));
    const int64_t together = r.key_frames.size() > 1 ? 8 : 32;
    for (int64_t k = 0; k < each; k += together) {
      std::vector<int64_t> frames;
      for (int64_t i = 0; i < together; ++i) frames.push_back(random.below(r.num_frames()));
      const std::vector<std::string> sums = reader.md5(r, frames);
      for (size_t i = 0; i < frames.size(); ++i, ++reads) {
        wrong += sums[i] != wanted[static_cast<size_t>(frames[i])];
        EXPECT_EQ(sums[i], wanted[static_cast<size_t>(frames[i])])
            << r.name << " frame " << frames[i];
      }
    }
  }
  EXPECT_GE(reads, wanted_reads);
  std::printf("%lld random reads of %zu files, %lld wrong\n", static_cast<long long>(reads),
              found.recordings.size(), static_cast<long long>(wrong));
}

TEST(Frames, GreyLevelsSurviveTheConversion) {
  const TestFolder folder;
  const std::string path = make_clip(
      folder, "grey.mp4", "-f lavfi -i color=c=0x808080:s=64x48:r=5:d=1 -c:v libx264 -qp 0");
  FrameReader reader;
  const Recording r = reader.open(path);
  for (uint8_t v : reader.read(r, std::vector<int64_t>{2}, 24, 32)) ASSERT_NEAR(v, 128, 2);
}

TEST(Frames, AFrameThatDoesNotExistIsAnError) {
  const TestFolder folder;
  FrameReader reader;
  const Recording r =
      reader.open(make_clip(folder, "a.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v libx264"));
  EXPECT_THROW(reader.md5(r, std::vector<int64_t>{10}), Error);
  EXPECT_THROW(reader.md5(r, std::vector<int64_t>{-1}), Error);
}

TEST(Image, PngIsReadBackByFfmpegUnchanged) {
  const TestFolder folder;
  std::vector<uint8_t> rgb(31 * 17 * 3);
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i * 7);
  write_png(folder / "a.png", rgb, 31, 17);
  const std::string raw = run_program("ffmpeg -nostdin -v error -i '" + (folder / "a.png") +
                                      "' -f rawvideo -pix_fmt rgb24 -");
  EXPECT_EQ(raw, std::string(rgb.begin(), rgb.end()));
  EXPECT_EQ(encode_png(rgb, 31, 17), encode_png(rgb, 31, 17));
  EXPECT_THROW(write_png("/nonexistent/a.png", rgb, 31, 17), Error);
}

}  // namespace
}  // namespace dojo
