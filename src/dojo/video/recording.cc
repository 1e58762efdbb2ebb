#include "dojo/video/recording.h"

#include "dojo/video/frame_index.h"

namespace dojo {

void set_index(Recording* r, std::shared_ptr<const FrameIndex> index) {
  r->width = index->width;
  r->height = index->height;
  r->codec = index->codec;
  r->pts_seconds.clear();
  r->key_frames.clear();
  r->pts_seconds.reserve(index->pts.size());
  for (int64_t i = 0; i < index->num_frames(); ++i) r->pts_seconds.push_back(index->seconds(i));
  for (const FrameIndex::Key& key : index->keys) r->key_frames.push_back(key.frame);
  r->first_frame = 0;
  r->end_frame = index->num_frames();
  r->note = index->note;
  r->index = std::move(index);
}

}  // namespace dojo
