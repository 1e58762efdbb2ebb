#include "dojo/video/vehicle_folder.h"

#include <gtest/gtest.h>

#include <map>

#include "dojo/base/error.h"
#include "dojo/video/split_recordings.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

Recording recording(const std::string& name, double seconds = 60) {
  Recording r;
  r.name = name;
  r.path = "/media/stick/" + name;
  for (double t = 0; t <= seconds; t += 0.5) r.pts_seconds.push_back(t);
  r.end_frame = r.num_frames();
  return r;
}

std::vector<Recording> recordings(const std::vector<std::string>& names) {
  std::vector<Recording> list;
  for (const std::string& name : names) list.push_back(recording(name));
  assign_drives(&list);
  return list;
}

TEST(VehicleFolder, NamesTellWhenARecordingBegan) {
  EXPECT_EQ(start_of_name("2026-05-01_14-02-11-front.mp4"), 1777644131);
  EXPECT_EQ(start_of_name("20260501_140211_NF.mp4"), 1777644131);
  EXPECT_EQ(start_of_name("VID-20260501T140211.mov"), 1777644131);
  for (const char* name :
       {"drive-00.mp4", "20260501.mp4", "120260501_140211.mp4", "20261301_140211.mp4", ""})
    EXPECT_EQ(start_of_name(name), std::nullopt) << name;
}

TEST(VehicleFolder, AnEventFolderOfATeslaCamIsOneDriveWithItsCameras) {
  const std::string event = "TeslaCam/SavedClips/2026-05-01_14-03-10/";
  const auto list = recordings(
      {event + "2026-05-01_14-02-11-front.mp4", event + "2026-05-01_14-02-12-left_repeater.mp4",
       event + "2026-05-01_13-40-11-front.mp4",
       "TeslaCam/SentryClips/2026-05-02_01-00-00/2026-05-02_00-59-20-right_pillar.mp4"});
  EXPECT_EQ(list[0].drive, "2026-05-01_14-03-10");
  EXPECT_EQ(list[0].camera, "front");
  EXPECT_EQ(list[1].camera, "left_repeater");
  EXPECT_EQ(list[1].drive, list[0].drive);
  EXPECT_EQ(list[2].drive, list[0].drive);
  EXPECT_EQ(list[3].drive, "2026-05-02_01-00-00");
  EXPECT_EQ(list[3].camera, "right_pillar");
}

TEST(VehicleFolder, MinutesOfRecentClipsThatFollowOneAnotherAreADrive) {
  for (const std::string folder : {"TeslaCam/RecentClips/", "TeslaCam/RecentClips/2026-05-01/"}) {
    const auto list = recordings({folder + "2026-05-01_14-02-11-front.mp4",
                                  folder + "2026-05-01_14-03-11-back.mp4",
                                  folder + "2026-05-01_14-05-11-front.mp4",  // a minute is missing
                                  folder + "2026-05-01_14-20-00-front.mp4"});  // another drive
    EXPECT_EQ(list[1].drive, list[0].drive);
    EXPECT_EQ(list[2].drive, list[0].drive);
    EXPECT_NE(list[3].drive, list[0].drive);
    EXPECT_NE(list[3].drive.find("2026-05-01_14-20-00"), std::string::npos) << list[3].drive;
  }
}

TEST(VehicleFolder, ARouteOfCommaIsADrive) {
  const auto list =
      recordings({"b0c9d2329ad1606b|2018-08-02--08-34-47/40/video.hevc",
                  "b0c9d2329ad1606b|2018-08-02--08-34-47/41/video.hevc",
                  "2019-01-01--10-00-00--3/fcamera.hevc", "2019-01-01--10-00-00--3/ecamera.hevc",
                  "2019-01-01--10-00-00--4/fcamera.hevc", "clips/7/video.mp4"});
  EXPECT_EQ(list[0].drive, "b0c9d2329ad1606b|2018-08-02--08-34-47");
  EXPECT_EQ(list[1].drive, list[0].drive);
  EXPECT_EQ(list[0].camera, "road");
  EXPECT_EQ(list[2].drive, "2019-01-01--10-00-00");
  EXPECT_EQ(list[3].drive, list[2].drive);
  EXPECT_EQ(list[3].camera, "wide_road");
  EXPECT_EQ(list[4].drive, list[2].drive);
  EXPECT_EQ(start_of(list[1]) - start_of(list[0]), 60);
  EXPECT_EQ(list[5].drive, "clips/7/video.mp4");
}

TEST(VehicleFolder, OtherFilesAreDrivesOfTheirOwnAndNamesStayUnique) {
  const auto list =
      recordings({"a.mp4", "b/2026-05-01_14-02-11.mp4", "b/2026-05-01_14-02-11-FRONT 1.mp4",
                  "one/2026-05-01_14-03-10/2026-05-01_14-02-11-front.mp4",
                  "two/2026-05-01_14-03-10/2026-05-01_14-02-11-front.mp4"});
  std::map<std::string, int> drives;
  for (const Recording& r : list) ++drives[r.drive];
  EXPECT_EQ(drives.size(), 5u);
  EXPECT_EQ(list[0].drive, "a.mp4");
  EXPECT_EQ(list[1].camera, "");
  EXPECT_EQ(list[2].camera, "");
}

