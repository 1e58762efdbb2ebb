#include "dojo/sim/stats_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dojo/base/json.h"
#include "dojo/base/text.h"
#include "dojo/base/version.h"
#include "dojo/machine/node.h"
#include "dojo/machine/topology.h"
#include "dojo/program/node_map.h"

namespace dojo::sim {
namespace {

using Json = nlohmann::ordered_json;
using machine::Coord;

// Where a machine has more nodes than that, those of a die are added up, or of a square of dies.
constexpr int64_t kMostCells = 16384;
constexpr int64_t kLinksListed = 64;

// The machine's nodes, in blocks of equal size.
struct Grid {
  Grid(Coord size, Coord part) : columns(size.x), rows(size.y) {
    const auto is_small = [&] { return int64_t{across()} * down() <= kMostCells; };
    for (int32_t parts = 1; !is_small(); ++parts) block = {part.x * parts, part.y * parts};
  }
  int32_t across() const { return (columns + block.x - 1) / block.x; }
  int32_t down() const { return (rows + block.y - 1) / block.y; }
  size_t num_cells() const { return static_cast<size_t>(across()) * static_cast<size_t>(down()); }
  size_t cell(Coord c) const {
    return static_cast<size_t>(c.y / block.y) * static_cast<size_t>(across()) +
           static_cast<size_t>(c.x / block.x);
  }
  Coord coord(size_t cell) const {
    const auto columns_of_blocks = static_cast<size_t>(across());
    return {static_cast<int32_t>(cell % columns_of_blocks),
            static_cast<int32_t>(cell / columns_of_blocks)};
  }

  int32_t columns, rows;
  Coord block{1, 1};
};

Grid grid_of(const machine::Machine& machine, const machine::Topology& topology) {
  const bool has_dies = machine.has(machine::Level::kDie);
  return {topology.size(), has_dies ? topology.span(machine::Level::kDie) : Coord{1, 1}};
}

Json mesh(const Grid& grid, const machine::Machine& machine, const machine::Topology& topology) {
  Json json = {{"columns", grid.columns},
               {"rows", grid.rows},
               {"block_columns", grid.block.x},
               {"block_rows", grid.block.y},
               {"parts", Json::array()}};
  for (const auto level : {machine::Level::kDie, machine::Level::kTile}) {
    if (!machine.has(level)) continue;
    const Coord span = topology.span(level);
    json["parts"].push_back({{"level", name(level)}, {"columns", span.x}, {"rows", span.y}});
  }
  return json;
}

Json disabled_nodes(const Grid& grid, const machine::Topology& topology) {
  std::vector<int64_t> disabled(grid.num_cells());
  for (int32_t n = 0; n < topology.num_nodes(); ++n)
    if (!topology.is_live(machine::NodeId{n}))
      ++disabled[grid.cell(topology.coord_of(machine::NodeId{n}))];
  Json x = Json::array(), y = Json::array(), nodes = Json::array();
  for (size_t c = 0; c < disabled.size(); ++c) {
    if (disabled[c] == 0) continue;
    x.push_back(grid.coord(c).x);
    y.push_back(grid.coord(c).y);
    nodes.push_back(disabled[c]);
  }
  return {{"x", std::move(x)}, {"y", std::move(y)}, {"nodes", std::move(nodes)}};
}

std::string key(Spent spent) {
  std::string word(name(spent));
  std::replace(word.begin(), word.end(), ' ', '_');
  return word;
}

// One list for each number, so that a large machine's file stays small.
Json nodes_at(const Grid& grid, const Result& result, const program::NodeMap& map) {
  std::vector<NodeStats> sums(grid.num_cells());
  std::vector<int64_t> nodes(grid.num_cells()), sram_peak(grid.num_cells());
  for (size_t cell = 0; cell < map.num_cells(); ++cell) {
    if (!map.has_role(cell)) continue;
    const size_t at = grid.cell(map.place(cell));
    const NodeStats& from = result.nodes[cell];
    NodeStats& to = sums[at];
    for (size_t s = 0; s < kNumSpent; ++s) to.spent[s] += from.spent[s];
    to.matrix_unit += from.matrix_unit;
    to.vector_unit += from.vector_unit;
    to.end = std::max(to.end, from.end);
    to.sent_bytes += from.sent_bytes;
    to.received_bytes += from.received_bytes;
    to.products += from.products;
    to.sram_bytes += from.sram_bytes;
    const auto number = static_cast<size_t>(map.role(cell).node_class);
    sram_peak[at] = std::max(sram_peak[at], result.sram_peak_of_class[number]);
    ++nodes[at];
  }
  std::vector<size_t> used;
  for (size_t c = 0; c < nodes.size(); ++c)
    if (nodes[c] > 0) used.push_back(c);
  const auto column = [&](const auto& number) {
    Json list = Json::array();
    for (const size_t c : used) list.push_back(number(c));
    return list;
  };
  const auto sum = [&](auto NodeStats::*field) {
    return column([&](size_t c) { return sums[c].*field; });
  };
  Json threads = Json::object();
  for (size_t s = 0; s < kNumSpent; ++s)
    threads[key(static_cast<Spent>(s))] = column([&](size_t c) { return sums[c].spent[s]; });
  return {{"x", column([&](size_t c) { return grid.coord(c).x; })},
          {"y", column([&](size_t c) { return grid.coord(c).y; })},
          {"nodes", column([&](size_t c) { return nodes[c]; })},
          {"matrix_unit_cycles", sum(&NodeStats::matrix_unit)},
          {"vector_unit_cycles", sum(&NodeStats::vector_unit)},
          {"end_cycle", sum(&NodeStats::end)},
          {"products", sum(&NodeStats::products)},
          {"sram_bytes", sum(&NodeStats::sram_bytes)},
          {"sram_peak_bytes", column([&](size_t c) { return sram_peak[c]; })},
          {"sent_bytes", sum(&NodeStats::sent_bytes)},
          {"received_bytes", sum(&NodeStats::received_bytes)},
          {"thread_cycles", std::move(threads)}};
}

struct LinkSum {
  int64_t links = 0, bytes = 0;
  Cycles busy = 0, stalled = 0;

