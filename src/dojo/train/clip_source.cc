#include "dojo/train/clip_source.h"

#include "dojo/base/check.h"

namespace dojo {

std::span<const uint8_t> LoaderSource::next() {
  const Batch& batch = loader_->next();
  feeds_.clear();
  for (size_t i = 0; feeds_of_ && i < batch.refs.size(); ++i) {
    // One rank: positions follow one another.
    std::vector<ClipFeed> of_clip = feeds_of_(batch.refs[i], batch.first_position + i);
    if (i == 0) {
      feeds_ = std::move(of_clip);
      continue;
    }
    DOJO_CHECK_EQ(of_clip.size(), feeds_.size());
    for (size_t f = 0; f < feeds_.size(); ++f) {
      DOJO_CHECK(of_clip[f].input == feeds_[f].input);
      feeds_[f].values.insert(feeds_[f].values.end(), of_clip[f].values.begin(),
                              of_clip[f].values.end());
    }
  }
  return batch.clips;
}

}  // namespace dojo
