// Which recordings are for training and which are held out for evaluation. Whole drives, so
// that a held-out clip is never a neighbour of one that was trained on, nor the same moment seen by
// another camera.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/video/recording.h"

namespace dojo {

struct RecordingSplit {
  std::vector<Recording> train, held_out;
  std::vector<Quarantined> copies;    // of what is held out, which drop_copies() took out
  std::vector<std::string> messages;  // for people
};

// A recording is held out where one of the patterns is found in its name (or, where no name has it,
// in its path): as a part of it, or, with * or ?, as a glob for all of it; upper and lower case are
// the same. A pattern that matches nothing as it stands is taken as several, separated by commas.
// Without patterns about one drive in five is held out (vehicle_folder.h), chosen by a hash of its
// name, at least one and never all, and none after the one with which kMostHeldOut recordings are;
// of a single drive the last fifth of its files, of a single recording, or minute, the last fifth
// of each file, after a gap of `gap_seconds`. Throws Error(kConfig) where a pattern matches
// nothing, or everything.
inline constexpr size_t kMostHeldOut = 64;
RecordingSplit split_recordings(const std::vector<Recording>& recordings,
                                const std::vector<std::string>& patterns, double gap_seconds);

// Takes out of `train` the copies of what is held out: other files with the same content, as far as
// size and ends tell, and lists them among the copies. A message says so. Where they are the most
// they stay, and it says that. split_recordings() has done it with what it returns.
void drop_copies(RecordingSplit* split);

// The recordings of each drive, as numbers, in the order of that hash: the first drives are held
// out first. It needs names only: stable when a drive is added, but for the border.
std::vector<std::vector<size_t>> held_out_order(const std::vector<Recording>& recordings);

// Takes out the recordings without a single clip of `frames` frames, `interval_seconds` apart, and
// says why. Done before the split, so that no short recording is all that is held out.
std::vector<Quarantined> drop_short(std::vector<Recording>* recordings, int64_t frames,
                                    double interval_seconds);

// The error of a command that needs a clip and finds none: how short the recordings are, and with
// which interval or number of frames there would be one. REQUIRES: drop_short() drops all of
// `recordings`, of which there is at least one.
Error all_too_short(const std::vector<Recording>& recordings, int64_t frames,
                    double interval_seconds);

// Whether one pattern of the kind above matches.
bool matches_pattern(const std::string& text, const std::string& pattern);

}  // namespace dojo
