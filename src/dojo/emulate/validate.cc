#include "dojo/emulate/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <tuple>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/compiler/library/batch_norm.h"
#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/target.h"
#include "dojo/emulate/probes.h"
#include "dojo/machine/load.h"
#include "dojo/machine/published.h"
#include "dojo/sim/simulator.h"

namespace dojo::emulate {
namespace {

using compiler::Target;
using machine::Level;
using machine::Side;
using program::Coord;
using program::Element;
using program::ElementKind;
using program::Program;

constexpr Element kBF16{ElementKind::kBF16};
constexpr Element kCFloat8{ElementKind::kCFloat8_1_4_3, 11};

std::string_view short_name(Element element) { return element == kBF16 ? "bf16" : "cfloat8"; }

// A machine, and what running programs on it has shown.
class Bench {
 public:
  explicit Bench(const std::string& name)
      : machine_(machine::load_machine(name)), uses_(machine_), target_(uses_) {}

  const Target& target() const { return target_; }

  // A figure that the machine's description has as published.
  Figure figure(Level level, std::string_view total) const {
    const auto all = machine::compare_published(machine_);
    const auto found = std::find_if(all.begin(), all.end(), [&](const machine::Comparison& c) {
      return c.level == level && c.total == total;
    });
    DOJO_CHECK(found != all.end());
    return {.level = level,
            .name = std::string(total),
            .unit = found->unit,
            .published = found->published_value,
            .status = found->published->status,
            .source = found->published->source};
  }

  const sim::Result& run(const Program& program, Figure* figure) {
    sim::Simulator simulator(program, machine_, {.level = sim::Level::kBurst, .values = false});
    result_ = simulator.run();
    DOJO_CHECK(result_.stuck.empty());
    figure->cycles = result_.cycles;
    figure->numbers = result_.numbers;
    return result_;
  }
  double seconds(sim::Cycles cycles) const {
    return static_cast<double>(cycles) / static_cast<double>(result_.clock_hz);
  }

  // make(times) is a program of `times` equal parts, each of `amount`: so much in a second, once it
  // is under way.
  template <typename Make>
  double rate(const Make& make, int64_t times, double amount, Figure* figure) {
    const sim::Cycles shorter = run(make(times), figure).cycles;
    const sim::Cycles longer = run(make(2 * times), figure).cycles;
    return static_cast<double>(times) * amount / seconds(longer - shorter);
  }

