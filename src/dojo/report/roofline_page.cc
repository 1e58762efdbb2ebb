#include "dojo/report/roofline_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dojo/report/chart.h"
#include "dojo/report/html.h"

namespace dojo::report {
namespace {

constexpr size_t kRows = 20, kLabels = 8;

// What the machine's limits allow at so many FLOP a byte: first the memory's slope, then the roof.
Series limits(const Profile& p, double from, double to) {
  Series line{.name = "limit of the machine", .style = "copy", .points = {}};
  constexpr int kPoints = 60;
  for (int i = 0; i <= kPoints; ++i) {
    const double x = from * std::pow(to / from, static_cast<double>(i) / kPoints);
    line.points.push_back({x, std::min(p.flop_per_second, x * p.bytes_per_second) * 1e-9});
  }
  return line;
}

std::string chart(const Profile& p) {
  Series dots{.name = "kernels of one kind", .style = "network", .points = {}, .scattered = true};
  const double ridge = p.flop_per_second / p.bytes_per_second;
  double from = ridge, to = ridge;
  for (const Profile::Kind& k : p.kinds) {
    if (!(k.flop > 0 && k.bytes > 0 && k.seconds > 0)) continue;
    const double x = k.flop / k.bytes;
    from = std::min(from, x), to = std::max(to, x);
    dots.points.push_back(
        {x, k.flop / k.seconds * 1e-9, dots.points.size() < kLabels ? k.name : ""});
  }
  if (dots.points.empty()) return "";
  return draw({.title = "How near the kernels come to the machine's limits",
               .x_label = "FLOP for a byte that is read or written",
               .y_label = "GFLOP/s",
               .series = {limits(p, from / 2, to * 2), dots},
               .log_y = true,
               .log_x = true});
}

std::string table(const Profile& p, double seconds) {
  std::string rows;
  for (size_t i = 0; i < std::min(kRows, p.kinds.size()); ++i) {
    const Profile::Kind& k = p.kinds[i];
    rows += fmt::format(
        "<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td><td>{:.1f} %</td><td>{}</td><td>{}"
        "</td><td>{}</td></tr>",
        escape(k.name), count(k.kernels), significant(k.seconds * 1e3), 100 * k.seconds / seconds,
        k.flop > 0 ? significant(k.flop / k.seconds * 1e-9) : "",
        significant(k.bytes / k.seconds * 1e-9), significant(k.least_seconds / k.seconds, 2));
  }
  const std::string of =
      p.kinds.size() <= kRows
          ? ""
          : fmt::format("<p class=\"soft small\">The {} slowest of {} kinds.</p>", kRows,
                        p.kinds.size());
  return "<div class=\"scroll below\"><table><tr><th>kind of kernel</th><th>how many</th><th>ms a "
         "step</th><th>of the time</th><th>GFLOP/s</th><th>GB/s</th><th>of the limit</th></tr>" +
         rows + "</table></div>" + of;
}

}  // namespace

std::string roofline(const RunData& run) {
  if (!run.profile) return "";
  const Profile& p = *run.profile;
  double seconds = 0, least = 0;
  for (const Profile::Kind& k : p.kinds) seconds += k.seconds, least += k.least_seconds;
  const std::string picture = chart(p);
  return fmt::format(
      "<h2>Where the time of a step went</h2><p>A step spent {} ms in kernels, in the mean of {} "
      "steps. The limits of this machine, {} GFLOP/s and {} GB/s as measured after the training, "
      "allow {} ms, <b>{:.0f} %</b> of that.</p>{}{}<p class=\"soft small\">FLOP are those of the "
      "operations' formulas, bytes those of operands and results, each once: what lies in a cache, "
      "and an algorithm that needs fewer FLOP, may be above the limit. profile.json has the latest "
      "steps, kernel by kernel, for ui.perfetto.dev.</p>",
      significant(seconds * 1e3), count(p.runs), significant(p.flop_per_second * 1e-9),
      significant(p.bytes_per_second * 1e-9), significant(least * 1e3), 100 * least / seconds,
      picture.empty() ? "" : "<div class=\"charts\">" + picture + "</div>", table(p, seconds));
}

}  // namespace dojo::report
