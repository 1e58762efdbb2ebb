// Pictures of few colours as PNG files (W3C, Portable Network Graphics, third edition): one byte a
// pixel, which chooses from a palette.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dojo::report {

struct Colour {
  uint8_t red = 0, green = 0, blue = 0, alpha = 255;
};

class Picture {
 public:
  Picture(size_t width, size_t height) : width_(width), pixels_(width * height) {}

  size_t width() const { return width_; }
  size_t height() const { return pixels_.size() / width_; }
  uint8_t& at(size_t x, size_t y) { return pixels_[y * width_ + x]; }
  uint8_t at(size_t x, size_t y) const { return pixels_[y * width_ + x]; }

 private:
  size_t width_;
  std::vector<uint8_t> pixels_;  // 0 at first
};

// REQUIRES: width and height of at least 1; no pixel beyond the palette, which has 1 to 256
// colours.
std::string png(const Picture& picture, std::span<const Colour> palette);

// The same as the address of an <img>.
std::string png_address(const Picture& picture, std::span<const Colour> palette);

}  // namespace dojo::report
