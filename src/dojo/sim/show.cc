#include "dojo/sim/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "dojo/base/json.h"
#include "dojo/base/text.h"
#include "dojo/base/units.h"
#include "dojo/machine/show.h"
#include "dojo/machine/unit.h"
#include "dojo/sim/burst_error.h"
#include "dojo/sim/show_path.h"

namespace dojo::sim {
namespace {

using Json = nlohmann::ordered_json;
using machine::Instruction;

// What the tables share.
struct Sums {
  std::array<Cycles, kNumSpent> spent{};
  Cycles threads = 0;  // all of spent
  Cycles matrix_unit = 0, vector_unit = 0;
  double seconds = 0;
  double flops = 0, flops_per_second = 0, peak = 0;  // of the matrix units of the program's nodes

  explicit Sums(const Result& result) {
    for (const NodeStats& node : result.nodes) {
      for (size_t s = 0; s < kNumSpent; ++s) spent[s] += node.spent[s];
      matrix_unit += node.matrix_unit;
      vector_unit += node.vector_unit;
    }
    for (const Cycles cycles : spent) threads += cycles;
    flops = 2.0 * static_cast<double>(result.instructions[at(Instruction::kMatrixMultiply)].work);
    if (result.clock_hz == 0) return;
    seconds = static_cast<double>(result.cycles) / static_cast<double>(result.clock_hz);
    if (seconds > 0) flops_per_second = flops / seconds;
    peak = 2.0 * result.peak_products * static_cast<double>(result.clock_hz) *
           static_cast<double>(result.num_nodes);
  }
};

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }
double percent(Cycles part, Cycles whole) {
  return percent(static_cast<double>(part), static_cast<double>(whole));
}

std::string print_time(double seconds) {
  if (seconds < 1e-6) return fmt::format("{:.4g} ns", seconds * 1e9);
  if (seconds < 1e-3) return fmt::format("{:.4g} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.4g} ms", seconds * 1e3);
  return fmt::format("{:.4g} s", seconds);
}

std::string print_flops(double per_second) {
  return per_second < 1e12 ? fmt::format("{:.4g} GFLOP/s", per_second / 1e9)
                           : fmt::format("{:.4g} TFLOP/s", per_second / 1e12);
}

// The `most` links that were busy longest; of equals the first.
std::vector<LinkStats> hottest(const std::vector<LinkStats>& all, int64_t most) {
  std::vector<LinkStats> links = all;
  std::stable_sort(links.begin(), links.end(),
                   [](const LinkStats& a, const LinkStats& b) { return a.busy > b.busy; });
  if (std::ssize(links) > most) links.resize(static_cast<size_t>(most));
  return links;
}

// "multiply-adds": what InstructionStats::work counts of it, or nothing.
std::string_view unit_of_work(Instruction instruction) {
  switch (instruction) {
    case Instruction::kMatrixMultiply:
      return "multiply-adds";
    case Instruction::kVectorArithmetic:
    case Instruction::kVectorSpecial:
      return "results";
    case Instruction::kTransfer:
      return "bytes";
    default:
      return "";
  }
}

std::string show_stuck(const Stuck& stuck, const Shown& shown) {
  return fmt::format("{}: {} since cycle {}: {}{}{}\n",
                     one_line(to_string(shown.program, stuck.site, &shown.lines)),
                     stuck.nodes == 1
                         ? fmt::format("the node ({}, {}) waits", stuck.first.x, stuck.first.y)
                         : fmt::format("{} nodes, first ({}, {}), wait", stuck.nodes, stuck.first.x,
                                       stuck.first.y),
                     stuck.since, stuck.what, stuck.who.empty() ? "" : "; ", stuck.who);
}

}  // namespace

