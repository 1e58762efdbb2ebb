// Many files: blocks of them follow one another, and a clip is known as soon as its block is.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dojo/base/random.h"
#include "dojo/video/sampler.h"

namespace dojo {
namespace {

Recording recording(int64_t frames) {
  Recording r;
  for (int64_t i = 0; i < frames; ++i) r.pts_seconds.push_back(0.05 * static_cast<double>(i));
  for (int64_t i = 0; i < frames; i += 30) r.key_frames.push_back(i);
  r.end_frame = frames;
  return r;
}

std::vector<Recording> recordings(int n) {
  std::vector<Recording> all;
  for (int i = 0; i < n; ++i) all.push_back(recording(i % 7 == 3 ? 2 : 40 + 11 * (i % 5)));
  return all;
}

SamplerOptions options() {
  return {.frames = 3, .interval_factors = {1, 1.5}, .seed = 4, .files_mixed = 8};
}

TEST(SamplerBlocks, EachClipComesOnceAnEpochBlockAfterBlock) {
  const std::vector<Recording> all = recordings(50);
  const ClipSampler sampler(all, options());
  const int64_t n = sampler.clips_per_epoch();
  for (const uint64_t epoch : {0u, 1u, 5u}) {
    std::set<std::pair<int32_t, int64_t>> seen;
    std::vector<int32_t> order;  // in which files come first
    std::set<int32_t> open;
    for (int64_t i = 0; i < n; ++i) {
      const ClipRef c = sampler.clip(epoch * static_cast<uint64_t>(n) + static_cast<uint64_t>(i));
      seen.insert({c.recording, c.frames[0]});
      if (open.insert(c.recording).second) order.push_back(c.recording);
    }
    EXPECT_EQ(static_cast<int64_t>(seen.size()), n);
    EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
    // A file of a later block never comes before one of an earlier is through.
    std::map<int32_t, std::pair<int64_t, int64_t>> span;
    for (int64_t i = 0; i < n; ++i) {
      const ClipRef c = sampler.clip(epoch * static_cast<uint64_t>(n) + static_cast<uint64_t>(i));
      auto [at, fresh] = span.try_emplace(c.recording, i, i);
      at->second.second = i;
    }
    for (const auto& [file, range] : span) {
      int overlapping = 0;
      for (const auto& [other, theirs] : span)
        overlapping += theirs.first <= range.second && theirs.second >= range.first;
      EXPECT_LE(overlapping, 8);
    }
  }
}

TEST(SamplerBlocks, UpToOneBlockTheOrderIsThatOfOneBlock) {
  const std::vector<Recording> all = recordings(20);
  SamplerOptions wide = options(), one = options();
  wide.files_mixed = 32;
  one.files_mixed = 20;
  const ClipSampler a(all, wide), b(all, one);
  for (uint64_t i = 0; i < 3000; ++i) ASSERT_EQ(a.clip(i), b.clip(i));
}

TEST(SamplerBlocks, AClipIsKnownWithItsBlockWhateverTheOrderInWhichFilesBecomeKnown) {
  const std::vector<Recording> all = recordings(40);
  const ClipSampler whole(all, options());
  const uint64_t n = static_cast<uint64_t>(whole.clips_per_epoch());
  for (const uint64_t seed : {1u, 2u, 3u}) {
    ClipSampler lazy(std::vector<Recording>(all.size()), options());
    Random random(seed);
    std::set<int32_t> given;
    uint64_t known_until = 0;
    while (!lazy.is_complete()) {
      const std::vector<int32_t> missing = lazy.missing(known_until);
      ASSERT_FALSE(missing.empty());
      ASSERT_LE(missing.size(), 8u);
      // One of those that are missing, or, now and then, another.
      int32_t next = missing[static_cast<size_t>(random.below(std::ssize(missing)))];
      if (random.chance(0.5)) next = static_cast<int32_t>(random.below(std::ssize(all)));
      if (given.insert(next).second) lazy.set_recording(next, all[static_cast<size_t>(next)]);
      for (; lazy.missing(known_until).empty() && known_until < n; ++known_until) {
        ASSERT_EQ(lazy.clip(known_until), whole.clip(known_until));
        ASSERT_EQ(lazy.replacement(known_until, 3), whole.replacement(known_until, 3));
      }
    }
    EXPECT_EQ(known_until, n);
    for (uint64_t i = n; i < 2 * n; i += 7) ASSERT_EQ(lazy.clip(i), whole.clip(i));
  }
}

TEST(SamplerBlocks, TheFirstClipsNeedOneBlock) {
  const std::vector<Recording> all = recordings(40);
  ClipSampler lazy(std::vector<Recording>(all.size()), options());
  const std::vector<int32_t> first = lazy.missing(0), order = lazy.order_of_need();
  EXPECT_EQ(std::vector<int32_t>(order.begin(), order.begin() + 2), first);
  for (int32_t i : first) {
    EXPECT_EQ(lazy.needed_from(i), 0u);
    lazy.set_recording(i, all[static_cast<size_t>(i)]);
  }
  EXPECT_TRUE(lazy.missing(0).empty());
  EXPECT_FALSE(lazy.needed_from(order[20]));
  const uint64_t second = *lazy.needed_from(order[2]);
  EXPECT_TRUE(lazy.missing(second - 1).empty());
  EXPECT_FALSE(lazy.missing(second).empty());
}

TEST(SamplerBlocks, ReplacementsComeFromTheSameBlockAsLongAsItHasClips) {
  const std::vector<Recording> all = recordings(40);
  const ClipSampler sampler(all, options());
  const std::vector<int32_t> order = sampler.order_of_need();
  const std::set<int32_t> first(order.begin(), order.begin() + 2);
  const int64_t clips = static_cast<int64_t>(*sampler.needed_from(order[2]));
  std::set<std::pair<int32_t, int64_t>> tried;
  for (int64_t attempt = 0; attempt < 1000 + clips; ++attempt) {
    const auto c = sampler.replacement(5, attempt);
    ASSERT_TRUE(c && first.count(c->recording));
    tried.insert({c->recording, c->frames[0]});
  }
  EXPECT_EQ(static_cast<int64_t>(tried.size()), clips);
  for (int64_t attempt = 1000 + clips; sampler.replacement(5, attempt); ++attempt) {
    const auto c = sampler.replacement(5, attempt);
    tried.insert({c->recording, c->frames[0]});
  }
  EXPECT_EQ(static_cast<int64_t>(tried.size()), sampler.clips_per_epoch());
}

}  // namespace
}  // namespace dojo
