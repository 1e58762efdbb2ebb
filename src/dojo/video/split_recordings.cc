#include "dojo/video/split_recordings.h"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/video/image_folder.h"
#include "dojo/video/sampler.h"
#include "dojo/video/vehicle_folder.h"

namespace dojo {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The parts that are not empty, or the text where there is none.
std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    std::string part = text.substr(begin, end - begin);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (!part.empty()) parts.push_back(part);
    begin = end + 1;
  }
  return parts.empty() ? std::vector<std::string>{text} : parts;
}

// Of each file the last fifth.
RecordingSplit split_ends(const std::vector<Recording>& recordings, double gap_seconds) {
  RecordingSplit split;
  for (const Recording& whole : recordings) {
    Recording train = whole, held = whole;
    const int64_t count = whole.end_frame - whole.first_frame;
    held.first_frame = whole.end_frame - std::max<int64_t>(1, count / 5);
    const double begin = whole.pts_seconds.at(static_cast<size_t>(held.first_frame));
    train.end_frame = held.first_frame;
    while (train.end_frame > train.first_frame &&
           whole.pts_seconds[static_cast<size_t>(train.end_frame - 1)] > begin - gap_seconds)
      --train.end_frame;
    split.train.push_back(std::move(train));
    split.held_out.push_back(std::move(held));
  }
  const Recording& first = split.held_out[0];
  split.messages.push_back(
      fmt::format("there is one {} only: its last fifth (from {:.1f} s) is held out, which "
                  "is easier than another drive",
                  recordings.size() == 1 ? "recording" : "drive",
                  first.pts_seconds[static_cast<size_t>(first.first_frame)]));
  return split;
}

// Of a drive of several minutes the last fifth of them, of all cameras; of one minute the ends of
// its files.
RecordingSplit split_drive(const std::vector<Recording>& recordings, double gap_seconds) {
  std::vector<double> starts;
  for (const Recording& r : recordings) starts.push_back(start_of(r));
  std::sort(starts.begin(), starts.end());
  size_t at = starts.size() * 4 / 5;
  while (at > 0 && starts[at] - starts[at - 1] <= 2)
    --at;  // cameras of one minute begin within about a second
  if (at == 0) return split_ends(recordings, gap_seconds);
  RecordingSplit split;
  for (const Recording& r : recordings)
    (start_of(r) >= starts[at] ? split.held_out : split.train).push_back(r);
  split.messages.push_back(
      fmt::format("there is one drive only: its last {} of {} files are held out, which is easier "
                  "than another drive",
                  split.held_out.size(), recordings.size()));
  return split;
}

// The first drive with files on both sides; "" where there is none.
std::string split_drive_of(const RecordingSplit& split) {
  std::set<std::string> held;
  for (const Recording& r : split.held_out)
    if (!r.drive.empty()) held.insert(r.drive);
  for (const Recording& r : split.train)
    if (held.count(r.drive) > 0) return r.drive;
  return "";
}

std::optional<Fingerprint> print_of(const std::string& path,
                                    Fingerprint (*take)(const std::string&)) {
  try {
    return take(path);
  } catch (const Error&) {  // no file any more
    return std::nullopt;
  }
}

}  // namespace

void drop_copies(RecordingSplit* split) {
  std::multimap<uint64_t, const Recording*> held;  // by size
  for (const Recording& r : split->held_out)
    if (const auto print = print_of(r.path, size_and_time_of)) held.emplace(print->size, &r);
  // The recording held out that it is a copy of, or null.
  const auto original_of = [&](const Recording& r) -> const Recording* {
    const auto print = print_of(r.path, size_and_time_of);
    if (!print) return nullptr;
    const auto [begin, end] = held.equal_range(print->size);
    const auto own = begin == end ? std::nullopt : print_of(r.path, content_of);
    if (!own) return nullptr;
    const auto found = std::find_if(begin, end, [&](const auto& entry) {
      if (entry.second->path == r.path) return false;  // another part of the same file
      const auto other = print_of(entry.second->path, content_of);
      return other && other->size == own->size && other->hash == own->hash;
    });
    return found == end ? nullptr : found->second;
  };
  std::vector<Recording> left, copies;
  std::vector<Quarantined> listed;
  for (const Recording& r : split->train) {
    const Recording* original = original_of(r);
    (original ? copies : left).push_back(r);
    if (original)
      listed.push_back(
          {r.path, "input", "not trained on: a copy of " + original->name + ", which is held out"});
  }
  if (copies.empty()) return;
  const std::string names =
      copies[0].name + (copies.size() == 1 ? "" : fmt::format(" and {} more", copies.size() - 1));
  if (left.size() < copies.size()) {
    split->messages.push_back(
        fmt::format("most of what is trained on are copies of what is held out: {}; the result "
                    "says little about other drives",
                    names));
    return;
  }
  split->train = std::move(left);
  split->copies = std::move(listed);
  split->messages.push_back(fmt::format("not trained on, copies of what is held out: {}", names));
}

std::vector<Quarantined> drop_short(std::vector<Recording>* recordings, int64_t frames,
                                    double interval_seconds) {
  std::vector<Quarantined> dropped;
  std::erase_if(*recordings, [&](const Recording& r) {
    if (!held_out_clips({r}, frames, interval_seconds, 1).empty()) return false;
    dropped.push_back(
        {r.path, "input",
         fmt::format("too short: it has {} frame{}, a clip needs {}, {:g} s apart", r.num_frames(),
                     r.num_frames() == 1 ? "" : "s", frames, interval_seconds)});
    return true;
  });
  return dropped;
}