  void add(const LinkStats& link) {
    ++links;
    bytes += link.bytes;
    busy += link.busy;
    stalled += link.stalled;
  }
};

// Between nodes, by the block that they leave and the side; those within a block too.
Json links_at(const Grid& grid, const std::vector<LinkStats>& links) {
  std::vector<LinkSum> sums(grid.num_cells() * machine::kSides.size());
  for (const LinkStats& link : links)
    if (link.interface < 0)
      sums[grid.cell(link.from) * machine::kSides.size() + static_cast<size_t>(link.side)].add(
          link);
  Json x = Json::array(), y = x, side = x, number = x, bytes = x, busy = x, stalled = x;
  for (size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].links == 0) continue;
    const Coord at = grid.coord(i / machine::kSides.size());
    x.push_back(at.x);
    y.push_back(at.y);
    side.push_back(name(static_cast<machine::Side>(i % machine::kSides.size())));
    number.push_back(sums[i].links);
    bytes.push_back(sums[i].bytes);
    busy.push_back(sums[i].busy);
    stalled.push_back(sums[i].stalled);
  }
  return {{"x", std::move(x)},
          {"y", std::move(y)},
          {"side", std::move(side)},
          {"links", std::move(number)},
          {"bytes", std::move(bytes)},
          {"busy_cycles", std::move(busy)},
          {"stalled_cycles", std::move(stalled)}};
}

Json sums_of_links(const std::vector<LinkStats>& links) {
  Json all = Json::array();
  for (const bool of_interfaces : {false, true}) {
    LinkSum sum;
    for (const LinkStats& link : links)
      if ((link.interface >= 0) == of_interfaces) sum.add(link);
    if (sum.links == 0) continue;
    all.push_back({{"of", of_interfaces ? "interfaces" : "nodes"},
                   {"links", sum.links},
                   {"bytes", sum.bytes},
                   {"busy_cycles", sum.busy},
                   {"stalled_cycles", sum.stalled}});
  }
  return all;
}

