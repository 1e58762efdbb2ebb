#include "dojo/video/cache/copy_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "dojo/base/check.h"
#include "dojo/base/random.h"
#include "dojo/video/cache/little_endian.h"

namespace dojo {
namespace {

constexpr int64_t kMaxFrames = int64_t{1} << 26;  // the index takes memory: 21 days at 36 frames/s

}  // namespace

std::string encode_key(const CopyKey& key) {
  std::string out;
  for (const std::string* s : {&key.path, &key.fingerprint, &key.codec}) {
    put(&out, static_cast<uint32_t>(s->size()));
    out += *s;
  }
  for (int64_t n : {key.num_frames, key.height, key.width, key.unit_frames, key.content_version})
    put(&out, n);
  return out;
}

bool decode_key(std::string_view bytes, CopyKey* key) {
  for (std::string* s : {&key->path, &key->fingerprint, &key->codec}) {
    uint32_t size = 0;
    if (bytes.size() < sizeof size) return false;
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (bytes.size() < size) return false;
    s->assign(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  int64_t* const numbers[] = {&key->num_frames, &key->height, &key->width, &key->unit_frames,
                              &key->content_version};
  if (bytes.size() != std::size(numbers) * sizeof(int64_t)) return false;
  for (size_t i = 0; i < std::size(numbers); ++i)
    std::memcpy(numbers[i], bytes.data() + i * sizeof(int64_t), sizeof(int64_t));
  return key->num_frames > 0 && key->num_frames <= kMaxFrames && key->unit_frames > 0 &&
         key->height > 0 && key->width > 0;
}

int64_t CopyKey::frames_of(int64_t unit) const {
  DOJO_CHECK(unit >= 0 && unit < num_units());
  return std::min(unit_frames, num_frames - unit * unit_frames);
}

std::string CopyKey::name() const {
  const std::string bytes = encode_key(*this);
  return fmt::format("{:016x}{:016x}", stream_id(bytes), stream_id("copy" + bytes));
}

}  // namespace dojo
