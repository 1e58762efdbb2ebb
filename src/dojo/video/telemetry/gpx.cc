// GPX (topografix.com/GPX/1/1): XML with track points. pugixml reads it; it resolves no entities
// and opens no other file, so a document cannot grow or reach out.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <pugixml.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/video/telemetry/parse.h"
#include "dojo/video/telemetry/telemetry_files.h"

namespace dojo {
namespace {

// Without a name space's prefix.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.rfind(':') + 1);  // npos + 1 is 0
}

struct Point {
  double seconds, latitude, longitude;
  std::optional<double> altitude, speed, course;
};

// Speed and course are children of the point in GPX 1.0 and extensions of many writers in 1.1. An
// empty element says nothing; of one that holds something else than its number `wrong` is told.
template <typename Wrong>
void read_details(const pugi::xml_node& node, int depth, Point* point, std::optional<double>* time,
                  const Wrong& wrong) {
  for (const pugi::xml_node& child : node) {
    const std::string_view name = local_name(child), text = trim(child.text().get());
    const auto read = [&](const auto& parse, std::optional<double>* value) {
      if (text.empty()) return;
      *value = parse(text);
      if (!*value) wrong(name, text);
    };
    if (name == "time" && depth == 0) read(parse_time, time);
    if (name == "ele" && depth == 0) read(parse_number, &point->altitude);
    if (name == "speed") read(parse_number, &point->speed);
    if (name == "course") read(parse_number, &point->course);
    if (depth < 3) read_details(child, depth + 1, point, time, wrong);
  }
}

}  // namespace

Telemetry read_gpx(const std::string& path, std::optional<double> start) {
  const std::string text = read_file(path, 256 << 20);
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_trim_pcdata);
  const auto where = [&](ptrdiff_t offset) {
    const auto end = text.begin() + std::min<ptrdiff_t>(offset, std::ssize(text));
    return fmt::format("{}:{}", path, std::count(text.begin(), end, '\n') + 1);
  };
  if (!parsed)
    throw Error(Category::kInput, std::string("no GPX: ") + parsed.description(),
                where(parsed.offset));
  std::vector<Point> points;
  for (const pugi::xml_node& gpx : document)
    for (const pugi::xml_node& track : gpx)
      for (const pugi::xml_node& segment : track)
        for (const pugi::xml_node& node : segment) {
          if (local_name(node) != "trkpt") continue;
          const std::optional<double> latitude = parse_number(node.attribute("lat").value()),
                                      longitude = parse_number(node.attribute("lon").value());
          if (!latitude || !longitude || std::abs(*latitude) > 90 || std::abs(*longitude) > 180)
            throw Error(Category::kInput,
                        fmt::format("a track point at latitude \"{}\", longitude \"{}\"",
                                    node.attribute("lat").value(), node.attribute("lon").value()),
                        where(node.offset_debug()));
          Point point{.seconds = 0,
                      .latitude = *latitude,
                      .longitude = *longitude,
                      .altitude = {},
                      .speed = {},
                      .course = {}};
          std::optional<double> time;
          read_details(node, 0, &point, &time, [&](std::string_view name, std::string_view value) {
            throw Error(Category::kInput,
                        fmt::format("a track point with the {} \"{}\"", name, value.substr(0, 40)),
                        where(node.offset_debug()));
          });
          if (!time)
            throw Error(Category::kInput, "a track point without a time",
                        where(node.offset_debug()));
          point.seconds = *time;
          points.push_back(point);
        }
  if (points.empty()) throw Error(Category::kInput, "no track point", path);

  Telemetry result{.tracks = {}, .source = path};
  double zero = points[0].seconds;
  for (const Point& p : points) zero = std::min(zero, p.seconds);
  if (start) {
    constexpr double kQuarterHour = 900;
    zero = *start - std::round((*start - zero) / kQuarterHour) * kQuarterHour;
  }
  // Receivers give a point a second; one that is missing now and then is no gap.
  const auto add = [&](const char* signal, bool angle, const auto& value) {
    Track track{.signal = signal, .is_angle_degrees = angle, .max_gap_seconds = 3};
    for (const Point& p : points) {
      const std::optional<double> v = value(p);
      if (!v) continue;
      track.seconds.push_back(p.seconds - zero);
      track.values.push_back(*v);
    }
    tidy(&track);
    if (!track.seconds.empty()) result.tracks.push_back(std::move(track));
  };
  add("latitude_deg", false, [](const Point& p) { return std::optional(p.latitude); });
  add("longitude_deg", true, [](const Point& p) { return std::optional(p.longitude); });
  add("altitude_m", false, [](const Point& p) { return p.altitude; });
  add("speed_mps", false, [](const Point& p) { return p.speed; });
  add("heading_deg", true, [](const Point& p) { return p.course; });
  return result;
}

}  // namespace dojo
