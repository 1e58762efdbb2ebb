#include "dojo/base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace dojo {
namespace {

// Three significant digits without an exponent: 1.23, 12.3, 123.
std::string three_digits(double x) {
  const double size = std::abs(x);
  return fmt::format("{:.{}f}", x, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

template <size_t N>
std::string scaled(double x, const std::array<std::string_view, N>& suffixes) {
  size_t i = 0;
  while (std::abs(x) >= 999.5 && i + 1 < N) {
    x /= 1000;
    ++i;
  }
  if (i == 0) return fmt::format("{:g}{}", x, suffixes[0]);
  return fmt::format("{:.{}f}{}", x, std::abs(x) < 99.95 ? 1 : 0, suffixes[i]);
}

}  // namespace

std::string print_bytes(int64_t bytes) {
  return scaled(static_cast<double>(bytes),
                std::array<std::string_view, 6>{" B", " kB", " MB", " GB", " TB", " PB"});
}

int64_t parse_bytes(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return 0;
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.ends_with('B')) unit.remove_suffix(1);
  constexpr std::string_view kUnits = "kMGT";
  if (unit.size() > 1 || (unit.size() == 1 && kUnits.find(unit[0]) == kUnits.npos)) return 0;
  const double bytes =
      unit.empty() ? number
                   : number * std::pow(1000.0, static_cast<double>(kUnits.find(unit[0]) + 1));
  return bytes >= 1 && bytes < 1e18 ? static_cast<int64_t>(bytes) : 0;
}

std::string print_count(double count) {
  return scaled(count, std::array<std::string_view, 5>{"", " k", " M", " G", " T"});
}

std::string print_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "unknown";
  if (seconds == 0) return "0 s";
  if (seconds < 1e-3) return three_digits(seconds * 1e6) + " us";
  if (seconds < 0.0995) return three_digits(seconds * 1e3) + " ms";
  if (seconds < 9.95) return fmt::format("{:.{}f} s", seconds, seconds < 0.995 ? 2 : 1);
  const auto s = static_cast<int64_t>(std::llround(seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
}

std::string print_rate(double per_second, std::string_view units) {
  if (per_second > 0 && per_second < 0.5) {
    if (units.ends_with('s')) units.remove_suffix(1);
    return fmt::format("{}/{}", print_seconds(1 / per_second), units);
  }
  if (per_second >= 999.5) return fmt::format("{} {}/s", print_count(per_second), units);
  return fmt::format("{:.{}f} {}/s", per_second, per_second < 99.95 ? 1 : 0, units);
}

}  // namespace dojo
