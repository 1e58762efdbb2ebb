#include "dojo/scene/reference_video.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <utility>

#include "dojo/base/file.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/random.h"
#include "dojo/scene/encode.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

constexpr int kVersion = 1;  // of what the file shows and how it is coded

// A grey texture that repeats each 512 pixels, and the same at half, a quarter ... of the size:
// what is far away must not flicker.
class Texture {
 public:
  explicit Texture(uint64_t seed) {
    Random random(seed, stream_id("reference texture"));
    std::vector<float> sum(kSide * kSide, 0.0f);
    for (int64_t cell = 1; cell <= 64; cell *= 2) {  // octaves of value noise
      const int64_t n = kSide / cell;
      std::vector<float> grid(static_cast<size_t>(n * n));
      for (float& g : grid) g = static_cast<float>(random.uniform(-1, 1));
      for (int64_t y = 0; y < kSide; ++y)
        for (int64_t x = 0; x < kSide; ++x) {
          const auto at = [&](int64_t dy, int64_t dx) {
            return grid[static_cast<size_t>((y / cell + dy) % n * n + (x / cell + dx) % n)];
          };
          const float fy = static_cast<float>(y % cell) / static_cast<float>(cell),
                      fx = static_cast<float>(x % cell) / static_cast<float>(cell);
          const float top = at(0, 0) * (1 - fx) + at(0, 1) * fx,
                      bottom = at(1, 0) * (1 - fx) + at(1, 1) * fx;
          sum[static_cast<size_t>(y * kSide + x)] +=
              (top * (1 - fy) + bottom * fy) * std::sqrt(static_cast<float>(cell)) * 8;
        }
    }
    for (int level = 0; level < kLevels; ++level) {
      const int64_t side = kSide >> level;
      levels_[static_cast<size_t>(level)].resize(static_cast<size_t>(side * side));
      for (int64_t y = 0; y < side; ++y)
        for (int64_t x = 0; x < side; ++x) {
          float mean = 0;
          for (int64_t j = 0; j < 1 << level; ++j)
            for (int64_t i = 0; i < 1 << level; ++i)
              mean += sum[static_cast<size_t>(((y << level) + j) * kSide + (x << level) + i)];
          mean /= static_cast<float>(1 << 2 * level);
          levels_[static_cast<size_t>(level)][static_cast<size_t>(y * side + x)] =
              static_cast<int8_t>(std::clamp(mean, -127.0f, 127.0f));
        }
    }
  }

  // Pixels of level 0, times 2^16; `level` as coarse as the step from pixel to pixel asks for.
  int at(int level, int64_t u, int64_t v) const {
    const int shift = 16 + level, mask = (kSide >> level) - 1;
    const int64_t side = kSide >> level;
    return levels_[static_cast<size_t>(level)]
                  [static_cast<size_t>(((v >> shift) & mask) * side + ((u >> shift) & mask))];
  }
  static int level_of(double step) {
    return std::clamp(static_cast<int>(std::lround(std::log2(std::max(step, 1.0)))), 0,
                      kLevels - 1);
  }

 private:
  static constexpr int64_t kSide = 512;
  static constexpr int kLevels = 6;
  std::array<std::vector<int8_t>, kLevels> levels_;
};

struct Colour {
  int r, g, b;
};

class Pictures {
 public:
  explicit Pictures(const ReferenceOptions& options) : o_(options) {
    Random random(1, stream_id("reference noise"));
    for (int8_t& n : noise_) n = static_cast<int8_t>(std::lround(2.0 * random.normal()));
  }

  void draw(int64_t frame, std::vector<uint8_t>* rgb) const {
    const double t = static_cast<double>(frame) / static_cast<double>(o_.fps);
    rgb->resize(static_cast<size_t>(o_.height * o_.width * 3));
    parallel_for(o_.height, 64, [&](int64_t begin, int64_t end) {
      for (int64_t y = begin; y < end; ++y) draw_row(frame, t, y, rgb->data() + y * o_.width * 3);
    });
  }

 private:
  void draw_row(int64_t frame, double t, int64_t y, uint8_t* to) const {
    const double width = static_cast<double>(o_.width), height = static_cast<double>(o_.height);
    const double focal = 0.8 * width, yaw = 0.15 * std::sin(0.3 * t);
    const double centre = width * 0.5 + focal * yaw;
    const double horizon = height * (0.42 + 0.004 * std::sin(5.1 * t) + 0.01 * std::sin(0.7 * t));
    const double metres = 14 * t + 6 * std::sin(0.4 * t);  // travelled
    const double below = static_cast<double>(y) + 0.5 - horizon;
    Random grain(2, static_cast<uint64_t>(frame), static_cast<uint64_t>(y));
    const uint32_t offset = grain.next_u32();
    const auto put = [&](int64_t x, Colour c) {
      const int n = noise_[(static_cast<uint32_t>(x) + offset) % noise_.size()];
      to[3 * x] = static_cast<uint8_t>(std::clamp(c.r + n, 0, 255));
      to[3 * x + 1] = static_cast<uint8_t>(std::clamp(c.g + n, 0, 255));
      to[3 * x + 2] = static_cast<uint8_t>(std::clamp(c.b + n, 0, 255));
    };
    if (below < 0.5)
      sky_row(t, centre, -below, put);
    else
      ground_row(1.4 * focal / below, focal, centre, metres, put);
    std::array<std::pair<double, int>, 7> cars;  // how far, which
    for (int car = 0; car < 7; ++car) {
      const double far =
          1 - std::fmod(static_cast<double>(car) / 7 + 1 - std::fmod(0.05 * t, 1), 1.0);
      cars[static_cast<size_t>(car)] = {60 * far * far + 6, car};
    }
    std::sort(cars.rbegin(), cars.rend());
    for (const auto& [distance, car] : cars) car_row(car, distance, focal, centre, horizon, y, put);
  }

