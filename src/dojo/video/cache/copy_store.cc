#include "dojo/video/cache/copy_store.h"

#include <algorithm>

#include "dojo/base/error.h"

namespace dojo {

CopyStore::CopyStore(const CopyCacheOptions& options)
    : frame_bytes_(static_cast<size_t>(options.height * options.width * 3)), copies_(options) {}

const CopySource* CopyStore::source_of(int32_t number, const Recording& recording) {
  const auto known = sources_.find(number);
  if (known != sources_.end()) return known->second ? &*known->second : nullptr;
  std::optional<CopySource>& source = sources_[number];
  try {
    source = copy_source(recording);
  } catch (const Error&) {  // the worker will say what is wrong with the file
  }
  return source ? &*source : nullptr;
}

bool CopyStore::has(int32_t number, const Recording& recording, int64_t frame) {
  const CopySource* source = source_of(number, recording);
  return source && copies_.has(*source, copies_.unit_of(frame));
}

bool CopyStore::read(int32_t number, const Recording& recording, int64_t frame,
                     const Place& place) {
  const CopySource* source = source_of(number, recording);
  if (!source) return false;
  const int64_t unit = copies_.unit_of(frame), first = unit * unit_frames();
  std::vector<uint8_t*> rgb;
  for (int64_t f = first; f < std::min(first + unit_frames(), source->num_frames); ++f)
    rgb.push_back(place(f));
  return copies_.read(*source, unit, rgb);
}

void CopyStore::add(int32_t number, std::vector<int64_t> frames, std::span<const uint8_t> pixels,
                    std::set<int64_t> damaged) {
  waiting_.push_back(
      {number, std::move(frames), {pixels.begin(), pixels.end()}, std::move(damaged), 0});
}

std::vector<int64_t> CopyStore::store_next(const Recording& recording, const Take& take) {
  Decoded& d = waiting_.front();
  const CopySource* source = source_of(d.number, recording);
  const int64_t unit = copies_.unit_of(d.frames[d.done]);
  const int64_t whole = std::min(unit_frames(), recording.num_frames() - unit * unit_frames());
  std::vector<uint8_t*> rgb;
  std::vector<int64_t> all, sound;
  for (; d.done < d.frames.size() && copies_.unit_of(d.frames[d.done]) == unit; ++d.done) {
    all.push_back(d.frames[d.done]);
    if (d.damaged.count(all.back())) continue;
    sound.push_back(all.back());
    rgb.push_back(d.pixels.data() + d.done * frame_bytes_);
  }
  if (source && static_cast<int64_t>(sound.size()) == whole) copies_.store(*source, unit, rgb);
  for (size_t i = 0; i < sound.size(); ++i) take(sound[i], {rgb[i], frame_bytes_});
  if (d.done == d.frames.size()) waiting_.pop_front();
  return all;
}

}  // namespace dojo
