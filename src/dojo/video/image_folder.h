// Folders of numbered pictures as recordings: what data sets such as KITTI and nuScenes keep
// instead of video. Such a recording has the path of its first picture. A folder counts if its
// pictures (.png, .jpg) have times:
//
//   KITTI raw        image_02/data/0000000000.png ... and image_02/timestamps.txt: a date and time
//                    in a line for each
//   KITTI odometry   sequences/00/image_2/000000.png ... and sequences/00/times.txt: seconds
//   nuScenes         samples/CAM_FRONT/LOG__CAM_FRONT__MICROSECONDS.jpg ... and those of
//                    sweeps/CAM_FRONT among them; each LOG is a recording of its own
//
// The file of times may also lie in the folder of the pictures. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/video/fingerprint.h"

namespace dojo {

bool has_picture_extension(const std::string& path);

// The first pictures of the recordings in the folder, and the part of their names before the time
// where names tell it (LOG__CAM_FRONT), else nothing; sorted. Looks at names only.
struct PictureRecording {
  std::string path, series;
};
std::vector<PictureRecording> picture_recordings(const std::string& folder);

struct PictureSeries {
  std::vector<std::string> files;
  std::vector<int64_t> microseconds;  // of each file, ascending; since 1970 or since the start
};

// `first`: as picture_recordings() gave it. Throws Error(kInput) where pictures and times do not
// fit together, kIo.
PictureSeries read_picture_series(const std::string& first);

// fingerprint_of() a video file; of a recording of pictures that of all of them: their sizes
// together, the last time of a change, and a hash of their names and sizes. Throws as these do.
Fingerprint content_of(const std::string& path);

}  // namespace dojo
