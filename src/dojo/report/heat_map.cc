#include "dojo/report/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "dojo/report/html.h"
#include "dojo/report/png.h"

namespace dojo::report {
namespace {

// What a pixel, or a byte for the pointer, says: one of kLevels values from 0 to the largest, that
// a node is disabled, or nothing.
constexpr uint8_t kLevels = 250, kDisabled = 254, kNothing = 255;
constexpr size_t kSides = 4;

constexpr std::array<Colour, 10> kViridis = {{{68, 1, 84},
                                              {72, 40, 120},
                                              {62, 73, 137},
                                              {49, 104, 142},
                                              {38, 130, 142},
                                              {31, 158, 137},
                                              {53, 183, 121},
                                              {110, 206, 88},
                                              {181, 222, 43},
                                              {253, 231, 37}}};

std::vector<Colour> palette() {
  std::vector<Colour> all(256, Colour{0, 0, 0, 0});
  for (size_t level = 0; level < kLevels; ++level) {
    const double at = static_cast<double>(level) * (kViridis.size() - 1) / (kLevels - 1);
    const size_t i = std::min(static_cast<size_t>(at), kViridis.size() - 2);
    const auto between = [&](uint8_t a, uint8_t b) {
      return static_cast<uint8_t>(std::lround(a + (at - static_cast<double>(i)) * (b - a)));
    };
    const Colour &a = kViridis[i], &b = kViridis[i + 1];
    all[level] = {between(a.red, b.red), between(a.green, b.green), between(a.blue, b.blue)};
  }
  return all;
}

double largest(const HeatMap& map) {
  double most = 0;
  for (const double value : map.values)
    if (std::isfinite(value)) most = std::max(most, value);
  return most;
}

std::vector<uint8_t> levels(const HeatMap& map, const HeatPlane& plane, double most) {
  const size_t each = plane.of_links ? kSides : 1;
  std::vector<uint8_t> all;
  for (size_t i = 0; i < map.values.size(); ++i) {
    const double share = most > 0 ? map.values[i] / most : map.values[i];
    if (std::isfinite(share))
      all.push_back(static_cast<uint8_t>(std::lround(share * (kLevels - 1))));
    else
      all.push_back(plane.disabled[i / each] ? kDisabled : kNothing);
  }
  return all;
}

Picture nodes(const std::vector<uint8_t>& levels, const HeatPlane& plane) {
  Picture picture(static_cast<size_t>(plane.across), static_cast<size_t>(plane.down));
  for (size_t i = 0; i < levels.size(); ++i)
    picture.at(i % picture.width(), i / picture.width()) = levels[i];
  return picture;
}

// A place is a square of four triangles, one for each side.
Picture links(const std::vector<uint8_t>& levels, const HeatPlane& plane) {
  constexpr int kMostPixels = 800, kMost = 24, kLeast = 4, kBordered = 12;
  const int side = std::clamp(kMostPixels / std::max(plane.across, plane.down), kLeast, kMost);
  const auto pixels = static_cast<size_t>(side);
  Picture picture(static_cast<size_t>(plane.across) * pixels,
                  static_cast<size_t>(plane.down) * pixels);
  for (size_t y = 0; y < picture.height(); ++y)
    for (size_t x = 0; x < picture.width(); ++x) {
      const size_t place = y / pixels * static_cast<size_t>(plane.across) + x / pixels;
      // Twice the distance from the middle, so that it is a whole number.
      const int dx = 2 * static_cast<int>(x % pixels) + 1 - side;
      const int dy = 2 * static_cast<int>(y % pixels) + 1 - side;
      const size_t of = std::abs(dx) > std::abs(dy) ? (dx > 0 ? 0 : 1) : (dy > 0 ? 2 : 3);
      const bool is_border = side >= kBordered && (x % pixels == 0 || y % pixels == 0);
      picture.at(x, y) = is_border ? kNothing : levels[place * kSides + of];
    }
  return picture;
}

std::string lines(const std::vector<double>& columns, const std::vector<double>& rows,
                  const HeatPlane& plane, std::string_view style) {
  std::string path;
  for (const double x : columns) path += fmt::format("M{:.6g} 0v{}", x, plane.down);
  for (const double y : rows) path += fmt::format("M0 {:.6g}h{}", y, plane.across);
  return path.empty() ? "" : fmt::format("<path class=\"{}\" d=\"{}\"/>", style, path);
}

// Over the pictures: disabled nodes, and the edges of dies and of larger parts.
std::string overlay(const HeatPlane& plane) {
  std::string dead;
  for (size_t i = 0; i < plane.disabled.size(); ++i)
    if (plane.disabled[i])
      dead += fmt::format("M{} {}h1v1h-1z", i % static_cast<size_t>(plane.across),
                          i / static_cast<size_t>(plane.across));
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{}{}{}</svg>",
      plane.across, plane.down,
      dead.empty() ? "" : fmt::format("<path class=\"dead\" d=\"{}\"/>", dead),
      lines(plane.columns, plane.rows, plane, "part"),
      lines(plane.wide_columns, plane.wide_rows, plane, "part wide"));
}

std::string text_of(double value, const std::string& unit) {
  return significant(value) + (unit == "%" ? " %" : unit.empty() ? "" : " " + unit);
}

}  // namespace

std::string draw(const std::vector<HeatMap>& maps, const HeatPlane& plane) {
  if (maps.empty()) return "";
  static const std::vector<Colour> colours = palette();
  const char* const group = plane.of_links ? "links" : "nodes";
  std::string buttons, pictures, texts;
  for (size_t i = 0; i < maps.size(); ++i) {
    const HeatMap& map = maps[i];
    const double most = largest(map);
    const std::vector<uint8_t> all = levels(map, plane, most);
    buttons += fmt::format(
        "<input type=\"radio\" name=\"{0}\" id=\"{0}-{1}\"{2}><label for=\"{0}-{1}\">{3}</label>",
        group, i, i == 0 ? " checked" : "", escape(map.name));
    pictures += fmt::format(
        "<img class=\"{}\" alt=\"{}\" src=\"{}\" data-most=\"{:.6g}\" data-unit=\"{}\" "
        "data-levels=\"{}\">",
        group, escape(map.name),
        png_address(plane.of_links ? links(all, plane) : nodes(all, plane), colours), most,
        escape(map.unit), base64({reinterpret_cast<const char*>(all.data()), all.size()}));
    texts +=
        fmt::format("<p>{}<br><span class=\"soft small\">0 <i class=\"heat\"></i> {}</span></p>",
                    map.text, text_of(most, map.unit));
  }
  return fmt::format(
      "<div class=\"box pick\">{}<div class=\"stage\" style=\"aspect-ratio:{:.6g}/{:.6g}\" "
      "data-across=\"{}\" data-down=\"{}\" data-each=\"{}\" data-place=\"{}\" data-nothing=\"{}\">"
      "{}{}</div><div class=\"says\">{}</div></div>",
      buttons, plane.width, plane.height, plane.across, plane.down, plane.of_links ? kSides : 1,
      escape(plane.place), escape(plane.nothing), pictures, overlay(plane), texts);
}

}  // namespace dojo::report
