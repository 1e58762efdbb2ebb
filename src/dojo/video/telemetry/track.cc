#include "dojo/video/telemetry/track.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "dojo/base/check.h"
#include "dojo/base/random.h"

namespace dojo {
namespace {

constexpr size_t kMostInWindow = 1000;  // of a faster log the window is shorter
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kRadiansPerDegree = std::numbers::pi / 180;
constexpr double kEarthRadius = 6371008.8;  // metres, mean (IUGG)
constexpr double kLeastMove =
    0.5;  // metres: below it a satellite receiver's noise is larger than the way

// The angle in [-180, 180) that turns `from` to `to`.
double turn(double from, double to) {
  const double d = std::fmod(to - from, 360);
  return d >= 180 ? d - 360 : d < -180 ? d + 360 : d;
}

double step(const Track& t, size_t from, size_t to) {
  return t.is_angle_degrees ? turn(t.values[from], t.values[to]) : t.values[to] - t.values[from];
}

// Metres east and north from sample i to sample j.
struct Way {
  double east, north;
  double length() const { return std::hypot(east, north); }
};
Way way(const Track& latitude, const Track& longitude, size_t i, size_t j) {
  const double middle = (latitude.values[i] + latitude.values[j]) / 2 * kRadiansPerDegree;
  return {turn(longitude.values[i], longitude.values[j]) * kRadiansPerDegree * kEarthRadius *
              std::cos(middle),
          (latitude.values[j] - latitude.values[i]) * kRadiansPerDegree * kEarthRadius};
}

void add_speed_and_heading(const Track& latitude, const Track& longitude, Telemetry* out) {
  const bool want_speed = !find(*out, "speed_mps"), want_heading = !find(*out, "heading_deg");
  if (latitude.seconds != longitude.seconds) return;
  Track speed{.signal = "speed_mps", .max_gap_seconds = latitude.max_gap_seconds};
  Track heading{.signal = "heading_deg",
                .is_angle_degrees = true,
                .max_gap_seconds = latitude.max_gap_seconds};
  const std::vector<double>& seconds = latitude.seconds;
  for (size_t i = 0, from = 0; i + 1 < seconds.size(); ++i) {
    const double dt = seconds[i + 1] - seconds[i], middle = seconds[i] + dt / 2;
    if (dt > latitude.max_gap_seconds) {
      from = i + 1;
      continue;
    }
    speed.seconds.push_back(middle);
    speed.values.push_back(way(latitude, longitude, i, i + 1).length() / dt);
    const Way moved = way(latitude, longitude, from, i + 1);
    if (moved.length() < kLeastMove) continue;
    heading.seconds.push_back((seconds[from] + seconds[i + 1]) / 2);
    heading.values.push_back(
        std::fmod(std::atan2(moved.east, moved.north) / kRadiansPerDegree + 360, 360));
    from = i + 1;
  }
  if (want_speed && !speed.seconds.empty()) out->tracks.push_back(std::move(speed));
  if (want_heading && !heading.seconds.empty()) out->tracks.push_back(std::move(heading));
}

void add_speed_of_positions(Telemetry* out) {
  const Track *x = find(*out, "x_m"), *y = find(*out, "y_m"), *z = find(*out, "z_m");
  if (!x || !y || !z || x->seconds != y->seconds || x->seconds != z->seconds) return;
  Track speed{.signal = "speed_mps", .max_gap_seconds = x->max_gap_seconds};
  for (size_t i = 0; i + 1 < x->seconds.size(); ++i) {
    const double dt = x->seconds[i + 1] - x->seconds[i];
    if (dt > x->max_gap_seconds) continue;
    speed.seconds.push_back(x->seconds[i] + dt / 2);
    speed.values.push_back(std::hypot(step(*x, i, i + 1), step(*y, i, i + 1), step(*z, i, i + 1)) /
                           dt);
  }
  if (!speed.seconds.empty()) out->tracks.push_back(std::move(speed));
}

}  // namespace

double value_at(const Track& track, double seconds) {
  const std::vector<double>& s = track.seconds;
  DOJO_CHECK(track.values.size() == s.size());
  const auto after = static_cast<size_t>(std::upper_bound(s.begin(), s.end(), seconds) - s.begin());
  if (after == 0 || !(seconds >= s.front())) return kNan;
  const size_t before = after - 1;
  if (seconds == s[before]) return track.values[before];
  if (after == s.size() || s[after] - s[before] > track.max_gap_seconds) return kNan;
  if (track.is_state) return track.values[before];
  return track.values[before] +
         step(track, before, after) * ((seconds - s[before]) / (s[after] - s[before]));
}

const Track* find(const Telemetry& telemetry, std::string_view signal) {
  for (const Track& track : telemetry.tracks)
    if (track.signal == signal) return &track;
  return nullptr;
}

void tidy(Track* track) {
  DOJO_CHECK(track->values.size() == track->seconds.size());
  std::vector<size_t> order(track->seconds.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::erase_if(order, [&](size_t i) {
    return !std::isfinite(track->seconds[i]) || !std::isfinite(track->values[i]);
  });
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return track->seconds[a] < track->seconds[b]; });
  Track sorted{.signal = {}, .seconds = {}, .values = {}};
  for (const size_t i : order) {
    if (!sorted.seconds.empty() && sorted.seconds.back() == track->seconds[i]) continue;
    sorted.seconds.push_back(track->seconds[i]);
    sorted.values.push_back(track->values[i]);
  }
  track->seconds = std::move(sorted.seconds);
  track->values = std::move(sorted.values);
}

