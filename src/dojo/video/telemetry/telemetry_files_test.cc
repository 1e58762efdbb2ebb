#include "dojo/video/telemetry/telemetry_files.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "dojo/base/error.h"
#include "dojo/video/telemetry/npy.h"
#include "dojo/video/telemetry/parse.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

std::vector<double> at_rate(size_t frames, double fps) {
  std::vector<double> seconds;
  for (size_t i = 0; i < frames; ++i) seconds.push_back(static_cast<double>(i) / fps);
  return seconds;
}

// The message and place of the error, "" where there is none.
template <typename F>
std::string error_of(const F& read) {
  try {
    read();
  } catch (const Error& e) {
    return e.message() + " @" + e.where().substr(e.where().rfind('/') + 1);
  }
  return "";
}

TEST(TelemetryFiles, NumbersHaveOneSign) {
  EXPECT_EQ(parse_number(" +5\r"), 5);
  EXPECT_EQ(parse_number("-5e1"), -50);
  for (const char* bad : {"", "+", "+-5", "-+5", "--5", "++5", "5 m", "nan", "inf", "0x5"})
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
}

TEST(TelemetryFiles, TimesAreSecondsSince1970) {
  EXPECT_EQ(parse_time("1970-01-02T00:00:01Z"), 86401);
  EXPECT_EQ(parse_time("2026-05-01T14:02:11.25Z"), 1777644131.25);
  EXPECT_EQ(parse_time("2026-05-01T16:02:11+02:00"), 1777644131);
  EXPECT_EQ(parse_time("2026-05-01_14-02-11-front.mp4"), 1777644131);
  for (const char* bad : {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                          "2026-05-01T24:00:00", "2026-05-01"})
    EXPECT_EQ(parse_time(bad), std::nullopt) << bad;
}

TEST(TelemetryFiles, ACsvGivesTheColumnsItKnows) {
  const TestFolder folder;
  write_bytes(folder / "a.csv",
              "frame,time_seconds,speed_mps,yaw_rate_radps,x_m,colour,accelerator_pedal\n"
              "0,0.0,5,0.1,1,7,10\r\n1,0.05,6,,2,7,20\n2,0.1,7,0.3,3,7,30\n");
  const Telemetry t = read_csv(folder / "a.csv", at_rate(3, 20));
  EXPECT_EQ(t.tracks.size(), 4u);
  EXPECT_DOUBLE_EQ(value_at(*find(t, "accelerator_pedal"), 0.1), 30);
  EXPECT_DOUBLE_EQ(value_at(*find(t, "speed_mps"), 0.025), 5.5);
  EXPECT_DOUBLE_EQ(value_at(*find(t, "yaw_rate_radps"), 0.05),
                   0.2);  // the empty field is no sample
  EXPECT_DOUBLE_EQ(value_at(*find(t, "x_m"), 0.1), 3);
}

TEST(TelemetryFiles, ACsvMayTellFramesInsteadOfTimes) {
  const TestFolder folder;
  write_bytes(folder / "a.csv",
              "frame,vehicle_speed_mps,brake_applied,heading_deg\n0,5,true,359\n2,7,False,1\n");
  const Telemetry t = read_csv(folder / "a.csv", at_rate(3, 10));
  EXPECT_DOUBLE_EQ(value_at(*find(t, "speed_mps"), 0.1), 6);
  EXPECT_DOUBLE_EQ(value_at(*find(t, "brake"), 0.1), 1);
  EXPECT_DOUBLE_EQ(value_at(*find(t, "heading_deg"), 0.1), 360);
}

TEST(TelemetryFiles, ABadCsvIsNamedWithItsLine) {
  const TestFolder folder;
  const auto error = [&](const std::string& text) {
    write_bytes(folder / "a.csv", text);
    return error_of([&] { read_csv(folder / "a.csv", at_rate(3, 10)); });
  };
  EXPECT_EQ(error(""), "the table is empty @a.csv:1");
  EXPECT_EQ(error("speed_mps\n1\n"), "no column time_seconds or frame @a.csv:1");
  EXPECT_EQ(error("time_seconds,colour\n1,2\n"), "no column of a known name @a.csv:1");
  EXPECT_EQ(error("frame,speed_mps\n0,1\n1\n"), "1 fields, the header has 2 @a.csv:3");
  EXPECT_EQ(error("frame,speed_mps\n0,fast\n"),
            "\"fast\" in the column speed_mps is no number @a.csv:2");
  EXPECT_EQ(error("frame,speed_mps\n3,1\n"), "no frame 3: the video has 3 @a.csv:2");
  EXPECT_EQ(error("frame,speed_mps\n0.5,1\n"), "no frame 0.5: the video has 3 @a.csv:2");
  EXPECT_EQ(error("frame,speed_mps,speed_kmh\n0,1,3.6\n"), "two columns for speed_mps @a.csv:1");
}

