// A unit of the short-GOP tier: a few neighbouring small frames coded together, decodable alone.
//
//   unit = u32 size of each packet, little-endian; then the packets (with H.264: Annex B, its own
//          parameter sets first, no SEI)
//
// Colours go through yuv.h. The same frames give the same bytes whatever was coded before, so what
// a unit decodes to is a pure function of its frames, the settings and the encoder's version: that
// is why the quantiser is fixed, not steered by a rate.
//
// The decoder runs in the program's own process and must only get units that an encoder of this
// file made and whose checksum holds: never bytes from outside. One thread each; not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dojo {

// How units are coded. docs/decisions/0005 has the measurements behind the defaults.
struct UnitCodec {
  std::string encoder = "libx264";  // FFmpeg's name: libx264, mpeg4 or mjpeg
  std::string preset = "veryfast";  // of libx264; more effort, fewer bytes
  // More of libx264's settings.
  std::string extra = "cabac=0:no-deblock=1:8x8dct=0:me=dia:subme=1";
  int64_t quantiser = 29;  // libx264: QP, 0 to 51; mpeg4 and mjpeg: scale, 1 to 31
  int64_t unit_frames = 8;

  std::string text() const;  // for CopyKey::codec: "libx264 veryfast qp 29 cabac=0"
};

std::string ffmpeg_version();  // "libavcodec 59.37.100"

// The best of those that this FFmpeg can encode and decode; nothing if there is none.
std::optional<UnitCodec> best_unit_codec();

class UnitEncoder {
 public:
  // Throws Error(kUnsupported) where this FFmpeg lacks the encoder, Error(kConfig) where that
  // refuses the size or the settings.
  UnitEncoder(const UnitCodec& codec, int64_t height, int64_t width);
  ~UnitEncoder();
  UnitEncoder(const UnitEncoder&) = delete;
  UnitEncoder& operator=(const UnitEncoder&) = delete;

  // `rgb`: the frames, [height, width, 3] each. Returns the unit; valid until the next call.
  // Throws Error(kIo) where the encoder fails.
  std::span<const uint8_t> encode(std::span<const uint8_t* const> rgb);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class UnitDecoder {
 public:
  // `encoder`: of UnitCodec. Throws Error(kUnsupported) where this FFmpeg lacks the decoder.
  UnitDecoder(const std::string& encoder, int64_t height, int64_t width);
  ~UnitDecoder();
  UnitDecoder(const UnitDecoder&) = delete;
  UnitDecoder& operator=(const UnitDecoder&) = delete;

  // Decodes the first rgb.size() frames of the unit; frame i goes to rgb[i], [height, width, 3],
  // where that is not null. False if the unit is not one of that size, or has fewer frames.
  bool decode(std::span<const uint8_t> unit, std::span<uint8_t* const> rgb);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Peak signal-to-noise ratio of two frames in dB; 99 for equal ones.
double psnr(const uint8_t* a, const uint8_t* b, int64_t bytes);

}  // namespace dojo
