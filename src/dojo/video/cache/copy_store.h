// Small copies between a loader's workers and its clips: what workers have decoded is kept on disk
// unit by unit, so that nobody is kept waiting for long, and frames come back from there. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "dojo/video/cache/copy_cache.h"
#include "dojo/video/recording.h"

namespace dojo {

class CopyStore {
 public:
  // Called with each frame that is there now, [height, width, 3].
  using Take = std::function<void(int64_t frame, std::span<const uint8_t> pixels)>;
  // Where the frame is to be written, [height, width, 3]; null: it is not wanted.
  using Place = std::function<uint8_t*(int64_t frame)>;

  explicit CopyStore(const CopyCacheOptions& options);

  int64_t unit_frames() const { return copies_.unit_frames(); }
  bool has(int32_t number, const Recording& recording, int64_t frame);

  // Reads the unit of `frame`, each of its frames to its place. False if it cannot be read: some of
  // them may have been written then.
  bool read(int32_t number, const Recording& recording, int64_t frame, const Place& place);

  // What a worker gave for `frames`, whole units, ascending; of the damaged ones nothing is kept.
  void add(int32_t number, std::vector<int64_t> frames, std::span<const uint8_t> pixels,
           std::set<int64_t> damaged);

  // Of the recording that add() was given longest ago. REQUIRES: has_waiting().
  bool has_waiting() const { return !waiting_.empty(); }
  int32_t waiting_recording() const { return waiting_.front().number; }

  // Keeps its next unit. Returns the frames that it holds, and calls take() with each that has
  // pixels, as read() would give it.
  std::vector<int64_t> store_next(const Recording& recording, const Take& take);

  std::string take_message() { return copies_.take_message(); }

 private:
  // Its frames in the file, whichever of them are used; null where the file cannot be read.
  const CopySource* source_of(int32_t number, const Recording& recording);

  struct Decoded {
    int32_t number;
    std::vector<int64_t> frames;
    std::vector<uint8_t> pixels;  // [frames, height, width, 3]
    std::set<int64_t> damaged;
    size_t done;  // frames
  };
  size_t frame_bytes_;
  CopyCache copies_;
  std::map<int32_t, std::optional<CopySource>> sources_;  // of recordings met so far
  std::deque<Decoded> waiting_;
};

}  // namespace dojo
