// Units become steps. Each op family has a file lower_*.cc with functions that ask this class for
// the buffers of operands and results and add steps; what has no function runs the op's reference
// meaning.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/host/conv_algorithm.h"
#include "dojo/host/kernels/copy.h"
#include "dojo/host/kernels/floats.h"
#include "dojo/host/onednn.h"
#include "dojo/host/product_algorithm.h"
#include "dojo/host/readers.h"
#include "dojo/host/steps.h"
#include "dojo/host/units.h"

namespace dojo::host {

inline constexpr Layout::Kind kRow = Layout::Kind::kRowMajor;
inline constexpr Layout::Kind kLast = Layout::Kind::kChannelsLast;

// One physical copy of a value.
struct Form {
  Layout::Kind kind = Layout::Kind::kRowMajor;
  onednn::Format packed;  // for kPacked
  BufferId buffer = kNoBuffer;
};

// A buffer of f32 or bf16, for kernels that take either.
struct Floats {
  BufferId buffer = kNoBuffer;
  bool is_bf16 = false;

  kernels::FloatsIn in(const Memory& m) const { return {m.get<const void>(buffer), is_bf16}; }
  kernels::FloatsOut out(const Memory& m) const { return {m.get<void>(buffer), is_bf16}; }
};

class Lowering {
 public:
  // `algorithms` may be null: then rules decide; max_bytes: of memory that the program may take.
  // `winograd` false: that algorithm is none of them.
  Lowering(const Graph& graph, const Constants& constants, std::vector<Layout> layouts,
           Algorithms* algorithms, int64_t max_bytes, bool winograd = true);

  const Graph& graph;
  const Constants& constants;
  const std::vector<Layout> layouts;  // by value: how it is made, unless its kernel says otherwise
  Program program;

  // Adds the steps of a unit, now or, where its readers may do without its result, when one asks
  // for it. REQUIRES: units come in the order of make_units().
  void lower(const Unit& unit);

  // A value in the order asked for, adding a step that reorders where it is not there yet: as it
  // is, and, for kernels that know f32 only, bf16 widened.
  BufferId own_operand(ValueId v, Layout::Kind kind);
  Floats floats(ValueId v, Layout::Kind kind) { return {own_operand(v, kind), is_bf16(v)}; }
  BufferId operand(ValueId v, Layout::Kind kind);
  // The weights of a convolution in oneDNN's format, which may widen or round them.
  BufferId operand(ValueId v, const onednn::Format& format, const onednn::ConvShape& shape);
  // In whatever order it was made.
  const Form& primary(ValueId v);

  // New memory for a value that a kernel makes in this order.
  BufferId result(ValueId v, Layout::Kind kind);
  BufferId result(ValueId v, const onednn::Format& format);
  // The same of what the unit makes of the value, see made().
  Floats floats_result(ValueId v, Layout::Kind kind);
  // The value is these bytes of a buffer that is there already.
  void alias(ValueId v, Layout::Kind kind, BufferId buffer);

  // Operands and results in the order that the layout of another value, `model`, gives; the number
  // of floats of a value of model's shape in that order, with padding.
  BufferId operand_like(ValueId v, ValueId model);
  BufferId result_like(ValueId v, ValueId model);
  int64_t elements_like(ValueId model);
  // The number of floats in the order in which the value was made, with padding.
  int64_t physical_elements(ValueId v);

  // The format of a value whose layout is packed, and the convolution for which it is. REQUIRES: it
  // is kPacked.
  onednn::Format packed_format(ValueId v);
  onednn::ConvShape packed_shape(ValueId v);

  BufferId scratch(int64_t bytes);  // kNoBuffer for 0
  void add(std::string what, std::vector<BufferId> reads, std::vector<BufferId> writes,
           std::function<Kernel(const Memory&)> bind,
           std::vector<std::pair<BufferId, BufferId>> may_share = {});
  // One strided copy of elements of this format.
  void add_copy(std::string what, const kernels::StridedCopy& copy, Format format, BufferId from,
                BufferId to);
  void add_operation(std::string what, const onednn::Operation& operation,
                     std::vector<BufferId> reads, std::vector<BufferId> writes);

