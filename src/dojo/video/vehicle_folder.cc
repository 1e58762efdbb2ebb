#include "dojo/video/vehicle_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/video/image_folder.h"
#include "dojo/video/telemetry/parse.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

constexpr size_t kStampLength = 19;  // 2026-05-01_14-02-11
constexpr double kNextMinute = 130;  // a file a minute; one that is missing does not end the drive
constexpr double kSegmentSeconds = 60;   // of comma's segments
constexpr double kShortBySeconds = 1.5;  // less than the others of the same minute

bool is_stamp(std::string_view text) {
  return text.size() == kStampLength && text[10] == '_' && parse_time(text);
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.size() < 6 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct Place {
  std::string folder;  // of the drive's files
  std::string camera;  // empty: a file of its own
  std::optional<double> start;
  bool whole_folder = false;  // all of it is one drive
};

// "2026-05-01_14-02-11-left_repeater.mp4"
std::optional<Place> tesla_cam(const fs::path& path) {
  const std::string stem = path.stem().string();
  if (stem.size() < kStampLength + 2 || !is_stamp(stem.substr(0, kStampLength)) ||
      stem[kStampLength] != '-')
    return std::nullopt;
  const std::string camera = stem.substr(kStampLength + 1);
  if (!std::all_of(camera.begin(), camera.end(),
                   [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }))
    return std::nullopt;
  const fs::path folder = path.parent_path();
  return Place{.folder = folder.string(),
               .camera = camera,
               .start = parse_time(stem),
               .whole_folder = is_stamp(folder.filename().string())};
}

// "ROUTE/40/video.hevc" and "ROUTE--40/fcamera.hevc", where a route has a time with two hyphens:
// 2018-08-02--08-34-47.
std::optional<Place> comma_segment(const fs::path& path) {
  static const std::map<std::string, std::string> kCameras = {{"video", "road"},
                                                              {"fcamera", "road"},
                                                              {"ecamera", "wide_road"},
                                                              {"dcamera", "driver"},
                                                              {"qcamera", "road_small"}};
  const auto camera = kCameras.find(path.stem().string());
  if (camera == kCameras.end()) return std::nullopt;
  const fs::path folder = path.parent_path();
  std::string segment = folder.filename().string(),
              route = folder.parent_path().filename().string();
  std::string drive = folder.parent_path().string();
  if (const size_t cut = segment.rfind("--"); cut != std::string::npos && cut > 0) {
    route = segment.substr(0, cut);
    drive = (folder.parent_path() / route).string();
    segment = segment.substr(cut + 2);
  }
  if (!all_digits(segment) || route.find("--") == std::string::npos) return std::nullopt;
  return Place{.folder = drive,
               .camera = camera->second,
               .start = std::stod(segment) * kSegmentSeconds,
               .whole_folder = true};
}

// KITTI's "DRIVE/image_02/data/0000000000.png" and "SEQUENCE/image_2/000000.png"; nuScenes'
// "CAM_FRONT/LOG__CAM_FRONT__1532402927612460.jpg". Their frames have times that cameras share.
std::optional<Place> picture_series(const fs::path& path) {
  if (!has_picture_extension(path.string())) return std::nullopt;
  fs::path folder = path.parent_path();
  const std::string stem = path.stem().string();
  const size_t first = stem.find("__"), last = stem.rfind("__");
  if (first != std::string::npos && first < last)
    return Place{.folder = stem.substr(0, first),
                 .camera = stem.substr(first + 2, last - first - 2),
                 .start = 0,
                 .whole_folder = true};
  if (folder.filename() == "data") folder = folder.parent_path();
  const std::string camera = folder.filename().string();
  if (!camera.starts_with("image_")) return std::nullopt;
  return Place{
      .folder = folder.parent_path().string(), .camera = camera, .start = 0, .whole_folder = true};
}

std::optional<Place> place_of(const std::string& path) {
  if (std::optional<Place> place = picture_series(path)) return place;
  if (std::optional<Place> place = tesla_cam(path)) return place;
  return comma_segment(path);
}

std::string stamp_of(double seconds) {
  const std::time_t time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);  // the local clock was read as if it were UTC
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d_%H-%M-%S", &parts);
  return text;
}

