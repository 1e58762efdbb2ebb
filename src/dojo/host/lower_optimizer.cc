// Updates of all parameters in a few kernels, averages of weights, and the norm of all gradients.
#include <algorithm>
#include <memory>
#include <tuple>

#include "dojo/base/check.h"
#include "dojo/host/kernels/optimizer.h"
#include "dojo/host/kernels/reduce.h"
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

// The buffers of one tensor's update, in the order of the node's operands and results.
struct TensorUpdate {
  std::vector<BufferId> reads, writes;
  int64_t n = 0;  // elements, with padding
};

// The first `tensors` operands and all results, in the order of the first, which is the parameter.
TensorUpdate make_update(Lowering& l, const Node& node, size_t tensors) {
  const ValueId parameter = node.inputs[0];
  TensorUpdate u{{}, {}, l.elements_like(parameter)};
  for (size_t i = 0; i < tensors; ++i) u.reads.push_back(l.operand_like(node.inputs[i], parameter));
  for (ValueId v : node.outputs) u.writes.push_back(l.result_like(v, parameter));
  return u;
}

// One step for all updates. A scalar is kNoBuffer where the operand is absent.
template <class Bind>
void add_updates(Lowering& l, const std::string& what, const std::vector<TensorUpdate>& updates,
                 const std::vector<BufferId>& scalars, Bind bind) {
  std::vector<BufferId> reads, writes;
  for (const TensorUpdate& u : updates) {
    reads.insert(reads.end(), u.reads.begin(), u.reads.end());
    writes.insert(writes.end(), u.writes.begin(), u.writes.end());
  }
  for (BufferId b : scalars)
    if (b != kNoBuffer) reads.push_back(b);
  l.add(what, reads, writes, bind);
}

std::string count_label(Lowering& l, const Unit& unit) {
  const Node& node = l.graph.node(unit.nodes[0]);
  if (unit.nodes.size() == 1) return l.label(node);
  return node.op + " of " + std::to_string(unit.nodes.size()) + " tensors";
}

void lower_adamw(Lowering& l, const Unit& unit) {
  // beta1, beta2, epsilon, decay -> the updates with them
  std::map<std::tuple<double, double, double, double>, std::vector<size_t>> groups;
  std::vector<TensorUpdate> updates;
  std::vector<BufferId> scalars;
  for (NodeId n : unit.nodes) {
    const Node& node = l.graph.node(n);
    const OpCall call = l.call(node);
    groups[{call.number("beta1", 0.9), call.number("beta2", 0.999), call.number("epsilon", 1e-8),
            call.number("weight_decay", 0.01)}]
        .push_back(updates.size());
    if (scalars.empty()) {
      scalars = {l.operand(node.inputs[4], kRow), l.operand(node.inputs[5], kRow), kNoBuffer};
      if (node.inputs.size() > 6) scalars[2] = l.operand(node.inputs[6], kRow);
    }
    updates.push_back(make_update(l, node, 4));
  }
  add_updates(l, count_label(l, unit), updates, scalars, [=](const Memory& m) -> Kernel {
    struct Group {
      kernels::AdamW options;
      std::vector<kernels::AdamWArrays> arrays;
    };
    auto bound = std::make_shared<std::vector<Group>>();
    for (const auto& [key, members] : groups) {
      Group group;
      group.options.beta1 = static_cast<float>(std::get<0>(key));
      group.options.beta2 = static_cast<float>(std::get<1>(key));
      group.options.epsilon = static_cast<float>(std::get<2>(key));
      group.options.decay = static_cast<float>(std::get<3>(key));
      for (size_t i : members) {
        const TensorUpdate& u = updates[i];
        group.arrays.push_back({m.get(u.reads[0]), m.get(u.reads[1]), m.get(u.reads[2]),
                                m.get(u.reads[3]), m.get(u.writes[0]), m.get(u.writes[1]),
                                m.get(u.writes[2]), u.n});
      }
      bound->push_back(std::move(group));
    }
    const float *lr = m.get(scalars[0]), *step = m.get(scalars[1]), *scale = m.get(scalars[2]);
    return [=] {
      for (Group& group : *bound) {
        group.options.lr = *lr;
        group.options.step = static_cast<double>(*step);
        group.options.grad_scale = scale ? *scale : 1;
        kernels::adamw(group.options, group.arrays);
      }
    };
  });
}

