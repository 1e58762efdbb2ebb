#include "dojo/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "dojo/base/text.h"
#include "dojo/report/page_style.h"

namespace dojo::report {
namespace {

constexpr const char* kDash = "–";

std::string with_commas(std::string digits) {
  const size_t point = std::min(digits.find('.'), digits.size()), sign = digits[0] == '-';
  for (size_t i = point; i > sign + 3;) digits.insert(i -= 3, ",");
  return digits;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t n = utf8_length(text);
    const unsigned char c = static_cast<unsigned char>(text[0]);
    if (n == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F)
      out += fmt::format("\\x{:02x}", c);
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += text.substr(0, n);
    text.remove_prefix(std::max<size_t>(n, 1));
  }
  return out;
}

std::string page_begin(std::string_view title, std::string_view style, bool scripts) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';img-src "
      "data:;style-src "
      "'unsafe-inline'{}\"><title>{}</title><style>{}{}</style></head><body><main>\n",
      scripts ? ";script-src 'unsafe-inline'" : "", escape(title), kStyle, style);
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](size_t k) {
      return k < bytes.size() ? static_cast<uint32_t>(static_cast<unsigned char>(bytes[k])) : 0u;
    };
    const uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    for (size_t k = 0; k < 4; ++k)
      out += i + k > bytes.size() ? '=' : kDigits[three >> (18 - 6 * k) & 63];
  }
  return out;
}

std::string significant(double value, int digits) {
  if (!std::isfinite(value)) return kDash;
  if (value == 0) return "0";
  const double size = std::abs(value);
  if (size < 1e-6 || size >= 1e9) return fmt::format("{:.{}e}", value, digits - 1);
  const int before = static_cast<int>(std::floor(std::log10(size))) + 1;
  return with_commas(fmt::format("{:.{}f}", value, std::max(0, digits - before)));
}

std::string count(double value) {
  return std::isfinite(value) ? with_commas(fmt::format("{:.0f}", value)) : kDash;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return kDash;
  if (seconds < 60) return significant(seconds, seconds < 10 ? 2 : 3) + " s";
  const int64_t s = std::llround(seconds);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
}

std::string bytes(double value) {
  if (!std::isfinite(value)) return kDash;
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (value >= 1024 && unit < 4) value /= 1024, ++unit;
  return significant(value) + " " + kUnits[unit];
}

std::string ratio(double r) { return std::isfinite(r) ? fmt::format("{:.3f}", r) : kDash; }

const char* judge(double r) {
  return !std::isfinite(r) ? "" : r < 0.995 ? "good" : r > 1.005 ? "bad" : "";
}

std::string compared(double r, std::string_view baseline) {
  std::string factor = "the same";
  if (r < 0.995) factor = fmt::format("{:.2g} times smaller", 1 / r);
  if (r > 1.005) factor = fmt::format("{:.2g} times larger", r);
  if (r < 0.995 && 1 / r < 1.95) factor = fmt::format("{:.0f} % smaller", 100 * (1 - r));
  if (r > 1.005 && r < 1.95) factor = fmt::format("{:.0f} % larger", std::max(1.0, 100 * (r - 1)));
  return fmt::format("<b class=\"{}\">{} ×</b> that of {} ({})", judge(r), ratio(r), baseline,
                     factor);
}

std::string tile(const std::string& value, const std::string& label) {
  if (value == kDash) return "";
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>", value, label);
}

}  // namespace dojo::report