std::string describe(const LinkStats& link) {
  if (link.interface >= 0)
    return link.inwards ? fmt::format("interface {} to the node ({}, {})", link.interface,
                                      link.from.x, link.from.y)
                        : fmt::format("the node ({}, {}) to interface {}", link.from.x, link.from.y,
                                      link.interface);
  return fmt::format("the node ({}, {}), {}{}", link.from.x, link.from.y, name(link.side),
                     link.crossing == machine::Level::kNode
                         ? ""
                         : fmt::format(", over the edge of a {}", name(link.crossing)));
}

std::string show_result(const Result& result, const Shown& shown) {
  const Sums sums(result);
  std::string text =
      fmt::format("program \"{}\": {} node{} of {}, level {}, {} values\n\n",
                  one_line(shown.program.name), result.num_nodes, result.num_nodes == 1 ? "" : "s",
                  one_line(shown.machine), name(shown.level), shown.values ? "with" : "without");
  for (const Stuck& stuck : result.stuck) text += show_stuck(stuck, shown);
  if (!result.stuck.empty()) text += "\n";
  text += fmt::format("{:<12}{}", "cycles", result.cycles);
  if (result.clock_hz > 0)
    text += fmt::format("  {} at {:.4g} GHz", print_time(sums.seconds),
                        static_cast<double>(result.clock_hz) / 1e9);
  text += fmt::format("\n{:<12}{} of {} at most, code and data\n", "SRAM",
                      machine::print_number(static_cast<double>(result.sram_peak_bytes), "B"),
                      machine::print_number(static_cast<double>(result.sram_bytes), "B"));
  if (result.clock_hz > 0 && sums.flops > 0)
    text += fmt::format("{:<12}{} of {} that these nodes have at most: {:.1f} %\n", "matrix",
                        print_flops(sums.flops_per_second), print_flops(sums.peak),
                        percent(sums.flops_per_second, sums.peak));
  text += fmt::format("{:<12}{}\n", "rests on", machine::counted(result.numbers));
  if (shown.level == Level::kBurst)
    text += fmt::format(
        "{:<12}not of this run: on a fixed set of {} programs burst took {:.1f} % to {:+.1f} % "
        "more "
        "cycles\n{:<12}than flit, at most 5 % on {} of them; crowded networks can be worse: "
        "--level flit shows it\n",
        "error", kBurstError.programs, 100 * kBurstError.least, 100 * kBurstError.most, "",
        kBurstError.within_five_percent);

  text += fmt::format("\n{:<12} {:>14} {:>7}\n", "threads", "cycles", "share");
  for (size_t s = 0; s < kNumSpent; ++s)
    if (sums.spent[s] > 0)
      text +=
          fmt::format("{:<12} {:>14} {:>5.1f} %  {}\n", name(static_cast<Spent>(s)), sums.spent[s],
                      percent(sums.spent[s], sums.threads), meaning(static_cast<Spent>(s)));
  const Cycles all = result.cycles * result.num_nodes;
  text += fmt::format("\n{:<12} {:>14} {:>7}\n{:<12} {:>14} {:>5.1f} %\n{:<12} {:>14} {:>5.1f} %\n",
                      "units", "busy cycles", "share", "matrix", sums.matrix_unit,
                      percent(sums.matrix_unit, all), "vector", sums.vector_unit,
                      percent(sums.vector_unit, all));
  text += fmt::format("\n{:<20} {:>12} {:>14}\n", "instructions", "number", "cycles");
  for (size_t i = 0; i < machine::kNumInstructions; ++i) {
    const InstructionStats& s = result.instructions[i];
    const auto instruction = static_cast<Instruction>(i);
    if (s.count == 0) continue;
    text +=
        fmt::format("{:<20} {:>12} {:>14}{}\n", machine::name(instruction), s.count, s.cycles,
                    s.work > 0 ? fmt::format("  {} {}", s.work, unit_of_work(instruction)) : "");
  }
  if (!result.links.empty())
    text += fmt::format("\n{:<44} {:>12} {:>7} {:>14}\n",
                        fmt::format("links, the busiest of {}", result.links.size()), "bytes",
                        "busy", "waited for");
  for (const LinkStats& link : hottest(result.links, shown.links))
    text += fmt::format("{:<44} {:>12} {:>5.1f} % {:>14}\n", describe(link), link.bytes,
                        percent(link.busy, result.cycles), link.stalled);
  if (result.critical_path)
    text += show_path(*result.critical_path,
                      {.program = shown.program, .lines = shown.lines, .steps = shown.path_steps});
  return text;
}