 private:
  const machine::Machine machine_;
  machine::Uses uses_;
  const Target target_;
  sim::Result result_;
};

double products_of(const sim::Result& result) {
  return static_cast<double>(
      result.instructions[machine::at(machine::Instruction::kMatrixMultiply)].work);
}

// ---- Arithmetic ----

Figure peak(Bench* bench, Level level, Element factor) {
  Figure f = bench->figure(level, fmt::format("peak_{}", short_name(factor)));
  const ProductSizes sizes{.factor = factor};
  const sim::Result& result = bench->run(products(bench->target(), sizes), &f);
  f.simulated = 2 * products_of(result) / bench->seconds(f.cycles);
  f.run = fmt::format("a product of {} x {} x {} in each of {} nodes, all of its time", sizes.m,
                      sizes.n, sizes.k, result.num_nodes);
  return f;
}

Figure peak_fp32(Bench* bench) {
  constexpr int64_t kElements = 16384;
  Figure f = bench->figure(Level::kNode, "peak_fp32");
  f.simulated =
      bench->rate([&](int64_t times) { return multiply_adds(bench->target(), kElements, times); },
                  8, 2 * kElements, &f);
  f.run = "multiply-adds of f32 arrays, two loads and a store each";
  return f;
}

Figure gemm(Bench* bench, Level level, Element factor, int64_t size) {
  Figure f = bench->figure(level, fmt::format("peak_{}", short_name(factor)));
  f.name = fmt::format("gemm_{}", short_name(factor));
  const compiler::GemmSizes sizes{.m = size, .n = size, .k = size, .factor = factor};
  const sim::Result& result = bench->run(gemm_summa(bench->target(), sizes), &f);
  const double all = static_cast<double>(size) * static_cast<double>(size) * 2;
  f.simulated = all * static_cast<double>(size) / bench->seconds(f.cycles);
  f.run = fmt::format("SUMMA, {0} x {0} x {0}, in SRAM, all of its time", size);
  f.reason = fmt::format("sustained by {} of {} nodes; the figure is the peak", result.num_nodes,
                         bench->target().topology.num_live());
  return f;
}

// ---- Memory ----

// All that its ports but the scalar one can load, or store.
Figure sram(Bench* bench, bool loads) {
  constexpr int64_t kBytes = 131072;
  Figure f = bench->figure(Level::kNode, loads ? "sram_load" : "sram_store");
  const SramProbe once = sram_traffic(bench->target(), kBytes, 2);
  const int64_t bytes = (loads ? once.loaded_bytes : once.stored_bytes) / 2;
  f.simulated = bench->rate(
      [&](int64_t times) { return sram_traffic(bench->target(), kBytes, times).program; }, 16,
      static_cast<double>(bytes), &f);
  f.run = "two threads add arrays while the node sends, and is sent, as much";
  f.reason = "without the scalar port, 8 bytes a cycle: no instruction of programs uses it";
  return f;
}

// ---- Links ----

// Over the boundary behind column `west` of nodes, in rows [begin, end), where both ends live.
std::vector<Way> over(const Target& target, int32_t west, int32_t begin, int32_t end,
                      bool both_ways) {
  std::vector<Way> ways;
  for (int32_t y = begin; y < end; ++y) {
    const Coord a{west, y}, b{west + 1, y};
    if (!target.view.is_live(a) || !target.view.is_live(b)) continue;
    ways.push_back({a, b});
    if (both_ways) ways.push_back({b, a});
  }
  return ways;
}

void send_over(Bench* bench, const std::vector<Way>& ways, int32_t rows, Figure* f) {
  constexpr int64_t kBytes = 131072;
  f->simulated =
      bench->rate([&](int64_t times) { return transfers(bench->target(), ways, kBytes, times); }, 4,
                  static_cast<double>(std::ssize(ways) * kBytes), f);
  const auto links = std::ssize(ways) / (ways[1].to == ways[0].from ? 2 : 1);
  if (links < rows)
    f->reason = fmt::format("{} of {} links end at a disabled node", rows - links, rows);
}

Figure die_edge(Bench* tile) {
  Figure f = tile->figure(Level::kDie, "edge_both_ways");
  const machine::Coord die = tile->target().topology.span(Level::kDie);
  // The one with the most links whose nodes live.
  std::vector<Way> most;
  for (int32_t y = 0; y < tile->target().view.grid.y; y += die.y)
    for (int32_t x = die.x - 1; x + 1 < tile->target().view.grid.x; x += die.x)
      if (std::vector<Way> ways = over(tile->target(), x, y, y + die.y, true);
          ways.size() > most.size())
        most = std::move(ways);
  send_over(tile, most, die.y, &f);
  f.run = "every node at an edge between two dies sends to the other side";
  return f;
}

Figure die_crossing(Bench* tile) {
  Figure f = tile->figure(Level::kDie, "edge_latency");
  const machine::Coord die = tile->target().topology.span(Level::kDie);
  const auto cycles = [&](int32_t west) {
    const std::vector<Way> ways = over(tile->target(), west, 0, die.y, false);
    DOJO_CHECK(!ways.empty());
    return tile->run(transfers(tile->target(), std::span(ways).first(1), 64, 1), &f).cycles;
  };
  const sim::Cycles inside = cycles(die.x - 2), across = cycles(die.x - 1);
  const int64_t link = tile->target().topology.cost(Level::kNode, Side::kEast).latency_cycles;
  f.simulated = tile->seconds(across - inside + link);
  f.run = fmt::format(
      "a flit from memory to memory over a die's edge, {} cycles, less one inside, {}, but for its "
      "link, {}",
      across, inside, link);
  f.reason = "a flit takes more than a cycle on the narrower link";
  return f;
}

Figure bisection(Bench* tile) {
  Figure f = tile->figure(Level::kTile, "bisection");
  const machine::Coord die = tile->target().topology.span(Level::kDie);
  const program::Coord grid = tile->target().view.grid;
  const int32_t west = grid.x / die.x / 2 * die.x - 1;
  send_over(tile, over(tile->target(), west, 0, grid.y, false), grid.y, &f);
  f.run = fmt::format("every node at the edge behind column {} sends to the other side", west);
  return f;
}

Figure tile_edge(Bench* tray) {
  Figure f = tray->figure(Level::kTile, "edge_both_ways");
  const machine::Coord tile = tray->target().topology.span(Level::kTile);
  send_over(tray, over(tray->target(), tile.x - 1, 0, tile.y, true), tile.y, &f);
  f.run = "every node at the edge between two tiles sends to the other side";
  return f;
}

// ---- Batch norm ----

// Said at AI Day 2022, as the field recalls it: 5 us on 25 dies against 150 us on GPUs. Of which
// sizes was not said: these are a layer of 256 channels, 16 positions of it in each node.
Figure batch_norm(Bench* tile) {
  const compiler::BatchNormSizes sizes{.positions = 16, .channels = 256};
  Figure f{.level = Level::kTile,
           .name = "batch_norm",
           .unit = "s",
           .published = 5e-6,
           .status = machine::Status::kAssumed,
           .source = "AI Day 2022, recalled: about 5 us on 25 dies, 150 us on GPUs"};
  f.simulated = tile->seconds(tile->run(batch_norm(tile->target(), sizes), &f).cycles);
  f.run = fmt::format("{} channels, {} positions in each node, all arithmetic included",
                      sizes.channels, sizes.positions);
  f.reason = "of which sizes the figure is, nobody said";
  return f;
}

struct Row {
  std::string name;  // "die edge_latency"
  std::function<Figure()> simulate;
};

// Machines are loaded where they are first needed.
class Benches {
 public:
  Bench* operator()(const char* machine) {
    std::unique_ptr<Bench>& bench = all_[machine];
    if (!bench) bench = std::make_unique<Bench>(machine);
    return bench.get();
  }