Json bins_of(const std::vector<Timeline::Bin>& bins, size_t num_bins) {
  Json json = Json::object();
  for (size_t s = 0; s < kNumSpent; ++s) {
    Json list = Json::array();
    for (size_t b = 0; b < num_bins; ++b) list.push_back(bins[b][s]);
    json[key(static_cast<Spent>(s))] = std::move(list);
  }
  return json;
}

Json timeline_of(const Timeline& timeline, const Shown& shown, const program::NodeMap& map) {
  const size_t num_bins = timeline.num_bins();
  Json links = Json::array(), classes = Json::array(), nodes = Json::array();
  std::vector<int64_t> of_class(timeline.classes().size());
  for (size_t cell = 0; cell < map.num_cells(); ++cell)
    if (map.has_role(cell))
      ++of_class[std::min(static_cast<size_t>(map.role(cell).node_class), of_class.size() - 1)];
  for (size_t c = 0; c < of_class.size(); ++c)
    classes.push_back(
        {{"name", c < Timeline::kMostClasses
                      ? to_utf8(shown.program.classes[c].name)
                      : fmt::format("{} further classes", shown.program.classes.size() - c)},
         {"nodes", of_class[c]},
         {"thread_cycles", bins_of(timeline.classes()[c], num_bins)}});
  for (size_t b = 0; b < num_bins; ++b) links.push_back(timeline.links()[b]);
  for (size_t i = 0; i < timeline.nodes().size(); ++i) {
    const program::Coord c = timeline.nodes()[i];
    const program::NodeClass& node_class =
        shown.program.classes[at(map.role(map.cell(c)).node_class)];
    Json threads = Json::array();
    for (size_t t = 0; t < program::kNumThreads; ++t)
      if (!node_class.threads[t].instructions.empty())
        threads.push_back(
            {{"thread", t}, {"thread_cycles", bins_of(timeline.thread(i, t), num_bins)}});
    nodes.push_back({{"x", c.x},
                     {"y", c.y},
                     {"class", to_utf8(node_class.name)},
                     {"threads", std::move(threads)}});
  }
  return {{"bin_cycles", timeline.bin_cycles()},
          {"bins", num_bins},
          {"thread_cycles", bins_of(timeline.all(), num_bins)},
          {"link_busy_cycles", std::move(links)},
          {"classes", std::move(classes)},
          {"nodes", std::move(nodes)}};
}

// What no order of the same work on the same nodes could be faster than.
Json bounds_of(const Result& result, const program::NodeMap& map, const machine::NodeShape& shape) {
  struct Bound {
    std::string what, where;
    Cycles cycles = 0;
  };
  std::vector<Bound> bounds;
  const auto of_nodes = [&](std::string what, const auto& cycles_of) {
    Bound bound{std::move(what), "", 0};
    for (size_t cell = 0; cell < result.nodes.size(); ++cell) {
      const Cycles cycles = cycles_of(result.nodes[cell]);
      if (cycles <= bound.cycles) continue;
      const program::Coord c = map.coord(cell);
      bound.cycles = cycles;
      bound.where = fmt::format("node ({}, {}) of the program", c.x, c.y);
    }
    bounds.push_back(std::move(bound));
  };
  const machine::SramPorts& ports = shape.network_ports;
  of_nodes("the matrix unit of a node", [](const NodeStats& n) { return n.matrix_unit; });
  of_nodes("the SIMD unit of a node", [](const NodeStats& n) { return n.vector_unit; });
  of_nodes("bytes out of a node", [&](const NodeStats& n) {
    return n.sent_bytes / (ports.loads * ports.bytes_per_cycle);
  });
  of_nodes("bytes into a node", [&](const NodeStats& n) {
    return n.received_bytes / (ports.stores * ports.bytes_per_cycle);
  });
  Bound link{"bytes over a link", "", 0};
  for (const LinkStats& l : result.links)
    if (l.busy > link.cycles) {
      link.cycles = l.busy;
      link.where = describe(l);
    }
  bounds.push_back(std::move(link));
  std::stable_sort(bounds.begin(), bounds.end(),
                   [](const Bound& a, const Bound& b) { return a.cycles > b.cycles; });
  Json json = Json::array();
  for (const Bound& b : bounds)
    if (b.cycles > 0) json.push_back({{"what", b.what}, {"where", b.where}, {"cycles", b.cycles}});
  return json;
}

