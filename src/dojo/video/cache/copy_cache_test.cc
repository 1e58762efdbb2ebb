#include "dojo/video/cache/copy_cache.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "dojo/base/error.h"
#include "dojo/video/cache/moving_picture.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

constexpr int64_t kHeight = 48, kWidth = 64;
using Frames = std::vector<std::vector<uint8_t>>;

const CopySource kSource{.path = "/drives/a.mp4", .fingerprint = "1", .num_frames = 29};

CopyCacheOptions options(const TestFolder& folder, CopyTier tier) {
  return {.tier = tier, .folder = folder / "frames", .height = kHeight, .width = kWidth};
}

Frames unit_of(const CopyCache& cache, int64_t unit) {
  const int64_t first = unit * cache.unit_frames();
  return moving_pictures(kHeight, kWidth, first,
                         std::min(cache.unit_frames(), kSource.num_frames - first));
}

// Stores all units; returns the frames as they are handed out.
Frames store_all(CopyCache* cache) {
  Frames all;
  for (int64_t u = 0; u * cache->unit_frames() < kSource.num_frames; ++u) {
    Frames frames = unit_of(*cache, u);
    cache->store(kSource, u, pointers(&frames));
    all.insert(all.end(), frames.begin(), frames.end());
  }
  return all;
}

Frames read_all(CopyCache* cache, int64_t* missing) {
  Frames all;
  *missing = 0;
  for (int64_t u = 0; u * cache->unit_frames() < kSource.num_frames; ++u) {
    Frames frames = unit_of(*cache, u);
    const size_t count = frames.size();
    for (auto& f : frames) std::fill(f.begin(), f.end(), uint8_t{0});
    if (!cache->read(kSource, u, pointers(&frames))) *missing += static_cast<int64_t>(count);
    all.insert(all.end(), frames.begin(), frames.end());
  }
  return all;
}

TEST(CopyCache, TheRawTierIsExact) {
  TestFolder folder;
  int64_t missing = 0;
  {
    CopyCache cache(options(folder, CopyTier::kRaw));
    EXPECT_TRUE(cache.exact());
    read_all(&cache, &missing);
    EXPECT_EQ(missing, 29);
    EXPECT_EQ(store_all(&cache), moving_pictures(kHeight, kWidth, 0, 29));
    EXPECT_EQ(read_all(&cache, &missing), moving_pictures(kHeight, kWidth, 0, 29));
    EXPECT_EQ(missing, 0);
  }
  CopyCache cache(options(folder, CopyTier::kRaw));
  EXPECT_TRUE(cache.has(kSource, 28));
  EXPECT_EQ(read_all(&cache, &missing), moving_pictures(kHeight, kWidth, 0, 29));
  EXPECT_EQ(missing, 0);
  EXPECT_EQ(cache.take_message(), "");
}

TEST(CopyCache, TheShortGopTierGivesTheSameBytesFromTheFirstEpochOn) {
  TestFolder folder;
  CopyCache first(options(folder, CopyTier::kShortGop));
  EXPECT_FALSE(first.exact());
  const Frames given = store_all(&first);
  const Frames exact = moving_pictures(kHeight, kWidth, 0, 29);
  EXPECT_NE(given, exact);
  for (size_t i = 0; i < given.size(); ++i)
    EXPECT_GT(psnr(given[i].data(), exact[i].data(), kHeight * kWidth * 3), CopyCache::kMinPsnr);
  int64_t missing = 0;
  EXPECT_EQ(read_all(&first, &missing), given);
  EXPECT_EQ(missing, 0);
  CopyCache later(options(folder, CopyTier::kShortGop));
  EXPECT_EQ(read_all(&later, &missing), given);
  EXPECT_EQ(missing, 0);
  // Without any disk, too, and whatever came before.
  CopyCacheOptions nowhere = options(folder, CopyTier::kShortGop);
  write_bytes(folder / "file", "x");
  nowhere.folder = folder / "file/frames";
  CopyCache lost(nowhere);
  EXPECT_NE(lost.take_message().find("no frames are cached"), std::string::npos);
  Frames last = unit_of(lost, 2);
  lost.store(kSource, 2, pointers(&last));
  EXPECT_EQ(last, Frames(given.begin() + 16, given.begin() + 24));
  read_all(&lost, &missing);
  EXPECT_EQ(missing, 29);
}

