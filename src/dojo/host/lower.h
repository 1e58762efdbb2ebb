// Units become steps. Each op family has a file lower_*.cc with functions that ask this class for
// the buffers of operands and results and add steps; what has no function runs the op's reference
// meaning.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/host/onednn.h"
#include "dojo/host/steps.h"
#include "dojo/host/units.h"

namespace dojo::host {

// One physical copy of a value.
struct Form {
  Layout::Kind kind = Layout::Kind::kRowMajor;
  onednn::Format packed;  // for kPacked
  BufferId buffer = kNoBuffer;
};

class Lowering {
 public:
  Lowering(const Graph& graph, const Constants& constants, std::vector<Layout> layouts);

  const Graph& graph;
  const Constants& constants;
  const std::vector<Layout>
      layouts;  // by value: where it is made, unless its kernel says otherwise
  Program program;

  // A value in the order asked for; adds a step that reorders where it is not there yet.
  BufferId operand(ValueId v, Layout::Kind kind);
  BufferId operand(ValueId v, const onednn::Format& format, const onednn::Format& plain);
  // In whatever order it was made.
  const Form& primary(ValueId v);

  // New memory for a value that a kernel makes in this order.
  BufferId result(ValueId v, Layout::Kind kind);
  BufferId result(ValueId v, const onednn::Format& format);
  // The value is these bytes of a buffer that is there already.
  void alias(ValueId v, Layout::Kind kind, BufferId buffer);

  // The packed format of a value's layout. REQUIRES: it is kPacked.
  onednn::Format packed_format(ValueId v);
  const onednn::Conv& weight_gradient_of(NodeId n);
  onednn::Format plain_format(ValueId v);  // row-major, of a packed value
  int64_t physical_elements(ValueId v);    // with padding, in its primary form

  BufferId scratch(int64_t bytes);  // kNoBuffer for 0
  void add(std::string what, std::vector<BufferId> reads, std::vector<BufferId> writes,
           std::function<Kernel(const Memory&)> bind,
           std::vector<std::pair<BufferId, BufferId>> may_share = {});
  void add_operation(std::string what, const onednn::Operation& operation,
                     std::vector<BufferId> reads, std::vector<BufferId> writes);

  Layout::Kind kind_of(ValueId v) const { return layouts[static_cast<size_t>(index(v))].kind; }
  std::string label(const Node& node) const;  // "Conv %level8.stem"

  // True iff a node outside of the unit, an output or an update reads the value.
  bool used_outside(ValueId v, const Unit& unit) const;

  // Attributes and types of a node, for reading attributes. Valid until the next call.
  OpCall call(const Node& node);

  // Memory that a kernel hands to a later one beside the graph's values (the places of the maxima).
  std::map<ValueId, BufferId> side;
  // Results that are written straight into the state that they update.
  std::map<ValueId, ValueId> in_place;
  bool committing = false;  // steps added now belong to phase two

 private:
  BufferId new_buffer(ValueId v, int64_t bytes);
  std::vector<std::vector<Form>> forms_;  // by value; the first is the one that was made
  std::map<NodeId, onednn::Conv> weight_gradients_;
  std::vector<std::vector<NodeId>> users_;  // by value; kNoNode for an output or update
  std::vector<const Type*> call_inputs_;
  std::vector<Type> call_outputs_;
};

void lower_unit(Lowering& l, const Unit& unit);

// Each returns false for what it does not know.
bool lower_conv(Lowering& l, const Unit& unit);
bool lower_norm(Lowering& l, const Unit& unit);
bool lower_pool(Lowering& l, const Node& node);
bool lower_sample(Lowering& l, const Node& node);  // GridSample, AffineGrid, Resize
bool lower_matmul(Lowering& l, const Node& node);  // and softmax
bool lower_shape(Lowering& l,
                 const Node& node);  // Reshape, Transpose, Slice, Concat, Pad, Cast ...
bool lower_reduce(Lowering& l, const Node& node);
void lower_elementwise(Lowering& l, const Unit& unit);
bool lower_optimizer(Lowering& l, const Unit& unit);
void lower_reference(Lowering& l, const Node& node);

onednn::ConvShape conv_shape(Lowering& l, const Node& node);

}  // namespace dojo::host
