#include "dojo/machine/total.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "dojo/base/check.h"
#include "dojo/machine/instruction.h"

namespace dojo::machine {
namespace {

// One part of this level, and what many totals are made of.
class Part {
 public:
  Part(Uses& uses, Level level) : uses_(&uses), level_(level) {}

  Uses& uses() { return *uses_; }
  Level level() const { return level_; }

  double clock() { return static_cast<double>(uses_->whole("node/clock")); }
  double whole(std::string_view name) { return static_cast<double>(uses_->whole(name)); }
  double bytes_per_second(std::string_view name) {
    return uses_->rate(name).bytes_per_cycle() * clock();
  }
  double seconds(std::string_view name) {
    return static_cast<double>(uses_->cycles(name)) / clock();
  }
  std::string own(std::string_view path) const { return fmt::format("{}/{}", name(level_), path); }
  std::string of_part(std::string_view path) const {
    return fmt::format("{}/{}", name(part_of(level_)), path);
  }
  bool has(std::string_view name) const { return uses_->has(name); }

  // How many of a smaller level are in it, or 1 of its own; none of a larger one.
  double count(Level of) {
    if (of > level_) return 0;
    double n = 1;
    for (const Level l : kLevels)
      if (l > of && l <= level_)
        n *= whole(fmt::format("{}/grid/columns", name(l))) *
             whole(fmt::format("{}/grid/rows", name(l)));
    return n;
  }
  double live_nodes() {
    const double places = count(Level::kNode);
    return level_ == Level::kNode      ? places
           : has("die/disabled/count") ? places - count(Level::kDie) * whole("die/disabled/count")
                                       : places;
  }
  double interfaces() {
    if (level_ < Level::kTray || !has("tray/interfaces/sides")) return 0;
    const std::string& sides = uses_->word("tray/interfaces/sides");
    const double edges = (sides != "north-south" ? 2 * whole("tray/grid/rows") : 0) +
                         (sides != "east-west" ? 2 * whole("tray/grid/columns") : 0);
    return count(Level::kTray) * edges * whole("tray/interfaces/per_tile_edge");
  }

