#include "dojo/host/kernel_info.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "dojo/graph/op.h"

namespace dojo::host {
namespace {

// "Conv" of "Conv %stem.y", "AdamW" of "AdamW of 62 tensors", "output" of "output loss".
std::string op_of(const Step& step) {
  const std::string& what = step.what;
  if (is_move(step)) return what.substr(0, what.find(' '));
  return what.substr(0, std::min({what.find(" %"), what.rfind(" of "), what.size()}));
}

// Scratch memory, which has no meaning outside of the step, does not count.
double bytes_of(const Program& program, const std::vector<BufferId>& buffers) {
  double bytes = 0;
  for (BufferId b : std::set<BufferId>(buffers.begin(), buffers.end()))
    if (b != kNoBuffer && program.buffers[at(b)].name != kScratch)
      bytes += static_cast<double>(program.buffers[at(b)].bytes);
  return bytes;
}

}  // namespace

bool is_move(const Step& step) {
  constexpr std::string_view kMoves[] = {"reorder %", "pack %", "unpack %", "widen %",
                                         "output ",   "save %", "update %"};
  return std::any_of(std::begin(kMoves), std::end(kMoves),
                     [&](std::string_view move) { return step.what.starts_with(move); });
}

void add_flop(const Graph& graph, const Unit& unit, const Program& program, size_t first,
              std::vector<double>& flop) {
  flop.resize(program.steps.size(), 0);
  for (size_t s = first; s < program.steps.size(); ++s) {
    if (is_move(program.steps[s])) continue;
    for (NodeId n : unit.nodes) flop[s] += op_cost(graph, graph.node(n)).flop;
    return;
  }
}

std::vector<KernelInfo> kernel_infos(const Program& program, const std::vector<double>& flop) {
  std::vector<KernelInfo> infos;
  for (size_t s = 0; s < program.steps.size(); ++s) {
    const Step& step = program.steps[s];
    infos.push_back({.name = step.what,
                     .op = op_of(step),
                     .flop = s < flop.size() ? flop[s] : 0,
                     .bytes = bytes_of(program, step.reads) + bytes_of(program, step.writes),
                     .moves = is_move(step)});
  }
  return infos;
}

}  // namespace dojo::host
