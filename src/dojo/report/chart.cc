#include "dojo/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dojo/report/html.h"

namespace dojo::report {
namespace {

constexpr double kWidth = 440, kHeight = 270, kRight = 12, kTop = 12, kBottom = 46;
// At the left: the title of the axis, which is upright, then the numbers. A digit is at most this
// wide (0.56 of the largest size that page_style.h sets, 13).
constexpr double kTitleEnd = 20, kDigitWidth = 7.5, kGap = 5;
constexpr double kLabelHeight = 13, kLabelGap = 6;
constexpr size_t kMaxPoints = 240;

struct Axis {
  double low, high;
  bool log;
  std::vector<double> ticks;
  double place(double v) const {  // 0 to 1
    return log ? (std::log10(v) - std::log10(low)) / (std::log10(high) - std::log10(low))
               : (v - low) / (high - low);
  }
};

Axis linear_axis(double low, double high, int wanted) {
  if (!(high > low)) {
    const double around = low == 0 ? 1 : std::abs(low) * 0.5;
    low -= around, high += around;
  }
  const double raw = (high - low) / wanted, power = std::pow(10, std::floor(std::log10(raw)));
  const double step = power * (raw / power < 1.5   ? 1
                               : raw / power < 3.5 ? 2
                               : raw / power < 7.5 ? 5
                                                   : 10);
  Axis axis{std::floor(low / step + 1e-9) * step, std::ceil(high / step - 1e-9) * step, false, {}};
  const int n = static_cast<int>(std::lround((axis.high - axis.low) / step));
  for (int i = 0; i <= n; ++i) axis.ticks.push_back(axis.low + step * i);
  return axis;
}

// Where the values span more than `wide_from`, ticks are at powers of ten only.
Axis log_axis(double low, double high, double wide_from) {
  Axis axis{low / 1.15, high * 1.15, true, {}};
  const bool wide = high / low > wide_from;
  for (int e = static_cast<int>(std::floor(std::log10(axis.low)));
       e <= static_cast<int>(std::ceil(std::log10(axis.high))); ++e) {
    for (double m : {1.0, 2.0, 5.0}) {
      const double v = m * std::pow(10, e);
      if (v >= axis.low && v <= axis.high && (!wide || m == 1)) axis.ticks.push_back(v);
    }
  }
  return axis;
}

std::string tick(double v) {
  if (v == 0 || std::abs(v) < 1e-12) return "0";
  if (std::abs(v) < 1e-4 || std::abs(v) >= 1e7) return fmt::format("{:.0e}", v);
  if (std::abs(v) >= 1e4) return count(v);
  std::string s = fmt::format("{:.6f}", v);  // ticks have few digits: cut the zeros
  s.erase(s.find_last_not_of('0') + 1);
  if (s.back() == '.') s.pop_back();
  return s;
}

// Texts beside their dots; one that another would cover is left out.
class Labels {
 public:
  std::string beside(double x, double y, const std::string& label) {
    const double width = kDigitWidth * static_cast<double>(label.size());
    const bool left = x + kLabelGap + width > kWidth - kRight;
    const double begin = left ? x - kLabelGap - width : x + kLabelGap;
    for (const Box& b : taken_)
      if (begin < b.end && b.begin < begin + width && std::abs(y - b.y) < kLabelHeight) return "";
    taken_.push_back({begin, begin + width, y});
    return fmt::format("<text{} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", left ? " class=\"end\"" : "",
                       left ? x - kLabelGap : begin, y + 4, escape(label));
  }

