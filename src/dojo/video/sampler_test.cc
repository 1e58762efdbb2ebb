#include "dojo/video/sampler.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dojo/base/error.h"
#include "dojo/base/random.h"

namespace dojo {
namespace {

Recording regular(int64_t frames, double fps, int64_t key_every = 30) {
  Recording r;
  r.name = r.path = "r";
  for (int64_t i = 0; i < frames; ++i) {
    r.pts_seconds.push_back(static_cast<double>(i) / fps);
    if (i % key_every == 0) r.key_frames.push_back(i);
  }
  r.end_frame = frames;
  return r;
}

Recording irregular(uint64_t seed, int64_t frames) {
  Recording r = regular(0, 1);
  Random random(seed);
  double t = 0;
  for (int64_t i = 0; i < frames; ++i) {
    r.pts_seconds.push_back(t);
    t += random.chance(0.02) ? 1.5 : random.uniform(0.02, 0.12);
    if (random.chance(0.05) || i == 0) r.key_frames.push_back(i);
  }
  r.end_frame = frames;
  return r;
}

TEST(Sampler, PermutationTakesEachNumberOnce) {
  for (int64_t n : {1, 2, 3, 4, 5, 17, 64, 1000, 4097}) {
    std::set<int64_t> seen;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t p = permuted(i, n, 7, 8, 9);
      ASSERT_GE(p, 0);
      ASSERT_LT(p, n);
      seen.insert(p);
    }
    EXPECT_EQ(static_cast<int64_t>(seen.size()), n);
  }
}

TEST(Sampler, PermutationsOfOtherEpochsDiffer) {
  int same = 0;
  for (int64_t i = 0; i < 1000; ++i)
    same += permuted(i, 1000, 1, 2, 0) == permuted(i, 1000, 1, 2, 1);
  EXPECT_LT(same, 20);
}

TEST(Sampler, SpacesTheFramesOfAConstantRateEvenly) {
  EXPECT_EQ(clip_frames(regular(100, 10), 7, 4, 0.1), (std::vector<int64_t>{7, 8, 9, 10}));
  EXPECT_EQ(clip_frames(regular(100, 30), 0, 4, 0.1), (std::vector<int64_t>{0, 3, 6, 9}));
  // 0.1 s is two and a half frames of 25 a second: the smaller distance is taken, for all of them.
  EXPECT_EQ(clip_frames(regular(100, 25), 0, 5, 0.1), (std::vector<int64_t>{0, 2, 4, 6, 8}));
}

TEST(Sampler, TakesTheNearestFramesInTimeWhereTheRateVaries) {
  Recording r = regular(40, 20);
  for (size_t i = 0; i < 40; ++i)
    r.pts_seconds[i] = i < 4 ? 0.05 * double(i) : 0.15 + 0.02 * double(i - 3);
  EXPECT_EQ(clip_frames(r, 0, 4, 0.1), (std::vector<int64_t>{0, 2, 5, 10}));
}

TEST(Sampler, RefusesClipsThatDoNotExist) {
  EXPECT_TRUE(clip_frames(regular(10, 10), 7, 4, 0.1).empty());    // runs out of frames
  EXPECT_TRUE(clip_frames(regular(100, 10), 0, 4, 0.02).empty());  // would take a frame twice
  Recording hole = regular(20, 10);
  for (size_t i = 10; i < 20; ++i) hole.pts_seconds[i] += 2;
  EXPECT_TRUE(clip_frames(hole, 8, 4, 0.1).empty());
  EXPECT_FALSE(clip_frames(hole, 10, 4, 0.1).empty());
  Recording part = regular(100, 10);
  part.first_frame = 50;
  part.end_frame = 60;
  EXPECT_TRUE(clip_frames(part, 49, 4, 0.1).empty());
  EXPECT_TRUE(clip_frames(part, 57, 4, 0.1).empty());
  EXPECT_FALSE(clip_frames(part, 56, 4, 0.1).empty());
}

TEST(Sampler, GivesEachClipOnceAnEpochInBothOrders) {
  const std::vector<Recording> recordings = {regular(200, 25), irregular(1, 300), regular(3, 10),
                                             irregular(2, 150)};
  for (SamplingOrder order : {SamplingOrder::kGopRun, SamplingOrder::kUniform})
    for (int64_t mixed : {1, 3, 8}) {
      const ClipSampler sampler(recordings,
                                {.frames = 4, .seed = 5, .order = order, .runs_mixed = mixed});
      const int64_t n = sampler.clips_per_epoch();
      ASSERT_GT(n, 300);
      for (uint64_t epoch : {0u, 1u, 7u}) {
        std::set<std::pair<int32_t, std::vector<int64_t>>> seen;
        for (int64_t i = 0; i < n; ++i) {
          const ClipRef c =
              sampler.clip(epoch * static_cast<uint64_t>(n) + static_cast<uint64_t>(i));
          ASSERT_EQ(c.frames.size(), 4u);
          ASSERT_EQ(c.frames,
                    clip_frames(recordings[static_cast<size_t>(c.recording)], c.frames[0], 4, 0.1));
          seen.insert({c.recording, c.frames});
        }
        EXPECT_EQ(static_cast<int64_t>(seen.size()), n);
      }
    }
}

TEST(Sampler, TheSameClipWhateverWasAskedBefore) {
  const std::vector<Recording> recordings = {regular(300, 20), irregular(3, 200)};
  const SamplerOptions options{.interval_factors = {0.5, 1, 2}, .seed = 11};
  const ClipSampler forward(recordings, options);
  std::vector<ClipRef> clips;
  for (uint64_t i = 0; i < 2000; ++i) clips.push_back(forward.clip(i));
  const ClipSampler other(recordings, options);
  Random random(1);
  for (int k = 0; k < 2000; ++k) {
    const uint64_t at = static_cast<uint64_t>(random.below(2000));
    ASSERT_EQ(other.clip(at), clips[at]);
  }
}

TEST(Sampler, RunsShareTheirDecodingInGopRunOrder) {
  const std::vector<Recording> recordings(20, regular(500, 20));
  const ClipSampler sampler(recordings, {.seed = 3, .runs_mixed = 4});
  std::map<int32_t, int> seen;
  std::set<std::pair<int32_t, int64_t>> frames;
  for (uint64_t i = 0; i < 200; ++i) {
    const ClipRef c = sampler.clip(i);
    ++seen[c.recording];
    for (int64_t f : c.frames) frames.insert({c.recording, f});
  }
  EXPECT_LE(seen.size(), 10u);     // not all 20 files are open at a time
  EXPECT_LE(frames.size(), 550u);  // of 1000 frames used: each is used about twice
  EXPECT_GE(seen.size(), 2u);
}

TEST(Sampler, RunsAreLongAgainstTheSpanOfAClipSoThatLittleIsDecodedTwice) {
  // A key frame each 36 frames; clips of 8 frames, 4 apart, span 29.
  const std::vector<Recording> recordings(20, regular(3600, 36, 36));
  const ClipSampler sampler(recordings, {.frames = 8, .interval_seconds = 4.0 / 36, .seed = 3});
  const uint64_t end = sampler.mixed_until(0);
  std::set<std::pair<int32_t, int64_t>>
      decoded;  // from the key frame before, without what is shared
  for (uint64_t at = 0; at < end; ++at) {
    const ClipRef c = sampler.clip(at);
    for (int64_t f = c.frames.front() / 36 * 36; f <= c.frames.back(); ++f)
      decoded.insert({c.recording, f});
  }
  EXPECT_GE(end, 8u * 150);  // some runs are the last ones of their recordings
  EXPECT_LE(static_cast<double>(decoded.size()), 1.2 * static_cast<double>(end));
}

TEST(Sampler, ClipsAreMixedUpToTheEndOfTheirRunsAndNotBeyond) {
  const std::vector<Recording> recordings(20, regular(500, 20));
  const SamplerOptions options{.seed = 3, .runs_mixed = 4};
  const ClipSampler sampler(recordings, options);
  const auto n = static_cast<uint64_t>(sampler.clips_per_epoch());
  for (uint64_t begin = n - n % 7, groups = 0; groups < 5; ++groups) {
    const uint64_t end = sampler.mixed_until(begin);
    ASSERT_GT(end, begin);
    EXPECT_EQ(sampler.mixed_until(end - 1), end);
    EXPECT_TRUE(begin >= n || end <= n) << "no group reaches into the next epoch";
    begin = end;
  }
  const ClipSampler uniform(recordings, {.seed = 3, .order = SamplingOrder::kUniform});
  EXPECT_EQ(uniform.mixed_until(17), 18u);
}

TEST(Sampler, OrdersHaveNames) {
  for (SamplingOrder order : {SamplingOrder::kGopRun, SamplingOrder::kUniform})
    EXPECT_EQ(parse_sampling_order(name(order)), order);
  EXPECT_FALSE(parse_sampling_order("random"));
}

TEST(Sampler, DrawsTheIntervalForEachClip) {
  const std::vector<Recording> recordings = {regular(400, 20)};
  const ClipSampler sampler(recordings, {.frames = 3, .interval_factors = {1, 2, 3}, .seed = 3});
  std::map<int64_t, int> spans;
  for (uint64_t i = 0; i < 390; ++i) {
    const ClipRef c = sampler.clip(i);
    ++spans[c.frames[2] - c.frames[0]];
  }
  EXPECT_EQ(spans.size(), 3u);
  for (int64_t s : {4, 8, 12}) EXPECT_GT(spans[s], 80);
}

TEST(Sampler, HeldOutClipsAreSpreadOverAllRecordings) {
  const std::vector<Recording> recordings = {regular(20, 10), regular(500, 10), regular(300, 25)};
  const std::vector<ClipRef> clips = held_out_clips(recordings, 5, 0.1, 60);
  EXPECT_EQ(clips.size(), 60u);
  std::map<int32_t, int> count;
  for (const ClipRef& c : clips) ++count[c.recording];
  EXPECT_EQ(count[0], 16);  // all that it has
  EXPECT_EQ(count[1] + count[2], 44);
  EXPECT_EQ(clips, held_out_clips(recordings, 5, 0.1, 60));
}

TEST(Sampler, NamesOptionsThatMeanNothing) {
  EXPECT_THROW(ClipSampler({}, {.frames = 0}), Error);
  EXPECT_THROW(ClipSampler({}, {.interval_seconds = 0}), Error);
  EXPECT_THROW(ClipSampler({}, {.interval_factors = {}}), Error);
  EXPECT_EQ(ClipSampler({}, {}).clips_per_epoch(), 0);
}

}  // namespace
}  // namespace dojo