const char kGpx[] = R"(<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1" xmlns:e="urn:x"><trk><name>a</name><trkseg>
<trkpt lat="52.0000" lon="13.0"><ele>40</ele><time>2026-05-01T12:02:10Z</time><extensions><e:speed>9</e:speed></extensions></trkpt>
<trkpt lat="52.0001" lon="13.0"><ele>
  41
</ele><time>2026-05-01T12:02:11Z</time><extensions><e:speed>11</e:speed></extensions></trkpt>
<trkpt lat="52.0002" lon="13.0"><ele>42</ele><time>2026-05-01T12:02:12Z</time></trkpt>
</trkseg></trk></gpx>)";

TEST(TelemetryFiles, AGpxGivesPositionsAndSpeeds) {
  const TestFolder folder;
  write_bytes(folder / "a.gpx", kGpx);
  Telemetry t = read_gpx(folder / "a.gpx", std::nullopt);
  EXPECT_DOUBLE_EQ(value_at(*find(t, "speed_mps"), 0.5), 10);
  EXPECT_DOUBLE_EQ(value_at(*find(t, "altitude_m"), 1.5), 41.5);
  EXPECT_EQ(find(t, "altitude_m")->values, (std::vector<double>{40, 41, 42}));
  EXPECT_NEAR(value_at(*find(t, "latitude_deg"), 0.5), 52.00005, 1e-9);
  // The clip began two hours ahead of UTC, 0.5 s after the first point.
  t = read_gpx(folder / "a.gpx", parse_time("2026-05-01T14:02:10.5"));
  EXPECT_DOUBLE_EQ(value_at(*find(t, "speed_mps"), 0), 10);
  EXPECT_NEAR(value_at(*find(t, "latitude_deg"), 0), 52.00005, 1e-9);
}

TEST(TelemetryFiles, ABadGpxIsNamedWithItsLine) {
  const TestFolder folder;
  const auto error = [&](std::string text, const std::string& from, const std::string& to) {
    if (const size_t at = text.find(from); !from.empty() && at != std::string::npos)
      text.replace(at, from.size(), to);
    write_bytes(folder / "a.gpx", text);
    return error_of([&] { read_gpx(folder / "a.gpx", std::nullopt); });
  };
  EXPECT_EQ(error(kGpx, "52.0001", "52.x"),
            "a track point at latitude \"52.x\", longitude \"13.0\" @a.gpx:4");
  EXPECT_EQ(error(kGpx, "lat=\"52.0001\"", "lat=\"91\""),
            "a track point at latitude \"91\", longitude \"13.0\" @a.gpx:4");
  EXPECT_EQ(error(kGpx, "<time>2026-05-01T12:02:11Z</time>", ""),
            "a track point without a time @a.gpx:4");
  EXPECT_EQ(error(kGpx, "2026-05-01T12:02:11Z", "noon"),
            "a track point with the time \"noon\" @a.gpx:4");
  EXPECT_EQ(error(kGpx, "speed>11<", "speed>fast<"),
            "a track point with the speed \"fast\" @a.gpx:4");
  EXPECT_EQ(error(kGpx, "<ele>40</ele>", "<ele>4O</ele>"),
            "a track point with the ele \"4O\" @a.gpx:3");
  EXPECT_EQ(error(kGpx, "<ele>40</ele>", "<course>+-5</course>"),
            "a track point with the course \"+-5\" @a.gpx:3");
  EXPECT_EQ(error(kGpx, "<ele>40</ele>", "<ele/>"), "");
  EXPECT_EQ(error(kGpx, "</trkseg>", "</trk>").substr(0, 7), "no GPX:");
  EXPECT_EQ(error("<gpx/>", "", ""), "no track point @a.gpx");
  EXPECT_NE(error("", "", ""), "");
  // Entities are not expanded.
  EXPECT_NE(
      error("<!DOCTYPE a [<!ENTITY b \"52\">]>" + std::string(kGpx).substr(22), "52.0001", "&b;"),
      "");
}

