// A frame index as bytes, for the catalogue and on the way from a worker. Times are stored as the
// change of the step between neighbours, which mostly takes one byte.
#include <limits>

#include "dojo/video/frame_index.h"
#include "dojo/video/varint.h"

namespace dojo {
namespace {

constexpr uint64_t kFormat = 1;
constexpr uint64_t kSeekable = 1, kCounted = 2;
constexpr int64_t kMaxSide = 1 << 20;

void put_text(std::string* out, const std::string& text) {
  put_varint(out, text.size());
  *out += text;
}

std::string take_text(VarintReader* in) { return std::string(in->bytes(in->next_count(1))); }

bool makes_sense(const FrameIndex& index) {
  const int64_t n = index.num_frames();
  for (int64_t side : {index.width, index.height, index.stored_width, index.stored_height})
    if (side < 1 || side > kMaxSide) return false;
  for (int64_t part : {index.time_base_num, index.time_base_den})
    if (part < 1 || part > std::numeric_limits<int32_t>::max()) return false;
  if (index.rotation < 0 || index.rotation >= 360 || index.rotation % 90 != 0) return false;
  if (n == 0 || index.keys.empty() || index.keys[0].frame != 0) return false;
  for (size_t i = 1; i < index.pts.size(); ++i)
    if (index.pts[i - 1] >= index.pts[i]) return false;
  for (size_t i = 0; i < index.keys.size(); ++i) {
    const FrameIndex::Key& k = index.keys[i];
    if (k.leading < 0 || k.leading > k.frame || k.frame >= n) return false;
    if (i > 0 && index.keys[i - 1].frame >= k.frame) return false;
  }
  return true;
}

}  // namespace

std::string encode_index(const FrameIndex& index) {
  std::string out;
  out.reserve(256 + 2 * index.pts.size() + 6 * index.keys.size() + index.packets.size());
  put_varint(&out, kFormat);
  for (const std::string* text :
       {&index.codec, &index.container, &index.pixel_format, &index.note, &index.packets})
    put_text(&out, *text);
  for (int64_t number : {index.width, index.height, index.stored_width, index.stored_height,
                         int64_t{index.rotation}, index.time_base_num, index.time_base_den})
    put_varint(&out, static_cast<uint64_t>(number));
  put_varint(&out, (index.seekable ? kSeekable : 0) | (index.counted ? kCounted : 0));
  put_varint(&out, index.header_crc);
  put_varint(&out, index.pts.size());
  int64_t last = 0, last_step = 0;
  for (const int64_t pts : index.pts) {
    const int64_t step = wrapping_subtract(pts, last);
    put_varint(&out, zigzag(wrapping_subtract(step, last_step)));
    last = pts;
    last_step = step;
  }
  put_varint(&out, index.keys.size());
  int64_t frame = 0;
  for (const FrameIndex::Key& k : index.keys) {
    put_varint(&out, static_cast<uint64_t>(k.frame - frame));
    put_varint(&out, static_cast<uint64_t>(k.frame - k.leading));
    put_varint(&out, zigzag(wrapping_subtract(k.pts, index.pts[static_cast<size_t>(k.frame)])));
    put_varint(&out, zigzag(wrapping_subtract(k.dts, k.pts)));
    frame = k.frame;
  }
  return out;
}

FrameIndex decode_index(std::string_view bytes) {
  const auto insist = [](bool good) {
    if (!good) throw Error(Category::kInput, "the index of the file makes no sense");
  };
  VarintReader in(bytes);
  insist(in.next() == kFormat);
  FrameIndex index;
  for (std::string* text :
       {&index.codec, &index.container, &index.pixel_format, &index.note, &index.packets})
    *text = take_text(&in);
  int64_t rotation = 0;
  for (int64_t* number : {&index.width, &index.height, &index.stored_width, &index.stored_height,
                          &rotation, &index.time_base_num, &index.time_base_den})
    *number = static_cast<int64_t>(in.next());
  insist(rotation >= 0 && rotation < 360);
  index.rotation = static_cast<int>(rotation);
  const uint64_t flags = in.next();
  index.seekable = flags & kSeekable;
  index.counted = flags & kCounted;
  const uint64_t crc = in.next();
  insist(crc <= std::numeric_limits<uint32_t>::max());
  index.header_crc = static_cast<uint32_t>(crc);
  index.pts.resize(in.next_count(1));
  int64_t last = 0, step = 0;
  for (int64_t& pts : index.pts) {
    step = wrapping_add(step, in.next_signed());
    pts = last = wrapping_add(last, step);
  }
  index.keys.resize(in.next_count(4));
  int64_t frame = 0;
  for (FrameIndex::Key& k : index.keys) {
    k.frame = frame = wrapping_add(frame, static_cast<int64_t>(in.next()));
    insist(k.frame >= 0 && k.frame < index.num_frames());
    k.leading = wrapping_subtract(k.frame, static_cast<int64_t>(in.next()));
    k.pts = wrapping_add(index.pts[static_cast<size_t>(k.frame)], in.next_signed());
    k.dts = wrapping_add(k.pts, in.next_signed());
  }
  insist(in.empty() && makes_sense(index));
  return index;
}

}  // namespace dojo
