#include "dojo/host/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/graph/bytes.h"
#include "dojo/host/emulate.h"
#include "dojo/host/kernels/copy.h"
#include "dojo/host/kernels/elementwise.h"
#include "dojo/host/native_bf16.h"

namespace dojo::host {

kernels::StridedCopy layout_copy(const Shape& shape, Layout::Kind from, Layout::Kind to) {
  const Shape source = physical(shape, from);
  std::vector<int64_t> permutation(shape.size());
  for (size_t axis = 0; axis < shape.size(); ++axis)
    permutation[physical_axis(axis, shape.size(), to)] =
        static_cast<int64_t>(physical_axis(axis, shape.size(), from));
  return kernels::transpose_copy(source, permutation);
}

Lowering::Lowering(const Graph& g, const Constants& c, std::vector<Layout> l, Algorithms* a,
                   int64_t max_bytes, bool winograd)
    : graph(g),
      constants(c),
      layouts(std::move(l)),
      forms_(g.values.size()),
      rounded_weights_(rounded_weights(g)),
      algorithms_(a),
      max_bytes_(max_bytes),
      winograd_(winograd),
      readers_(readers_of(g)) {
  for (const Input& input : graph.inputs) {
    const Value& value = graph.value(input.value);
    const Layout::Kind kind = kind_of(input.value);
    Form form{kind, {}, kNoBuffer};
    int64_t bytes = value.type.num_bytes();
    if (kind == Layout::Kind::kPacked) {
      form.packed = packed_format(input.value);
      bytes = form.packed.bytes();
    }
    form.buffer = program.add_buffer(value.name, bytes, Buffer::Kind::kPersistent);
    forms_[at(input.value)] = {form};
  }
}

BufferId Lowering::new_buffer(ValueId v, int64_t bytes) {
  const auto state = in_place.find(v);
  if (state != in_place.end()) {
    const BufferId buffer = primary(state->second).buffer;
    DOJO_CHECK_EQ(program.buffers[at(buffer)].bytes, bytes);
    widened_.erase(buffer);  // it holds another value now
    return buffer;
  }
  return program.add_buffer(graph.value(v).name, bytes);
}

const Form& Lowering::primary(ValueId v) {
  auto& forms = forms_[at(v)];
  if (const auto waiting = waiting_.find(v); forms.empty() && waiting != waiting_.end()) {
    const Unit unit = std::move(waiting->second);
    waiting_.erase(waiting);
    // Whoever asks goes on with his own call().
    std::vector<const Type*> inputs = std::exchange(call_inputs_, {});
    std::vector<Type> outputs = std::exchange(call_outputs_, {});
    add_steps(unit);
    own_steps_from = program.steps.size();
    call_inputs_ = std::move(inputs);
    call_outputs_ = std::move(outputs);
  }
  if (forms.empty()) {  // a constant: made when it is first needed, once for all runs
    DOJO_CHECK(constants.has(v));
    const RefTensor& t = constants.get(v);
    const BufferId b =
        program.add_buffer(graph.value(v).name, t.type.num_bytes(), Buffer::Kind::kPersistent);
    program.constants.push_back({b, std::vector<std::byte>(size_t(t.type.num_bytes()))});
    to_bytes(t.type.format, t.data, program.constants.back().bytes);
    forms.push_back({kRow, {}, b});
  }
  return forms[0];
}

BufferId Lowering::operand(ValueId v, Layout::Kind kind) {
  const BufferId own = own_operand(v, kind);
  if (!is_bf16(v)) return own;
  const auto [found, is_new] = widened_.try_emplace(own, kNoBuffer);
  if (!is_new) return found->second;
  const int64_t n = graph.type(v).num_elements();
  const BufferId to = program.add_buffer(graph.value(v).name, n * int64_t{sizeof(float)});
  found->second = to;
  const auto kernel = std::make_shared<const kernels::ElementwiseKernel>(kernels::Elementwise{
      .dims = {n}, .inputs = {{1}}, .code = {}, .outputs = {{0, {1}}}, .sums = {}});
  add(fmt::format("widen %{}", graph.value(v).name), {own}, {to}, [=](const Memory& m) -> Kernel {
    return [kernel, x = m.get<Bf16>(own), y = m.get(to)] { kernel->run({x}, {y}); };
  });
  return to;
}

BufferId Lowering::own_operand(ValueId v, Layout::Kind kind) {
  if (v == kNoValue) return kNoBuffer;
  primary(v);
  const Type& type = graph.type(v);
  for (const Form& form : forms_[at(v)])
    if (same_bytes(type.shape, form.kind, kind)) return form.buffer;
  const Form from = forms_[at(v)][0];
  const BufferId to = program.add_buffer(graph.value(v).name, type.num_bytes());
  const std::string what = fmt::format("reorder %{}", graph.value(v).name);
  if (from.kind == Layout::Kind::kPacked) {
    const onednn::Format plain = onednn::plain_weights(packed_shape(v));
    add_operation(what, onednn::reorder(from.packed, plain), {from.buffer}, {to});
    forms_[at(v)].push_back({kRow, {}, to});
    return own_operand(v, kind);
  }
  add_copy(what, layout_copy(type.shape, from.kind, kind), type.format, from.buffer, to);
  forms_[at(v)].push_back({kind, {}, to});
  return to;
}

BufferId Lowering::operand(ValueId v, const onednn::Format& format,
                           const onednn::ConvShape& shape) {
  const auto plain = [&](ValueId u) { return onednn::plain_weights(shape, is_bf16(u)); };
  for (const Form& form : forms_[at(v)]) {
    if (form.kind == Layout::Kind::kPacked && form.packed == format) return form.buffer;
    if (form.kind == kRow && plain(v) == format) return form.buffer;
  }
  // Rounded weights are made at once from what is rounded.
  const ValueId origin = rounded_weights_[at(v)] && waiting_.contains(v)
                             ? graph.node(graph.value(v).producer).inputs[0]
                             : v;
  primary(origin);
  if (origin == v && forms_[at(v)][0].kind == kRow && plain(v) == format)
    return forms_[at(v)][0].buffer;
  if (forms_[at(origin)][0].kind == kLast) own_operand(origin, kRow);
  Form from = forms_[at(origin)][0];
  for (const Form& form : forms_[at(origin)])
    if (form.kind != kLast) {
      from = form;
      break;
    }
  const onednn::Format source = from.kind == Layout::Kind::kPacked ? from.packed : plain(origin);
  const BufferId to = program.add_buffer(graph.value(v).name, format.bytes());
  add_operation(fmt::format("pack %{}", graph.value(v).name), onednn::reorder(source, format),
                {from.buffer}, {to});
  forms_[at(v)].push_back({Layout::Kind::kPacked, format, to});
  return to;
}

BufferId Lowering::result(ValueId v, Layout::Kind kind) {
  DOJO_CHECK(forms_[at(v)].empty());
  forms_[at(v)].push_back({kind, {}, new_buffer(v, graph.type(v).num_bytes())});
  return forms_[at(v)][0].buffer;
}

BufferId Lowering::result(ValueId v, const onednn::Format& format) {
  DOJO_CHECK(forms_[at(v)].empty());
  forms_[at(v)].push_back({Layout::Kind::kPacked, format, new_buffer(v, format.bytes())});
  return forms_[at(v)][0].buffer;
}

ValueId Lowering::made(ValueId v) const {
  const auto found = rounded_.find(v);
  return found == rounded_.end() ? v : found->second;
}

Floats Lowering::floats_result(ValueId v, Layout::Kind kind) {
  const ValueId what = made(v);
  return {result(what, kind), is_bf16(what)};
}

void Lowering::alias(ValueId v, Layout::Kind kind, BufferId buffer) {
  DOJO_CHECK(forms_[at(v)].empty());
  forms_[at(v)].push_back({kind, {}, buffer});
}

const onednn::Conv& Lowering::weight_gradient_of(NodeId n) {
  const auto found = weight_gradients_.find(n);
  if (found != weight_gradients_.end()) return found->second;
  return weight_gradients_
      .emplace(n, onednn::conv_weight_grad(conv_shape(*this, graph.node(n)), false))
      .first->second;
}

onednn::Format Lowering::packed_format(ValueId v) {
  const NodeId n = layouts[at(v)].packed_for;
  const Node& node = graph.node(n);
  if (conv_algorithm(node) == ConvAlgorithm::kWinograd)
    return onednn::weights_by_pixel(conv_shape(*this, node));
  return weight_gradient_of(n).weights;
}

onednn::ConvShape Lowering::packed_shape(ValueId v) {
  return conv_shape(*this, graph.node(layouts[at(v)].packed_for));
}

BufferId Lowering::operand_like(ValueId v, ValueId model) {
  const Layout::Kind kind = kind_of(model);
  if (kind != Layout::Kind::kPacked)
    return is_bf16(model) ? own_operand(v, kind) : operand(v, kind);
  return operand(v, packed_format(model), packed_shape(model));
}

BufferId Lowering::result_like(ValueId v, ValueId model) {
  const Layout::Kind kind = kind_of(model);
  return kind == Layout::Kind::kPacked ? result(v, packed_format(model)) : result(v, kind);
}

int64_t Lowering::elements_like(ValueId model) {
  return kind_of(model) == Layout::Kind::kPacked
             ? packed_format(model).bytes() / int64_t{sizeof(float)}
             : graph.type(model).num_elements();
}

int64_t Lowering::physical_elements(ValueId v) {
  const Form& form = primary(v);
  return form.kind == Layout::Kind::kPacked ? form.packed.bytes() / int64_t{sizeof(float)}
                                            : graph.type(v).num_elements();
}

BufferId Lowering::scratch(int64_t bytes) {
  return bytes == 0 ? kNoBuffer : program.add_buffer(kScratch, bytes);
}

void Lowering::add(std::string what, std::vector<BufferId> reads, std::vector<BufferId> writes,
                   std::function<Kernel(const Memory&)> bind,
                   std::vector<std::pair<BufferId, BufferId>> may_share) {
  program.steps.push_back({std::move(what), std::move(reads), std::move(writes), std::move(bind),
                           std::move(may_share), committing});
}

void Lowering::add_copy(std::string what, const kernels::StridedCopy& copy, Format format,
                        BufferId from, BufferId to) {
  const int64_t bytes = size_bytes(format);
  add(std::move(what), {from}, {to}, [=](const Memory& m) -> Kernel {
    if (bytes == 1)
      return [copy, x = m.get<uint8_t>(from), y = m.get<uint8_t>(to)] {
        kernels::copy_u8(copy, x, y);
      };
    if (bytes == 2)
      return [copy, x = m.get<Bf16>(from), y = m.get<Bf16>(to)] { kernels::copy_bf16(copy, x, y); };
    return [copy, x = m.get(from), y = m.get(to)] { kernels::copy_f32(copy, x, y); };
  });
}

void Lowering::add_operation(std::string what, const onednn::Operation& operation,
                             std::vector<BufferId> reads, std::vector<BufferId> writes) {
  std::vector<BufferId> all = reads;
  all.insert(all.end(), writes.begin(), writes.end());
  const BufferId memory = scratch(operation.scratch_bytes());
  if (memory != kNoBuffer) {
    all.push_back(memory);
    writes.push_back(memory);
  }
  add(std::move(what), std::move(reads), std::move(writes), [=](const Memory& m) {
    std::vector<void*> addresses;
    for (BufferId b : all) addresses.push_back(m.get<void>(b));
    return operation.bind(std::move(addresses));
  });
}

ConvAlgorithm Lowering::conv_algorithm(const Node& node) {
  if (!winograd_) return ConvAlgorithm::kOneDnn;
  const ConvWork work = node.op == "Conv"            ? ConvWork::kForward
                        : node.op == "ConvInputGrad" ? ConvWork::kInputGrad
                                                     : ConvWork::kWeightGrad;
  return choose_conv_algorithm(conv_shape(*this, node), work, algorithms_, max_bytes_);
}

ProductAlgorithm Lowering::product_algorithm(const onednn::MatmulShape& shape) const {
  return choose_product_algorithm(shape, algorithms_, max_bytes_);
}

std::string Lowering::label(const Node& node) const {
  return fmt::format("{} %{}", node.op, graph.value(node.outputs[0]).name);
}

bool Lowering::used_outside(ValueId v, const Unit& unit) const {
  return std::any_of(readers_[at(v)].begin(), readers_[at(v)].end(),
                     [&](NodeId n) { return n == kNoNode || !unit.has(n); });
}

OpCall Lowering::call(const Node& node) {
  call_inputs_.clear();
  call_outputs_.clear();
  for (ValueId v : node.inputs) call_inputs_.push_back(v == kNoValue ? nullptr : &graph.type(v));
  for (ValueId v : node.outputs) call_outputs_.push_back(graph.type(v));
  return {node.attributes, call_inputs_, call_outputs_};
}

void Lowering::add_steps(const Unit& unit) {
  Lowering& l = *this;
  if (unit.kind == Unit::Kind::kSoftmaxGrad) {
    DOJO_CHECK(lower_softmax_gradient(l, unit));
    return;
  }
  if (unit.kind == Unit::Kind::kNorm || unit.kind == Unit::Kind::kNormGrad) {
    DOJO_CHECK(lower_norm(l, unit));
    return;
  }
  if (unit.kind == Unit::Kind::kAttention || unit.kind == Unit::Kind::kAttentionGrad)
    return lower_attention(l, unit);
  if (unit.kind == Unit::Kind::kConvGrad) {
    DOJO_CHECK(lower_conv(l, unit));
    return;
  }
  if (unit.kind != Unit::Kind::kNode && unit.kind != Unit::Kind::kElementwise) {
    DOJO_CHECK(lower_optimizer(l, unit));
    return;
  }
  const Node& node = l.graph.node(unit.nodes[0]);
  if (is_elementwise(l.graph, node)) return lower_elementwise(l, unit);
  DOJO_CHECK_EQ(unit.nodes.size(), size_t{1});
  const bool done = lower_conv(l, unit) || lower_norm(l, unit) || lower_layer_norm(l, node) ||
                    lower_pool(l, node) || lower_sample(l, node) || lower_matmul(l, node) ||
                    lower_shape(l, node) || lower_gather(l, node) || lower_reduce(l, node) ||
                    lower_optimizer(l, unit);
  if (!done) lower_reference(l, node);
}

void Lowering::lower(const Unit& unit) {
  committing = unit.commits;
  // The roundings to bf16 of what the other nodes make are part of their kernels.
  Unit rest = unit;
  rounded_.clear();
  if (unit.kind != Unit::Kind::kElementwise && unit.nodes.size() > 1)
    std::erase_if(rest.nodes, [&](NodeId n) {
      const Node& node = graph.node(n);
      if (!rounds_to_bf16(node) || !is_bf16(node.outputs[0])) return false;
      rounded_[node.inputs[0]] = node.outputs[0];
      return true;
    });
  const Node& node = graph.node(rest.nodes[0]);
  const ValueId y = node.outputs[0];
  const bool waits =
      rest.nodes.size() == 1 && (rounded_weights_[at(y)] || swaps_rows_and_columns(graph, node));
  if (waits)
    waiting_.emplace(y, rest);
  else
    add_steps(rest);
}

void lower_reference(Lowering& l, const Node& node) {
  struct Tensors {
    std::vector<RefTensor> inputs;
    std::vector<const RefTensor*> input_pointers;
    std::vector<const std::byte*> sources;
    std::vector<std::byte*> targets;
  };
  std::vector<BufferId> reads, writes;
  std::vector<Format> formats;  // of the results
  for (ValueId v : node.inputs) reads.push_back(l.own_operand(v, kRow));
  for (ValueId v : node.outputs) {
    formats.push_back(l.graph.type(l.made(v)).format);
    writes.push_back(l.result(l.made(v), kRow));
  }
  const Graph* graph = &l.graph;
  l.add("reference " + l.label(node), reads, writes, [=, &node](const Memory& m) -> Kernel {
    auto t = std::make_shared<Tensors>();
    for (size_t i = 0; i < reads.size(); ++i) {
      t->sources.push_back(m.get<std::byte>(reads[i]));
      t->inputs.emplace_back();
      if (node.inputs[i] == kNoValue) continue;
      const Type& type = graph->type(node.inputs[i]);
      t->inputs.back() = {type, std::vector<double>(static_cast<size_t>(type.num_elements()))};
    }
    for (size_t i = 0; i < reads.size(); ++i)
      t->input_pointers.push_back(node.inputs[i] == kNoValue ? nullptr : &t->inputs[i]);
    for (BufferId b : writes) t->targets.push_back(m.get<std::byte>(b));
    return [t, formats, graph, &node] {
      for (size_t i = 0; i < t->inputs.size(); ++i)
        if (t->input_pointers[i])
          from_bytes(t->inputs[i].type.format,
                     {t->sources[i], static_cast<size_t>(t->inputs[i].type.num_bytes())},
                     t->inputs[i].data);
      const std::vector<RefTensor> out = evaluate_node(*graph, node, t->input_pointers);
      for (size_t i = 0; i < out.size(); ++i)
        to_bytes(formats[i], out[i].data,
                 {t->targets[i], out[i].data.size() * static_cast<size_t>(size_bytes(formats[i]))});
    };
  });
}

}  // namespace dojo::host
