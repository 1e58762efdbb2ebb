#include "dojo/video/decoder.h"

#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace dojo {

namespace {

constexpr char kChanged[] = "bytes changed since the file was indexed";
constexpr size_t kLostPackets = 1000;  // a gap of more than these is not looked across

}  // namespace

Decoder::Decoder(MediaSource source, std::function<void()> progress)
    : file_(std::move(source), std::move(progress)), index_(build_index(file_)) {
  file_.restart();
  know_packets();
}

Decoder::Decoder(MediaSource source, FrameIndex index, std::function<void()> progress)
    : file_(std::move(source), std::move(progress)), index_(std::move(index)) {
  DOJO_CHECK(!index_.keys.empty());
  if (index_.header_crc != 0 && index_.header_crc != header_crc_of(file_))
    throw Error(Category::kInput, "the file's header changed since the file was indexed",
                file_.path());
  know_packets();
}

void Decoder::know_packets() {
  if (index_.packets.empty()) return;
  packets_ = decode_packets(index_.packets);
  key_packet_.resize(index_.keys.size());
  for (size_t i = 0; i < packets_.size(); ++i) {
    if (!packets_[i].key) continue;
    const auto key =
        std::lower_bound(index_.keys.begin(), index_.keys.end(), number(packets_[i].pts),
                         [](const FrameIndex::Key& k, int64_t frame) { return k.frame < frame; });
    if (key != index_.keys.end() && key->pts == packets_[i].pts)
      key_packet_[static_cast<size_t>(key - index_.keys.begin())] = i;
  }
}

// Of the frame with this time, or, where it is not shown, of the next that is.
int64_t Decoder::number(int64_t pts) const {
  return std::lower_bound(index_.pts.begin(), index_.pts.end(), pts) - index_.pts.begin();
}

void Decoder::go_to(const FrameIndex::Key& key) {
  const int64_t number_of_key = &key - index_.keys.data();
  bool found = false;
  if (index_.seekable) {
    // The container may land elsewhere; then an earlier time, and in the end the start of the file,
    // always works.
    for (int64_t back = 0; back < 3 && !found; ++back) {
      const FrameIndex::Key& aim =
          index_.keys[static_cast<size_t>(std::max<int64_t>(0, number_of_key - back))];
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
  fed_key_ = found ? number_of_key : 0;
  waiting_for_key_ = found;
  draining_ = ended_ = false;
  next_packet_ = found && !packets_.empty() ? key_packet_[static_cast<size_t>(number_of_key)] : 0;
  damage_.clear();
  missing_.clear();
  file_.take_complaints();
  if (!found) return;
  check_packet();
  file_.send(file_.packet());
}

// Compares the packet that was just read with what the index knows of it.
void Decoder::check_packet() {
  if (packets_.empty()) return;
  const AVPacket& read = *file_.packet();
  const uint32_t crc = packet_crc_of(read);
  const auto same = [&](const Packet& p) {
    return p.pts == read.pts && p.size == read.size && p.crc == crc &&
           p.shown == !(read.flags & AV_PKT_FLAG_DISCARD);
  };
  const size_t count = packets_.size(), here = next_packet_;
  size_t found = here;  // what follows lost packets may be as it was
  while (found < std::min(count, here + kLostPackets) && !same(packets_[found])) ++found;
  const bool known = found < std::min(count, here + kLostPackets);
  if (here >= count) note_damage(0, index_.num_frames(), kChanged);
  for (size_t i = here; i < (known ? found : std::min(count, here + 1)); ++i) note_change(i);
  next_packet_ = (known ? found : here) + 1;
}

// The pictures that depend on the packet: its own, and those decoded after it up to the next key.
void Decoder::note_change(size_t packet) {
  if (!index_.seekable) return note_damage(0, index_.num_frames(), kChanged);
  int64_t begin = number(packets_[packet].pts);
  size_t next_key = packet + 1;
  for (; next_key < packets_.size() && !packets_[next_key].key; ++next_key)
    begin = std::min(begin, number(packets_[next_key].pts));
  note_damage(begin,
              next_key < packets_.size() ? number(packets_[next_key].pts) : index_.num_frames(),
              kChanged);
}

void Decoder::note_damage(int64_t begin, int64_t end, const std::string& why) {
  std::erase_if(damage_, [&](const Damage& d) { return d.end <= next_; });
  if (end > next_) damage_.push_back({begin, end, why});
}

const std::string* Decoder::damage_of(int64_t frame) const {
  for (const Damage& d : damage_)
    if (frame >= d.begin && frame < d.end) return &d.why;
  return nullptr;
}

void Decoder::note_damage(const std::string& complaint) {
  const auto& keys = index_.keys;
  const size_t at = static_cast<size_t>(fed_key_);
  note_damage(keys[at].leading, at + 1 < keys.size() ? keys[at + 1].frame : index_.num_frames(),
              complaint);
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
      *number = this->number(picture->pts);
      const bool known =
          *number < index_.num_frames() && index_.pts[static_cast<size_t>(*number)] == picture->pts;
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
    if (!draining_) check_packet();
    file_.send(draining_ ? nullptr : file_.packet());
  }
}

void Decoder::read(std::span<const int64_t> frames,
                   const std::function<void(int64_t, const AVFrame*, const std::string&)>& visit,
                   bool keep_damaged) {
  int64_t number = -1;
  const AVFrame* picture = nullptr;  // with this number, and not asked for yet
  for (const int64_t target : frames) {
    DOJO_CHECK(target >= 0 && target < index_.num_frames());
    const FrameIndex::Key& key = index_.key_before(target);
    if (target < next_ - (picture ? 1 : 0) || (index_.seekable && key.frame > next_ + 2)) {
      go_to(key);
      picture = nullptr;
    }
    while (!ended_ && (!picture || number < target)) {
      picture = next_shown(&number);
      if (!picture) break;
      // Frames between the expected one and this one did not come out at all.
      if (number > next_ && !damage_of(next_))
        missing_ = "the decoder does not show the frames before it";
      next_ = number + 1;
      waiting_for_key_ = false;
    }
    const std::string* damage = damage_of(target);
    const bool there = picture && number == target;
    if (there && !damage) {
      visit(target, picture, {});
    } else {
      const std::string why = damage             ? *damage
                              : missing_.empty() ? "the file ends before it"
                                                 : missing_;
      visit(target, there && keep_damaged ? picture : nullptr,
            fmt::format("frame {} ({:.3f} s) is damaged: {}", target, index_.seconds(target), why));
    }
  }
}

}  // namespace dojo
