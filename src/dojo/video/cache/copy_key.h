// Which small copy (small_copy.h): of what it is a copy, and in which form. The key is the head of
// the copy's file, and its hash is the copy's name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dojo {

// Goes up when frames get other bytes or numbers than before: RgbConverter (picture.h), what a
// frame number means, the arithmetic of yuv.h or of a unit.
constexpr int64_t kCopyContentVersion = 2;

// Two copies with equal keys hold equal frames.
struct CopyKey {
  std::string path;         // of the recording's file, absolute
  std::string fingerprint;  // of its content
  int64_t num_frames = 0;   // in the file
  int64_t height = 0, width = 0;
  std::string codec;  // "raw", or what UnitCodec::text() says
  int64_t unit_frames = 1;
  int64_t content_version = kCopyContentVersion;

  bool operator==(const CopyKey&) const = default;
  int64_t num_units() const { return (num_frames + unit_frames - 1) / unit_frames; }
  // Frames of a unit: `unit_frames`, or fewer in the last.
  int64_t frames_of(int64_t unit) const;
  std::string name() const;  // 32 hexadecimal digits: the folder's name
};

std::string encode_key(const CopyKey& key);
// False for bytes that encode_key() did not make, and for keys of which there can be no copy.
bool decode_key(std::string_view bytes, CopyKey* key);

}  // namespace dojo