std::optional<double> number_of(const nlohmann::json& value) {
  if (value.is_string()) return parse_number(value.get<std::string>());
  if (value.is_number()) return value.get<double>();
  return std::nullopt;
}

}  // namespace

std::optional<double> start_of_name(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] < '0' || name[i] > '9' ||
        (i > 0 && std::isdigit(static_cast<unsigned char>(name[i - 1]))))
      continue;
    const std::string_view rest = name.substr(i);
    if (const auto time = parse_time(rest.substr(0, kStampLength))) return time;
    if (rest.size() < 15) continue;
    const std::string_view day = rest.substr(0, 8), clock = rest.substr(9, 6);
    const std::string spelled = fmt::format(
        "{}-{}-{}{}{}:{}:{}", day.substr(0, 4), day.substr(4, 2), day.substr(6, 2),
        rest[8] == '-' ? '_' : rest[8], clock.substr(0, 2), clock.substr(2, 2), clock.substr(4, 2));
    if (const auto time = parse_time(spelled)) return time;
  }
  return std::nullopt;
}

double start_of(const Recording& recording) {
  if (const auto place = place_of(recording.path); place && place->start) return *place->start;
  return start_of_name(fs::path(recording.path).filename().string()).value_or(0);
}

void assign_drives(std::vector<Recording>* recordings) {
  // Folder -> its files by start, with the names' folder beside the path's: names are what people
  // see.
  struct Member {
    double start;
    size_t index;
  };
  std::map<std::string, std::vector<Member>> folders;
  std::map<std::string, bool> whole;
  for (size_t i = 0; i < recordings->size(); ++i) {
    Recording& r = (*recordings)[i];
    const std::optional<Place> place = place_of(r.path);
    r.camera = place ? place->camera : "";
    r.drive = r.name;
    if (!place) continue;
    folders[place->folder].push_back({place->start.value_or(0), i});
    whole[place->folder] = place->whole_folder;
  }
  std::map<std::string, std::vector<std::pair<std::string, std::vector<size_t>>>>
      drives;  // short name -> folders
  for (auto& [folder, members] : folders) {
    std::sort(members.begin(), members.end(),
              [](const Member& a, const Member& b) { return a.start < b.start; });
    const std::string name = fs::path(folder).filename().string();
    std::string drive;
    double last = 0;
    for (const Member& m : members) {
      if (drive.empty() || (!whole[folder] && m.start - last > kNextMinute)) {
        drive = whole[folder] ? name : (name.empty() ? "" : name + "/") + stamp_of(m.start);
        drives[drive].push_back({folder, {}});
      }
      last = m.start;
      drives[drive].back().second.push_back(m.index);
    }
  }
  for (const auto& [name, groups] : drives)
    for (const auto& [folder, members] : groups)
      for (const size_t i : members)
        (*recordings)[i].drive =
            groups.size() == 1 ? name : fs::path(folder).parent_path().string() + "/" + name;
}

VehicleEvent read_event(const std::string& path, bool keep_location) {
  const nlohmann::json json =
      nlohmann::json::parse(read_file(path, 1 << 20), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) throw Error(Category::kInput, "no JSON object", path);
  VehicleEvent event;
  const auto text = [&](const char* key) {
    if (!json.contains(key)) return std::string();
    if (json[key].is_string()) return json[key].get<std::string>();
    if (json[key].is_number_integer()) return std::to_string(json[key].get<int64_t>());
    throw Error(Category::kInput, fmt::format("the field {} is no text", key), path);
  };
  const auto degrees = [&](const char* key, double limit) -> std::optional<double> {
    if (!json.contains(key)) return std::nullopt;
    const std::optional<double> value = number_of(json[key]);
    if (!value || !(std::abs(*value) <= limit))
      throw Error(Category::kInput,
                  fmt::format("the field {} is no angle of up to {} degrees", key, limit), path);
    return value;
  };
  if (const std::string time = text("timestamp"); !time.empty()) {
    event.seconds = parse_time(time);
    if (!event.seconds)
      throw Error(Category::kInput,
                  "the field timestamp is no time: \"" + time.substr(0, 40) + "\"", path);
  }
  event.reason = text("reason");
  event.camera = text("camera");
  event.city = text("city");
  event.latitude_deg = degrees("est_lat", 90);
  event.longitude_deg = degrees("est_lon", 180);
  if (!keep_location) {
    event.city.clear();
    event.latitude_deg = event.longitude_deg = std::nullopt;
  }
  return event;
}

