#include "dojo/sim/show_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <tuple>
#include <vector>

#include "dojo/base/json.h"
#include "dojo/base/text.h"

namespace dojo::sim {
namespace {

using Json = nlohmann::ordered_json;

// All steps of an instruction and of messages that it sent.
struct OfInstruction {
  program::Site site;
  Cycles cycles = 0;
  int64_t steps = 0;
};

Cycles sum(const std::array<Cycles, kNumReasons>& cycles) {
  return std::accumulate(cycles.begin(), cycles.end(), Cycles{0});
}

// Those with most cycles first; of equals in the program's order.
std::vector<OfInstruction> instructions(const CriticalPath& path, int64_t most) {
  std::map<std::tuple<int, int32_t, int32_t, int32_t>, OfInstruction> all;
  for (const PathStep& step : path.steps) {
    const program::Site& s = step.site;
    OfInstruction& of = all[{static_cast<int>(s.kind), s.index, s.thread, s.instruction}];
    of.site = s;
    of.cycles += step.end - step.begin;
    ++of.steps;
  }
  std::vector<OfInstruction> list;
  for (const auto& [key, of] : all)
    if (of.site.kind == program::Site::Kind::kInstruction) list.push_back(of);
  std::stable_sort(list.begin(), list.end(), [](const OfInstruction& a, const OfInstruction& b) {
    return a.cycles > b.cycles;
  });
  if (std::ssize(list) > most) list.resize(static_cast<size_t>(most));
  return list;
}

std::span<const PathStep> last_steps(const CriticalPath& path, int64_t most) {
  const auto count = static_cast<size_t>(std::min<int64_t>(most, std::ssize(path.steps)));
  return std::span(path.steps).last(count);
}

std::string place(program::Coord node, int32_t interface) {
  return interface >= 0 ? fmt::format("interface {}", interface)
                        : fmt::format("({}, {})", node.x, node.y);
}

// "matrix 18, unit ports 2"
std::string reasons(const std::array<Cycles, kNumReasons>& cycles) {
  std::string text;
  for (size_t r = 0; r < kNumReasons; ++r)
    if (cycles[r] > 0)
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : ", ", name(static_cast<Reason>(r)), cycles[r]);
  return text;
}

std::string where(const program::Site& site, const ShownPath& shown) {
  if (site.kind != program::Site::Kind::kInstruction) return "earlier steps";
  return one_line(to_string(shown.program, site, &shown.lines));
}

// "node (1, 0), copy.program:17: class sender, thread 0: wait full"
std::string what(const PathStep& step, const ShownPath& shown) {
  if (!step.is_message) {
    if (step.site.kind != program::Site::Kind::kInstruction) return where(step.site, shown);
    return fmt::format("node {}, {}", place(step.node, -1), where(step.site, shown));
  }
  const std::string from = place(step.from, step.from_interface);
  const std::string way = step.is_read_only
                              ? fmt::format("read at {}", from)
                              : fmt::format("{} to {}", from, place(step.to, step.to_interface));
  return fmt::format("message of {} bytes, {}, of {}", step.bytes, way, where(step.site, shown));
}

}  // namespace

std::string show_path(const CriticalPath& path, const ShownPath& shown) {
  if (path.steps.empty()) return "";
  const Cycles all = sum(path.cycles);
  const auto percent = [&](Cycles cycles) {
    return all > 0 ? 100 * static_cast<double>(cycles) / static_cast<double>(all) : 0;
  };
  std::string text = fmt::format("\n{:<14} {:>12} {:>7}\n", "critical path", "cycles", "share");
  for (size_t r = 0; r < kNumReasons; ++r)
    if (path.cycles[r] > 0)
      text += fmt::format("{:<14} {:>12} {:>5.1f} %  {}\n", name(static_cast<Reason>(r)),
                          path.cycles[r], percent(path.cycles[r]), meaning(static_cast<Reason>(r)));
  text += fmt::format("{:<14} {:>12} {:>5.1f} %\n", "all", all, percent(all));
  text +=
      fmt::format("\n{:>12} {:>8} {:>8}  of the critical path in\n", "cycles", "share", "steps");
  for (const OfInstruction& of : instructions(path, shown.instructions))
    text += fmt::format("{:>12} {:>6.1f} % {:>8}  {}\n", of.cycles, percent(of.cycles), of.steps,
                        where(of.site, shown));
  const auto steps = last_steps(path, shown.steps);
  text +=
      fmt::format("\n{:>12} {:>12}  {}\n", "from cycle", "to cycle",
                  steps.size() == path.steps.size()
                      ? std::string("step")
                      : fmt::format("the last {} of {} steps", steps.size(), path.steps.size()));
  for (const PathStep& step : steps)
    text += fmt::format("{:>12} {:>12}  {} ({})\n", step.begin, step.end, what(step, shown),
                        reasons(step.cycles));
  return text;
}

std::string path_json(const CriticalPath& path, const ShownPath& shown) {
  const auto cycles_of = [](const std::array<Cycles, kNumReasons>& cycles) {
    Json json = Json::object();
    for (size_t r = 0; r < kNumReasons; ++r)
      if (cycles[r] > 0) json[std::string(name(static_cast<Reason>(r)))] = cycles[r];
    return json;
  };
  Json json = {{"cycles", sum(path.cycles)},
               {"reasons", cycles_of(path.cycles)},
               {"num_steps", path.steps.size()},
               {"instructions", Json::array()},
               {"last_steps", Json::array()}};
  for (const OfInstruction& of : instructions(path, shown.instructions))
    json["instructions"].push_back({{"where", to_string(shown.program, of.site)},
                                    {"line", shown.lines.line(of.site)},
                                    {"cycles", of.cycles},
                                    {"steps", of.steps}});
  const auto end = [](program::Coord node, int32_t interface) {
    return interface >= 0 ? Json{{"interface", interface}} : Json{{"x", node.x}, {"y", node.y}};
  };
  for (const PathStep& step : last_steps(path, shown.steps)) {
    const bool known = step.site.kind == program::Site::Kind::kInstruction;
    Json s = {{"begin", step.begin},
              {"end", step.end},
              {"x", step.node.x},
              {"y", step.node.y},
              {"where", known ? Json(to_string(shown.program, step.site)) : Json()},
              {"line", known ? Json(shown.lines.line(step.site)) : Json()},
              {"reasons", cycles_of(step.cycles)}};
    if (step.is_message)
      s["message"] = {{"bytes", step.bytes},
                      {"from", end(step.from, step.from_interface)},
                      {"to", step.is_read_only ? Json() : end(step.to, step.to_interface)}};
    json["last_steps"].push_back(std::move(s));
  }
  return dump(json);
}

}  // namespace dojo::sim