std::string result_json(const Result& result, const Shown& shown) {
  const Sums sums(result);
  Json json = {{"program", to_utf8(shown.program.name)},
               {"machine", to_utf8(shown.machine)},
               {"level", name(shown.level)},
               {"values", shown.values},
               {"done", result.stuck.empty()},
               {"cycles", result.cycles},
               {"seconds", result.clock_hz > 0 ? Json(sums.seconds) : Json()},
               {"clock_hz", result.clock_hz > 0 ? Json(result.clock_hz) : Json()},
               {"nodes", result.num_nodes},
               {"flops", sums.flops},
               {"flops_per_second", result.clock_hz > 0 ? Json(sums.flops_per_second) : Json()},
               {"peak_flops_per_second", result.clock_hz > 0 ? Json(sums.peak) : Json()},
               {"sram_peak_bytes", result.sram_peak_bytes},
               {"sram_bytes", result.sram_bytes},
               {"published_numbers", result.numbers.published},
               {"derived_numbers", result.numbers.derived},
               {"assumed_numbers", result.numbers.assumed},
               {"burst_error", shown.level == Level::kBurst
                                   ? Json{{"programs", kBurstError.programs},
                                          {"within_five_percent", kBurstError.within_five_percent},
                                          {"least", kBurstError.least},
                                          {"most", kBurstError.most}}
                                   : Json()},
               {"events", result.events},
               {"thread_cycles", Json::object()},
               {"matrix_unit_cycles", sums.matrix_unit},
               {"vector_unit_cycles", sums.vector_unit},
               {"instructions", Json::array()},
               {"links_used", result.links.size()},
               {"links", Json::array()},
               {"waiting", Json::array()}};
  for (size_t s = 0; s < kNumSpent; ++s)
    json["thread_cycles"][std::string(name(static_cast<Spent>(s)))] = sums.spent[s];
  for (size_t i = 0; i < machine::kNumInstructions; ++i) {
    const InstructionStats& s = result.instructions[i];
    if (s.count == 0) continue;
    json["instructions"].push_back({{"kind", machine::name(static_cast<Instruction>(i))},
                                    {"number", s.count},
                                    {"cycles", s.cycles},
                                    {"work", s.work}});
  }
  for (const LinkStats& link : hottest(result.links, shown.links))
    json["links"].push_back({{"link", describe(link)},
                             {"x", link.from.x},
                             {"y", link.from.y},
                             {"side", name(link.side)},
                             {"crossing", link.interface < 0 ? Json(name(link.crossing)) : Json()},
                             {"interface", link.interface < 0 ? Json() : Json(link.interface)},
                             {"inwards", link.inwards},
                             {"bytes", link.bytes},
                             {"busy_cycles", link.busy},
                             {"stalled_cycles", link.stalled}});
  for (const Stuck& stuck : result.stuck)
    json["waiting"].push_back({{"where", to_string(shown.program, stuck.site)},
                               {"line", shown.lines.line(stuck.site)},
                               {"nodes", stuck.nodes},
                               {"x", stuck.first.x},
                               {"y", stuck.first.y},
                               {"since_cycle", stuck.since},
                               {"what", stuck.what},
                               {"who", stuck.who}});
  if (result.critical_path)
    json["critical_path"] = Json::parse(
        path_json(*result.critical_path,
                  {.program = shown.program, .lines = shown.lines, .steps = shown.path_steps}));
  return dump(json);
}

}  // namespace dojo::sim
