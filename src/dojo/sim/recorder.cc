#include "dojo/sim/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/program/node_map.h"

namespace dojo::sim {

Recorder::Recorder(const program::Program& program, int32_t columns, Options options)
    : options_(std::move(options)) {
  const program::NodeMap map(program);
  for (const program::Coord c : options_.nodes) {
    if (!map.inside(c.x, c.y) || !map.has_role(map.cell(c)))
      throw Error(
          Category::kConfig,
          fmt::format("the program has no node ({}, {}) that does anything", c.x, c.y),
          "--trace-nodes",
          fmt::format("its grid has {} columns and {} rows", program.grid.x, program.grid.y));
    const size_t cell = map.cell(c);
    const program::Coord place = map.place(cell);
    by_cell_[cell] = nodes_.size();
    by_place_[place.y * columns + place.x] = nodes_.size();
    RecordedNode& node = nodes_.emplace_back();
    node.node = c;
    node.machine = place;
    node.node_class = map.role(cell).node_class;
  }
}

bool Recorder::has_room(Cycles begin) {
  if (num_spans_ < options_.most_spans) {
    ++num_spans_;
    return true;
  }
  full_since_ = std::min(begin, full_since_.value_or(begin));
  return false;
}

void Recorder::spent(const ThreadSpan& span) {
  const auto found = by_cell_.find(span.cell);
  if (found == by_cell_.end() || is_outside(span.begin, span.end)) return;
  auto& spans = nodes_[found->second].threads[span.thread];
  if (span.goes_on) {
    if (!spans.empty() && spans.back().end == span.begin) spans.back().end = span.end;
    return;
  }
  if (has_room(span.begin)) spans.push_back({span.begin, span.end, span.instruction, span.on});
}

void Recorder::unit(const UnitSpan& span) {
  const auto found = by_cell_.find(span.cell);
  if (found == by_cell_.end() || is_outside(span.begin, span.end)) return;
  RecordedNode& node = nodes_[found->second];
  auto& spans = span.is_matrix ? node.matrix : node.vector;
  if (span.goes_on) {
    if (!spans.empty() && spans.back().end == span.begin) spans.back().end = span.end;
    return;
  }
  if (has_room(span.begin)) spans.push_back({span.begin, span.end, span.thread});
}

void Recorder::link(const LinkSpan& span) {
  const auto found = by_place_.find(span.node);
  if (found == by_place_.end() || is_outside(span.begin, span.end)) return;
  RecordedNode& node = nodes_[found->second];
  auto& links = !span.is_interface ? node.links
                : span.inwards     ? node.from_interface
                                   : node.to_interface;
  auto& spans = links[static_cast<size_t>(span.side)];
  if (!spans.empty() && spans.back().order == span.order && spans.back().end == span.begin) {
    spans.back().end = span.end;
    spans.back().bytes += span.bytes;
    return;
  }
  if (has_room(span.begin))
    spans.push_back({span.begin, span.end, span.bytes, span.order, span.from, 0});
}

std::vector<RecordedNode::OnLink> one_after_the_other(std::vector<RecordedNode::OnLink> spans) {
  std::stable_sort(spans.begin(), spans.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::vector<RecordedNode::OnLink> all;
  for (const RecordedNode::OnLink& span : spans) {
    if (all.empty() || span.begin >= all.back().end) {
      all.push_back(span);
      continue;
    }
    RecordedNode::OnLink& before = all.back();
    before.end = std::max(before.end, span.end);
    before.bytes += span.bytes;
    if (span.order != before.order) ++before.others;
  }
  return all;
}

}  // namespace dojo::sim
