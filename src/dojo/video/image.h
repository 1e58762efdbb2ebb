// PNG images of our own pictures: for reports, and for people who want to look at frames.
// Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dojo {

// `rgb`: [height, width, 3] u8. Returns a PNG file's bytes; the same bytes for the same picture.
std::vector<uint8_t> encode_png(std::span<const uint8_t> rgb, int64_t width, int64_t height);

// Writes it. Throws Error(kIo) where the file cannot be written.
void write_png(const std::string& path, std::span<const uint8_t> rgb, int64_t width,
               int64_t height);

}  // namespace dojo
