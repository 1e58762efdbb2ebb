#include "dojo/sim/timeline.h"

#include <algorithm>
#include <utility>

namespace dojo::sim {
namespace {

void join_pairs(std::vector<Timeline::Bin>* bins) {
  for (size_t i = 0; i < bins->size() / 2; ++i)
    for (size_t s = 0; s < kNumSpent; ++s)
      (*bins)[i][s] = (*bins)[2 * i][s] + (*bins)[2 * i + 1][s];
  std::fill(bins->begin() + static_cast<std::ptrdiff_t>(bins->size() / 2), bins->end(),
            Timeline::Bin{});
}

}  // namespace

Timeline::Timeline(const program::NodeMap& map, size_t num_classes,
                   std::vector<program::Coord> nodes)
    : map_(map),
      all_(kBins),
      classes_(std::min(num_classes, kMostClasses + 1), std::vector<Bin>(kBins)),
      links_(kBins),
      coords_(std::move(nodes)),
      nodes_(coords_.size()) {
  for (size_t i = 0; i < coords_.size(); ++i) {
    by_cell_[map.cell(coords_[i])] = i;
    for (std::vector<Bin>& thread : nodes_[i]) thread.resize(kBins);
  }
}

void Timeline::widen() {
  bin_cycles_ *= 2;
  num_bins_ = (num_bins_ + 1) / 2;
  join_pairs(&all_);
  for (std::vector<Bin>& node_class : classes_) join_pairs(&node_class);
  for (auto& node : nodes_)
    for (std::vector<Bin>& thread : node) join_pairs(&thread);
  for (size_t i = 0; i < kBins / 2; ++i) links_[i] = links_[2 * i] + links_[2 * i + 1];
  std::fill(links_.begin() + kBins / 2, links_.end(), 0);
}

template <typename Add>
void Timeline::spread(Cycles begin, Cycles end, const Add& add) {
  if (begin >= end) return;
  while ((end - 1) / bin_cycles_ >= static_cast<Cycles>(kBins)) widen();
  for (Cycles bin = begin / bin_cycles_; bin * bin_cycles_ < end; ++bin) {
    const Cycles from = std::max(begin, bin * bin_cycles_);
    const Cycles to = std::min(end, (bin + 1) * bin_cycles_);
    add(static_cast<size_t>(bin), to - from);
  }
  num_bins_ = std::max(num_bins_, static_cast<size_t>((end - 1) / bin_cycles_) + 1);
}

void Timeline::spent(const ThreadSpan& span) {
  const auto on = static_cast<size_t>(span.on);
  const auto found = by_cell_.find(span.cell);
  std::vector<Bin>* own = found == by_cell_.end() ? nullptr : &nodes_[found->second][span.thread];
  const auto number = static_cast<size_t>(map_.role(span.cell).node_class);
  std::vector<Bin>& of_class = classes_[std::min(number, classes_.size() - 1)];
  spread(span.begin, span.end, [&](size_t bin, Cycles cycles) {
    all_[bin][on] += cycles;
    of_class[bin][on] += cycles;
    if (own) (*own)[bin][on] += cycles;
  });
}

void Timeline::link(const LinkSpan& span) {
  spread(span.begin, span.end, [&](size_t bin, Cycles cycles) { links_[bin] += cycles; });
}

}  // namespace dojo::sim
