#include "dojo/video/telemetry/read_telemetry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/video/align_cameras.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/telemetry/sei.h"
#include "dojo/video/test_clips.h"
#include "dojo/video/vehicle_folder.h"

extern "C" {
#include <libavformat/avformat.h>
}

namespace dojo {
namespace {

// Copies a clip, putting before each packet what `nal` gives for its time stamp; with lengths (MP4)
// or start codes (TS).
void mux_states(const std::string& from, const std::string& to, bool lengths,
                const std::function<std::vector<uint8_t>(int64_t pts)>& nal) {
  AVFormatContext *in = nullptr, *out = nullptr;
  ASSERT_EQ(avformat_open_input(&in, from.c_str(), nullptr, nullptr), 0);
  ASSERT_GE(avformat_find_stream_info(in, nullptr), 0);
  ASSERT_GE(avformat_alloc_output_context2(&out, nullptr, nullptr, to.c_str()), 0);
  AVStream* stream = avformat_new_stream(out, nullptr);
  avcodec_parameters_copy(stream->codecpar, in->streams[0]->codecpar);
  stream->codecpar->codec_tag = 0;
  stream->time_base = in->streams[0]->time_base;
  ASSERT_GE(avio_open(&out->pb, to.c_str(), AVIO_FLAG_WRITE), 0);
  ASSERT_GE(avformat_write_header(out, nullptr), 0);
  AVPacket* packet = av_packet_alloc();
  while (av_read_frame(in, packet) >= 0) {
    const std::vector<uint8_t> unit = nal(packet->pts);
    AVPacket* copy = av_packet_alloc();
    const size_t prefix = unit.empty() ? 0 : 4;
    ASSERT_EQ(av_new_packet(copy, static_cast<int>(prefix + unit.size()) + packet->size), 0);
    av_packet_copy_props(copy, packet);
    uint8_t* at = copy->data;
    for (size_t i = 0; i < prefix; ++i)
      *at++ = lengths ? static_cast<uint8_t>(unit.size() >> (24 - 8 * i)) : i == 3;
    at = std::copy(unit.begin(), unit.end(), at);
    std::copy(packet->data, packet->data + packet->size, at);
    copy->stream_index = 0;
    av_packet_rescale_ts(copy, in->streams[0]->time_base, stream->time_base);
    ASSERT_GE(av_interleaved_write_frame(out, copy), 0);
    av_packet_free(&copy);
    av_packet_unref(packet);
  }
  av_packet_free(&packet);
  ASSERT_GE(av_write_trailer(out), 0);
  avio_closep(&out->pb);
  avformat_free_context(out);
  avformat_close_input(&in);
}

// The vehicle at a time: everything in it changes.
VehicleState state_at(double t, int64_t frame) {
  VehicleState s;
  s.version = 1;
  s.gear_state = t < 0.5 ? Gear::kPark : Gear::kDrive;
  s.frame_seq_no = static_cast<uint64_t>(700000 + frame);
  s.vehicle_speed_mps = static_cast<float>(10 + 2 * t);
  s.accelerator_pedal_position = static_cast<float>(5 * t);
  s.steering_wheel_angle = static_cast<float>(-20 * std::sin(t));
  s.blinker_on_left = frame % 7 < 3;
  s.blinker_on_right = frame % 5 == 0;
  s.brake_applied = frame % 11 == 0;
  s.autopilot_state = Autopilot::kTacc;
  s.heading_deg = std::fmod(355 + 10 * t, 360);
  s.latitude_deg = 52 + 1e-5 * t;
  s.longitude_deg = 13 - 1e-5 * t;
  s.linear_acceleration_mps2_x = 2;
  s.linear_acceleration_mps2_y = -0.25 * t;
  s.linear_acceleration_mps2_z = 1e-300;  // many zero bytes
  return s;
}

struct Clip {
  Recording recording;
  std::vector<VehicleState> states;  // of each frame
};

// A clip with B-frames, so that packets are not in the order of frames, and a state in each packet
// but every `skip`-th.
Clip clip_with_states(const TestFolder& folder, const std::string& name, int skip = 0) {
  const std::string plain = make_clip(
      folder, "plain.mp4", "-f lavfi -i testsrc2=s=96x64:r=36:d=3 -c:v libx264 -g 12 -bf 2");
  FrameReader reader;
  Clip clip;
  const Recording r = reader.open(plain);
  std::map<int64_t, int64_t> frame_of;
  for (int64_t i = 0; i < r.num_frames(); ++i) {
    frame_of[r.index->pts[static_cast<size_t>(i)]] = i;
    clip.states.push_back(state_at(r.pts_seconds[static_cast<size_t>(i)] - r.pts_seconds[0], i));
  }
  mux_states(plain, folder / name, true, [&](int64_t pts) {
    const int64_t frame = frame_of.at(pts);
    return skip && frame % skip == 0 ? std::vector<uint8_t>()
                                     : encode_sei_nal(clip.states[static_cast<size_t>(frame)]);
  });
  clip.recording = reader.open(folder / name);
  return clip;
}

TEST(ReadTelemetry, EveryFieldOfEveryFrameIsReadBackFromTheVideo) {
  const TestFolder folder;
  const Clip clip = clip_with_states(folder, "a.mp4");
  FrameReader reader;
  const auto states = reader.states(clip.recording);
  ASSERT_EQ(states.size(), 108u);
  for (size_t i = 0; i < states.size(); ++i) {
    EXPECT_EQ(states[i].first, static_cast<int64_t>(i));
    EXPECT_EQ(states[i].second, clip.states[i]) << i;
  }
  // The pictures are what they were.
  EXPECT_EQ(ffmpeg_md5(folder / "a.mp4"), ffmpeg_md5(folder / "plain.mp4"));
}

TEST(ReadTelemetry, AMatroskaAndATransportStreamGiveTheSameStates) {
  const TestFolder folder;
  const Clip clip = clip_with_states(folder, "a.mp4");
  FrameReader reader;
  const auto wanted = reader.states(clip.recording);
  for (const char* name : {"b.mkv", "b.mov", "b.ts"}) {
    const std::string path = make_clip(folder, name, "-i '" + (folder / "a.mp4") + "' -c copy");
    const Recording r = reader.open(path);
    if (r.index->seekable) {
      EXPECT_EQ(reader.states(r), wanted) << name;
    } else {
      EXPECT_THROW(reader.states(r), Error) << name;
    }
  }
}

TEST(ReadTelemetry, LabelsAreTheSignalsAtTheFrames) {
  const TestFolder folder;
  std::vector<Recording> list = {clip_with_states(folder, "a.mp4", 4).recording};
  FrameReader reader;
  EXPECT_TRUE(add_telemetry(&list, reader).empty());
  const std::vector<double> seconds = frame_seconds(list[0]),
                            speed = values_at_frames(list[0], "speed_mps"),
                            yaw = values_at_frames(list[0], "yaw_rate_radps"),
                            gear = values_at_frames(list[0], "gear");
  EXPECT_TRUE(
      std::isnan(speed[0]));  // every fourth has no message, so the first has nothing before it
  for (size_t i = 1; i + 4 < seconds.size(); ++i) {
    EXPECT_NEAR(speed[i], 10 + 2 * seconds[i], 2e-3) << i;  // within 1 ms
    if (i > 6 && i + 10 < seconds.size()) {
      EXPECT_NEAR(yaw[i], -10 * 3.14159265358979 / 180, 1e-6) << i;
    }
  }
  EXPECT_EQ(gear[2], 0);
  EXPECT_EQ(gear[100], 1);
  EXPECT_FALSE(find(*list[0].telemetry, "latitude_deg"));
  EXPECT_TRUE(find(read_telemetry(list[0], reader, {.keep_location = true}), "latitude_deg"));
  for (const double v : values_at_frames(list[0], "no such signal")) EXPECT_TRUE(std::isnan(v));
}

TEST(ReadTelemetry, WithoutASatelliteFixThereIsNoHeading) {
  VehicleState s;
  s.vehicle_speed_mps = 3;
  Telemetry t = states_to_telemetry({{0, s}, {1, s}}, {0, 0.1});
  EXPECT_TRUE(find(t, "speed_mps"));
  EXPECT_FALSE(find(t, "heading_deg") || find(t, "latitude_deg") || find(t, "longitude_deg"));
  s.vehicle_speed_mps = std::nanf("");
  t = states_to_telemetry({{0, s}}, {0, 0.1});
  EXPECT_FALSE(find(t, "speed_mps"));
}

TEST(ReadTelemetry, AThousandDamagedMessagesInAVideoGiveNoStateThatIsNotInThem) {
  // In one video of a thousand frames each packet has a message with flipped, cut or inserted
  // bytes.
  const TestFolder folder;
  const std::string plain =
      make_clip(folder, "plain.mp4",
                "-f lavfi -i color=s=64x48:r=100:d=10.5 -c:v libx264 -preset ultrafast -g 30");
  Random random(6);
  std::map<int64_t, std::vector<uint8_t>> written;
  mux_states(plain, folder / "a.mp4", true, [&](int64_t pts) {
    std::vector<uint8_t> nal = encode_sei_nal(state_at(static_cast<double>(pts) * 1e-4, pts));
    for (int64_t n = 1 + random.below(3); n > 0; --n) {
      const auto at =
          static_cast<size_t>(1 + random.below(std::ssize(nal) - 1));  // it stays an SEI
      switch (random.below(3)) {
        case 0:
          nal[at] = static_cast<uint8_t>(nal[at] ^ (1 << random.below(8)));
          break;
        case 1:
          nal.resize(std::max<size_t>(at, 3));
          break;
        default:
          nal.insert(nal.begin() + static_cast<ptrdiff_t>(at),
                     static_cast<uint8_t>(random.below(256)));
      }
    }
    return written[pts] = nal;
  });
  ASSERT_GE(written.size(), 1000u);
  FrameReader reader;
  const Recording r = reader.open(folder / "a.mp4");
  std::map<int64_t, VehicleState> found;
  for (const auto& [frame, state] : reader.states(r))
    found[r.index->pts[static_cast<size_t>(frame)]] = state;
  size_t expected = 0;
  for (const auto& [pts, nal] : written) {
    std::vector<uint8_t> unit(4);
    for (size_t i = 0; i < 4; ++i) unit[i] = static_cast<uint8_t>(nal.size() >> (24 - 8 * i));
    unit.insert(unit.end(), nal.begin(), nal.end());
    const std::optional<VehicleState> wanted = find_state(unit, 4);
    ASSERT_EQ(found.count(pts), wanted ? 1u : 0u) << pts;
    if (wanted) {
      EXPECT_EQ(encode_message(found[pts]), encode_message(*wanted)) << pts;
    }
    expected += wanted.has_value();
  }
  EXPECT_GT(expected, 50u);   // a flip in a number leaves a message
  EXPECT_LT(expected, 900u);  // most others do not
}

TEST(ReadTelemetry, FilesBesideTheVideoAreFound) {
  const TestFolder folder;
  const std::string path = make_clip(folder, "20260501_140210.mp4",
                                     "-f lavfi -i testsrc2=s=64x48:r=10:d=2 -c:v libx264");
  FrameReader reader;
  const Recording r = reader.open(path);
  EXPECT_TRUE(read_telemetry(r, reader).tracks.empty());

  std::string poses;
  for (int i = 0; i < 20; ++i) poses += "1 0 0 0 0 1 0 0 0 0 1 " + std::to_string(0.5 * i) + "\n";
  write_bytes(folder / "20260501_poses.txt", poses);
  Telemetry t = read_telemetry(r, reader);
  EXPECT_EQ(t.source, folder / "20260501_poses.txt");
  EXPECT_NEAR(value_at(*find(t, "speed_mps"), 1), 5, 1e-9);
  EXPECT_FALSE(find(t, "x_m"));

  std::string gpx = "<gpx><trk><trkseg>";
  for (int i = 0; i < 5; ++i)
    gpx += "<trkpt lat='" + std::to_string(52 + 1e-4 * i) + "' lon='13'><time>2026-05-01T12:02:0" +
           std::to_string(8 + i % 2) + (i < 2 ? "Z" : ".5Z") + "</time></trkpt>";
  write_bytes(folder / "20260501_140210.gpx", gpx + "</trkseg></trk></gpx>");
  EXPECT_EQ(read_telemetry(r, reader).source, folder / "20260501_140210.gpx");

  write_bytes(folder / "20260501_140210.csv", "frame,speed_kmh,x_m\n0,36,1\n19,72,2\n");
  t = read_telemetry(r, reader);
  EXPECT_TRUE(std::isnan(value_at(*find(t, "speed_mps"), 1)));  // a gap of more than a second
  EXPECT_NEAR(value_at(*find(t, "speed_mps"), 0), 10, 1e-9);
  EXPECT_FALSE(find(t, "x_m"));

  write_bytes(folder / "20260501_140210.csv", "frame,speed_kmh\n0,fast\n");
  std::vector<Recording> list = {r};
  const std::vector<std::string> messages = add_telemetry(&list, reader);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_NE(messages[0].find(".csv:2"), std::string::npos) << messages[0];
  EXPECT_FALSE(list[0].telemetry);
}

TEST(ReadTelemetry, RealPosesBelongToTheirVideo) {
  const char* data = std::getenv("DOJO_DRIVING_DATA");
  const std::string path = std::string(data ? data : "") + "/nc/kitti_odometry_seq1_51f.mp4";
  if (!data || !std::filesystem::exists(path))
    GTEST_SKIP() << "DOJO_DRIVING_DATA has no nc/kitti_odometry_seq1_51f.mp4";
  FrameReader reader;
  const Recording r = reader.open(path);
  const Telemetry t = read_telemetry(r, reader);
  ASSERT_TRUE(find(t, "speed_mps"));
  EXPECT_NEAR(value_at(*find(t, "speed_mps"), 0.05), 11.99, 0.05);  // 1.199 m in the first 0.1 s
  double metres = 0;
  for (double s = 0.05; s < 5; s += 0.1) metres += 0.1 * value_at(*find(t, "speed_mps"), s);
  EXPECT_NEAR(metres, 60, 2);  // what the data set's description says
}

TEST(ReadTelemetry, ATeslaCamFolderGivesDrivesTelemetryAndAlignedCameras) {
  const TestFolder folder;
  const Clip clip = clip_with_states(folder, "a.mp4");
  const std::string event = folder / "TeslaCam/SavedClips/2026-05-01_14-03-10";
  std::filesystem::create_directories(event);
  const auto place = [&](const std::string& name) { return event + "/" + name; };
  std::filesystem::rename(folder / "a.mp4", place("2026-05-01_14-02-11-front.mp4"));
  // The back camera began later, its clock is a second off; the left repeater is cut off by the end
  // of the power.
  run_program("ffmpeg -nostdin -v error -y -i '" + place("2026-05-01_14-02-11-front.mp4") +
              "' -ss 1 -c copy '" + place("2026-05-01_14-02-12-back.mp4") + "'");
  write_bytes(place("2026-05-01_14-02-11-left_repeater.mp4"), "");
  write_bytes(place("event.json"), R"({"timestamp":"2026-05-01T14:03:10","reason":"user"})");
  FoundRecordings found = find_recordings({folder / "TeslaCam"});
  ASSERT_EQ(found.recordings.size(), 2u);
  FrameReader reader;
  EXPECT_TRUE(add_telemetry(&found.recordings, reader).empty());
  const std::vector<Drive> drives = drives_of(found.recordings, found.quarantined);
  ASSERT_EQ(drives.size(), 1u);
  EXPECT_EQ(drives[0].cameras, (std::vector<std::string>{"back", "front", "left_repeater"}));
  EXPECT_EQ(drives[0].event->reason, "user");
  EXPECT_EQ(drives[0].messages.size(), 1u) << drives[0].messages.back();

  const AlignedCameras a = align_cameras(files_of_drive(found.recordings, drives[0].name));
  ASSERT_EQ(a.cameras, (std::vector<std::string>{"back", "front"}));
  ASSERT_EQ(a.num_frames(), 108);
  const auto numbers = [&](size_t camera) {
    for (const Recording& r : found.recordings)
      if (r.camera == a.cameras[camera]) return values_at_frames(r, "frame_seq_no");
    return std::vector<double>();
  };
  const std::vector<double> back = numbers(0), front = numbers(1);
  int64_t pairs = 0;
  for (size_t i = 0; i < front.size(); ++i) {
    const CameraFrame f = a.frames[0][i];
    if (f.frame < 0) continue;
    EXPECT_EQ(back[static_cast<size_t>(f.frame)], front[i]);
    ++pairs;
  }
  EXPECT_EQ(pairs, static_cast<int64_t>(back.size()));
  EXPECT_GE(pairs, 48);
}

}  // namespace
}  // namespace dojo