Json formula_bound(const FormulaBound* bound) {
  if (!bound) return nullptr;
  return {{"name", to_utf8(bound->name)},
          {"compute", bound->compute},
          {"sram", bound->sram},
          {"links", bound->links},
          {"latency", bound->latency}};
}

Json assumed_numbers(const std::vector<const machine::Parameter*>& used) {
  Json json = Json::array();
  for (const machine::Parameter* p : used)
    if (p->status == machine::Status::kAssumed)
      json.push_back({{"name", to_utf8(p->name)},
                      {"value", to_utf8(text_of(*p))},
                      {"meaning", p->field->meaning},
                      {"why", to_utf8(p->source)}});
  return json;
}

// Of one node, in a second. Links: those to four neighbours of its die, outwards.
Json limits_of(const Result& result, const machine::NodeShape& shape,
               const machine::Topology& topology, const machine::Machine& machine) {
  const auto clock = static_cast<double>(result.clock_hz);
  const machine::SramPorts& ports = shape.vector_ports;
  double links = 0;
  if (machine.has(machine::Level::kDie))
    for (const machine::Side side : machine::kSides)
      links += topology.cost(machine::Level::kNode, side).rate.bytes_per_cycle();
  return {{"flops_per_second", 2 * result.peak_products * clock},
          {"sram_bytes_per_second",
           static_cast<double>((ports.loads + ports.stores) * ports.bytes_per_cycle) * clock},
          {"link_bytes_per_second", links * clock}};
}

}  // namespace

std::string stats_json(const Result& result, const Shown& shown, const Looked& looked) {
  machine::Uses uses(looked.machine);  // its own: what is only shown counts as no use
  const machine::Topology topology(uses);
  const machine::NodeShape shape = node_shape(uses);
  const program::NodeMap map(shown.program);
  const Grid grid = grid_of(looked.machine, topology);
  Shown all = shown;
  all.links = kLinksListed;
  Json json = {{"kind", "dojo_sim_stats"}, {"version", 1}, {"dojo_version", version()}};
  json.update(Json::parse(result_json(result, all)));
  const bool has_time = result.clock_hz > 0;
  Json reasons = Json::array();
  for (size_t s = 0; s < kNumSpent; ++s)
    reasons.push_back({{"name", key(static_cast<Spent>(s))},
                       {"meaning", meaning(static_cast<Spent>(s))},
                       {"waiting", is_waiting(static_cast<Spent>(s))}});
  json["states"] = std::move(reasons);
  json["limits_of_a_node"] = has_time ? limits_of(result, shape, topology, looked.machine) : Json();
  json["mesh"] = mesh(grid, looked.machine, topology);
  json["disabled"] = disabled_nodes(grid, topology);
  json["nodes_at"] = nodes_at(grid, result, map);
  json["links_at"] = links_at(grid, result.links);
  json["link_sums"] = sums_of_links(result.links);
  json["timeline"] = timeline_of(looked.timeline, shown, map);
  json["bounds"] = has_time ? bounds_of(result, map, shape) : Json::array();
  json["formula_bound"] = formula_bound(looked.bound);
  json["assumed"] = assumed_numbers(looked.used);
  return dump(json);
}

}  // namespace dojo::sim
