// From a decoded picture to bytes: RGB of any size, or the hash of the picture as it is stored. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

struct AVFrame;
struct SwsContext;

namespace dojo {

// Scales with swscale: area averaging where a side shrinks to half or less, else bicubic; exact
// rounding and bit-exact flags. Planes of 8-bit YCbCr, which nearly all video has, are scaled as
// they are, each by itself, and the small ones become RGB by planes_to_rgb.h; other pictures
// become RGB in swscale. Colours: the stream's matrix and range; where it names none, BT.709 from
// 720 lines up, else BT.601, limited range. Output: full-range RGB.
class RgbConverter {
 public:
  RgbConverter() = default;
  ~RgbConverter();
  RgbConverter(const RgbConverter&) = delete;
  RgbConverter& operator=(const RgbConverter&) = delete;

  // `out`: [height, width, 3] u8, turned clockwise by `rotation` (0, 90, 180, 270) first.
  void convert(const AVFrame& picture, int rotation, int64_t height, int64_t width,
               std::span<uint8_t> out);

 private:
  SwsContext* context_ = nullptr;
  std::vector<uint8_t> scaled_, turned_;  // before the colours, and before the turning
};

// MD5 (32 hexadecimal digits) of the stored picture's planes without padding: what `ffmpeg -f
// framemd5` prints.
std::string picture_md5(const AVFrame& picture);

}  // namespace dojo
