#include "dojo/report/png.h"

#include <zlib.h>

#include <string_view>

#include "dojo/base/check.h"
#include "dojo/report/html.h"

namespace dojo::report {
namespace {

std::string big_endian(size_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(number >> static_cast<unsigned>(shift) & 0xff);
  return bytes;
}

std::string chunk(std::string_view type, std::string_view content) {
  const std::string typed = std::string(type) + std::string(content);
  const uLong crc =
      crc32(0, reinterpret_cast<const Bytef*>(typed.data()), static_cast<uInt>(typed.size()));
  return big_endian(content.size()) + typed + big_endian(crc);
}

std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  const int done = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                             reinterpret_cast<const Bytef*>(bytes.data()),
                             static_cast<uLong>(bytes.size()), Z_BEST_COMPRESSION);
  DOJO_CHECK(done == Z_OK);
  out.resize(size);
  return out;
}

}  // namespace

std::string png(const Picture& picture, std::span<const Colour> palette) {
  std::string colours, alphas, rows;
  for (const Colour& c : palette) {
    colours += {static_cast<char>(c.red), static_cast<char>(c.green), static_cast<char>(c.blue)};
    alphas += static_cast<char>(c.alpha);
  }
  for (size_t y = 0; y < picture.height(); ++y) {
    rows += '\0';  // no filter: indices are no slopes
    for (size_t x = 0; x < picture.width(); ++x) rows += static_cast<char>(picture.at(x, y));
  }
  // 8 bits a pixel, palette, deflate, the one kind of filters, not interlaced
  const std::string header =
      big_endian(picture.width()) + big_endian(picture.height()) + std::string{8, 3, 0, 0, 0};
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("PLTE", colours) +
         chunk("tRNS", alphas) + chunk("IDAT", deflated(rows)) + chunk("IEND", "");
}

std::string png_address(const Picture& picture, std::span<const Colour> palette) {
  return "data:image/png;base64," + base64(png(picture, palette));
}

}  // namespace dojo::report
