#include "dojo/video/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/random.h"
#include "dojo/video/telemetry/parse.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTimes[] = {"timestamps.txt", "times.txt"};

// "LOG__CAM_FRONT__1532402927612460": the part before the time, and the time.
struct TimedName {
  std::string series;
  int64_t microseconds;
};
std::optional<TimedName> timed_name(const fs::path& path) {
  const std::string stem = path.stem().string();
  const size_t cut = stem.rfind("__");
  if (cut == std::string::npos || cut == 0 || stem.size() - cut - 2 != 16)
    return std::nullopt;  // since 2001
  int64_t time = 0;
  for (const char c : stem.substr(cut + 2)) {
    if (c < '0' || c > '9') return std::nullopt;
    time = time * 10 + (c - '0');
  }
  return TimedName{stem.substr(0, cut), time};
}

std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::vector<fs::path> list;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (has_picture_extension(at->path().string())) list.push_back(at->path());
  std::sort(list.begin(), list.end());
  return list;
}

fs::path times_of(const fs::path& folder) {
  std::error_code error;
  for (const fs::path& place :
       {folder, fs::absolute(folder, error).lexically_normal().parent_path()})
    for (const std::string_view name : kTimes)
      if (fs::is_regular_file(place / name, error)) return place / name;
  return {};
}

// nuScenes keeps each sixth picture or so in samples and the others in sweeps.
fs::path sibling(const fs::path& folder, const char* from, const char* to) {
  const fs::path parent = folder.parent_path();
  if (parent.filename() != from) return {};
  return parent.parent_path() / to / folder.filename();
}

}  // namespace

bool has_picture_extension(const std::string& path) {
  std::string extension = fs::path(path).extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

std::vector<PictureRecording> picture_recordings(const std::string& given) {
  fs::path folder = given;
  if (!folder.has_filename() && folder.has_relative_path()) folder = folder.parent_path();  // "a/"
  const std::vector<fs::path> pictures = pictures_in(folder);
  if (pictures.size() < 2) return {};
  if (!times_of(folder).empty()) return {{pictures[0].string(), ""}};
  std::map<std::string, std::string> series;  // -> the first picture, since they are sorted
  for (const fs::path& p : pictures)
    if (const auto name = timed_name(p)) series.emplace(name->series, p.string());
  std::vector<PictureRecording> first;
  std::set<std::string> in_samples;
  if (const fs::path samples = sibling(folder, "sweeps", "samples"); !samples.empty())
    for (const fs::path& p : pictures_in(samples))
      if (const auto name = timed_name(p)) in_samples.insert(name->series);
  for (const auto& [name, path] : series)
    if (!in_samples.count(name)) first.push_back({path, name});
  return first;
}

PictureSeries read_picture_series(const std::string& first) {
  const fs::path folder = fs::path(first).has_parent_path() ? fs::path(first).parent_path() : ".";
  std::vector<fs::path> pictures = pictures_in(folder);
  PictureSeries series;
  if (const fs::path times = times_of(folder); !times.empty()) {
    const std::string text = read_file(times, 64 << 20);
    std::optional<double> zero;
    for (const std::string_view line : lines_of(text)) {
      const std::optional<double> number = parse_number(line),
                                  seconds = number ? number : parse_time(trim(line));
      if (!seconds || std::abs(*seconds) > 1e11)
        throw Error(Category::kInput, "no time: \"" + std::string(line.substr(0, 40)) + "\"",
                    fmt::format("{}:{}", times.string(), series.microseconds.size() + 1));
      series.microseconds.push_back(std::llround(*seconds * 1e6));
    }
    if (series.microseconds.size() != pictures.size())
      throw Error(
          Category::kInput,
          fmt::format("{} times for {} pictures", series.microseconds.size(), pictures.size()),
          times.string());
    for (const fs::path& p : pictures) series.files.push_back(p.string());
  } else {
    const auto wanted = timed_name(first);
    if (!wanted)
      throw Error(Category::kInput, "a picture without a time", first,
                  "docs/video.md says which folders are recordings");
    for (const auto& [from, to] : {std::pair("samples", "sweeps"), std::pair("sweeps", "samples")})
      if (const fs::path other = sibling(folder, from, to); !other.empty())
        for (const fs::path& p : pictures_in(other)) pictures.push_back(p);
    std::map<int64_t, std::string> by_time;
    for (const fs::path& p : pictures)
      if (const auto name = timed_name(p); name && name->series == wanted->series)
        by_time.emplace(name->microseconds, p.string());
    for (const auto& [time, path] : by_time) {
      series.files.push_back(path);
      series.microseconds.push_back(time);
    }
  }
  if (const auto bad = std::adjacent_find(series.microseconds.begin(), series.microseconds.end(),
                                          std::greater_equal<>());
      bad != series.microseconds.end())
    throw Error(Category::kInput,
                fmt::format("the time of picture {} is not after the one before",
                            bad - series.microseconds.begin() + 2),
                first);
  return series;
}

Fingerprint content_of(const std::string& path) {
  if (!has_picture_extension(path)) return fingerprint_of(path);
  Fingerprint all;
  for (const std::string& file : read_picture_series(path).files) {
    const Fingerprint one = size_and_time_of(file);
    all.size += one.size;
    all.mtime_ns = std::max(all.mtime_ns, one.mtime_ns);
    all.hash =
        stream_id(fmt::format("{} {} {}", all.hash, fs::path(file).filename().string(), one.size));
  }
  return all;
}

}  // namespace dojo