 private:
  struct Box {
    double begin, end, y;
  };
  std::vector<Box> taken_;
};

std::vector<Point> thinned(const Series& series) {
  std::vector<Point> kept;
  constexpr double kLargest = 1e300;  // beyond it axes would overflow
  for (const Point& p : series.points)
    if (std::abs(p.x) < kLargest && std::abs(p.y) < kLargest) kept.push_back(p);
  if (kept.size() <= kMaxPoints) return kept;
  std::vector<Point> means;
  for (size_t i = 0; i < kMaxPoints; ++i) {
    const size_t begin = kept.size() * i / kMaxPoints, end = kept.size() * (i + 1) / kMaxPoints;
    if (series.scattered) {
      means.push_back(kept[begin]);
      continue;
    }
    Point sum{0, 0};
    for (size_t k = begin; k < end; ++k) sum.x += kept[k].x, sum.y += kept[k].y;
    means.push_back(
        {sum.x / static_cast<double>(end - begin), sum.y / static_cast<double>(end - begin)});
  }
  return means;
}

}  // namespace

std::string draw(const Chart& chart) {
  std::vector<Series> all;
  double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
  for (const Series& s : chart.series) {
    all.push_back({s.name, s.style, thinned(s), s.scattered});
    for (const Point& p : all.back().points) {
      x0 = std::min(x0, p.x), x1 = std::max(x1, p.x), y0 = std::min(y0, p.y),
      y1 = std::max(y1, p.y);
    }
  }
  if (!(x0 <= x1)) return "";
  const bool log = chart.log_y && y0 > 0 && y1 / y0 > 3;
  if (!log && y0 > 0 && y0 < 0.6 * y1)
    y0 = 0;  // a linear axis begins at 0 where that costs little room
  const Axis x = chart.log_x && x0 > 0 ? log_axis(x0, x1, 50) : linear_axis(x0, x1, 5);
  const Axis y = log ? log_axis(y0, y1, 2000) : linear_axis(y0, y1, 5);
  size_t longest = 1;
  for (double v : y.ticks) longest = std::max(longest, tick(v).size());
  const double left = kTitleEnd + kDigitWidth * static_cast<double>(longest) + kGap;
  const auto px = [&](double v) { return left + x.place(v) * (kWidth - left - kRight); };
  const auto py = [&](double v) {
    return kHeight - kBottom - y.place(v) * (kHeight - kTop - kBottom);
  };

  std::string svg = fmt::format(
      "<figure class=\"chart\"><figcaption>{}</figcaption><svg viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-label=\"{}\">",
      escape(chart.title), kWidth, kHeight, escape(chart.title));
  for (double v : y.ticks) {
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text class=\"end\" "
        "x=\"{}\" y=\"{:.1f}\">{}</text>",
        left, kWidth - kRight, py(v), py(v), left - kGap, py(v) + 4, tick(v));
  }
  for (double v : x.ticks) {
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/><text "
        "class=\"middle\" x=\"{:.1f}\" y=\"{}\">{}</text>",
        px(v), px(v), kHeight - kBottom, kHeight - kBottom + 4, px(v), kHeight - kBottom + 17,
        tick(v));
  }
  svg += fmt::format("<text class=\"middle label\" x=\"{}\" y=\"{}\">{}</text>",
                     (left + kWidth - kRight) / 2, kHeight - 6, escape(chart.x_label));
  svg += fmt::format(
      "<text class=\"middle label\" transform=\"translate(12 {}) rotate(-90)\">{}{}</text>",
      (kTop + kHeight - kBottom) / 2, escape(chart.y_label), log ? " (log scale)" : "");
  std::string legend;
  Labels labels;
  for (const Series& s : all) {
    if (s.points.empty()) continue;
    std::string path, data;
    for (const Point& p : s.points) {
      if (!s.scattered)
        path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", px(p.x), py(p.y));
      data += fmt::format("{}{:.1f} {:.1f} {:.7g} {:.4g}", data.empty() ? "" : ",", px(p.x),
                          py(p.y), p.x, p.y);
    }
    svg +=
        fmt::format("<path class=\"line line-{}\" data-name=\"{}\" data-points=\"{}\" d=\"{}\"/>",
                    s.style, escape(s.name), data, path);
    if (s.points.size() <= 25 || s.scattered) {
      for (const Point& p : s.points)
        svg += fmt::format("<circle class=\"dot dot-{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>",
                           s.style, px(p.x), py(p.y), s.scattered ? 2 : 3);
    }
    for (const Point& p : s.points)
      if (!p.label.empty()) svg += labels.beside(px(p.x), py(p.y), p.label);
    legend += fmt::format("<span><i class=\"key key-{}\"></i>{}</span>", s.style, escape(s.name));
  }
  svg += "</svg>";
  if (all.size() > 1) svg += "<div class=\"legend\">" + legend + "</div>";
  return svg + "</figure>";
}

}  // namespace dojo::report
