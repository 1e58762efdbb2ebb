#include "dojo/train/mae_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "dojo/video/find_recordings.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

const MaeOptions kModel{.encoder = {.clips = 3,
                                    .frames = 4,
                                    .height = 16,
                                    .width = 24,
                                    .patch = 4,
                                    .channels = 12,
                                    .layers = 1,
                                    .heads = 2},
                        .masked = 0.75,
                        .decoder_channels = 12,
                        .decoder_layers = 1,
                        .decoder_heads = 2};

bool equal(const TubeMask& a, const TubeMask& b) {
  return a.visible == b.visible && a.masked == b.masked;
}

TEST(MaeMasks, AreDrawnAnewForEachClipAndSeed) {
  const TubeMask mask = clip_mask(kModel, 1, 7);
  EXPECT_EQ(std::ssize(mask.visible), kModel.visible_tokens());  // of one clip
  EXPECT_EQ(std::ssize(mask.masked), kModel.masked_tokens());
  EXPECT_TRUE(equal(mask, clip_mask(kModel, 1, 7)));
  EXPECT_FALSE(equal(mask, clip_mask(kModel, 1, 8)));
  EXPECT_FALSE(equal(mask, clip_mask(kModel, 2, 7)));
}

TEST(MaeMasks, OfAHeldOutClipDependOnItsFirstFrameAlone) {
  EXPECT_TRUE(equal(held_out_mask(kModel, 40), held_out_mask(kModel, 40)));
  EXPECT_FALSE(equal(held_out_mask(kModel, 40), held_out_mask(kModel, 41)));
  EXPECT_FALSE(equal(held_out_mask(kModel, 40), clip_mask(kModel, 0, 40)));
  MaeOptions other_batch = kModel;
  other_batch.encoder.clips = 8;
  EXPECT_TRUE(equal(held_out_mask(other_batch, 40), held_out_mask(kModel, 40)));
}

struct Batches {
  std::vector<uint8_t> clips;
  TubeMask masks;
};

// `count` batches from `position` on.
Batches take(const std::vector<Recording>& recordings, uint64_t position, int count) {
  const SamplerOptions sampler{.frames = 4, .seed = 5};
  const auto source =
      make_mae_source(std::make_unique<ClipLoader>(
                          recordings, sampler,
                          LoaderOptions{.batch = 3, .height = 16, .width = 24, .transform = {}}),
                      kModel, 5);
  source->seek(position);
  Batches taken;
  for (int i = 0; i < count; ++i) {
    const auto clips = source->next();
    taken.clips.insert(taken.clips.end(), clips.begin(), clips.end());
    const std::vector<ClipFeed> feeds = source->feeds();
    EXPECT_EQ(feeds.size(), 2u);
    const auto append_to = [](std::vector<int32_t>* list, const ClipFeed& feed) {
      const size_t had = list->size();
      list->resize(had + feed.values.size() / sizeof(int32_t));
      std::memcpy(list->data() + had, feed.values.data(), feed.values.size());
    };
    EXPECT_EQ(feeds[0].input, "visible");
    EXPECT_EQ(feeds[1].input, "masked");
    append_to(&taken.masks.visible, feeds[0]);
    append_to(&taken.masks.masked, feeds[1]);
  }
  return taken;
}

TEST(MaeSource, GivesEachClipTheMaskOfItsPositionAlsoWhenItGoesOn) {
  const TestFolder folder;
  make_clip(folder, "a.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=3 -c:v libx264 -pix_fmt yuv420p");
  const std::vector<Recording> recordings = find_recordings({folder.path()}).recordings;
  const Batches all = take(recordings, 0, 4);
  TubeMask wanted;
  for (uint64_t position = 0; position < 12; ++position)
    append(&wanted, clip_mask(kModel, 5, position));
  EXPECT_TRUE(equal(all.masks, wanted));

  const Batches rest = take(recordings, 6, 2);
  const auto ends_with = [](const auto& list, const auto& end) {
    return list.size() == 2 * end.size() && std::equal(end.rbegin(), end.rend(), list.rbegin());
  };
  EXPECT_TRUE(ends_with(all.clips, rest.clips));
  EXPECT_TRUE(ends_with(all.masks.visible, rest.masks.visible));
  EXPECT_TRUE(ends_with(all.masks.masked, rest.masks.masked));
}

}  // namespace
}  // namespace dojo
