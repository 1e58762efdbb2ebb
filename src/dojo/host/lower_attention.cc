// Attention and its gradient, where fuse.h found them: each is one kernel that reads and writes
// where the values around it lie.
#include <fmt/format.h>

#include "dojo/base/check.h"
#include "dojo/host/attention_pattern.h"
#include "dojo/host/kernels/attention.h"
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

kernels::ItemRows item_rows(const Located& located) {
  kernels::ItemRows rows{.items = located.view.places(0), .stride = 0};
  for (int64_t& item : rows.items) item += located.view.offset();
  for (const StridedView::Factor& f : located.view.factors(1)) rows.stride = f.stride;
  return rows;
}

kernels::Attention shape_of(const AttentionPattern& p) {
  const Shape q = p.q.view.shape(), k = p.k.view.shape();
  return {.queries = q[1],
          .keys = k[1],
          .d = q[2],
          .scale = p.scale,
          .q = item_rows(p.q),
          .k = item_rows(p.k),
          .v = item_rows(p.v)};
}

NodeId softmax_of(const Graph& graph, const Unit& unit) {
  for (NodeId n : unit.nodes) {
    if (graph.node(n).op == "Softmax") return n;
    for (ValueId v : graph.node(n).inputs) {
      const NodeId producer = graph.value(v).producer;
      if (producer != kNoNode && graph.node(producer).op == "Softmax") return producer;
    }
  }
  return kNoNode;
}

}  // namespace

bool knows_attention(const AttentionPattern& p) { return kernels::attention_knows(shape_of(p)); }

void lower_attention(Lowering& l, const Unit& unit) {
  const NodeId softmax = softmax_of(l.graph, unit);
  const std::optional<AttentionPattern> p =
      find_attention(l.graph, l.constants, l.readers(), softmax);
  DOJO_CHECK(p);
  const kernels::Attention a = shape_of(*p);
  const ValueId probabilities = l.graph.node(softmax).outputs[0];
  const std::string& name = l.graph.value(probabilities).name;
  const BufferId q = l.operand(p->q.base, kRow), k = l.operand(p->k.base, kRow);
  const BufferId v = l.operand(p->v.base, kRow);
  const BufferId scratch =
      l.scratch(kernels::attention_scratch_floats(a) * static_cast<int64_t>(sizeof(float)));
  if (unit.kind == Unit::Kind::kAttention) {
    const BufferId y = l.result(p->y.base, kRow);
    const BufferId log_sums =
        l.program.add_buffer(name + ".log_sums", std::ssize(a.q.items) * a.queries *
                                                     static_cast<int64_t>(sizeof(float)));
    l.side[probabilities] = log_sums;
    l.add("Attention %" + name, {q, k, v}, {y, log_sums, scratch},
          [=, rows = item_rows(p->y)](const Memory& m) {
            return [=, pq = m.get(q), pk = m.get(k), pv = m.get(v), py = m.get(y),
                    sums = m.get(log_sums), memory = m.get(scratch)] {
              kernels::attention_forward(a, pq, pk, pv, rows, py, sums, memory);
            };
          });
    return;
  }
  const BufferId log_sums = l.side.at(probabilities), dy = l.operand(p->dy->base, kRow);
  // The gradients of a whole have one buffer.
  BufferId results[3];
  for (size_t i = 0; i < 3; ++i) {
    const ValueId base = p->gradients[i].base;
    results[i] = i > 0 && base == p->gradients[0].base ? results[0] : l.result(base, kRow);
  }
  const kernels::AttentionGrad g{.dy = item_rows(*p->dy),
                                 .dq = item_rows(p->gradients[0]),
                                 .dk = item_rows(p->gradients[1]),
                                 .dv = item_rows(p->gradients[2])};
  l.add("AttentionGrad %" + name, {q, k, v, dy, log_sums},
        {results[0], results[1], results[2], scratch},
        [=, dq = results[0], dk = results[1], dv = results[2]](const Memory& m) {
          return [=, pq = m.get(q), pk = m.get(k), pv = m.get(v), pd = m.get(dy),
                  sums = m.get(log_sums), rq = m.get(dq), rk = m.get(dk), rv = m.get(dv),
                  memory = m.get(scratch)] {
            kernels::attention_backward(a, g, pq, pk, pv, pd, sums, rq, rk, rv, memory);
          };
        });
}

}  // namespace dojo::host
