// Where the matrices that a kernel reads or makes lie, if the ops that only move values (Reshape,
// Transpose, Slice; Pad and Add for the gradients of slices) are left out: as a view of the value
// before or behind those.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "dojo/graph/graph.h"
#include "dojo/host/readers.h"
#include "dojo/host/strided_view.h"

namespace dojo::host {

// Matrices of `base`: view [items, rows, columns], one stride for the rows, 1 for the columns.
struct Located {
  ValueId base = kNoValue;
  StridedView view;
};

// All values are f32 [items, rows, columns] with more than one column. What is not found elsewhere
// is its own base. The nodes that may be left out are added to `left_out`.
class Locator {
 public:
  Locator(const Graph& graph, const Readers& readers) : graph_(graph), readers_(readers) {}

  // Of a value that is read.
  Located source(ValueId v, std::vector<NodeId>& left_out) const;
  // Of a value that is made; what lies between it and its base must have no other readers.
  Located result(ValueId v, std::vector<NodeId>& left_out) const;
  // Of three that are made. They have one base where Pads and Adds put them together to a whole, as
  // the gradients of three slices.
  std::array<Located, 3> results(const std::array<ValueId, 3>& v,
                                 std::vector<NodeId>& left_out) const;

 private:
  struct Part;
  NodeId only_reader(ValueId v) const;
  // The Reshapes and Transposes that follow on a value, one the only reader of the other.
  std::vector<NodeId> moves_behind(ValueId v) const;
  // What the first of them reads, if the last makes `behind`.
  std::optional<StridedView> before_all(const std::vector<NodeId>& path,
                                        const StridedView& behind) const;
  bool find_part(ValueId v, Part& part) const;
  bool joined(const std::array<ValueId, 3>& v, std::array<Located, 3>& found,
              std::vector<NodeId>& left_out) const;

  const Graph& graph_;
  const Readers& readers_;
};

}  // namespace dojo::host
