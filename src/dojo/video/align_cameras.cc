#include "dojo/video/align_cameras.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "dojo/base/check.h"
#include "dojo/video/telemetry/read_telemetry.h"
#include "dojo/video/vehicle_folder.h"

namespace dojo {
namespace {

// Equal numbers that lie farther apart than clocks can be wrong are of another start of the
// vehicle's computer.
constexpr double kClockError = 5;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

bool ascending(const std::vector<int64_t>& sequence) {
  int64_t last = -1;
  for (const int64_t number : sequence) {
    if (number < 0) continue;
    if (number <= last) return false;
    last = number;
  }
  return last >= 0;
}

// A file with what searching needs.
struct Searchable {
  const CameraFile* file = nullptr;
  std::vector<std::pair<int64_t, size_t>>
      by_number;  // (frame_seq_no, frame), ascending; empty: not believed

  bool numbered(size_t frame) const { return !by_number.empty() && file->sequence[frame] >= 0; }

  std::optional<size_t> with_number(int64_t number) const {
    const auto at =
        std::lower_bound(by_number.begin(), by_number.end(), std::pair(number, size_t{0}));
    if (at == by_number.end() || at->first != number) return std::nullopt;
    return at->second;
  }

  // The frame nearest in time.
  size_t nearest(double t) const {
    const std::vector<double>& s = file->seconds;
    const auto after = static_cast<size_t>(std::lower_bound(s.begin(), s.end(), t) - s.begin());
    if (after == 0) return 0;
    if (after == s.size()) return s.size() - 1;
    return t - s[after - 1] <= s[after] - t ? after - 1 : after;
  }
};

Searchable searchable(const CameraFile& file) {
  DOJO_CHECK(file.sequence.empty() || file.sequence.size() == file.seconds.size());
  Searchable s{.file = &file, .by_number = {}};
  if (!ascending(file.sequence)) return s;
  for (size_t i = 0; i < file.sequence.size(); ++i)
    if (file.sequence[i] >= 0) s.by_number.emplace_back(file.sequence[i], i);
  return s;
}

// What to add to the times of `base` to have those of `other`: as the frames with the same number
// tell, 0 where one of the two has no numbers. Nothing where both have numbers and share none: they
// are of different minutes, and how far their clocks differ is not known.
std::optional<double> offset_between(const Searchable& base, const Searchable& other) {
  if (base.by_number.empty() || other.by_number.empty()) return 0;
  if (base.by_number.back().first < other.by_number.front().first ||
      other.by_number.back().first < base.by_number.front().first)
    return std::nullopt;
  std::vector<double> differences;
  for (const auto& [number, frame] : other.by_number)
    if (const std::optional<size_t> same = base.with_number(number)) {
      const double difference = other.file->seconds[frame] - base.file->seconds[*same];
      if (std::abs(difference) <= kClockError) differences.push_back(difference);
    }
  if (differences.empty()) return std::nullopt;
  return median(std::move(differences));
}

}  // namespace

AlignedCameras align_cameras(std::span<const CameraFile> files, const std::string& reference) {
  AlignedCameras result;
  std::map<std::string, std::vector<Searchable>> cameras;
  std::map<std::string, size_t> sizes;
  for (const CameraFile& file : files) {
    if (file.seconds.empty()) continue;
    cameras[file.camera].push_back(searchable(file));
    sizes[file.camera] += file.seconds.size();
  }
  if (cameras.empty()) return result;
  const std::string chosen =
      cameras.count(reference)
          ? reference
          : std::max_element(sizes.begin(), sizes.end(), [](const auto& a, const auto& b) {
              return a.second < b.second;
            })->first;
  std::vector<Searchable>& base = cameras[chosen];
  std::sort(base.begin(), base.end(), [](const Searchable& a, const Searchable& b) {
    return a.file->seconds[0] < b.file->seconds[0];
  });

  for (const auto& [camera, list] : cameras) {
    if (camera == chosen) result.reference = result.cameras.size();
    result.cameras.push_back(camera);
  }
  result.frames.resize(result.cameras.size());

  for (const Searchable& file : base) {
    const std::vector<double>& seconds = file.file->seconds;
    std::vector<double> steps;
    for (size_t i = 1; i < seconds.size(); ++i) steps.push_back(seconds[i] - seconds[i - 1]);
    const double half = steps.empty() ? 0 : median(std::move(steps)) / 2;
    for (size_t c = 0; c < result.cameras.size(); ++c) {
      std::vector<CameraFrame>& out = result.frames[c];
      if (c == result.reference) {
        for (size_t i = 0; i < seconds.size(); ++i)
          out.push_back({file.file->recording, static_cast<int64_t>(i)});
        continue;
      }
      const std::vector<Searchable>& others = cameras[result.cameras[c]];
      std::vector<std::optional<double>> offsets;
      for (const Searchable& other : others) offsets.push_back(offset_between(file, other));
      for (size_t i = 0; i < seconds.size(); ++i) {
        CameraFrame found;
        double skew = half;
        bool by_time = false, by_number = false;
        for (size_t k = 0; k < others.size() && !by_number; ++k) {
          const Searchable& other = others[k];
          if (!offsets[k]) continue;
          const std::optional<size_t> same =
              file.numbered(i) ? other.with_number(file.file->sequence[i]) : std::nullopt;
          const double t = seconds[i] + *offsets[k];
          const size_t near = same ? *same : other.nearest(t);
          const double distance = std::abs(other.file->seconds[near] - t);
          if (same ? distance > kClockError
                   : distance > skew || (file.numbered(i) && other.numbered(near)))
            continue;
          found = {other.file->recording, static_cast<int64_t>(near)};
          by_number = same.has_value();
          by_time = !by_number;
          skew = distance;
        }
        result.by_sequence += by_number;
        result.by_time += by_time;
        if (by_time) result.worst_skew_seconds = std::max(result.worst_skew_seconds, skew);
        out.push_back(found);
      }
    }
  }
  return result;
}

std::vector<CameraFile> files_of_drive(const std::vector<Recording>& recordings,
                                       const std::string& drive) {
  std::vector<CameraFile> files;
  for (size_t i = 0; i < recordings.size(); ++i) {
    const Recording& r = recordings[i];
    if (r.drive != drive) continue;
    CameraFile file{.camera = r.camera, .recording = i, .seconds = r.pts_seconds, .sequence = {}};
    const double start = start_of(r);
    for (double& s : file.seconds) s += start;
    const Track* numbers = r.telemetry ? find(*r.telemetry, "frame_seq_no") : nullptr;
    if (numbers) {
      file.sequence.assign(file.seconds.size(), -1);
      const std::vector<double> seconds = frame_seconds(r);
      for (size_t k = 0; k < numbers->seconds.size(); ++k) {
        const auto at = std::lower_bound(seconds.begin(), seconds.end(), numbers->seconds[k]);
        if (at != seconds.end() && *at == numbers->seconds[k] && numbers->values[k] >= 0 &&
            numbers->values[k] < 9e15)
          file.sequence[static_cast<size_t>(at - seconds.begin())] =
              static_cast<int64_t>(numbers->values[k]);
      }
    }
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace dojo
