// The cache of small frames as a loader sees it: frames of recordings go in when a video has been
// decoded and come out in later epochs. Two tiers:
//
//   raw        each frame as it is: exact, 98 KB a frame of 256x128
//   short-gop  8 frames coded together (unit_codec.h): under 1 KB a frame, and not exact
//
// What comes out does not depend on what the cache holds. store() of the short-gop tier gives back
// the frames as they decode from the unit just made, and these are what trains, in the first epoch
// too, also when the disk is full. So a run, its resumed half and its repetition train on the same
// bytes. The error is bounded: where a unit decodes to less than kMinPsnr in one of its frames, its
// frames stay exact and are not kept.
//
//   CopyCache cache({.tier = CopyTier::kShortGop, .folder = default_copy_folder(), .height = 128,
//                    .width = 256});
//   if (cache.read(source, unit, out)) ...          // out: one pointer for each frame of the unit
//   else { decode the frames of the unit into out; cache.store(source, unit, out); }
//
// A folder that cannot be used is no error: nothing is kept then, and take_message() says so. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/video/cache/copy_folder.h"
#include "dojo/video/cache/unit_codec.h"
#include "dojo/video/recording.h"

namespace dojo {

enum class CopyTier { kNone, kRaw, kShortGop };

std::string_view name(CopyTier tier);                       // "none", "raw", "short-gop"
std::optional<CopyTier> parse_copy_tier(std::string_view);  // of these names

struct CopyCacheOptions {
  CopyTier tier = CopyTier::kShortGop;
  std::string folder = {};                // empty: default_copy_folder()
  int64_t max_bytes = int64_t{20} << 30;  // of the folder
  int64_t height = 0, width = 0;          // of the frames
};

struct CopySource {
  std::string path;         // absolute
  std::string fingerprint;  // of its content
  int64_t num_frames = 0;
};

// Takes the recording's fingerprint, or, where that is not known, that of the file as it is now.
// Throws Error(kIo) where the file cannot be read.
CopySource copy_source(const Recording& recording);

class CopyCache {
 public:
  // In dB, over the three colours of one frame: a root mean square error of 10 of 255 levels.
  static constexpr double kMinPsnr = 28;

  // Throws Error(kConfig) for impossible sizes, Error(kUnsupported) where the short-gop tier is
  // asked for and this FFmpeg has no encoder that fits.
  explicit CopyCache(const CopyCacheOptions& options);
  ~CopyCache();

  int64_t unit_frames() const { return codec_.unit_frames; }
  int64_t unit_of(int64_t frame) const { return frame / unit_frames(); }
  bool exact() const { return options_.tier != CopyTier::kShortGop; }

  // True iff the unit can be read, as far as its index knows.
  bool has(const CopySource& source, int64_t unit);

  // Frame unit * unit_frames() + i goes to rgb[i], [height, width, 3], where that is not null.
  // False if the unit is not there or damaged; some of the frames may have been written then.
  bool read(const CopySource& source, int64_t unit, std::span<uint8_t* const> rgb);

  // All frames of the unit, as they were decoded from the video, in order. Keeps them if it can;
  // they become what read() will give.
  void store(const CopySource& source, int64_t unit, std::span<uint8_t* const> rgb);

  std::string take_message();  // what a person should know; mostly empty

 private:
  CopyKey key_of(const CopySource& source) const;

  CopyCacheOptions options_;
  UnitCodec codec_;
  std::unique_ptr<CopyFolder> folder_;  // null: cannot be used
  std::unique_ptr<UnitEncoder> encoder_;
  std::unique_ptr<UnitDecoder> decoder_;
  std::shared_ptr<SmallCopy> last_;  // the copy in use
  CopySource last_source_;
  std::vector<uint8_t> unit_bytes_, decoded_;
  std::string message_;

  SmallCopy* copy_of(const CopySource& source);
};

}  // namespace dojo