TEST(CopyCache, FramesThatTheCodecSpoilsStayExactAndAreNotKept) {
  TestFolder folder;
  CopyCache cache(options(folder, CopyTier::kShortGop));
  Random random(1);
  Frames noise(8, std::vector<uint8_t>(kHeight * kWidth * 3));
  for (auto& f : noise)
    for (uint8_t& b : f) b = static_cast<uint8_t>(random.below(256));
  const Frames exact = noise;
  cache.store(kSource, 1, pointers(&noise));
  EXPECT_EQ(noise, exact);
  EXPECT_FALSE(cache.has(kSource, 1));
}

TEST(CopyCache, DamageOnTheDiskIsSaidAndMadeGood) {
  for (CopyTier tier : {CopyTier::kRaw, CopyTier::kShortGop}) {
    TestFolder folder;
    Frames given;
    {
      CopyCache cache(options(folder, tier));
      given = store_all(&cache);
    }
    const std::string name = list_copies(folder / "frames", false).at(0).name;
    const std::string path = folder / ("frames/" + name + "/frames");
    std::string bytes = read_bytes(path);
    bytes[bytes.size() - 100] ^= 4;
    write_bytes(path, bytes);
    CopyCache cache(options(folder, tier));
    int64_t missing = 0;
    read_all(&cache, &missing);
    EXPECT_EQ(missing, tier == CopyTier::kRaw ? 1 : 5);
    EXPECT_NE(cache.take_message().find("/drives/a.mp4 was damaged"), std::string::npos);
    EXPECT_EQ(store_all(&cache), given);
    EXPECT_EQ(read_all(&cache, &missing), given);
    EXPECT_EQ(missing, 0);
  }
}

TEST(CopyCache, AUnitThatNoDecoderUnderstandsIsMadeAgain) {
  for (CopyTier tier : {CopyTier::kRaw, CopyTier::kShortGop}) {
    TestFolder folder;
    Frames given;
    {
      CopyCache cache(options(folder, tier));
      given = store_all(&cache);
    }
    {
      const CopyInfo info = list_copies(folder / "frames", true).at(0);
      std::string problem;
      const auto copy = SmallCopy::open(folder / "frames", info.key, &problem);
      ASSERT_TRUE(copy) << problem;
      const std::vector<uint8_t> nonsense(100, 7);
      ASSERT_TRUE(copy->append(1, nonsense));
    }
    CopyCache cache(options(folder, tier));
    EXPECT_TRUE(cache.has(kSource, 1));
    int64_t missing = 0;
    read_all(&cache, &missing);
    EXPECT_EQ(missing, tier == CopyTier::kRaw ? 1 : 8);
    EXPECT_FALSE(cache.has(kSource, 1));
    EXPECT_NE(cache.take_message().find("/drives/a.mp4 was damaged"), std::string::npos);
    EXPECT_EQ(store_all(&cache), given);
  }
}

TEST(CopyCache, AChangedSourceIsAnotherOne) {
  TestFolder folder;
  CopyCache cache(options(folder, CopyTier::kRaw));
  store_all(&cache);
  CopySource changed = kSource;
  changed.fingerprint = "2";
  EXPECT_FALSE(cache.has(changed, 3));
  EXPECT_TRUE(cache.has(kSource, 3));
}

TEST(CopyCache, NoTierKeepsNothing) {
  TestFolder folder;
  CopyCache cache(options(folder, CopyTier::kNone));
  store_all(&cache);
  EXPECT_FALSE(cache.has(kSource, 3));
  EXPECT_FALSE(std::filesystem::exists(folder / "frames"));
  for (CopyTier t : {CopyTier::kNone, CopyTier::kRaw, CopyTier::kShortGop})
    EXPECT_EQ(parse_copy_tier(name(t)), t);
  EXPECT_FALSE(parse_copy_tier("fast"));
  EXPECT_THROW(CopyCache({.tier = CopyTier::kRaw, .height = 0, .width = 8}), Error);
}

}  // namespace
}  // namespace dojo
