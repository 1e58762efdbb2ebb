// Clips for training: a set of recordings goes in, batches of u8 frames come out, in an order that
// is a pure function of (seed, position). Decoding runs in worker processes; one prefetch thread
// assembles the next batches while the caller trains. Recordings that are not indexed yet are
// indexed on the way, those of the first clips first; a file that turns out to be unusable is
// reported and gives no clips.
//
//   ClipLoader loader(recordings, {.frames = 5, .interval_seconds = 0.1, .seed = 1},
//                     {.batch = 8, .height = 128, .width = 256});
//   loader.seek(position);  // exact resume: the state is this one number, clips handed out so far
//   const Batch& batch = loader.next();
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dojo/video/cache/copy_cache.h"
#include "dojo/video/camera_views.h"
#include "dojo/video/indexer.h"
#include "dojo/video/sampler.h"

namespace dojo {

struct LoaderOptions {
  int64_t batch = 8;
  int64_t height = 128, width = 256;  // of the clips handed out
  int64_t decode_height = 0,
          decode_width =
              0;  // frames are kept at this size (0: the size above); larger leaves room for crops
  int workers = 1;               // decoding processes
  double deadline_seconds = 60;  // a worker silent for longer is killed and its file quarantined
  int64_t max_worker_bytes = int64_t{2}
                             << 30;        // memory limit of one worker: stops decompression bombs
  int64_t cache_bytes = int64_t{1} << 30;  // decoded small frames kept in memory
  int64_t prefetch = 2;                    // batches assembled ahead

  // Small copies of the frames on disk, of the size that is decoded, made as a by-product: a frame
  // is decoded from its video once (cache/copy_cache.h). With the short-gop tier clips are made of
  // what that codec leaves of the frames, whatever the disk holds, so that the same seed still
  // gives the same bytes.
  CopyTier copy_tier = CopyTier::kNone;
  std::string copy_folder = {};  // empty: default_copy_folder()
  int64_t max_copy_bytes = int64_t{20} << 30;

  // Of several loaders that share the clips of one sequence, number `rank` of `world` hands out
  // those at the positions p with p % world == rank. Positions count the clips of all of them.
  int64_t rank = 0, world = 1;

  bool keep_damaged = false;   // frames that are damaged are used all the same, where they decode
  IndexOptions indexing = {};  // of recordings that are not indexed; also where problems are noted

  // What quarantined() said at the position that is resumed, for an exact resume. Whole files are
  // not touched again; files with damaged stretches are only listed.
  std::vector<Quarantined> quarantined = {};

  // With names: clips of several cameras, aligned in time, [C,T,H,W,3]; one for each instant.
  // camera_views.h says what is in them and what it takes.
  CameraOptions cameras = {};

  // Makes a clip of the batch from decoded frames: `frames` [T, decode_height, decode_width, 3] u8
  // to `clip` [T, height, width, 3] u8; of several cameras [C,T,...], where frames that are not
  // there are 0, and are so again afterwards. Must be a pure function of its arguments (it runs on
  // the prefetch thread). Without it, frames are copied, which needs equal sizes.
  std::function<void(uint64_t position, const ClipRef& ref, std::span<const uint8_t> frames,
                     std::span<uint8_t> clip)>
      transform = {};
};

struct Batch {
  std::vector<uint8_t> clips;  // [B,T,H,W,3] u8, RGB; of several cameras [B,C,T,H,W,3]
  std::vector<uint8_t> mask;   // [B,T] or [B,C,T] 1: the frame is there; only a camera may lack one
  std::vector<ClipRef> refs;   // [B] what each clip is
  uint64_t first_position = 0;  // of clip 0; the next is `world` further on
};

// What the loader was at while its caller waited, in seconds.
struct WaitCauses {
  double indexing = 0;    // files were read for the first time
  double decoding = 0;    // the workers had not finished the frames of the next batch
  double copies = 0;      // copies on disk were read or made
  double assembling = 0;  // frames were put together, or the clips to come were planned
};

struct LoaderStats {
  double wait_seconds = 0;  // the caller stood in next()
  WaitCauses waited_for;
  double decode_seconds = 0;    // CPU seconds of the workers
  double assemble_seconds = 0;  // of the prefetch thread, without waiting
  int64_t frames_decoded = 0;
  int64_t frames_from_cache = 0;   // in memory
  int64_t frames_from_copies = 0;  // read from disk
  double copy_seconds = 0;         // of the prefetch thread: reading and making copies
};

class ClipLoader {
 public:
  // Throws Error(kInput) if all recordings are indexed and none has enough frames for one clip; for
  // several cameras also what CameraViews throws. REQUIRES for these: all are indexed.
  ClipLoader(std::vector<Recording> recordings, const SamplerOptions& sampler,
             const LoaderOptions& options);
  ~ClipLoader();

  void seek(uint64_t position);
  uint64_t position() const;  // how many clips all ranks together have handed out

  // The next batch; valid until the next call. Throws Error(kInput) when no usable recording is
  // left, and Interrupted (base/interrupt.h).
  const Batch& next();

  // Waits until next() would not, but no longer than this. False if it still would: for a caller
  // that has to notice other things while a decoder hangs.
  bool wait(double seconds);

  LoaderStats stats() const;

  // What a person should know about the copies, such as a full disk; mostly empty. Each once.
  std::string take_message();

  // What the clips handed out so far have met, and damage found ahead of them. Grows at the end.
  std::vector<Quarantined> quarantined() const;

  // The recording of a clip that was handed out, with what its index told.
  Recording recording(int32_t i) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dojo