 private:
  Uses* uses_;
  Level level_;
};

struct Row {
  TotalKind kind;
  std::function<bool(Part&)> has;
  std::function<double(Part&)> value;
};

bool always(Part&) { return true; }
bool above_node(Part& p) { return p.level() > Level::kNode; }
bool with_interfaces(Part& p) { return p.interfaces() > 0; }
bool with_edge(Part& p) { return p.has(p.own("edge/latency")); }

// How many of an instruction all live nodes start in a second.
double per_second(Part& p, Instruction instruction) {
  const std::string interval = fmt::format("node/instructions/{}/interval", name(instruction));
  return p.clock() / static_cast<double>(p.uses().cycles(interval)) * p.live_nodes();
}

double matrix_flops(Part& p) {
  return 2 * p.whole("node/matrix/rows") * p.whole("node/matrix/columns") *
         p.whole("node/matrix/depth") * per_second(p, Instruction::kMatrixMultiply);
}

double sram_rate(Part& p, std::string_view ports) {
  double bytes = 0;
  for (const char* unit : {"vector", "network", "scalar"})
    bytes += p.whole(fmt::format("node/sram/{}_{}", unit, ports)) *
             p.whole(fmt::format("node/sram/{}_width", unit));
  return bytes * p.clock() * p.live_nodes();
}

// Of the cuts through the middle, between parts, the one with less bandwidth.
double bisection(Part& p) {
  const double columns = p.whole(p.own("grid/columns")), rows = p.whole(p.own("grid/rows"));
  std::vector<double> cuts;
  if (columns > 1) cuts.push_back(rows * p.bytes_per_second(p.of_part("edge/east_west")));
  if (rows > 1) cuts.push_back(columns * p.bytes_per_second(p.of_part("edge/north_south")));
  return *std::min_element(cuts.begin(), cuts.end());
}

double east_west(Part& p) { return p.bytes_per_second(p.own("edge/east_west")); }
double north_south(Part& p) { return p.bytes_per_second(p.own("edge/north_south")); }

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      {{"tiles", "tiles", "in it"},
       [](Part& p) { return p.level() > Level::kTile; },
       [](Part& p) { return p.count(Level::kTile); }},
      {{"dies", "dies", "in it"},
       [](Part& p) { return p.level() > Level::kDie; },
       [](Part& p) { return p.count(Level::kDie); }},
      {{"nodes", "nodes", "places of nodes less the disabled ones"},
       above_node,
       [](Part& p) { return p.live_nodes(); }},
      {{"peak_bf16", "FLOPS", "a multiply-add is two: the matrix units"}, always, matrix_flops},
      {{"peak_cfloat8", "FLOPS", "the same rate"}, always, matrix_flops},
      {{"peak_fp32", "FLOPS", "a multiply-add a cycle in each 4 bytes of the SIMD unit"},
       always,
       [](Part& p) {
         return 2 * p.whole("node/vector/width") / 4 *
                per_second(p, Instruction::kVectorArithmetic);
       }},
      {{"sram", "B", "of the live nodes"},
       always,
       [](Part& p) { return p.whole("node/sram/capacity") * p.live_nodes(); }},
      {{"sram_load", "B/s", "all ports that read, of the live nodes"},
       always,
       [](Part& p) { return sram_rate(p, "loads"); }},
      {{"sram_store", "B/s", "all ports that write, of the live nodes"},
       always,
       [](Part& p) { return sram_rate(p, "stores"); }},
      {{"bisection", "B/s", "over the middle, in one direction, disabled nodes not regarded"},
       [](Part& p) { return above_node(p) && p.count(part_of(p.level())) > 1; },
       bisection},
      {{"edge", "B/s", "over the east edge, in one direction"}, with_edge, east_west},
      {{"edge_both_ways", "B/s", "over the east edge, in both directions together"},
       with_edge,
       [](Part& p) { return 2 * east_west(p); }},
      {{"edges_both_ways", "B/s", "over all four edges, in both directions together"},
       with_edge,
       [](Part& p) { return 4 * (east_west(p) + north_south(p)); }},
      {{"edge_latency", "s", "from a router over an edge to the next"},
       with_edge,
       [](Part& p) { return p.seconds(p.own("edge/latency")); }},
      {{"interfaces", "interfaces", "interface processors"},
       with_interfaces,
       [](Part& p) { return p.interfaces(); }},
      {{"interface_links", "B/s", "of all interface processors to tiles, in one direction"},
       with_interfaces,
       [](Part& p) { return p.interfaces() * p.bytes_per_second("tray/interfaces/link"); }},
      {{"interface_memory", "B", "of all interface processors"},
       with_interfaces,
       [](Part& p) { return p.interfaces() * p.whole("tray/interfaces/memory"); }},
      {{"interface_memory_rate", "B/s", "of all interface processors' memories"},
       with_interfaces,
       [](Part& p) { return p.interfaces() * p.bytes_per_second("tray/interfaces/memory_rate"); }},
      {{"host_rate", "B/s", "of all interface processors to hosts, in one direction"},
       with_interfaces,
       [](Part& p) { return p.interfaces() * p.bytes_per_second("tray/interfaces/host"); }},
      {{"ethernet_rate", "B/s", "of all interface processors, in one direction"},
       with_interfaces,
       [](Part& p) { return p.interfaces() * p.bytes_per_second("tray/interfaces/ethernet"); }},
      {{"power", "W", "at full load"},
       [](Part& p) { return p.has(p.own("power")); },
       [](Part& p) { return p.uses().real(p.own("power")); }},
  };
  return table;
}

}  // namespace

std::vector<Total> totals_of(Uses& uses, Level level) {
  DOJO_CHECK(uses.machine().has(level));
  Part part(uses, level);
  std::vector<Total> totals;
  for (const Row& row : rows())
    if (row.has(part)) totals.push_back({row.kind, row.value(part)});
  return totals;
}

std::optional<Total> total_of_kind(Uses& uses, Level level, std::string_view name) {
  DOJO_CHECK(uses.machine().has(level));
  Part part(uses, level);
  for (const Row& row : rows())
    if (row.kind.name == name && row.has(part)) return Total{row.kind, row.value(part)};
  return {};
}

std::optional<TotalKind> find_total(std::string_view name) {
  for (const Row& row : rows())
    if (row.kind.name == name) return row.kind;
  return {};
}

std::string total_names() {
  std::string names;
  for (const Row& row : rows())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", row.kind.name);
  return names;
}

}  // namespace dojo::machine