TEST(VehicleFolder, ADriveSaysWhatIsMissingShortOrNotUsable) {
  const std::string event = "2026-05-01_14-03-10/";
  std::vector<Recording> list =
      recordings({event + "2026-05-01_14-01-11-front.mp4", event + "2026-05-01_14-01-12-back.mp4",
                  event + "2026-05-01_14-02-11-front.mp4", "plain.mp4"});
  list.push_back(recording(event + "2026-05-01_14-02-11-back.mp4", 12));
  assign_drives(&list);
  const std::vector<Drive> drives = drives_of(
      list,
      {{"/media/stick/" + event + "2026-05-01_14-02-11-left_pillar.mp4", "input", "0 bytes"}});
  ASSERT_EQ(drives.size(), 2u);
  EXPECT_EQ(drives[0].cameras, (std::vector<std::string>{"back", "front", "left_pillar"}));
  EXPECT_EQ(drives[0].recordings, (std::vector<size_t>{0, 1, 4, 2}));
  EXPECT_EQ(drives[0].messages,
            (std::vector<std::string>{"2026-05-01_14-02-11-left_pillar.mp4 is not usable: 0 bytes",
                                      "no left_pillar at 2026-05-01_14-01-11",
                                      "back at 2026-05-01_14-02-11 has 12.0 s, others 60.0 s"}));
  EXPECT_TRUE(drives[1].messages.empty());
  EXPECT_TRUE(drives[1].cameras.empty());
}

TEST(VehicleFolder, AnEventIsReadAndItsLocationDroppedUnlessAskedFor) {
  const TestFolder folder;
  const auto read = [&](const std::string& text, bool keep_location = false) {
    write_bytes(folder / "event.json", text);
    return read_event(folder / "event.json", keep_location);
  };
  const std::string text =
      R"({"timestamp":"2026-05-01T14:03:10","city":"Berlin","est_lat":"52.5","est_lon":"13.4","reason":"user","camera":"0"})";
  VehicleEvent event = read(text);
  EXPECT_EQ(event.seconds, 1777644190);
  EXPECT_EQ(event.reason, "user");
  EXPECT_EQ(event.camera, "0");
  EXPECT_EQ(event.city, "");
  EXPECT_FALSE(event.latitude_deg || event.longitude_deg);
  event = read(text, true);
  EXPECT_EQ(event.city, "Berlin");
  EXPECT_EQ(event.latitude_deg, 52.5);
  EXPECT_EQ(event.longitude_deg, 13.4);
  EXPECT_FALSE(read("{}", true).seconds);
  for (const char* bad : {"", "[]", "{", R"({"timestamp":"yesterday"})", R"({"est_lat":"91"})",
                          R"({"est_lon":"east"})", R"({"reason":{}})", R"({"est_lat":1e999})"})
    EXPECT_THROW(read(bad), Error) << bad;
}

TEST(VehicleFolder, WholeDrivesAreHeldOut) {
  std::vector<std::string> names;
  for (int drive = 0; drive < 8; ++drive)
    for (const char* camera : {"front", "back", "left_repeater"})
      names.push_back("2026-05-0" + std::to_string(drive + 1) + "_14-03-10/2026-05-0" +
                      std::to_string(drive + 1) + "_14-02-11-" + camera + ".mp4");
  const RecordingSplit split = split_recordings(recordings(names), {}, 1);
  std::map<std::string, int> train, held_out;
  for (const Recording& r : split.train) ++train[r.drive];
  for (const Recording& r : split.held_out) ++held_out[r.drive];
  EXPECT_EQ(held_out.size(), 2u);
  EXPECT_EQ(train.size(), 6u);
  for (const auto& [drive, count] : held_out) {
    EXPECT_EQ(count, 3);
    EXPECT_EQ(train.count(drive), 0u);
  }
}

TEST(VehicleFolder, OfASoleDriveTheLastMinutesOfAllCamerasAreHeldOut) {
  std::vector<std::string> names;
  for (int minute = 0; minute < 5; ++minute)
    for (const char* camera : {"-front.mp4", "-back.mp4"})
      names.push_back("2026-05-01_14-30-10/2026-05-01_14-0" + std::to_string(minute) + "-1" +
                      (camera[1] == 'b' ? "2" : "1") + camera);
  RecordingSplit split = split_recordings(recordings(names), {}, 1);
  ASSERT_EQ(split.held_out.size(), 2u);
  EXPECT_EQ(split.train.size(), 8u);
  for (const Recording& r : split.held_out)
    EXPECT_NE(r.name.find("14-04-1"), std::string::npos) << r.name;
  EXPECT_EQ(split.messages.size(), 1u);

  // A single minute: the last fifth of each file.
  split = split_recordings(recordings({names[0], names[1]}), {}, 1);
  ASSERT_EQ(split.held_out.size(), 2u);
  ASSERT_EQ(split.train.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_LT(split.train[i].end_frame, split.held_out[i].first_frame);
}

}  // namespace
}  // namespace dojo
