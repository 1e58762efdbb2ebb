#include "dojo/train/mae_source.h"

#include <utility>

namespace dojo {
namespace {

TubeMask mask_of_one(MaeOptions model, Random random) {
  model.encoder.clips = 1;
  return tube_mask(model, random);
}

class MaeSource final : public LoaderSource {
 public:
  MaeSource(std::unique_ptr<ClipLoader> loader, const MaeOptions& model, uint64_t seed)
      : LoaderSource(std::move(loader)), model_(model), seed_(seed) {}

  std::span<const uint8_t> next() override {
    const Batch& batch = next_batch();
    masks_ = {};
    for (size_t i = 0; i < batch.refs.size(); ++i)  // one rank: positions follow one another
      append(&masks_, clip_mask(model_, seed_, batch.first_position + i));
    return batch.clips;
  }

  std::vector<ClipFeed> feeds() const override {
    return {{"visible", std::as_bytes(std::span(masks_.visible))},
            {"masked", std::as_bytes(std::span(masks_.masked))}};
  }

 private:
  MaeOptions model_;
  uint64_t seed_;
  TubeMask masks_;  // of the batch
};

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
  return std::make_unique<MaeSource>(std::move(loader), model, seed);
}

}  // namespace dojo