Track rate_of(const Track& track, double window_seconds, std::string signal) {
  Track rate{.signal = std::move(signal), .max_gap_seconds = track.max_gap_seconds};
  const std::vector<double>& s = track.seconds;
  // Angles unrolled, so that sums make sense; relative to the first sample.
  std::vector<double> value(s.size());
  for (size_t i = 1; i < s.size(); ++i) value[i] = value[i - 1] + step(track, i - 1, i);
  for (size_t i = 0; i + 1 < s.size(); ++i) {
    // From sample i as far as the window goes, at least to the next one; windows overlap.
    size_t end = i + 1;
    if (s[end] - s[i] > track.max_gap_seconds) continue;
    while (end + 1 < s.size() && end - i < kMostInWindow && s[end + 1] - s[i] <= window_seconds &&
           s[end + 1] - s[end] <= track.max_gap_seconds)
      ++end;
    const auto n = static_cast<double>(end - i + 1);
    double mean_s = 0, mean_v = 0, sv = 0, ss = 0;
    for (size_t k = i; k <= end; ++k) {
      mean_s += (s[k] - s[i]) / n;
      mean_v += (value[k] - value[i]) / n;
    }
    for (size_t k = i; k <= end; ++k) {
      const double ds = s[k] - s[i] - mean_s;
      sv += ds * (value[k] - value[i] - mean_v);
      ss += ds * ds;
    }
    const double at = s[i] + mean_s;
    if (!rate.seconds.empty() && at <= rate.seconds.back()) continue;
    rate.seconds.push_back(at);
    rate.values.push_back(sv / ss);
  }
  return rate;
}

void add_derived(Telemetry* telemetry) {
  const Track *latitude = find(*telemetry, "latitude_deg"),
              *longitude = find(*telemetry, "longitude_deg");
  if (latitude && longitude) {
    const Track la = *latitude, lo = *longitude;  // the vector that holds them grows
    add_speed_and_heading(la, lo, telemetry);
  }
  if (!find(*telemetry, "speed_mps")) add_speed_of_positions(telemetry);
  const Track* heading = find(*telemetry, "heading_deg");
  if (heading && !find(*telemetry, "yaw_rate_radps")) {
    Track rate = rate_of(*heading, 0.3, "yaw_rate_radps");
    for (double& v : rate.values) v *= -kRadiansPerDegree;  // headings grow to the right
    if (!rate.seconds.empty()) telemetry->tracks.push_back(std::move(rate));
  }
  for (Track& t : telemetry->tracks) tidy(&t);  // differences of huge numbers may be none
}

uint64_t hash_of(const Telemetry& telemetry) {
  std::string bytes;
  for (const Track& track : telemetry.tracks) {
    bytes += track.signal + '\0';
    for (const std::vector<double>* numbers : {&track.seconds, &track.values})
      bytes.append(reinterpret_cast<const char*>(numbers->data()), 8 * numbers->size());
  }
  return stream_id(bytes);
}

void drop_location(Telemetry* telemetry) {
  std::erase_if(telemetry->tracks, [](const Track& t) {
    for (const std::string_view name :
         {"latitude_deg", "longitude_deg", "altitude_m", "x_m", "y_m", "z_m"})
      if (t.signal == name) return true;
    return false;
  });
}

}  // namespace dojo
