#include "dojo/train/ego_source.h"

#include <cmath>

namespace dojo {
namespace {

class EgoSource final : public LoaderSource {
 public:
  EgoSource(std::unique_ptr<ClipLoader> loader, const std::vector<Recording>& recordings,
            std::shared_ptr<const EgoLabels> labels, uint64_t seed, double interval_seconds)
      : LoaderSource(std::move(loader)),
        recordings_(recordings),
        labels_(std::move(labels)),
        seed_(seed),
        interval_seconds_(interval_seconds) {}

  std::span<const uint8_t> next() override {
    const Batch& batch = next_batch();
    values_.clear();
    known_.clear();
    for (size_t i = 0; i < batch.refs.size(); ++i) {
      const ClipRef& ref = batch.refs[i];
      const size_t recording = static_cast<size_t>(ref.recording);
      const double stretch = stretch_of(recordings_[recording], ref.frames, interval_seconds_);
      EgoValues label = stretched(labels_->at(recording, ref.frames.back()), stretch);
      if (is_mirrored(kEgoVariation, variation_stream(seed_, batch.first_position + i)))
        label = mirrored(label);
      const EgoTarget target = ego_target(label);
      values_.insert(values_.end(), target.labels.begin(), target.labels.end());
      known_.insert(known_.end(), target.known.begin(), target.known.end());
    }
    return batch.clips;
  }

  std::vector<ClipFeed> feeds() const override {
    return {{"labels", std::as_bytes(std::span(values_))},
            {"known", std::as_bytes(std::span(known_))}};
  }

 private:
  std::vector<Recording> recordings_;
  std::shared_ptr<const EgoLabels> labels_;
  uint64_t seed_;
  double interval_seconds_;
  std::vector<float> values_, known_;  // [B,3]
};

}  // namespace

EgoTarget ego_target(const EgoValues& label) {
  EgoTarget target;
  for (size_t s = 0; s < label.size(); ++s) {
    if (!std::isfinite(label[s])) continue;
    target.labels[s] = static_cast<float>(label[s]);
    target.known[s] = 1;
  }
  return target;
}

std::unique_ptr<ClipSource> make_ego_source(std::unique_ptr<ClipLoader> loader,
                                            const std::vector<Recording>& recordings,
                                            std::shared_ptr<const EgoLabels> labels, uint64_t seed,
                                            double interval_seconds) {
  return std::make_unique<EgoSource>(std::move(loader), recordings, std::move(labels), seed,
                                     interval_seconds);
}

}  // namespace dojo