  template <class Put>
  void sky_row(double t, double centre, double above, const Put& put) const {
    const int64_t v = static_cast<int64_t>(above * 65536);
    const int64_t start = static_cast<int64_t>((t * 5 - centre) * 65536);
    const int64_t skyline = static_cast<int64_t>(-centre);
    const int shade = static_cast<int>(above * 0.12);
    for (int64_t x = 0; x < o_.width; ++x) {
      const int64_t at = x + skyline + 4096;
      const int64_t block = at / 77;
      const double house = 20 + static_cast<double>(block * 7919 % 97);
      if (above < house) {
        const bool window = at % 11 > 4 && static_cast<int64_t>(above) % 13 > 6;
        const int base = static_cast<int>(60 + block * 31 % 90) +
                         texture_.at(0, (x + skyline) << 16, v) / 6 - (window ? 35 : 0);
        put(x, {base + 10, base + 4, base});
      } else {
        const int cloud = texture_.at(2, start + (x << 16), v * 2) / 2;
        put(x, {165 - shade + cloud, 185 - shade + cloud, 225 - shade + cloud / 2});
      }
    }
  }

  template <class Put>
  void ground_row(double depth, double focal, double centre, double metres, const Put& put) const {
    constexpr double kTexels = 48;  // a metre
    const double step = depth / focal;
    const int level = Texture::level_of(kTexels * step);
    const double along = depth + metres;
    const int64_t v = static_cast<int64_t>(along * kTexels * 65536);
    const bool dash = std::fmod(along, 9) < 4;
    const int haze = static_cast<int>(std::min(depth * 0.5, 60.0));
    for (int64_t x = 0; x < o_.width; ++x) {
      const double side = (static_cast<double>(x) + 0.5 - centre) * step;  // metres to the right
      const int rough = texture_.at(level, static_cast<int64_t>(side * kTexels * 65536), v);
      const double from_line = std::abs(std::abs(side) - 1.8);
      if (from_line < 0.07 && dash)
        put(x, {215, 215, 205});
      else if (std::abs(side) < 5.5)
        put(x, {80 + rough / 4 + haze, 80 + rough / 4 + haze, 84 + rough / 4 + haze});
      else
        put(x, {70 + rough / 2 + haze, 100 + rough / 2 + haze, 50 + rough / 3 + haze});
    }
  }

  template <class Put>
  void car_row(int car, double distance, double focal, double centre, double horizon, int64_t y,
               const Put& put) const {
    const double scale = focal / distance;
    const double bottom = horizon + 1.4 * scale, top = horizon - 0.1 * scale;
    if (static_cast<double>(y) < top || static_cast<double>(y) > bottom) return;
    const double lane = car % 3 == 0 ? 0 : car % 3 == 1 ? -3.6 : 3.6;
    const double left = centre + (lane - 0.9) * scale, right = centre + (lane + 0.9) * scale;
    const int64_t begin = std::max<int64_t>(0, static_cast<int64_t>(left));
    const int64_t end = std::min<int64_t>(o_.width, static_cast<int64_t>(right));
    const double v = (static_cast<double>(y) - top) / (bottom - top);  // 0 top to 1 bottom
    for (int64_t x = begin; x < end; ++x) {
      const double u = (static_cast<double>(x) - left) / (right - left);
      const bool glass = v < 0.4 && v > 0.08 && u > 0.12 && u < 0.88;
      const bool tyre = v > 0.85 && (u < 0.2 || u > 0.8);
      const bool light = v > 0.5 && v < 0.62 && (u < 0.14 || u > 0.86);
      const int dirt = texture_.at(0, static_cast<int64_t>(u * 200 * 65536),
                                   static_cast<int64_t>(v * 150 * 65536)) /
                       8;
      if (light)
        put(x, {205, 30, 25});
      else if (glass || tyre)
        put(x, {35 + dirt, 38 + dirt, 42 + dirt});
      else
        put(x,
            {60 + car * 53 % 140 + dirt, 60 + car * 97 % 140 + dirt, 60 + car * 31 % 140 + dirt});
    }
  }

  ReferenceOptions o_;
  Texture texture_{1};
  std::array<int8_t, 65521> noise_;  // a prime number of values, so that no pattern shows
};

}  // namespace

std::string ensure_reference_video(const std::string& folder,
                                   const std::function<void(int64_t done, int64_t total)>& progress,
                                   const ReferenceOptions& options) {
  make_folder(folder);
  const fs::path path = fs::path(folder) / ("r1-" + std::to_string(kVersion) + ".mp4");
  if (fs::exists(path)) return path.string();
  const Pictures pictures(options);
  scene::VideoWriter video(path.string(), {.height = options.height,
                                           .width = options.width,
                                           .fps = options.fps,
                                           .bits_per_second = options.bits_per_second,
                                           .gop = options.fps,
                                           .only_h264 = true});
  std::vector<uint8_t> rgb;
  const int64_t frames = options.fps * options.seconds;
  for (int64_t i = 0; i < frames; ++i) {
    pictures.draw(i, &rgb);
    video.add(rgb);
    if (progress) progress(i + 1, frames);
  }
  video.finish();
  return path.string();
}

}  // namespace dojo
