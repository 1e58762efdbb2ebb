#include "dojo/train/mae_source.h"

#include <utility>
#include <vector>

namespace dojo {
namespace {

TubeMask mask_of_one(MaeOptions model, Random random) {
  model.encoder.clips = 1;
  return tube_mask(model, random);
}

}  // namespace

TubeMask clip_mask(const MaeOptions& model, uint64_t seed, uint64_t position) {
  return mask_of_one(model, Random(seed, stream_id("mask"), position));
}

TubeMask held_out_mask(const MaeOptions& model, int64_t first_frame) {
  constexpr uint64_t kSeed = 0;  // that of no run in particular
  return mask_of_one(model,
                     Random(kSeed, stream_id("held-out mask"), static_cast<uint64_t>(first_frame)));
}

void append(TubeMask* masks, const TubeMask& mask) {
  masks->visible.insert(masks->visible.end(), mask.visible.begin(), mask.visible.end());
  masks->masked.insert(masks->masked.end(), mask.masked.begin(), mask.masked.end());
}

std::unique_ptr<ClipSource> make_mae_source(std::unique_ptr<ClipLoader> loader,
                                            const MaeOptions& model, uint64_t seed) {
  return std::make_unique<LoaderSource>(
      std::move(loader), [=](const ClipRef&, uint64_t position) -> std::vector<ClipFeed> {
        const TubeMask mask = clip_mask(model, seed, position);
        return {feed_of("visible", mask.visible), feed_of("masked", mask.masked)};
      });
}

}  // namespace dojo
