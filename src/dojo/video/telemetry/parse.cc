#include "dojo/video/telemetry/parse.h"

#include <charconv>
#include <chrono>
#include <cmath>

namespace dojo {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
      !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    begin = end + 1;
  }
  return lines;
}

std::optional<double> parse_time(std::string_view text) {
  size_t at = 0;
  bool good = true;
  const auto digits = [&](size_t count) {
    int value = 0;
    for (size_t i = 0; i < count; ++i, ++at) {
      good = good && at < text.size() && text[at] >= '0' && text[at] <= '9';
      if (good) value = value * 10 + (text[at] - '0');
    }
    return value;
  };
  const auto one_of = [&](std::string_view choice) {
    good = good && at < text.size() && choice.find(text[at]) != std::string_view::npos;
    ++at;
  };
  const int year = digits(4);
  one_of("-");
  const int month = digits(2);
  one_of("-");
  const int day = digits(2);
  one_of("T _");
  const int hour = digits(2);
  one_of(":-");
  const int minute = digits(2);
  one_of(":-");
  const int second = digits(2);
  if (!good) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(year),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  double seconds = static_cast<double>(sys_days(date).time_since_epoch().count()) * 86400.0 +
                   hour * 3600.0 + minute * 60.0 + second;
  if (at < text.size() && text[at] == '.') {
    ++at;
    for (double scale = 0.1; at < text.size() && text[at] >= '0' && text[at] <= '9';
         ++at, scale /= 10)
      seconds += scale * (text[at] - '0');
  }
  // Of a name such as 2026-11-22_10-11-12-front the "-" begins no distance: that needs four digits.
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const double sign = text[at++] == '+' ? 1 : -1;
    const int hours = digits(2);
    if (good && at < text.size() && text[at] == ':') ++at;
    const int minutes = digits(2);
    if (good) seconds -= sign * (hours * 3600.0 + minutes * 60.0);
  }
  return seconds;
}

}  // namespace dojo
