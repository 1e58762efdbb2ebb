#include "dojo/sim/trace/trace.h"

#include <fmt/format.h>

#include "dojo/program/text.h"

namespace dojo::sim {

using program::kNumThreads;

Trace::Trace(const program::Program& program, const program::Region& nodes) : program_(program) {
  const program::NodeMap map(program);
  program::for_each_node(nodes, [&](program::Coord c) {
    if (!map.inside(c.x, c.y) || !map.has_role(map.cell(c))) return;
    Node& node = nodes_[map.cell(c)];
    node.node_class = map.role(map.cell(c)).node_class;
    node.track = trace_.track(fmt::format("node ({}, {})", c.x, c.y));
    for (size_t t = 0; t < kNumThreads; ++t)
      if (!program.classes[at(node.node_class)].threads[t].instructions.empty())
        node.threads[t].track = trace_.track(fmt::format("thread {}", t), node.track);
    const program::Coord place = map.place(map.cell(c));
    places_[{place.x, place.y}] = &node;
  });
}

void Trace::slice(uint64_t track, const std::string& name, Cycles begin, Cycles end) {
  if (static_cast<int64_t>(trace_.bytes().size()) > kMostBytes)
    cut_ = true;
  else
    trace_.slice(track, name, begin, end);
}

void Trace::instruction(size_t cell, size_t thread, uint32_t pc, Cycles now) {
  nothing(cell, thread, now);
  const auto node = nodes_.find(cell);
  if (node == nodes_.end()) return;
  Thread& t = node->second.threads[thread];
  t.is_in = true;
  t.pc = pc;
  t.begin = now;
}

void Trace::nothing(size_t cell, size_t thread, Cycles now) {
  const auto node = nodes_.find(cell);
  if (node == nodes_.end()) return;
  Thread& t = node->second.threads[thread];
  if (!t.is_in) return;
  t.is_in = false;
  slice(t.track, print_instruction(program_, node->second.node_class, thread, t.pc), t.begin, now);
}

void Trace::link(machine::Coord from, machine::Side side, Cycles begin, Cycles end, int64_t flits,
                 bool is_short) {
  const auto place = places_.find({from.x, from.y});
  if (place == places_.end()) return;
  uint64_t& track = place->second->links[static_cast<size_t>(side)][is_short ? 1 : 0];
  if (track == 0)
    track = trace_.track(fmt::format("link {}{}", name(side), is_short ? ", short messages" : ""),
                         place->second->track);
  slice(track, flits == 1 ? "1 flit" : fmt::format("{} flits", flits), begin, end);
}

const std::string& Trace::finish(Cycles end) {
  for (const auto& [cell, node] : nodes_)
    for (size_t t = 0; t < kNumThreads; ++t) nothing(cell, t, end);
  return trace_.bytes();
}

}  // namespace dojo::sim
