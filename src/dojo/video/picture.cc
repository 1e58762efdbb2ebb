#include "dojo/video/picture.h"

#include <array>
#include <cstring>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/video/planes_to_rgb.h"

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/md5.h>
#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

namespace dojo {
namespace {

// The "J" formats are old names for full range; swscale warns about them.
AVPixelFormat modern(AVPixelFormat format, bool* full_range) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      *full_range = true;
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
      *full_range = true;
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
      *full_range = true;
      return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
      *full_range = true;
      return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P:
      *full_range = true;
      return AV_PIX_FMT_YUV411P;
    default:
      return format;
  }
}

int matrix_of(const AVFrame& picture) {
  switch (picture.colorspace) {
    case AVCOL_SPC_BT709:
      return SWS_CS_ITU709;
    case AVCOL_SPC_FCC:
      return SWS_CS_FCC;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return SWS_CS_ITU601;
    case AVCOL_SPC_SMPTE240M:
      return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return SWS_CS_BT2020;
    default:
      return picture.height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
  }
}

// Luma and two planes of colour, 8 bits each, whatever the size of the colours' planes.
bool has_yuv_planes(AVPixelFormat format) {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  return d && d->nb_components == 3 && d->comp[0].depth == 8 &&
         (d->flags & AV_PIX_FMT_FLAG_PLANAR) && !(d->flags & AV_PIX_FMT_FLAG_RGB);
}

// Turns [height, width, 3] pixels that lie `stride` bytes apart from row to row.
void turn(const uint8_t* from, int stride, int rotation, int64_t height, int64_t width,
          uint8_t* to) {
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      int64_t sx = width - 1 - x, sy = height - 1 - y;  // 180 degrees
      if (rotation == 90) sx = y, sy = width - 1 - x;
      if (rotation == 270) sx = height - 1 - y, sy = x;
      std::memcpy(to + (y * width + x) * 3, from + sy * stride + sx * 3, 3);
    }
}

}  // namespace

RgbConverter::~RgbConverter() { sws_freeContext(context_); }

void RgbConverter::convert(const AVFrame& picture, int rotation, int64_t height, int64_t width,
                           std::span<uint8_t> out) {
  DOJO_CHECK(static_cast<int64_t>(out.size()) == height * width * 3);
  const bool swapped = rotation % 180 != 0;
  const int w = static_cast<int>(swapped ? height : width),
            h = static_cast<int>(swapped ? width : height);
  bool full_range = picture.color_range == AVCOL_RANGE_JPEG;
  const AVPixelFormat format = modern(static_cast<AVPixelFormat>(picture.format), &full_range);
  const bool planes = has_yuv_planes(format);
  const bool shrinks = w * 2 <= picture.width || h * 2 <= picture.height;
  const int flags =
      (shrinks ? SWS_AREA : SWS_BICUBIC) | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT;
  context_ = sws_getCachedContext(context_, picture.width, picture.height, format, w, h,
                                  planes ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_RGB24, flags, nullptr,
                                  nullptr, nullptr);
  if (!context_)
    throw Error(Category::kUnsupported, "no conversion from this picture format to RGB");
  const int* table = sws_getCoefficients(matrix_of(picture));
  // Planes keep their matrix and range while they are scaled.
  sws_setColorspaceDetails(context_, table, full_range,
                           planes ? table : sws_getCoefficients(SWS_CS_ITU709),
                           planes ? full_range : 1, 0, 1 << 16, 1 << 16);
  // swscale may write whole vectors beyond the end of a line, so lines go to an aligned buffer of
  // our own first.
  const int stride = (planes ? w : w * 3) / 64 * 64 + 128;
  const size_t plane_bytes = static_cast<size_t>(stride) * static_cast<size_t>(h) + 64;
  scaled_.resize(planes ? 3 * plane_bytes : plane_bytes);
  uint8_t* scaled[4] = {scaled_.data(), nullptr, nullptr, nullptr};
  const int strides[4] = {stride, planes ? stride : 0, planes ? stride : 0, 0};
  if (planes) scaled[1] = scaled[0] + plane_bytes, scaled[2] = scaled[1] + plane_bytes;
  if (sws_scale(context_, picture.data, picture.linesize, 0, picture.height, scaled, strides) < 0)
    throw Error(Category::kInput, "the picture cannot be converted to RGB");
  if (!planes) {
    if (rotation != 0) return turn(scaled[0], stride, rotation, height, width, out.data());
    for (int64_t y = 0; y < height; ++y)
      std::memcpy(out.data() + y * width * 3, scaled[0] + y * stride,
                  static_cast<size_t>(width * 3));
    return;
  }
  const ColourWeights weights = ColourWeights::of(table, full_range);
  turned_.resize(rotation == 0 ? 0 : out.size());
  uint8_t* const rgb = rotation == 0 ? out.data() : turned_.data();
  for (int64_t y = 0; y < h; ++y)
    planes_to_rgb(scaled[0] + y * stride, scaled[1] + y * stride, scaled[2] + y * stride, w,
                  weights, rgb + y * w * 3);
  if (rotation != 0) turn(rgb, 3 * w, rotation, height, width, out.data());
}

std::string picture_md5(const AVFrame& picture) {
  const auto format = static_cast<AVPixelFormat>(picture.format);
  const int size = av_image_get_buffer_size(format, picture.width, picture.height, 1);
  if (size < 0) throw Error(Category::kUnsupported, "this picture format has no plain bytes");
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  av_image_copy_to_buffer(bytes.data(), size, picture.data, picture.linesize, format, picture.width,
                          picture.height, 1);
  std::array<uint8_t, 16> sum{};
  AVMD5* md5 = av_md5_alloc();  // av_md5_sum() changed the type of its length between FFmpeg
                                // versions; the parts did too, harmlessly
  DOJO_CHECK(md5);
  av_md5_init(md5);
  av_md5_update(md5, bytes.data(), static_cast<size_t>(size));
  av_md5_final(md5, sum.data());
  av_free(md5);
  std::string text;
  for (uint8_t b : sum) text += fmt::format("{:02x}", b);
  return text;
}

}  // namespace dojo
