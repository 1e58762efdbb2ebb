#include "dojo/video/decoder.h"

#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace dojo {

Decoder::Decoder(const std::string& path, std::function<void()> progress)
    : file_(path, std::move(progress)), index_(build_index(file_)) {
  file_.restart();
  next_ = 0;
}

Decoder::Decoder(const std::string& path, FrameIndex index, std::function<void()> progress)
    : file_(path, std::move(progress)), index_(std::move(index)) {
  DOJO_CHECK(!index_.keys.empty());
}

const FrameIndex::Key& Decoder::key_before(int64_t frame) const {
  const auto after =
      std::upper_bound(index_.keys.begin(), index_.keys.end(), frame,
                       [](int64_t f, const FrameIndex::Key& k) { return f < k.frame; });
  return *(after - 1);  // the first key has frame 0
}

void Decoder::go_to(const FrameIndex::Key& key) {
  const int64_t number = &key - index_.keys.data();
  bool found = false;
  if (index_.seekable) {
    // The container may land elsewhere; then an earlier time, and in the end the start of the file,
    // always works.
    for (int64_t back = 0; back < 3 && !found; ++back) {
      const FrameIndex::Key& aim =
          index_.keys[static_cast<size_t>(std::max<int64_t>(0, number - back))];
      if (!file_.seek(aim.dts)) break;
      while (!found && file_.read()) {
        const int64_t pts = file_.packet()->pts;
        if (pts == key.pts)
          found = true;
        else if (file_.packet()->dts != AV_NOPTS_VALUE && file_.packet()->dts > key.dts)
          break;
      }
    }
  }
  next_ = key.frame;
  if (!found) {
    file_.restart();
    next_ = 0;
  }
  fed_key_ = found ? number : 0;
  waiting_for_key_ = found;
  draining_ = ended_ = false;
  damaged_begin_ = damaged_end_ = 0;
  file_.take_complaints();
  if (found) file_.send(file_.packet());
}

void Decoder::note_damage(const std::string& complaint) {
  const auto& keys = index_.keys;
  const size_t at = static_cast<size_t>(fed_key_);
  const int64_t begin = keys[at].leading;
  const int64_t end = at + 1 < keys.size() ? keys[at + 1].frame : index_.num_frames();
  damaged_begin_ = damaged_end_ > begin ? std::min(damaged_begin_, begin) : begin;
  damaged_end_ = std::max(damaged_end_, end);
  damage_ = complaint;
}

const AVFrame* Decoder::next_shown(int64_t* number) {
  for (;;) {
    const AVFrame* picture = file_.receive();
    const std::string complaint = file_.take_complaints();
    if (!complaint.empty()) note_damage(complaint);
    if (picture) {
      ++frames_decoded_;
      if (!index_.seekable) {
        *number = next_;
        return picture;
      }
      const auto at = std::lower_bound(index_.pts.begin(), index_.pts.end(), picture->pts);
      const bool known = at != index_.pts.end() && *at == picture->pts;
      *number = at - index_.pts.begin();
      if (known && *number >= next_) return picture;
      if (!waiting_for_key_) note_damage("a picture comes out that the index does not know");
      continue;  // a leading picture of the key: it belongs to the part before
    }
    if (draining_) {
      ended_ = true;
      return nullptr;
    }
    draining_ = !file_.read();
    if (!draining_ && index_.seekable) {
      const int64_t pts = file_.packet()->pts;
      const int64_t following = fed_key_ + 1;
      const bool is_next_key = following < static_cast<int64_t>(index_.keys.size()) &&
                               index_.keys[static_cast<size_t>(following)].pts == pts;
      if (is_next_key) fed_key_ = following;
    }
    file_.send(draining_ ? nullptr : file_.packet());
  }
}

void Decoder::read(std::span<const int64_t> frames,
                   const std::function<void(int64_t, const AVFrame*, const std::string&)>& visit) {
  int64_t number = -1;
  const AVFrame* picture = nullptr;  // with this number, and not asked for yet
  for (const int64_t target : frames) {
    DOJO_CHECK(target >= 0 && target < index_.num_frames());
    const FrameIndex::Key& key = key_before(target);
    if (target < next_ - (picture ? 1 : 0) || (index_.seekable && key.frame > next_ + 2)) {
      go_to(key);
      picture = nullptr;
    }
    while (!ended_ && (!picture || number < target)) {
      picture = next_shown(&number);
      if (!picture) break;
      // Frames between the expected one and this one did not come out at all.
      if (number > next_ && damaged_end_ <= next_)
        damage_ = "the decoder does not show the frames before it";
      next_ = number + 1;
      waiting_for_key_ = false;
    }
    const bool damaged = target >= damaged_begin_ && target < damaged_end_;
    if (picture && number == target && !damaged) {
      visit(target, picture, {});
    } else {
      visit(target, nullptr,
            fmt::format("frame {} ({:.3f} s) is damaged: {}", target, index_.seconds(target),
                        damage_.empty() ? "the file ends before it" : damage_));
    }
  }
}

}  // namespace dojo
