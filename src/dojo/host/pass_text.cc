#include "dojo/host/pass_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "dojo/base/text.h"
#include "dojo/graph/text.h"
#include "dojo/host/in_place.h"
#include "dojo/host/lower.h"
#include "dojo/host/native_bf16.h"
#include "dojo/host/passes.h"

namespace dojo {
namespace host {
namespace {

// The lines of print_graph(), taken apart.
struct Lines {
  std::string head;
  std::vector<std::string> inputs, nodes, outputs, updates;

  explicit Lines(const Graph& graph) {
    std::vector<std::string> all;
    const std::string text = print_graph(graph);
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      all.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    auto line = all.begin();
    head = *line++;
    for (auto [part, count] : {std::pair(&inputs, graph.inputs.size()),
                               {&nodes, graph.nodes.size()},
                               {&outputs, graph.outputs.size()},
                               {&updates, graph.updates.size()}})
      for (size_t i = 0; i < count; ++i) part->push_back(*line++);
  }

  std::string text() const {
    std::string all = head + "\n";
    for (const auto* part : {&inputs, &nodes, &outputs, &updates})
      for (const std::string& line : *part) all += line + "\n";
    return all + "}\n";
  }
};

void comment(std::string& line, const std::string& what) {
  if (what.empty()) return;
  line += (line.find("  # ") == std::string::npos ? "  # " : ", ") + what;
}

void add_folded(const Graph& graph, const Constants& constants, Lines& lines) {
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    if (constants.has(graph.nodes[n].outputs[0])) comment(lines.nodes[n], "constant");
}

// "packed for node 7" would need counting.
std::string layout_words(const Graph& graph, const Layout& layout) {
  if (layout.kind != Layout::Kind::kPacked) return to_string(layout);
  return "packed for %" + graph.value(graph.node(layout.packed_for).outputs[0]).name;
}

// All that is not row-major.
void add_layouts(const Graph& graph, const std::vector<Layout>& layouts, Lines& lines) {
  for (size_t i = 0; i < graph.inputs.size(); ++i)
    if (const Layout& layout = layouts[at(graph.inputs[i].value)]; !(layout == kRowMajor))
      comment(lines.inputs[i], layout_words(graph, layout));
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const std::vector<ValueId>& made = graph.nodes[n].outputs;
    if (std::all_of(made.begin(), made.end(),
                    [&](ValueId v) { return layouts[at(v)] == kRowMajor; }))
      continue;
    for (ValueId v : made) comment(lines.nodes[n], layout_words(graph, layouts[at(v)]));
  }
}

// The nodes in the order of execution, below the heads of their units.
void order_by_units(const std::vector<Unit>& units, Lines& lines) {
  std::vector<std::string> nodes = std::move(lines.nodes), ordered;
  std::vector<bool> placed(nodes.size(), false);
  for (const Unit& unit : units)
    for (NodeId n : unit.nodes) placed[at(n)] = true;
  for (size_t n = 0; n < nodes.size(); ++n)
    if (!placed[n]) ordered.push_back(std::move(nodes[n]));  // constants
  bool commits = false;
  for (size_t u = 0; u < units.size(); ++u) {
    if (units[u].commits && !std::exchange(commits, true))
      ordered.push_back("  # phase two: once all guards are finite");
    ordered.push_back(fmt::format("  # unit {}: {}", u, name(units[u].kind)));
    for (NodeId n : units[u].nodes) ordered.push_back(std::move(nodes[at(n)]));
  }
  lines.nodes = std::move(ordered);
}

void add_in_place(const Graph& graph, const std::map<ValueId, ValueId>& in_place, Lines& lines) {
  for (size_t i = 0; i < graph.updates.size(); ++i)
    if (in_place.contains(graph.updates[i].value)) comment(lines.updates[i], "in place");
}

void add_algorithms(Lowering& l, Lines& lines) {
  for (size_t n = 0; n < l.graph.nodes.size(); ++n)
    if (const Node& node = l.graph.nodes[n]; node.op.starts_with("Conv"))
      if (l.conv_algorithm(node) == ConvAlgorithm::kWinograd) comment(lines.nodes[n], "winograd");
}

std::string numbers(const std::vector<BufferId>& buffers) {
  std::string text;
  for (BufferId b : buffers)
    if (b != kNoBuffer) text += fmt::format(" {}", at(b));
  return text;
}

}  // namespace

std::string program_text(const std::string& graph, const Program& p, size_t commit_from,
                         const MemoryPlan* plan) {
  std::string text = fmt::format("program \"{}\" {{\n", one_line(graph));
  if (plan)
    text += fmt::format("  # arena of {} bytes, {} bytes that are kept from step to step\n",
                        plan->arena_bytes, plan->persistent_bytes);
  std::set<BufferId> used;
  for (const Step& step : p.steps)
    for (const auto* buffers : {&step.reads, &step.writes})
      for (BufferId b : *buffers)
        if (b != kNoBuffer) used.insert(p.root(b).first), used.insert(b);
  for (size_t b = 0; b < p.buffers.size(); ++b) {
    const Buffer& buffer = p.buffers[b];
    text +=
        fmt::format("  buffer {} {} {}", b, buffer.name.empty() ? "_" : buffer.name, buffer.bytes);
    const auto [root, offset] = p.root(static_cast<BufferId>(b));
    if (at(root) != b) text += fmt::format(" = {} + {}", at(root), offset);
    const bool kept = p.buffers[at(root)].kind == Buffer::Kind::kPersistent;
    if (kept) text += " kept";
    if (plan && (kept || used.contains(static_cast<BufferId>(b))))
      text += fmt::format(" at {}", plan->offsets[b]);
    text += "\n";
  }
  for (size_t s = 0; s < p.steps.size(); ++s) {
    if (s == commit_from) text += "  # phase two: once all guards are finite\n";
    text += fmt::format("  step {} {}:{} ->{}\n", s, p.steps[s].what, numbers(p.steps[s].reads),
                        numbers(p.steps[s].writes));
  }
  return text + "}\n";
}

}  // namespace host

std::string text_after(const Graph& shown, std::string_view pass, const HostOptions& options) {
  using namespace host;
  host_pass(pass, "--after");  // that there is one
  HostOptions o = options;
  o.algorithms = nullptr;
  if (pass == "lower" || pass == "share" || pass == "arena") {
    if (pass == "lower") o.share = false;
    return host_program_text(shown, o, pass == "arena");
  }
  const Graph graph = with_host_bf16(shown, o.native_bf16);
  Lines lines(graph);
  if (pass == "bf16") return lines.text();
  const Constants constants = fold_constants(graph, o.fold);
  add_folded(graph, constants, lines);
  if (pass == "fold") return lines.text();
  const std::vector<Layout> layouts =
      assign_layouts(graph, {.channels_last = o.channels_last,
                             .packed_weights = o.packed_weights && pass != "channels-last"});
  add_layouts(graph, layouts, lines);
  if (pass == "channels-last" || pass == "packed-weights") return lines.text();
  const std::vector<Unit> units = make_units(graph, constants, layouts, o.fuse);
  if (pass == "winograd") {
    Lowering l(graph, constants, layouts, nullptr, o.max_bytes, o.winograd);
    add_algorithms(l, lines);
  }
  order_by_units(units, lines);
  if (pass != "fuse" && o.in_place) add_in_place(graph, find_in_place(graph, units), lines);
  return lines.text();
}

}  // namespace dojo
