#include "dojo/video/bench/cases.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/test_clips.h"

namespace dojo::bench {
namespace {

constexpr WorkloadOptions kSmall{
    .frames = 4, .interval_seconds = 0.1, .height = 24, .width = 32, .pixels = 100.0 * 64 * 48};

// Two recordings: 120 frames, a key frame each 15, with B-frames; and 60 frames.
class BenchCases : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TestFolder;
    make_clip(*folder_, "long.mp4",
              "-f lavfi -i testsrc2=s=64x48:r=20:d=6 -c:v libx264 -preset veryfast -g 15 -bf 2");
    make_clip(*folder_, "short.mp4",
              "-f lavfi -i testsrc2=s=64x48:r=20:d=3,hue=h=90 -c:v libx264 -g 15 -bf 0");
    recordings_ = new std::vector<Recording>(find_recordings({folder_->path()}).recordings);
  }
  static void TearDownTestSuite() {
    delete recordings_;
    delete folder_;
  }
  static Workload workload() { return choose_workload(*recordings_, kSmall); }
  static std::vector<ClipRef> uniform(const std::vector<Recording>& recordings, const Workload& w) {
    return first_clips(recordings, w.sampling(SamplingOrder::kUniform, 1), 20);
  }
  inline static TestFolder* folder_ = nullptr;
  inline static std::vector<Recording>* recordings_ = nullptr;
};

TEST_F(BenchCases, AWorkloadHasAboutTheFramesAskedForFromEveryRecording) {
  const Workload w = workload();
  ASSERT_EQ(w.parts.size(), 2u);
  EXPECT_GE(w.num_frames(), 90);
  EXPECT_LE(w.num_frames(), 110);
  // The pieces have the same clips; the frames at their ends are in two of them.
  const SamplerOptions any = w.sampling(SamplingOrder::kUniform, 1);
  EXPECT_EQ(ClipSampler(w.pieces, any).clips_per_epoch(),
            ClipSampler(w.parts, any).clips_per_epoch());
  EXPECT_GE(w.pieces.size(), 2u);
}

TEST_F(BenchCases, EveryWayGivesTheExactPixels) {
  const Workload w = workload();
  FrameReader reader;
  const std::vector<ClipRef> clips = uniform(w.parts, w);
  const std::vector<ExactClip> exact = read_exactly(reader, w.parts, clips, w.options);
  for (const bool keep_open : {false, true}) {
    const Measured m = decode_clips(w, clips, keep_open, 0.01, exact);
    EXPECT_EQ(m.checked, 20);
    EXPECT_EQ(m.wrong, 0);
    EXPECT_GT(m.cpu_seconds, 0);
  }
  const Measured all = decode_all(w, true, exact);
  EXPECT_GE(all.frames_decoded, w.num_frames());
  EXPECT_GE(all.checked, 20);
  EXPECT_EQ(all.wrong, 0);

  const auto alone = read_exactly(reader, w.parts, uniform(w.parts, w), w.options);
  const Measured single = load_uniform(w, 1, 0.01, alone);
  EXPECT_GE(single.checked, 1);
  EXPECT_EQ(single.wrong, 0);
  const SamplerOptions by_run = w.sampling(SamplingOrder::kGopRun, 1);
  const auto runs = read_exactly(reader, w.pieces, first_clips(w.pieces, by_run, 20), w.options);
  const Measured run = load_runs(w, 1, 1, 1, runs);
  EXPECT_EQ(run.checked, 20);
  EXPECT_EQ(run.wrong, 0);
  EXPECT_NEAR(static_cast<double>(run.clips),
              static_cast<double>(ClipSampler(w.pieces, by_run).clips_per_epoch()), 8);
}

TEST_F(BenchCases, EachRunIsReadFromItsCopyAnewAndGivesTheExactPixels) {
  const Workload w = workload();
  const SamplerOptions by_run = w.sampling(SamplingOrder::kGopRun, 1);
  const std::vector<Recording> set = set_of_many_runs(w);
  ASSERT_GE(std::ssize(set), 4 * by_run.runs_mixed);
  int64_t frames = 0;
  for (const Recording& piece : set) frames += piece.end_frame - piece.first_frame;
  FrameReader reader;
  const auto exact = read_exactly(reader, set, first_clips(set, by_run, 20), w.options);
  const TestFolder copies;
  fill_copies(w, CopyTier::kRaw, copies.path());
  const Measured m =
      load_copies(w, CopyTier::kRaw, copies.path(), SamplingOrder::kGopRun, 1, 0.2, exact);
  EXPECT_EQ(m.checked, 20);
  EXPECT_EQ(m.wrong, 0);
  EXPECT_EQ(m.frames_decoded, 0);
  const int64_t epochs = m.clips / ClipSampler(set, by_run).clips_per_epoch();
  ASSERT_GE(epochs, 3);
  EXPECT_GT(m.frames_from_copies, epochs * frames * 9 / 10);
}

TEST_F(BenchCases, AWrongPixelIsNoticed) {
  const Workload w = workload();
  FrameReader reader;
  std::vector<ExactClip> exact = read_exactly(reader, w.parts, uniform(w.parts, w), w.options);
  exact[1].pixels[7] ^= 1;
  EXPECT_EQ(decode_clips(w, {exact[0].clip}, false, 0.01, exact).wrong, 1);
  EXPECT_EQ(decode_all(w, true, {exact[1]}).wrong, 1);
}

TEST_F(BenchCases, FramesToDecodeReachFromTheKeyFrameToTheLastFrame) {
  const Workload w = choose_workload({recordings_->at(0)}, kSmall);
  const int64_t key = recordings_->at(0).key_frames.at(1);
  EXPECT_EQ(frames_to_decode(w.parts, {{0, {key, key + 2, key + 4, key + 6}}}), 7);
  EXPECT_EQ(frames_to_decode(w.parts, {{0, {key + 3, key + 5, key + 7, key + 9}}}), 10);
}

TEST_F(BenchCases, TooShortAndUnseekableRecordingsAreRefusedWithTheReason) {
  WorkloadOptions long_clips = kSmall;
  long_clips.frames = 500;
  EXPECT_THROW(choose_workload(*recordings_, long_clips), Error);
  make_clip(*folder_, "stream.ts.x",
            "-f lavfi -i testsrc2=s=64x48:r=20:d=3 -c:v mpeg2video -f mpegts");
  FrameReader reader;
  const Recording stream = reader.open(*folder_ / "stream.ts.x");
  try {
    choose_workload({stream}, kSmall);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kUnsupported);
  }
}

}  // namespace
}  // namespace dojo::bench
