// What threads spend their time on, over the time of a run: of all nodes together, of each class,
// and of some nodes by themselves. The time is cut into at most kBins bins of equal width, which
// doubles as the run gets longer, so that memory does not grow with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "dojo/program/node_map.h"
#include "dojo/program/program.h"
#include "dojo/sim/observer.h"

namespace dojo::sim {

class Timeline : public Observer {
 public:
  static constexpr size_t kBins = 256;
  static constexpr size_t kMostClasses = 24;
  using Bin = std::array<Cycles, kNumSpent>;  // cycles of threads in each state

  // `nodes`: those that are followed by themselves. The map outlives this. REQUIRES: each node has
  // one of the map's `num_classes` classes.
  Timeline(const program::NodeMap& map, size_t num_classes, std::vector<program::Coord> nodes);

  void spent(const ThreadSpan& span) override;
  void unit(const UnitSpan&) override {}
  void link(const LinkSpan& span) override;

  Cycles bin_cycles() const { return bin_cycles_; }
  // Up to the last bin in which something happened; all lists have as many.
  size_t num_bins() const { return num_bins_; }
  const std::vector<Bin>& all() const { return all_; }
  // By class; those from the number kMostClasses on share the last list.
  const std::vector<std::vector<Bin>>& classes() const { return classes_; }
  // Cycles that links were busy in each bin, added up over all of them.
  const std::vector<Cycles>& links() const { return links_; }
  const std::vector<program::Coord>& nodes() const { return coords_; }  // as they were given
  const std::vector<Bin>& thread(size_t i, size_t thread) const { return nodes_[i][thread]; }

 private:
  // add(bin, cycles) for the part of [begin, end) that lies in each bin.
  template <typename Add>
  void spread(Cycles begin, Cycles end, const Add& add);
  void widen();

  const program::NodeMap& map_;
  Cycles bin_cycles_ = 1;
  size_t num_bins_ = 0;
  std::vector<Bin> all_;
  std::vector<std::vector<Bin>> classes_;
  std::vector<Cycles> links_;
  std::vector<program::Coord> coords_;
  std::vector<std::array<std::vector<Bin>, program::kNumThreads>> nodes_;
  std::unordered_map<size_t, size_t> by_cell_;
};

}  // namespace dojo::sim