 private:
  std::map<std::string, std::unique_ptr<Bench>> all_;
};

std::vector<Row> all_rows(Benches* on) {
  std::vector<Row> rows;
  const std::tuple<Level, const char*, int64_t> levels[] = {
      {Level::kNode, "d1_node", 0}, {Level::kDie, "d1_die", 4096}, {Level::kTile, "tile", 4096}};
  for (const auto& [level, machine, gemm_size] : levels)
    for (const Element factor : {kBF16, kCFloat8}) {
      const auto row = [&](const char* what) {
        return fmt::format("{} {}_{}", machine::name(level), what, short_name(factor));
      };
      rows.push_back({row("peak"), [=, level = level, machine = machine] {
                        return peak((*on)(machine), level, factor);
                      }});
      if (gemm_size > 0)
        rows.push_back({row("gemm"), [=, level = level, machine = machine, size = gemm_size] {
                          return gemm((*on)(machine), level, factor, size);
                        }});
    }
  const std::vector<Row> others = {
      {"node peak_fp32", [=] { return peak_fp32((*on)("d1_node")); }},
      {"node sram_load", [=] { return sram((*on)("d1_die"), true); }},
      {"node sram_store", [=] { return sram((*on)("d1_die"), false); }},
      {"die edge_both_ways", [=] { return die_edge((*on)("tile")); }},
      {"die edge_latency", [=] { return die_crossing((*on)("tile")); }},
      {"tile bisection", [=] { return bisection((*on)("tile")); }},
      {"tile edge_both_ways", [=] { return tile_edge((*on)("tray")); }},
      {"tile batch_norm", [=] { return batch_norm((*on)("tile")); }},
  };
  rows.insert(rows.end(), others.begin(), others.end());
  return rows;
}

}  // namespace

std::vector<std::string> figure_names() {
  Benches none;
  std::vector<std::string> names;
  for (const Row& row : all_rows(&none)) names.push_back(row.name);
  return names;
}

void check_figure(const std::string& name) {
  const std::vector<std::string> names = figure_names();
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw Error(Category::kConfig, fmt::format("there is no figure \"{}\"", name), "--figure",
                fmt::format("there are {}", fmt::join(names, ", ")));
}

Figure simulate_figure(const std::string& name) {
  check_figure(name);
  Benches benches;
  const std::vector<Row> rows = all_rows(&benches);
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == name; });
  DOJO_CHECK(row != rows.end());
  return row->simulate();
}

}  // namespace dojo::emulate
