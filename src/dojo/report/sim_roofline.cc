#include "dojo/report/sim_roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dojo/report/chart.h"
#include "dojo/report/html.h"

namespace dojo::report {
namespace {

// What a node's limits allow at so many FLOP a byte.
Series limit(const char* name, const char* style, double flops, double bytes, double from,
             double to) {
  Series line{.name = name, .style = style, .points = {}};
  constexpr int kPoints = 60;
  for (int i = 0; i <= kPoints; ++i) {
    const double x = from * std::pow(to / from, static_cast<double>(i) / kPoints);
    line.points.push_back({x, std::min(flops, x * bytes) * 1e-9});
  }
  return line;
}

}  // namespace

std::string sim_roofline(const SimStats& s) {
  if (!s.limits || !(s.flops > 0) || !(s.seconds > 0) || !(s.limits->flops > 0)) return "";
  const SimStats::Limits& most = *s.limits;
  Series by_sram{
      .name = "nodes, by bytes of SRAM", .style = "network", .points = {}, .scattered = true};
  Series by_links{
      .name = "nodes, by bytes received", .style = "flow", .points = {}, .scattered = true};
  double sram_bytes = 0, received = 0, from = INFINITY, to = 0;
  for (const SimStats::Node& n : s.nodes_at) {
    const double flops = 2 * n.products;
    if (!(flops > 0)) continue;
    const double speed = flops / n.nodes / s.seconds * 1e-9;
    const auto add = [&](Series* series, double bytes) {
      if (!(bytes > 0)) return;
      const double x = flops / bytes;
      from = std::min(from, x), to = std::max(to, x);
      series->points.push_back({x, speed});
    };
    add(&by_sram, n.sram_bytes);
    add(&by_links, n.received_bytes);
    sram_bytes += n.sram_bytes;
    received += n.received_bytes;
  }
  if (!(to > 0)) return "";
  for (const double bytes : {most.sram_bytes, most.link_bytes})
    if (bytes > 0) from = std::min(from, most.flops / bytes), to = std::max(to, most.flops / bytes);
  std::vector<Series> series;
  if (most.sram_bytes > 0)
    series.push_back(limit("limit of SRAM", "copy", most.flops, most.sram_bytes, from / 2, to * 2));
  if (most.link_bytes > 0)
    series.push_back(
        limit("limit of the links", "flow", most.flops, most.link_bytes, from / 2, to * 2));
  series.push_back(std::move(by_sram));
  series.push_back(std::move(by_links));
  const std::string chart = draw({.title = "How near each node came to its limits",
                                  .x_label = "FLOP for a byte",
                                  .y_label = "GFLOP/s of a node",
                                  .series = std::move(series),
                                  .log_y = true,
                                  .log_x = true});
  const auto intensity = [&](double bytes, const char* of) {
    return bytes > 0 ? fmt::format("{} FLOP for a byte {}", significant(s.flops / bytes), of)
                     : fmt::format("no byte {}", of);
  };
  return fmt::format(
      "<h2>Roofline</h2><p>A node has at most {} GFLOP/s, {} GB/s between SRAM and units, and {} "
      "GB/s over its four links, outwards. The program does {} and {}: {} GFLOP/s a node.</p><div "
      "class=\"charts\">{}</div>",
      significant(most.flops * 1e-9), significant(most.sram_bytes * 1e-9),
      significant(most.link_bytes * 1e-9), intensity(sram_bytes, "of SRAM"),
      intensity(received, "received"),
      significant(s.flops / std::max(s.nodes, 1.0) / s.seconds * 1e-9), chart);
}

}  // namespace dojo::report
