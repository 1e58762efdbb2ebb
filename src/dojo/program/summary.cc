#include "dojo/program/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dojo/base/json.h"
#include "dojo/base/text.h"
#include "dojo/base/units.h"
#include "dojo/program/code_size.h"

namespace dojo::program {
namespace {

using Json = nlohmann::ordered_json;

int64_t num_nodes(const NodeClass& node_class) {
  int64_t nodes = 0;
  for (const ClassRegion& region : node_class.regions) nodes += region.region.num_nodes();
  return nodes;
}

int64_t num_instructions(const NodeClass& node_class) {
  int64_t instructions = 0;
  for (const Code& code : node_class.threads) instructions += std::ssize(code.instructions);
  return instructions;
}

// The end of what lies highest.
int64_t end_of(const Program& program, const Layout& layout) {
  int64_t end = layout.code_address + layout.code_bytes;
  for (const Allocation& a : program.allocations_of(layout))
    end = std::max(end, a.address + a.num_bytes());
  return end;
}

std::string_view word(Layout::Of of) { return of == Layout::Of::kNodes ? "nodes" : "interfaces"; }

Json allocation_json(const Allocation& a) {
  Json json = {{"name", a.name},         {"format", to_string(a.element)},
               {"shape", a.shape},       {"address", a.address},
               {"bytes", a.num_bytes()}, {"first_phase", a.live.begin},
               {"end_phase", Json()},    {"input", a.is_input},
               {"output", a.is_output}};
  if (a.live.end != Phases::kForever) json["end_phase"] = a.live.end;
  return json;
}

}  // namespace

std::string summary(const Program& program) {
  std::string text = fmt::format("{}: a grid of {} x {} nodes\n\n{:<24} {:>10} {:>12} {:>10}  {}\n",
                                 program.name, program.grid.x, program.grid.y, "class", "nodes",
                                 "instructions", "code", "layout");
  for (const NodeClass& c : program.classes)
    text +=
        fmt::format("{:<24} {:>10} {:>12} {:>10}  {}\n", c.name, num_nodes(c), num_instructions(c),
                    print_bytes(code_bytes(c)), program.layout(c.layout).name);
  text += fmt::format("\n{:<24} {:>10} {:>12} {:>10}  {}\n", "layout", "of", "allocations", "up to",
                      "semaphores");
  for (const Layout& layout : program.layouts)
    text +=
        fmt::format("{:<24} {:>10} {:>12} {:>10}  {}\n", layout.name, word(layout.of),
                    layout.num_allocations, print_bytes(end_of(program, layout)), layout.num_slots);
  return text;
}

std::string summary_json(const Program& program) {
  Json json = {{"program", program.name},  {"columns", program.grid.x},
               {"rows", program.grid.y},   {"places", program.places.size()},
               {"layouts", Json::array()}, {"barriers", program.barriers.size()},
               {"classes", Json::array()}};
  for (const Layout& layout : program.layouts) {
    Json allocations = Json::array();
    for (const Allocation& a : program.allocations_of(layout))
      allocations.push_back(allocation_json(a));
    json["layouts"].push_back({{"name", layout.name},
                               {"of", word(layout.of)},
                               {"code_bytes", layout.code_bytes},
                               {"end_bytes", end_of(program, layout)},
                               {"semaphores", layout.num_slots},
                               {"allocations", allocations}});
  }
  for (const NodeClass& c : program.classes) {
    Json threads = Json::array();
    for (const Code& code : c.threads) threads.push_back(code.instructions.size());
    json["classes"].push_back({{"name", c.name},
                               {"layout", program.layout(c.layout).name},
                               {"nodes", num_nodes(c)},
                               {"regions", c.regions.size()},
                               {"code_bytes", code_bytes(c)},
                               {"instructions", threads}});
  }
  return dump(json);
}

std::string show_problems(const Program& program, const Verification& verification,
                          const SourceLines& lines) {
  std::string text;
  for (const Problem& p : verification.problems.list())
    text += fmt::format("{}: {}: {}{}\n", one_line(to_string(program, p.site, &lines)),
                        name(p.kind), p.message, p.hint.empty() ? "" : "; " + p.hint);
  for (size_t k = 0; k < kNumProblemKinds; ++k) {
    const auto kind = static_cast<ProblemKind>(k);
    if (verification.problems.count(kind) > Problems::kMost)
      text += fmt::format("{}: and more\n", name(kind));
  }
  return text;
}

std::string verification_json(const Program& program, const Verification& verification,
                              const SourceLines& lines, const std::string& machine,
                              int64_t assumed) {
  Json json = {{"program", program.name},
               {"machine", machine},
               {"assumed_numbers", assumed},
               {"ok", verification.ok()},
               {"decided", verification.problems.count(ProblemKind::kUndecided) == 0},
               {"nodes", verification.num_nodes},
               {"steps", verification.steps},
               {"errors", verification.problems.num_errors()},
               {"problems", Json::array()}};
  for (const Problem& p : verification.problems.list())
    json["problems"].push_back({{"kind", name(p.kind)},
                                {"error", p.is_error()},
                                {"line", lines.line(p.site)},
                                {"where", to_string(program, p.site)},
                                {"message", p.message},
                                {"hint", p.hint}});
  return dump(json);
}

}  // namespace dojo::program
