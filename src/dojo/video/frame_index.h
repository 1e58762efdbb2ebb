// The index of a video file: which frames a sequential decode shows, in which order, and where
// decoding may start. Built by reading the packets; where packets alone cannot promise the order,
// by one sequential decode that counts (docs/video.md, "What a frame number means").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct AVPacket;

namespace dojo {

class MediaFile;

struct FrameIndex {
  // A packet from which decoding may start. Frames with a number >= `frame` can be decoded from
  // here exactly.
  struct Key {
    int64_t frame = 0;    // its own number
    int64_t leading = 0;  // the smallest number among the packets from here to the next key, in
                          // decode order; <= frame
    int64_t pts = 0, dts = 0;  // in units of the time base
    bool operator==(const Key&) const = default;
  };

  std::string codec, container, pixel_format;
  int64_t width = 0, height = 0;  // as shown (after rotation)
  int64_t stored_width = 0, stored_height = 0;
  int rotation = 0;  // degrees clockwise to turn the stored picture for showing: 0, 90, 180, 270
  int64_t time_base_num = 1, time_base_den = 1;
  std::vector<int64_t> pts;  // [frames] ascending, in units of the time base
  std::vector<Key> keys;     // ascending; the first is where the file begins
  bool seekable =
      false;  // frames are found by their pts after a seek; otherwise by counting from the start
  bool counted = false;  // by a sequential decode
  std::string note;      // for example "the file ends early after frame 80"

  // What the file's bytes were: the decoder refuses what has changed since.
  std::string packets;      // in the order of decoding, as packet_table.h encodes them
  uint32_t header_crc = 0;  // of what the decoder is set up with, such as parameter sets

  bool operator==(const FrameIndex&) const = default;
  int64_t num_frames() const { return static_cast<int64_t>(pts.size()); }
  double seconds(int64_t frame) const;
  const Key& key_before(int64_t frame) const;  // the last from which it can be decoded
};

// At most 16 bytes a frame. The format may change with any version of the program.
std::string encode_index(const FrameIndex& index);

// Throws Error(kInput) for bytes that are no index, or one that makes no sense.
FrameIndex decode_index(std::string_view bytes);

// Reads all of `file`, which must have been opened just now. Throws Error(kInput) if it shows no
// frame.
FrameIndex build_index(MediaFile& file);

// Of an open file, as `header_crc` and `packets` have them.
uint32_t header_crc_of(const MediaFile& file);
uint32_t packet_crc_of(const AVPacket& packet);

}  // namespace dojo
