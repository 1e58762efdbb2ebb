// Fuzz entry of the readers of logs beside a video: any bytes are tracks that ascend in time and
// hold numbers only, or an Error. The first byte says which reader. Built with mutate.cc for ctest;
// with clang also: -fsanitize=fuzzer,address instead of mutate.cc.
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "dojo/base/error.h"
#include "dojo/video/telemetry/npy.h"
#include "dojo/video/telemetry/telemetry_files.h"
#include "dojo/video/vehicle_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const int file = memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0 || write(file, data + 1, size - 1) != static_cast<ssize_t>(size - 1)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const std::vector<double> frames = {0, 0.1, 0.2, 0.3};
  try {
    dojo::Telemetry telemetry;
    switch (data[0]) {
      case 'c':
        telemetry = dojo::read_csv(path, frames);
        break;
      case 'g':
        telemetry = dojo::read_gpx(path, 1.7e9);
        break;
      case 'p':
        telemetry = dojo::read_poses(path, frames);
        break;
      case 'n':
        dojo::read_npy(path);
        break;
      default:
        dojo::read_event(path, true);
    }
    dojo::add_derived(&telemetry);
    for (const dojo::Track& track : telemetry.tracks) {
      if (track.seconds.size() != track.values.size()) std::abort();
      for (size_t i = 0; i < track.seconds.size(); ++i)
        if ((i > 0 && !(track.seconds[i - 1] < track.seconds[i])) ||
            !std::isfinite(track.seconds[i]) || !std::isfinite(track.values[i])) {
          std::fprintf(stderr, "times that do not ascend, or a value that is no number\n");
          std::abort();
        }
      for (const double t : frames) dojo::value_at(track, t);
    }
  } catch (const dojo::Error&) {
  }
  close(file);
  return 0;
}
