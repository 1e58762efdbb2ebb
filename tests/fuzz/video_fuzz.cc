// Fuzz entry of the video index and decoder, in this process and not in a worker, so that a
// sanitizer sees FFmpeg's callers: any bytes give an index that makes sense and frames that are
// either whole or named as damaged, or are an Error. Built with mutate.cc for ctest.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/video/decoder.h"
#include "dojo/video/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  dojo::capture_ffmpeg_log();
  const int file = memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  try {
    dojo::Decoder decoder(dojo::open_source(path));
    const dojo::FrameIndex& index = decoder.index();
    if (index.num_frames() > 0 && index.num_frames() < 1000 &&
        index.width * index.height < 1 << 20) {
      dojo::RgbConverter converter;
      std::vector<uint8_t> rgb(16 * 16 * 3);
      std::vector<int64_t> all, one{index.num_frames() / 2};
      for (int64_t i = 0; i < index.num_frames(); ++i) all.push_back(i);
      for (const std::vector<int64_t>& frames : {all, one}) {
        size_t answers = 0;
        decoder.read(frames, [&](int64_t frame, const AVFrame* picture, const std::string& damage) {
          if (frame != frames[answers++] || (picture == nullptr) == damage.empty()) std::abort();
          if (picture) converter.convert(*picture, index.rotation, 16, 16, rgb);
        });
        if (answers != frames.size()) {
          std::fprintf(stderr, "%zu answers for %zu frames\n", answers, frames.size());
          std::abort();
        }
      }
    }
  } catch (const dojo::Error&) {
  }
  close(file);
  return 0;
}
