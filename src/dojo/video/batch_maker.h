// Makes the batches of a ClipLoader, one after another: plans their clips, asks workers for the
// frames, keeps what they decode in memory and on disk, and puts it together. Recordings that are
// not indexed yet are indexed on the way.
//
//   while (!maker.make(&batch)) maker.work();
//
// One thread at a time may use it, but for doing().
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "dojo/video/cache/copy_store.h"
#include "dojo/video/clip_plan.h"
#include "dojo/video/decode_pool.h"
#include "dojo/video/frame_cache.h"
#include "dojo/video/index_thread.h"
#include "dojo/video/loader.h"

namespace dojo {

class BatchMaker {
 public:
  // work() returns when `wake`, an eventfd, is written to. Throws as ClipLoader does.
  BatchMaker(std::vector<Recording> recordings, const SamplerOptions& sampler,
             const LoaderOptions& options, int wake);

  void begin_indexing();  // of the recordings that are not indexed yet
  void end_indexing() { indexing_.reset(); }
  void take_indexed();           // before each make(): recordings() changes here and nowhere else
  void seek(uint64_t position);  // of the next batch; 0 at first
  bool make(Batch* batch);       // false: frames are missing, and work() gets them
  void work();                   // until something has happened
  uint64_t positions_of_batch() const;  // of all ranks
  const std::vector<Recording>& recordings() const { return plan_.recordings(); }

  // What has happened since the last call.
  struct News {
    std::string message;               // for a person
    std::vector<Quarantined> damaged;  // files with damaged stretches
    std::vector<ClipPlan::GivenUp> given_up;
  };
  News take_news();
  const LoaderStats& stats() const { return stats_; }  // but for the waiting

  // What its thread is at: one of the causes for which a caller may have to wait. Thread-safe.
  using Cause = double WaitCauses::*;
  Cause doing() const { return doing_; }

 private:
  class Doing;

  uint64_t position_of(int64_t i) const;  // of clip `i` of this rank from the next batch on
  std::optional<ClipRef> clip(uint64_t position);
  int64_t fill(Batch* batch);
  void ask_workers();
  std::vector<DecodePool::Want> wants();
  void wait(bool sleep);
  void accept(int32_t recording, const std::vector<int64_t>& frames, const WorkerReply& reply);
  void insert_frame(int32_t recording, int64_t frame, std::span<const uint8_t> pixels);
  bool has_copy(int32_t recording, int64_t frame);
  bool read_copy(const ClipRef& ref, int32_t recording, int64_t frame);
  bool store_next();
  void add_message(const std::string& text);
  void report_damage(int32_t recording, const std::string& reason);
  void note(int32_t recording, const Quarantined& problem);

  const LoaderOptions options_;
  const int64_t frame_bytes_, frames_per_clip_;
  const int wake_;
  const bool whole_units_;  // all frames of a unit of copies are used at about the same time

  ClipPlan plan_;
  FrameCache cache_;
  std::optional<CopyStore> copies_;
  DecodePool pool_;
  std::optional<IndexThread> indexing_;     // as long as a recording is not indexed
  std::map<int32_t, size_t> index_number_;  // of the recording in `indexing_`
  std::vector<int32_t> index_recording_;    // the other way round
  std::vector<size_t> wanted_files_;        // asked for last

  uint64_t begin_ = 0;                     // position of the next batch
  bool is_first_ = true;                   // no batch was made since the last seek()
  std::set<uint64_t> needed_;              // frames that the next batch lacks
  uint64_t settled_until_ = 0;             // nothing is left to ask for before this position
  Cause lacking_ = &WaitCauses::decoding;  // what the next batch waits for
  std::vector<uint8_t> clip_frames_buffer_;
  std::set<int32_t> reported_;  // damaged
  bool guarded_ = true;         // no worker has said that its sandbox lacks something

  std::atomic<Cause> doing_ = &WaitCauses::assembling;
  LoaderStats stats_;
  News news_;
};

}  // namespace dojo