Error all_too_short(const std::vector<Recording>& recordings, int64_t frames,
                    double interval_seconds) {
  DOJO_CHECK(!recordings.empty());
  const auto seconds = [](const Recording& r) {
    return r.pts_seconds[static_cast<size_t>(r.end_frame - 1)] -
           r.pts_seconds[static_cast<size_t>(r.first_frame)];
  };
  const Recording& longest =
      *std::max_element(recordings.begin(), recordings.end(),
                        [&](const auto& a, const auto& b) { return seconds(a) < seconds(b); });
  // What is tried: the same number of frames closer together, or as far apart as the frames are,
  // then fewer frames. One of the frames is the one to predict, and a network wants two before it.
  const auto rounded = [](double x) { return std::stod(fmt::format("{:.3g}", x)); };
  const double step =  // of the frames; a clip takes whole ones
      seconds(longest) / static_cast<double>(std::max<int64_t>(1, longest.num_frames() - 1));
  double widest = 0;
  for (size_t i = 1; i < longest.pts_seconds.size(); ++i)
    widest = std::max(widest, longest.pts_seconds[i] - longest.pts_seconds[i - 1]);
  std::string hint = "give longer recordings";
  for (int64_t n = frames; n >= 3 && hint.find("--") == hint.npos; --n) {
    const double fitting = seconds(longest) / static_cast<double>(n - 1);
    const double whole_steps = step > 0 ? std::floor(fitting / step + 1e-6) * step : 0;
    for (const double interval :
         {interval_seconds, std::min(interval_seconds, rounded(fitting)),
          std::min(interval_seconds, rounded(whole_steps)), rounded(widest)}) {
      if (interval < 1e-3 || held_out_clips({longest}, n, interval, 1).empty()) continue;
      hint += ", or try";
      if (n != frames) hint += fmt::format(" --frames {}", n - 1);
      if (interval != interval_seconds) hint += fmt::format(" --interval {:g}", interval);
      break;
    }
  }
  return Error(Category::kInput,
               fmt::format("{} of {} frames, {:g} s apart; the longest has {} frame{} "
                           "in {:.2f} s",
                           recordings.size() == 1
                               ? "the only recording has no clip"
                               : fmt::format("none of {} recordings has a clip", recordings.size()),
                           frames, interval_seconds, longest.num_frames(),
                           longest.num_frames() == 1 ? "" : "s", seconds(longest)),
               longest.path, hint);
}

bool matches_pattern(const std::string& text, const std::string& pattern) {
  const std::string t = lower(text), p = lower(pattern);
  if (p.find_first_of("*?") != std::string::npos) return fnmatch(p.c_str(), t.c_str(), 0) == 0;
  return t.find(p) != std::string::npos;
}

std::vector<std::vector<size_t>> held_out_order(const std::vector<Recording>& recordings) {
  std::map<std::string, std::vector<size_t>> drives;
  for (size_t i = 0; i < recordings.size(); ++i)
    drives[recordings[i].drive.empty() ? recordings[i].name : recordings[i].drive].push_back(i);
  std::vector<std::pair<uint64_t, std::vector<size_t>>> hashes;
  for (auto& [name, members] : drives)
    hashes.emplace_back(Random(0, stream_id(name), 0).next_u64(), std::move(members));
  std::sort(hashes.begin(), hashes.end());
  std::vector<std::vector<size_t>> order;
  for (auto& [hash, members] : hashes) order.push_back(std::move(members));
  return order;
}

RecordingSplit split_recordings(const std::vector<Recording>& recordings,
                                const std::vector<std::string>& patterns, double gap_seconds) {
  RecordingSplit split;
  std::vector<bool> held(recordings.size());
  if (patterns.empty()) {
    if (recordings.empty()) return split;
    const std::vector<std::vector<size_t>> drives = held_out_order(recordings);
    if (drives.size() == 1) {
      split = split_drive(recordings, gap_seconds);
      drop_copies(&split);
      return split;
    }
    const size_t n = std::clamp<size_t>((drives.size() + 2) / 5, 1, drives.size() - 1);
    size_t count = 0;
    for (size_t k = 0; k < n && count < kMostHeldOut; count += drives[k++].size())
      for (const size_t i : drives[k]) held[i] = true;
  } else {
    const auto hold = [&](const std::string& pattern) {
      for (std::string Recording::*text : {&Recording::name, &Recording::path}) {
        bool any = false;
        for (size_t i = 0; i < recordings.size(); ++i)
          if (matches_pattern(recordings[i].*text, pattern)) held[i] = any = true;
        if (any) return true;
      }
      return false;
    };
    for (const std::string& pattern : patterns) {
      if (hold(pattern)) continue;
      for (const std::string& part : split_commas(pattern))
        if (part == pattern || !hold(part))
          throw Error(Category::kConfig, "no recording matches the pattern \"" + part + "\"",
                      "--held-out", "`dojo inspect FOLDER` lists the names");
    }
  }
  for (size_t i = 0; i < recordings.size(); ++i)
    (held[i] ? split.held_out : split.train).push_back(recordings[i]);
  if (split.train.empty())
    throw Error(Category::kConfig, "all recordings are held out, none is left for training",
                "--held-out", "give a pattern that matches fewer");
  if (const std::string drive = split_drive_of(split); !drive.empty())
    split.messages.push_back(fmt::format(
        "of the drive {} some files are held out and others trained on: where they are of the same "
        "time, another camera has seen what is held out; the name of a drive holds out all of it",
        drive));
  drop_copies(&split);
  return split;
}

}  // namespace dojo
