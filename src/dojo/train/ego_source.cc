#include "dojo/train/ego_source.h"

#include <cmath>
#include <utility>

namespace dojo {
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
  return std::make_unique<LoaderSource>(
      std::move(loader), [=](const ClipRef& clip, uint64_t position) -> std::vector<ClipFeed> {
        const size_t recording = static_cast<size_t>(clip.recording);
        const double stretch = stretch_of(recordings[recording], clip.frames, interval_seconds);
        EgoValues label = stretched(labels->at(recording, clip.frames.back()), stretch);
        if (is_mirrored(kEgoVariation, variation_stream(seed, position))) label = mirrored(label);
        const EgoTarget target = ego_target(label);
        return {feed_of("labels", target.labels), feed_of("known", target.known)};
      });
}

}  // namespace dojo