void lower_momentum(Lowering& l, const Unit& unit) {
  std::map<std::tuple<double, double, bool>, std::vector<size_t>> groups;
  std::vector<TensorUpdate> updates;
  std::vector<BufferId> scalars;
  for (NodeId n : unit.nodes) {
    const Node& node = l.graph.node(n);
    const OpCall call = l.call(node);
    groups[{call.number("momentum", 0.9), call.number("weight_decay", 0),
            call.number("nesterov", 0) != 0}]
        .push_back(updates.size());
    if (scalars.empty()) {
      scalars = {l.operand(node.inputs[3], kRow), kNoBuffer};
      if (node.inputs.size() > 4) scalars[1] = l.operand(node.inputs[4], kRow);
    }
    updates.push_back(make_update(l, node, 3));
  }
  add_updates(l, count_label(l, unit), updates, scalars, [=](const Memory& m) -> Kernel {
    struct Group {
      kernels::Momentum options;
      std::vector<kernels::MomentumArrays> arrays;
    };
    auto bound = std::make_shared<std::vector<Group>>();
    for (const auto& [key, members] : groups) {
      Group group;
      group.options.momentum = static_cast<float>(std::get<0>(key));
      group.options.decay = static_cast<float>(std::get<1>(key));
      group.options.nesterov = std::get<2>(key);
      for (size_t i : members) {
        const TensorUpdate& u = updates[i];
        group.arrays.push_back({m.get(u.reads[0]), m.get(u.reads[1]), m.get(u.reads[2]),
                                m.get(u.writes[0]), m.get(u.writes[1]), u.n});
      }
      bound->push_back(std::move(group));
    }
    const float *lr = m.get(scalars[0]), *scale = m.get(scalars[1]);
    return [=] {
      for (Group& group : *bound) {
        group.options.lr = *lr;
        group.options.grad_scale = scale ? *scale : 1;
        kernels::momentum(group.options, group.arrays);
      }
    };
  });
}

// Triples of Sub(to, from), Mul(_, amount), Add(from, _).
void lower_lerp(Lowering& l, const Unit& unit) {
  std::vector<TensorUpdate> updates;
  BufferId amount = kNoBuffer;
  for (NodeId n : unit.nodes) {
    const Node& sub = l.graph.node(n);
    if (sub.op != "Sub") continue;
    const auto user = [&](ValueId v) -> const Node& {
      for (NodeId other : unit.nodes)
        for (ValueId in : l.graph.node(other).inputs)
          if (in == v) return l.graph.node(other);
      DOJO_CHECK(false);
      return sub;
    };
    const Node& mul = user(sub.outputs[0]);
    const Node& add = user(mul.outputs[0]);
    const ValueId scalar = mul.inputs[mul.inputs[0] == sub.outputs[0] ? 1 : 0];
    if (amount == kNoBuffer) amount = l.operand(scalar, kRow);
    const ValueId from = sub.inputs[1], to = sub.inputs[0];
    updates.push_back({{l.operand_like(from, from), l.operand_like(to, from)},
                       {l.result_like(add.outputs[0], from)},
                       l.elements_like(from)});
  }
  add_updates(l, "average of " + std::to_string(updates.size()) + " tensors", updates, {amount},
              [=](const Memory& m) -> Kernel {
                std::vector<kernels::LerpArrays> arrays;
                for (const TensorUpdate& u : updates)
                  arrays.push_back({m.get(u.reads[0]), m.get(u.reads[1]), m.get(u.writes[0]), u.n});
                return [arrays, t = m.get(amount)] { kernels::lerp(*t, arrays); };
              });
}

void lower_sum_of_squares(Lowering& l, const Unit& unit) {
  std::vector<std::pair<BufferId, int64_t>> arrays;
  std::vector<BufferId> reads, others;  // others: numbers that are added as they are
  ValueId result = kNoValue;
  const auto inside = [&](ValueId v) {
    const NodeId n = l.graph.value(v).producer;
    return n != kNoNode && unit.has(n);
  };
  for (NodeId n : unit.nodes) {
    const Node& node = l.graph.node(n);
    if (node.op == "ReduceSumSquare") {
      arrays.emplace_back(l.primary(node.inputs[0]).buffer, l.physical_elements(node.inputs[0]));
      reads.push_back(arrays.back().first);
    } else {
      for (ValueId v : node.inputs)
        if (!inside(v)) {
          others.push_back(l.operand(v, kRow));
          reads.push_back(others.back());
        }
    }
    for (ValueId v : node.outputs)
      if (l.used_outside(v, unit)) result = v;
  }
  const BufferId to = l.result(result, kRow);
  l.add("sum of squares of " + std::to_string(arrays.size()) + " tensors", reads, {to},
        [=](const Memory& m) -> Kernel {
          std::vector<kernels::ConstArray> bound;
          std::vector<const float*> numbers;
          for (const auto& [buffer, n] : arrays) bound.push_back({m.get(buffer), n});
          for (BufferId b : others) numbers.push_back(m.get(b));
          return [bound, numbers, y = m.get(to)] {
            double sum = kernels::sum_of_squares(bound);
            for (const float* x : numbers) sum += static_cast<double>(*x);
            *y = static_cast<float>(sum);
          };
        });
}

}  // namespace

bool lower_optimizer(Lowering& l, const Unit& unit) {
  const Node& node = l.graph.node(unit.nodes[0]);
  if (unit.kind == Unit::Kind::kLerp)
    lower_lerp(l, unit);
  else if (unit.kind == Unit::Kind::kSumOfSquares)
    lower_sum_of_squares(l, unit);
  else if (node.op == "AdamW")
    lower_adamw(l, unit);
  else if (node.op == "Momentum")
    lower_momentum(l, unit);
  else
    return false;
  return true;
}

}  // namespace dojo::host
