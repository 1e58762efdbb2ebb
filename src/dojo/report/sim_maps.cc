#include "dojo/report/sim_maps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string_view>
#include <vector>

#include "dojo/report/heat_map.h"
#include "dojo/report/html.h"

namespace dojo::report {
namespace {

// Lines closer than this many places would hide what they are for.
constexpr double kLeastPitch = 4;

size_t index(const SimStats& s, const SimStats::Place& at) {
  return static_cast<size_t>(at.y) * static_cast<size_t>(s.across) + static_cast<size_t>(at.x);
}

size_t num_places(const SimStats& s) {
  return static_cast<size_t>(s.across) * static_cast<size_t>(s.down);
}

bool has_blocks(const SimStats& s) { return s.block_columns > 1 || s.block_rows > 1; }

void add_lines(const SimStats& s, const SimStats::Part& part, std::vector<double>* columns,
               std::vector<double>* rows) {
  const double x = static_cast<double>(part.columns) / s.block_columns;
  const double y = static_cast<double>(part.rows) / s.block_rows;
  if (x < kLeastPitch || y < kLeastPitch) return;
  const double across = static_cast<double>(s.columns) / s.block_columns;
  const double down = static_cast<double>(s.rows) / s.block_rows;
  for (int i = 1; i * x < across; ++i) columns->push_back(i * x);
  for (int i = 1; i * y < down; ++i) rows->push_back(i * y);
}

HeatPlane plane_of(const SimStats& s) {
  HeatPlane plane{.across = s.across,
                  .down = s.down,
                  .width = static_cast<double>(s.across) * s.block_columns,
                  .height = static_cast<double>(s.down) * s.block_rows,
                  .place = has_blocks(s) ? "square" : "node",
                  .nothing = "no node of the program"};
  plane.disabled.resize(num_places(s));
  for (const SimStats::Place& p : s.disabled)
    if (p.nodes >= s.nodes_in_block(p.x, p.y)) plane.disabled[index(s, p)] = 1;
  if (!s.parts.empty()) add_lines(s, s.parts.front(), &plane.columns, &plane.rows);
  if (s.parts.size() > 1) add_lines(s, s.parts.back(), &plane.wide_columns, &plane.wide_rows);
  return plane;
}

struct NodeNumber {
  std::string name, meaning, unit;
  std::function<double(const SimStats::Node&)> of;
};

struct Unit {
  std::string name;
  double size = 1;
};

// That in which the largest number has one to four digits.
Unit unit_of_bytes(double most) {
  Unit unit{"B", 1};
  for (const char* name : {"KiB", "MiB", "GiB"})
    if (most >= 1024 * unit.size) unit = {name, unit.size * 1024};
  return unit;
}

// Its mean over nodes and where it is largest.
std::string summary(const SimStats& s, const HeatMap& map, const std::vector<double>& weights) {
  double sum = 0, weight = 0, most = -1;
  size_t at = 0;
  const size_t each = map.values.size() / num_places(s);
  for (size_t i = 0; i < map.values.size(); ++i) {
    if (!std::isfinite(map.values[i])) continue;
    sum += weights[i] * map.values[i];
    weight += weights[i];
    if (map.values[i] > most) most = map.values[i], at = i / each;
  }
  if (weight <= 0) return "";
  const auto across = static_cast<size_t>(s.across);
  const std::string unit = map.unit.empty() ? "" : " " + map.unit;
  return fmt::format(" In the mean {}{}, at most {}{}, at ({}, {}).", significant(sum / weight),
                     unit, significant(most), unit, at % across, at / across);
}

std::vector<NodeNumber> numbers_of(const SimStats& s) {
  const double cycles = std::max(s.cycles, 1.0);
  std::vector<NodeNumber> all;
  const auto percent = [&](std::string name, std::string meaning, auto of) {
    all.push_back({std::move(name), std::move(meaning), "%", of});
  };
  if (s.matrix_unit_cycles > 0)
    percent("matrix unit", "How much of the time the matrix unit worked.",
            [cycles](const SimStats::Node& n) {
              return 100 * n.matrix_unit_cycles / n.nodes / cycles;
            });
  if (s.vector_unit_cycles > 0)
    percent("SIMD unit", "How much of the time the SIMD unit worked.",
            [cycles](const SimStats::Node& n) {
              return 100 * n.vector_unit_cycles / n.nodes / cycles;
            });
  percent("waiting", "How much of their time the node’s threads waited for something.",
          [&s](const SimStats::Node& n) {
            double waiting = 0;
            for (size_t i = 0; i < s.states.size(); ++i)
              if (s.states[i].waiting) waiting += n.thread_cycles[i];
            return 100 * waiting / std::max(n.all_thread_cycles(), 1.0);
          });
  for (size_t i = 0; i < s.states.size(); ++i)
    if (s.states[i].waiting && s.thread_cycles[i] > 0)
      percent("waiting: " + s.states[i].title(),
              "Of the threads’ time: " + s.states[i].meaning + ".", [i](const SimStats::Node& n) {
                return 100 * n.thread_cycles[i] / std::max(n.all_thread_cycles(), 1.0);
              });
  const auto bytes = [&](std::string name, std::string meaning, auto of) {
    double most = 0;
    for (const SimStats::Node& n : s.nodes_at) most = std::max(most, of(n));
    const Unit unit = unit_of_bytes(most);
    if (most > 0)
      all.push_back({std::move(name), std::move(meaning), unit.name,
                     [of, unit](const SimStats::Node& n) { return of(n) / unit.size; }});
  };
  bytes("SRAM at most", "The most that code and live data of a node take.",
        [](const SimStats::Node& n) { return n.sram_peak_bytes; });
  bytes("sent", "Data of transfers out of a node.",
        [](const SimStats::Node& n) { return n.sent_bytes / n.nodes; });
  bytes("received", "Data of transfers into a node.",
        [](const SimStats::Node& n) { return n.received_bytes / n.nodes; });
  return all;
}

std::string blocks_note(const SimStats& s) {
  if (!has_blocks(s)) return "";
  const auto same = [&](const SimStats::Part& p) {
    return p.columns == s.block_columns && p.rows == s.block_rows;
  };
  const bool is_die = !s.parts.empty() && same(s.parts.front());
  return fmt::format(
      " The machine has {} x {} nodes, which is too many to show: each square is {} x {} of "
      "them{}, "
      "and shows their mean.",
      count(s.columns), count(s.rows), s.block_columns, s.block_rows,
      is_die ? fmt::format(", a {}", escape(s.parts.front().level)) : "");
}

}  // namespace

std::string sim_node_maps(const SimStats& s) {
  std::vector<HeatMap> maps;
  std::vector<double> weights(num_places(s));
  for (const SimStats::Node& n : s.nodes_at) weights[index(s, n)] = n.nodes;
  for (const NodeNumber& number : numbers_of(s)) {
    HeatMap map{number.name, "", number.unit, std::vector<double>(num_places(s), NAN)};
    for (const SimStats::Node& n : s.nodes_at) map.values[index(s, n)] = number.of(n);
    map.text = escape(number.meaning) + summary(s, map, weights);
    maps.push_back(std::move(map));
  }
  const std::string picture = draw(maps, plane_of(s));
  const bool has_dead = !s.disabled.empty();
  return fmt::format(
      "<h2>Nodes</h2><p>Where in {} the program’s nodes are, and what they did.{}{}</p>{}",
      escape(s.machine), blocks_note(s),
      has_dead && !has_blocks(s) ? " <b class=\"dead\">Red</b> ones are disabled." : "", picture);
}

std::string sim_link_maps(const SimStats& s) {
  if (s.links_at.empty()) return "";
  // In the order of draw(): to the east, west, south, north.
  static constexpr std::array<size_t, 4> kOrder = {0, 1, 3, 2};
  const double cycles = std::max(s.cycles, 1.0);
  double most_bytes = 0;
  for (const SimStats::LinksOf& l : s.links_at)
    most_bytes = std::max(most_bytes, l.bytes / l.links);
  const Unit unit = unit_of_bytes(most_bytes);
  struct Number {
    const char *name, *meaning;
    std::string unit;
    std::function<double(const SimStats::LinksOf&)> of;
  };
  const Number numbers[] = {
      {"busy", "How much of the time a link carried something.", "%",
       [&](const SimStats::LinksOf& l) { return 100 * l.busy_cycles / l.links / cycles; }},
      {"bytes", "What went over a link, in flits.", unit.name,
       [&](const SimStats::LinksOf& l) { return l.bytes / l.links / unit.size; }},
      {"waited for", "Cycles that messages waited for a link, added up.", "cycles",
       [](const SimStats::LinksOf& l) { return l.stalled_cycles / l.links; }}};
  std::vector<HeatMap> maps;
  for (const Number& number : numbers) {
    HeatMap map{number.name, "", number.unit, std::vector<double>(4 * num_places(s), NAN)};
    std::vector<double> weights(map.values.size());
    for (const SimStats::LinksOf& l : s.links_at) {
      const size_t at = 4 * (static_cast<size_t>(l.y) * static_cast<size_t>(s.across) +
                             static_cast<size_t>(l.x)) +
                        kOrder[static_cast<size_t>(l.side)];
      map.values[at] = number.of(l);
      weights[at] = l.links;
    }
    map.text = escape(number.meaning) + summary(s, map, weights);
    maps.push_back(std::move(map));
  }
  HeatPlane plane = plane_of(s);
  plane.of_links = true;
  plane.nothing = "not used";
  return fmt::format(
      "<h2>Links</h2><p>Each node is a square of four triangles: the links that leave it to its "
      "four sides. What is empty was not used.{}</p>{}",
      has_blocks(s) ? " Here they are those of all nodes of a square, in the mean." : "",
      draw(maps, plane));
}

}  // namespace dojo::report
