// What it costs to keep small frames, and what they are worth afterwards: bytes, error, time to
// make and time to read, for several codecs and settings, on given videos. One thread; seconds are
// of the processor, the best of three rounds. Not part of the default build:
//   cmake --build BUILD --target dojo_cache_bench
//   BUILD/dojo_cache_bench [--size HxW] [--frames N] [--codec PART] [--copies] FILE...
// The last column of the first table is the share that making a frame (encode it, decode it again,
// compare) adds to decoding the video and scaling its frame. "By run": 64 frames in a row are read
// and give 8 clips of 8 frames, 4 apart, as 8 x 256x128 RGB bytes each; "uniform": each clip is
// read by itself.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <numeric>
#include <vector>

#include "dojo/base/clock.h"
#include "dojo/base/crc32c.h"
#include "dojo/base/random.h"
#include "dojo/video/cache/copy_cache.h"
#include "dojo/video/cache/yuv.h"
#include "dojo/video/frame_reader.h"

namespace dojo {
namespace {

constexpr int kRepeats = 3;

double best_of_three(const std::function<void()>& body) {
  double best = 1e9;
  for (int i = 0; i < kRepeats; ++i) {
    const double start = thread_cpu_seconds();
    body();
    best = std::min(best, thread_cpu_seconds() - start);
  }
  return best;
}

struct Film {
  std::string path;
  int64_t height = 0, width = 0, frames = 0;
  std::vector<uint8_t> rgb;   // [frames, height, width, 3]
  double decode_seconds = 0;  // and scale, in the worker
  size_t frame_bytes() const { return static_cast<size_t>(height * width * 3); }
  const uint8_t* frame(int64_t i) const {
    return rgb.data() + static_cast<size_t>(i) * frame_bytes();
  }
};

Film read_film(const std::string& path, int64_t height, int64_t width, int64_t most) {
  Film film{.path = path, .height = height, .width = width};
  FrameReader reader;
  const Recording recording = reader.open(path);
  film.frames = std::min(most, recording.num_frames());
  std::vector<int64_t> all(static_cast<size_t>(film.frames));
  std::iota(all.begin(), all.end(), 0);
  film.decode_seconds = 1e9;
  for (int i = 0; i < kRepeats; ++i) {
    const double before = reader.cpu_seconds();
    film.rgb = reader.read(recording, all, height, width);
    film.decode_seconds = std::min(film.decode_seconds, reader.cpu_seconds() - before);
  }
  return film;
}

constexpr int64_t kRun = 64, kClips = 8, kClipFrames = 8, kStride = 4;
constexpr int64_t kSpan = (kClipFrames - 1) * kStride + 1;

// Reads frames of units: a unit's number and a place for each of its frames, or null.
using ReadUnit = std::function<void(int64_t unit, std::span<uint8_t* const> out)>;

// Clips a second of both orders.
std::pair<double, double> read_speeds(const Film& film, int64_t unit_frames, const ReadUnit& read) {
  const size_t frame_bytes = film.frame_bytes();
  std::vector<uint8_t> run(kRun * frame_bytes), clip(kClipFrames * frame_bytes);
  std::vector<uint8_t*> out;
  const auto read_frames = [&](const std::vector<int64_t>& frames, uint8_t* to) {
    for (size_t i = 0; i < frames.size();) {
      const int64_t unit = frames[i] / unit_frames, first = unit * unit_frames;
      out.assign(static_cast<size_t>(std::min(unit_frames, film.frames - first)), nullptr);
      for (; i < frames.size() && frames[i] / unit_frames == unit; ++i)
        out[static_cast<size_t>(frames[i] - first)] = to + i * frame_bytes;
      read(unit, out);
    }
  };
  if (film.frames < kRun) return {0, 0};
  const int64_t runs = film.frames / kRun;
  const double by_run = best_of_three([&] {
    std::vector<int64_t> frames(kRun);
    for (int64_t r = 0; r < runs; ++r) {
      std::iota(frames.begin(), frames.end(), r * kRun);
      read_frames(frames, run.data());
      for (int64_t c = 0; c < kClips; ++c)
        for (int64_t k = 0; k < kClipFrames; ++k)
          std::memcpy(
              clip.data() + static_cast<size_t>(k) * frame_bytes,
              run.data() + static_cast<size_t>(c * (kRun - kSpan) / (kClips - 1) + k * kStride) *
                               frame_bytes,
              frame_bytes);
    }
  });
  const int64_t clips = 200;
  const double uniform = best_of_three([&] {
    Random random(1, stream_id("uniform"));
    std::vector<int64_t> frames(kClipFrames);
    for (int64_t c = 0; c < clips; ++c) {
      const int64_t first = random.below(film.frames - kSpan + 1);
      for (int64_t k = 0; k < kClipFrames; ++k)
        frames[static_cast<size_t>(k)] = first + k * kStride;
      read_frames(frames, clip.data());
    }
  });
  return {static_cast<double>(runs * kClips) / by_run, static_cast<double>(clips) / uniform};
}

void print_codec(const Film& film, const UnitCodec& codec) {
  const auto pieces = [&](int64_t unit) {
    const int64_t first = unit * codec.unit_frames;
    std::vector<const uint8_t*> frames;
    for (int64_t i = first; i < std::min(first + codec.unit_frames, film.frames); ++i)
      frames.push_back(film.frame(i));
    return frames;
  };
  const int64_t units = (film.frames + codec.unit_frames - 1) / codec.unit_frames;
  std::vector<std::vector<uint8_t>> coded(static_cast<size_t>(units));
  std::vector<uint32_t> sums(coded.size());
  const double encode_seconds = best_of_three([&] {
    UnitEncoder encoder(codec, film.height, film.width);
    for (int64_t u = 0; u < units; ++u) {
      const std::vector<const uint8_t*> frames = pieces(u);
      const std::span<const uint8_t> unit = encoder.encode(frames);
      coded[static_cast<size_t>(u)].assign(unit.begin(), unit.end());
      sums[static_cast<size_t>(u)] = crc32c(unit);
    }
  });
  UnitDecoder decoder(codec.encoder, film.height, film.width);
  const auto read = [&](int64_t unit, std::span<uint8_t* const> out) {
    size_t wanted = out.size();
    while (wanted > 0 && !out[wanted - 1]) --wanted;
    const std::vector<uint8_t>& bytes = coded[static_cast<size_t>(unit)];
    if (crc32c(bytes) != sums[static_cast<size_t>(unit)] ||
        !decoder.decode(bytes, out.first(wanted)))
      fmt::print(stderr, "a unit of {} does not decode\n", codec.text());
  };
  std::vector<uint8_t> back(film.rgb.size());
  const double check_seconds = best_of_three([&] {
    std::vector<uint8_t*> out;
    for (int64_t u = 0; u < units; ++u) {
      out.clear();
      const std::vector<const uint8_t*> frames = pieces(u);
      for (const uint8_t* f : frames) out.push_back(back.data() + (f - film.rgb.data()));
      read(u, out);
      for (size_t i = 0; i < out.size(); ++i)
        psnr(frames[i], out[i], static_cast<int64_t>(film.frame_bytes()));
    }
  });
  size_t bytes = 0;
  for (const auto& c : coded) bytes += c.size() + 32;  // with its record in the index
  double worst = 99;
  for (int64_t i = 0; i < film.frames; ++i)
    worst = std::min(worst,
                     psnr(film.frame(i), back.data() + static_cast<size_t>(i) * film.frame_bytes(),
                          static_cast<int64_t>(film.frame_bytes())));
  std::vector<int64_t> histogram(256);
  for (size_t i = 0; i < back.size(); ++i)
    ++histogram[static_cast<size_t>(std::abs(int{back[i]} - int{film.rgb[i]}))];
  int64_t largest = 255, p999 = 0;
  while (histogram[static_cast<size_t>(largest)] == 0 && largest > 0) --largest;
  for (int64_t seen = 0; p999 < 255; ++p999)
    if ((seen += histogram[static_cast<size_t>(p999)]) * 1000 >=
        static_cast<int64_t>(back.size()) * 999)
      break;
  const double frames = static_cast<double>(film.frames);
  const auto [by_run, uniform] = read_speeds(film, codec.unit_frames, read);
  fmt::print(
      "| {} | {} | {:.0f} | {:.1f} | {:.1f} | {} | {} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} "
      "% |\n",
      codec.text(), codec.unit_frames, static_cast<double>(bytes) / frames,
      psnr(film.rgb.data(), back.data(), static_cast<int64_t>(back.size())), worst, p999, largest,
      1e6 * encode_seconds / frames, 1e6 * check_seconds / frames, by_run, uniform,
      100 * (encode_seconds + check_seconds) / film.decode_seconds);
  std::fflush(stdout);
}

// The two tiers as they are, from files.
void print_copies(const Film& film) {
  const std::string folder =
      (std::filesystem::temp_directory_path() / fmt::format("dojo_cache_bench_{}", getpid()))
          .string();
  for (CopyTier tier : {CopyTier::kShortGop, CopyTier::kRaw}) {
    CopyCache cache({.tier = tier, .folder = folder, .height = film.height, .width = film.width});
    const CopySource source{.path = film.path, .fingerprint = "bench", .num_frames = film.frames};
    std::vector<uint8_t> frames = film.rgb;  // store() writes into them
    const double start = thread_cpu_seconds();
    for (int64_t first = 0; first < film.frames; first += cache.unit_frames()) {
      std::vector<uint8_t*> out;
      for (int64_t i = first; i < std::min(first + cache.unit_frames(), film.frames); ++i)
        out.push_back(frames.data() + static_cast<size_t>(i) * film.frame_bytes());
      cache.store(source, cache.unit_of(first), out);
    }
    const double store_seconds = thread_cpu_seconds() - start;
    const auto [by_run, uniform] =
        read_speeds(film, cache.unit_frames(), [&](int64_t unit, std::span<uint8_t* const> out) {
          if (!cache.read(source, unit, out)) fmt::print(stderr, "unit {} is missing\n", unit);
        });
    int64_t bytes = 0;
    for (const CopyInfo& c : list_copies(folder, false)) bytes += c.bytes;
    fmt::print("| {} | {} | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.0f} % |\n", name(tier),
               cache.unit_frames(), static_cast<double>(bytes) / static_cast<double>(film.frames),
               1e6 * store_seconds / static_cast<double>(film.frames), by_run, uniform,
               100 * store_seconds / film.decode_seconds);
    std::fflush(stdout);
    std::filesystem::remove_all(folder);
  }
}

int run(std::span<const std::string> words) {
  std::vector<std::string> files;
  std::string chosen;  // a part of the codec's name
  int64_t height = 128, width = 256, frames = 1440;
  bool copies = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--size" && i + 1 < words.size() &&
        std::sscanf(words[++i].c_str(), "%ldx%ld", &height, &width) == 2)
      continue;
    if (words[i] == "--frames" && i + 1 < words.size() &&
        std::sscanf(words[++i].c_str(), "%ld", &frames) == 1)
      continue;
    if (words[i] == "--codec" && i + 1 < words.size()) {
      chosen = words[++i];
      continue;
    }
    if (words[i] == "--copies")
      copies = true;
    else
      files.push_back(words[i]);
  }
  std::vector<UnitCodec> codecs;
  const auto add = [&](UnitCodec c) { codecs.push_back(std::move(c)); };
  const std::string quick = "cabac=0:no-deblock=1";
  add({});
  for (const char* extra : {":me=dia:subme=1", ":me=dia:subme=1:partitions=i8x8,i4x4"})
    add({.extra = quick + extra});
  for (const char* preset : {"ultrafast", "superfast", "veryfast", "medium"})
    for (int64_t qp : {26, 29, 32}) add({.preset = preset, .extra = quick, .quantiser = qp});
  for (const char* extra : {"", "cabac=0", "no-deblock=1"}) add({.extra = extra});
  for (int64_t unit : {1, 16, 36}) add({.unit_frames = unit});
  add({.encoder = "mpeg4", .quantiser = 3});
  add({.encoder = "mpeg4", .quantiser = 6});
  add({.encoder = "mjpeg", .quantiser = 4, .unit_frames = 1});
  add({.encoder = "mjpeg", .quantiser = 8, .unit_frames = 1});
  for (const std::string& file : files) {
    const Film film = read_film(file, height, width, frames);
    fmt::print("\n{}: {} frames as {}x{}; decoding and scaling takes {:.0f} us a frame\n\n",
               std::filesystem::path(file).filename().string(), film.frames, width, height,
               1e6 * film.decode_seconds / static_cast<double>(film.frames));
    if (copies) {
      fmt::print(
          "| tier | frames a unit | bytes a frame on disk | us to make | clips/s by run | uniform "
          "| "
          "adds to decoding |\n|---|---|---|---|---|---|---|\n");
      print_copies(film);
      continue;
    }
    fmt::print(
        "| codec | unit | bytes a frame | PSNR dB | worst frame | 99.9 % within | largest error | "
        "us to encode | us to check | clips/s by run | uniform | adds to decoding |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (const UnitCodec& codec : codecs) try {
        if (codec.text().find(chosen) == std::string::npos) continue;
        print_codec(film, codec);
      } catch (const Error& e) {
        fmt::print("| {} | not here: {} |\n", codec.text(), e.message());
      }
  }
  return 0;
}

}  // namespace
}  // namespace dojo

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    return dojo::run(words);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