std::vector<Drive> drives_of(const std::vector<Recording>& recordings,
                             const std::vector<Quarantined>& quarantined) {
  std::map<std::string, Drive> drives;
  std::map<std::string, std::map<double, std::string>> known;  // folder -> start -> drive
  for (size_t i = 0; i < recordings.size(); ++i) {
    const Recording& r = recordings[i];
    Drive& drive = drives[r.drive];
    drive.name = r.drive;
    drive.recordings.push_back(i);
    if (const auto place = place_of(r.path))
      known[place->folder][place->start.value_or(0)] = r.drive;
  }
  std::map<std::string, std::vector<std::pair<Place, const Quarantined*>>> lost;
  for (const Quarantined& q : quarantined) {
    const std::optional<Place> place = place_of(q.path);
    const auto folder = place && q.whole_file ? known.find(place->folder) : known.end();
    if (folder == known.end()) continue;
    // Of the drives of the folder the one that is nearest in time.
    const double start = place->start.value_or(0);
    auto near = folder->second.lower_bound(start);
    if (near == folder->second.end() ||
        (near != folder->second.begin() && start - std::prev(near)->first < near->first - start))
      --near;
    if (place->whole_folder || std::abs(near->first - start) <= kNextMinute)
      lost[near->second].push_back({*place, &q});
  }
  std::vector<Drive> list;
  for (auto& [name, drive] : drives) {
    std::sort(drive.recordings.begin(), drive.recordings.end(), [&](size_t a, size_t b) {
      const auto key = [&](size_t i) {
        return std::pair(start_of(recordings[i]), recordings[i].camera);
      };
      return key(a) < key(b);
    });
    std::set<std::string> cameras;
    std::map<double, std::map<std::string, double>> minutes;  // start -> camera -> seconds of video
    const auto nearby = [&](double start) {  // cameras of one minute begin within about a second
      for (auto& [other, minute] : minutes)
        if (std::abs(other - start) <= 2) return &minute;
      return &minutes[start];
    };
    for (const size_t i : drive.recordings) {
      const Recording& r = recordings[i];
      if (r.camera.empty()) continue;
      cameras.insert(r.camera);
      (*nearby(start_of(r)))[r.camera] =
          r.pts_seconds.empty() ? 0 : r.pts_seconds.back() - r.pts_seconds.front();
    }
    for (const auto& [place, q] : lost[name]) {
      cameras.insert(place.camera);
      (*nearby(place.start.value_or(0)))[place.camera] = -1;
      drive.messages.push_back(
          fmt::format("{} is not usable: {}", fs::path(q->path).filename().string(), q->reason));
    }
    drive.cameras.assign(cameras.begin(), cameras.end());
    for (const auto& [start, minute] : minutes) {
      double longest = 0;
      for (const auto& [camera, seconds] : minute) longest = std::max(longest, seconds);
      const std::string when = start > 1e8 ? stamp_of(start) : fmt::format("{:g} s", start);
      for (const std::string& camera : drive.cameras) {
        const auto found = minute.find(camera);
        if (found == minute.end())
          drive.messages.push_back(fmt::format("no {} at {}", camera, when));
        else if (found->second >= 0 && found->second < longest - kShortBySeconds)
          drive.messages.push_back(fmt::format("{} at {} has {:.1f} s, others {:.1f} s", camera,
                                               when, found->second, longest));
      }
    }
    if (!drive.recordings.empty() && !drive.cameras.empty()) {
      const fs::path event =
          fs::path(recordings[drive.recordings[0]].path).parent_path() / "event.json";
      std::error_code error;
      try {
        if (fs::is_regular_file(event, error)) drive.event = read_event(event.string());
      } catch (const Error& e) {
        drive.messages.push_back(e.what());
      }
    }
    list.push_back(std::move(drive));
  }
  return list;
}

}  // namespace dojo