  Layout::Kind kind_of(ValueId v) const { return layouts[at(v)].kind; }
  bool is_bf16(ValueId v) const { return v != kNoValue && graph.type(v).format == Format::kBF16; }
  // True iff both factors of the product are bf16: then it runs on them as they are.
  bool in_bf16(const Node& product) const {
    return is_bf16(product.inputs[0]) && is_bf16(product.inputs[1]);
  }
  BufferId factor(ValueId v, Layout::Kind kind, bool bf16) {
    return bf16 ? own_operand(v, kind) : operand(v, kind);
  }
  // The rounding of the value to bf16 where that is in the unit that makes it, else the value.
  ValueId made(ValueId v) const;
  // True iff it lies in memory: not what no kernel has asked for.
  bool is_made(ValueId v) const { return !forms_[at(v)].empty(); }
  std::string label(const Node& node) const;  // "Conv %level8.stem"

  // REQUIRES: the node is a Conv, ConvInputGrad or ConvWeightGrad.
  ConvAlgorithm conv_algorithm(const Node& node);
  ProductAlgorithm product_algorithm(const onednn::MatmulShape& shape) const;

  // True iff a node outside of the unit, an output or an update reads the value.
  bool used_outside(ValueId v, const Unit& unit) const;
  const Readers& readers() const { return readers_; }

  // A node as the rules of its op see it. Valid until the next call.
  OpCall call(const Node& node);

  // Memory that a kernel hands to a later one beside the graph's values: by the result of a MaxPool
  // the places of its maxima, by an attention's probabilities the logarithms of their sums.
  std::map<ValueId, BufferId> side;
  // Results that are written straight into the state that they update.
  std::map<ValueId, ValueId> in_place;
  // Steps before are of units that waited until the one that is being lowered asked for them.
  size_t own_steps_from = 0;
  bool committing = false;  // steps added now belong to phase two

 private:
  void add_steps(const Unit& unit);
  BufferId new_buffer(ValueId v, int64_t bytes);
  const onednn::Conv& weight_gradient_of(NodeId n);

  std::vector<std::vector<Form>> forms_;  // by value; the first is the one that was made
  std::map<BufferId, BufferId> widened_;
  std::map<ValueId, ValueId> rounded_;       // in the unit that is being lowered
  std::map<ValueId, Unit> waiting_;          // by result: what is lowered when somebody asks for it
  const std::vector<bool> rounded_weights_;  // by value: native_bf16.h
  Algorithms* algorithms_;
  int64_t max_bytes_;
  const bool winograd_;
  std::map<NodeId, onednn::Conv> weight_gradients_;
  Readers readers_;
  std::vector<const Type*> call_inputs_;
  std::vector<Type> call_outputs_;
};

// From one order of dimensions to another.
kernels::StridedCopy layout_copy(const Shape& shape, Layout::Kind from, Layout::Kind to);

// Each returns false, and has made no result, for what it does not know.
bool lower_conv(Lowering& l, const Unit& unit);
bool lower_norm(Lowering& l, const Unit& unit);
bool lower_layer_norm(Lowering& l, const Node& node);
bool lower_pool(Lowering& l, const Node& node);
bool lower_sample(Lowering& l, const Node& node);  // GridSample, AffineGrid, Resize
bool lower_matmul(Lowering& l, const Node& node);  // and softmax
bool lower_softmax_gradient(Lowering& l, const Unit& unit);
bool lower_shape(Lowering& l, const Node& node);   // Reshape, Transpose, Slice, Concat, Pad ...
bool lower_gather(Lowering& l, const Node& node);  // GatherND
bool lower_reduce(Lowering& l, const Node& node);
void lower_elementwise(Lowering& l, const Unit& unit);
bool lower_optimizer(Lowering& l, const Unit& unit);
void lower_attention(Lowering& l, const Unit& unit);  // kAttention and kAttentionGrad
void lower_reference(Lowering& l, const Node& node);  // by the op's reference meaning: any node

// The convolution of a Conv, ConvInputGrad or ConvWeightGrad node.
onednn::ConvShape conv_shape(Lowering& l, const Node& node);

}  // namespace dojo::host
