// Units while they are being joined: which unit has each node, which units must run before which,
// and whether two may become one. Patterns of fusion (fuse.h) ask it; it knows none of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dojo/host/units.h"

namespace dojo::host {

class Merger {
 public:
  static constexpr int32_t kNone = -1;  // the unit of inputs, constants and nodes that make these

  // A unit for each node whose results are not constant, in the order of the nodes.
  Merger(const Graph& graph, const Constants& constants);

  int32_t num_units() const { return static_cast<int32_t>(units_.size()); }
  Unit& unit(int32_t u) { return units_[static_cast<size_t>(u)]; }  // without nodes if joined away
  const Unit& unit(int32_t u) const { return units_[static_cast<size_t>(u)]; }

  int32_t unit_of(NodeId n) const { return unit_of_[at(n)]; }
  int32_t producer(ValueId v) const;                      // the unit that makes a value
  int64_t uses(ValueId v) const { return uses_[at(v)]; }  // by nodes, outputs and updates

  // True iff neither needs results of the other, not even through other units.
  bool independent(int32_t a, int32_t b) const {
    return !must_precede(a, b) && !must_precede(b, a);
  }

  // Makes one unit of both unless something must run between them. Returns true iff it did; the
  // result is unit `into`.
  bool merge(int32_t from, int32_t into);

 private:
  uint64_t* row(int32_t u) { return before_.data() + static_cast<size_t>(u) * words_; }
  const uint64_t* row(int32_t u) const { return before_.data() + static_cast<size_t>(u) * words_; }
  bool must_precede(int32_t p, int32_t u) const { return row(u)[p / 64] >> (p % 64) & 1; }
  void set(int32_t u, int32_t p) { row(u)[p / 64] |= uint64_t{1} << (p % 64); }
  void clear(int32_t u, int32_t p) { row(u)[p / 64] &= ~(uint64_t{1} << (p % 64)); }
  void add_rows(int32_t from, int32_t to);  // what precedes `from` precedes `to` too

  const Graph& graph_;
  std::vector<Unit> units_;
  std::vector<int32_t> unit_of_;  // by node
  std::vector<int64_t> uses_;     // by value
  size_t words_ = 0;              // of a row
  std::vector<uint64_t> before_;  // bit p of row u: unit p must run before unit u
};

}  // namespace dojo::host