std::string npy(const std::string& type, const std::string& shape, const std::string& data) {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
         data;
}

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(TelemetryFiles, NumPyArraysAreRead) {
  const TestFolder folder;
  const auto read = [&](const std::string& bytes) {
    write_bytes(folder / "a.npy", bytes);
    return read_npy(folder / "a.npy");
  };
  NpyArray a = read(npy("<f8", "(2, 3)", bytes_of<double>({1, 2, 3, 4, 5, 6.5})));
  EXPECT_EQ(a.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(a.values, (std::vector<double>{1, 2, 3, 4, 5, 6.5}));
  EXPECT_EQ(read(npy("<f4", "(2,)", bytes_of<float>({1, 2.5}))).values,
            (std::vector<double>{1, 2.5}));
  EXPECT_EQ(read(npy("<i8", "()", bytes_of<int64_t>({-7}))).values, std::vector<double>{-7});
  const auto error = [&](const std::string& bytes) { return error_of([&] { read(bytes); }); };
  EXPECT_EQ(error(""), "no NumPy array @a.npy");
  EXPECT_EQ(error(npy("<f8", "(3,)", bytes_of<double>({1, 2}))),
            "the NumPy array holds 16 bytes, its shape says 24 @a.npy");
  EXPECT_EQ(error(npy("<f8", "(1000000000, 1000000000, 1000000000)", "")),
            "the NumPy array is cut short @a.npy");
  EXPECT_EQ(error(npy("<f8", "(-1,)", "")), "the NumPy array's shape makes no sense @a.npy");
  EXPECT_EQ(error(npy("<f8", "(1.5,)", bytes_of<double>({1}))),
            "the NumPy array's shape makes no sense @a.npy");
  EXPECT_EQ(error(npy("<f8", "(1,", "")), "the NumPy array has no shape @a.npy");
  EXPECT_EQ(error(npy("|O", "(1,)", "x")).substr(0, 23), "NumPy arrays of the typ");
}

// A car on the equator at longitude 0, heading east at 20 m/s and turning left by 0.1 rad/s; camera
// axes forward, right, down. In ECEF there: up is x, east is y, north is z.
TEST(TelemetryFiles, CommaLogsGiveSpeedSteeringAndYawRateAtFrames) {
  const TestFolder folder;
  std::vector<double> times, positions, velocities, orientations, can_times, can_speed, steering;
  for (int i = 0; i < 100; ++i) {
    const double t = i * 0.05, heading = 0.1 * t;  // left of east
    times.push_back(1000 + t);
    for (const double v : {6378137.0, 20 * t, 0.0}) positions.push_back(v);
    for (const double v : {0.0, 20 * std::cos(heading), 20 * std::sin(heading)})
      velocities.push_back(v);
    // The turn by `heading` about x after a fixed mounting, here a quarter turn about z.
    const double c = std::cos(heading / 2), s = std::sin(heading / 2), h = std::sqrt(0.5);
    for (const double v : {c * h, s * h, -s * h, c * h}) orientations.push_back(v);
  }
  for (int i = 0; i < 500; ++i) {
    can_times.push_back(999.995 + i * 0.0101);
    can_speed.push_back(10 + (can_times.back() - 1000));
    steering.push_back(-3);
  }
  const auto write = [&](const std::string& name, const std::string& shape,
                         const std::vector<double>& values) {
    std::filesystem::create_directories(std::filesystem::path(folder / name).parent_path());
    write_bytes(folder / name, npy("<f8", shape, bytes_of(values)));
  };
  write("global_pose/frame_times", "(100,)", times);
  write("global_pose/frame_positions", "(100, 3)", positions);
  write("global_pose/frame_velocities", "(100, 3)", velocities);
  write("global_pose/frame_orientations", "(100, 4)", orientations);
  ASSERT_TRUE(has_comma_log(folder.path()));
  // The video's own clock runs at another rate: frames tell which moment is which.
  const std::vector<double> seconds = at_rate(100, 25);
  Telemetry t = read_comma(folder.path(), seconds);
  EXPECT_NEAR(value_at(*find(t, "speed_mps"), 1), 20, 1e-9);
  EXPECT_NEAR(value_at(*find(t, "yaw_rate_radps"), 1), 0.1, 1e-6);
  EXPECT_NEAR(value_at(*find(t, "longitude_deg"), 1), 20 * 1.25 / 6378137 * 57.29577951308232,
              1e-9);
  EXPECT_NEAR(value_at(*find(t, "latitude_deg"), 1), 0, 1e-9);
  EXPECT_NEAR(value_at(*find(t, "altitude_m"), 0), 0, 1e-3);

  write("processed_log_CAN_speed_t.npy", "(500,)", can_times);
  write("processed_log_CAN_speed_value.npy", "(500, 1)", can_speed);
  write("processed_log/CAN/steering_angle/t", "(500,)", can_times);
  write("processed_log/CAN/steering_angle/value", "(500,)", steering);
  t = read_comma(folder.path(), seconds);
  for (size_t i = 0; i < 99; ++i)
    EXPECT_NEAR(value_at(*find(t, "speed_mps"), seconds[i]), 10 + 0.05 * static_cast<double>(i),
                1e-6);
  EXPECT_NEAR(value_at(*find(t, "steering_wheel_deg"), 2), -3, 1e-9);

  write("processed_log/CAN/steering_angle/value", "(3,)", {1, 2, 3});
  EXPECT_NE(error_of([&] { read_comma(folder.path(), seconds); }), "");
}

TEST(TelemetryFiles, ARealCommaSegmentAgreesWithItself) {
  const char* data = std::getenv("DOJO_DRIVING_DATA");
  const std::string folder = std::string(data ? data : "") + "/labels/comma2k19_example";
  if (!data || !has_comma_log(folder))
    GTEST_SKIP() << "DOJO_DRIVING_DATA has no labels/comma2k19_example";
  Telemetry t = read_comma(folder, at_rate(1200, 20));
  const Track by_car = *find(t, "speed_mps"), steering = *find(t, "steering_wheel_deg"),
              yaw = *find(t, "yaw_rate_radps");
  Telemetry positions{.tracks = {*find(t, "latitude_deg"), *find(t, "longitude_deg")},
                      .source = "positions"};
  add_derived(&positions);
  double error = 0, speed = 0, both = 0, steers = 0, yaws = 0;
  int count = 0;
  for (double s = 1; s < 59; s += 0.05) {
    const double v = value_at(by_car, s);
    error += std::abs(v - value_at(*find(positions, "speed_mps"), s));
    speed += v;
    const double curve = value_at(yaw, s) / v;
    both += curve * value_at(steering, s);
    steers += value_at(steering, s) * value_at(steering, s);
    yaws += curve * curve;
    ++count;
  }
  RecordProperty("speed_error_mps", std::to_string(error / count));
  RecordProperty("mean_speed_mps", std::to_string(speed / count));
  RecordProperty("correlation_of_steering_and_curvature",
                 std::to_string(both / std::sqrt(steers * yaws)));
  EXPECT_LT(error / count, 0.5);
  EXPECT_GT(speed / count, 5);
  EXPECT_GT(both / std::sqrt(steers * yaws), 0.6);  // both are positive to the left
}

TEST(TelemetryFiles, PosesGiveSpeedAndYawRate) {
  const TestFolder folder;
  std::string text;
  for (int i = 0; i < 20;
       ++i) {  // 1 m a frame, turning left by 0.02 rad a frame: y points down, so about -y
    const double a = -0.02 * i, c = std::cos(a), s = std::sin(a);
    for (const double v : {c, 0.0, s, 0.0, 0.0, 1.0, 0.0, 0.0, -s, 0.0, c, 1.0 * i})
      text += std::to_string(v) + " ";
    text += i == 19 ? "" : "\n";
  }
  write_bytes(folder / "a.txt", text);
  Telemetry t = read_poses(folder / "a.txt", at_rate(20, 10));
  add_derived(&t);
  EXPECT_NEAR(value_at(*find(t, "speed_mps"), 1), 10, 1e-3);
  EXPECT_NEAR(value_at(*find(t, "yaw_rate_radps"), 1), 0.2, 1e-3);
  EXPECT_EQ(error_of([&] { read_poses(folder / "a.txt", at_rate(19, 10)); }),
            "20 poses, the video has 19 frames @a.txt");
  write_bytes(folder / "a.txt", "1 2 3\n");
  EXPECT_EQ(error_of([&] { read_poses(folder / "a.txt", at_rate(1, 10)); }),
            "a pose is a line of 12 numbers @a.txt:1");
}

}  // namespace
}  // namespace dojo
