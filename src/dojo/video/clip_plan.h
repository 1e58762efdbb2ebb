// Which clip each position holds, given what is known of the files so far: the sampler's, or, where
// that needs a frame that is damaged or cannot be read, its replacement. A pure function of the
// sampler's options, the position and the files: what is learned never changes a clip that was
// handed out, and the order in which it is learned changes nothing. A clip of several cameras
// (camera_views.h) is not replaced: it lacks the frames that cannot be used. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/video/camera_views.h"
#include "dojo/video/indexer.h"
#include "dojo/video/sampler.h"

namespace dojo {

inline constexpr uint64_t kNever = UINT64_MAX;  // a position that is not reached

class ClipPlan {
 public:
  // `quarantined` and `cameras`: as LoaderOptions has them.
  ClipPlan(std::vector<Recording> recordings, const SamplerOptions& options,
           const std::vector<Quarantined>& quarantined, const CameraOptions& cameras);

  const std::optional<CameraViews>& views() const { return views_; }
  const ClipSampler& sampler() const { return sampler_; }
  const std::vector<Recording>& recordings() const { return recordings_; }
  const Recording& recording(int32_t i) const { return recordings_[static_cast<size_t>(i)]; }
  bool is_settled(int32_t i) const {
    return settled_[static_cast<size_t>(i)];
  }  // indexed, or given up

  // What an indexed file turned out to be; one without a clip counts as unusable.
  void settle(int32_t i, const Indexed& file);

  // The clip of a position; nothing where recordings have to be settled first: missing(). Throws
  // Error(kInput) where no usable clip is left.
  std::optional<ClipRef> clip(uint64_t position);
  std::vector<int32_t> missing(uint64_t position) const;
  void forget_before(uint64_t position);  // those clips are not asked for again

  // What decoding met. Which frames were asked for together is chance; whether one can be read
  // alone is not: frames of a request that failed become suspects, which have to be asked for one
  // by one. The first position that needs a frame that fails alone is that from which on its
  // recording is given up, whenever this was found out.
  void frame_is_damaged(int32_t recording, int64_t frame);
  void frames_failed(int32_t recording, const std::vector<int64_t>& frames, const Quarantined& why);
  bool is_suspect(int32_t recording, int64_t frame) const;
  bool is_split(int32_t recording, int64_t frame) const;  // failed as a suspect too

  // Recordings given up, or found to be unusable, and the position from which on that counts: what
  // is new since the last call. Whatever counts before a position is known once its clip is.
  struct GivenUp {
    int32_t recording;
    uint64_t from;
    Quarantined why;
  };
  std::vector<GivenUp> take_given_up();

 private:
  using Frame = std::pair<int32_t, int64_t>;
  bool is_usable(const ClipRef& ref, uint64_t position);
  bool is_given_up(const Frame& frame, uint64_t position);
  ClipRef masked(ClipRef ref, uint64_t position);
  Error none_left() const;
  const ClipRef& planned(uint64_t position);
  void set_unusable(int32_t i, Quarantined why);

  std::vector<Recording> recordings_;
  SamplerOptions options_;
  std::optional<CameraViews> views_;
  ClipSampler sampler_;
  std::vector<bool> settled_;
  std::map<uint64_t, ClipRef> ahead_;        // the sampler's clips of the positions asked for
  std::set<Frame> bad_;                      // damaged
  std::set<Frame> suspects_;                 // of requests that failed
  std::set<Frame> split_;                    // of requests of suspects that failed
  std::map<Frame, Quarantined> unreadable_;  // failed alone
  std::vector<uint64_t> gone_from_;          // [recordings] not touched from this position on
  std::map<int32_t, Quarantined> unusable_;  // from where they are needed on; not taken yet
  std::vector<GivenUp> given_up_;            // not taken yet
  std::optional<Quarantined> first_problem_;
};

}  // namespace dojo
