// GatherND and its gradient: rows copied to or added at places that the step's data names.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/host/kernels/copy.h"
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

// data [batches, indexed..., row], y [batches * tuples, row], indices [batches * tuples, k].
struct Gather {
  Shape indexed;  // k dimensions
  int64_t batches = 1, tuples = 1, row = 1;

  int64_t places() const { return num_elements(indexed); }  // rows of a batch
};

Gather gather_of(const OpCall& call, const Shape& data) {
  const Shape& indices = call.in(1);
  const auto b = call.integer("batch_dims", 0), k = indices.back();
  const auto count = [](auto begin, auto end) { return num_elements(Shape(begin, end)); };
  return {.indexed = Shape(data.begin() + b, data.begin() + b + k),
          .batches = count(data.begin(), data.begin() + b),
          .tuples = count(indices.begin() + b, indices.end() - 1),
          .row = count(data.begin() + b + k, data.end())};
}

// The row of data for each row of y. Throws Error(kInput), as the op's meaning does.
void resolve(const Gather& g, const int32_t* indices, int64_t* rows) {
  for (int64_t t = 0; t < g.batches * g.tuples; ++t) {
    int64_t place = t / g.tuples;
    for (int64_t size : g.indexed) {
      const int64_t at = *indices++;
      if (at < -size || at >= size)
        throw Error(Category::kInput,
                    fmt::format("index {} of tuple {} is not in {} .. {}", at, t, -size, size - 1),
                    "GatherND");
      place = place * size + (at < 0 ? at + size : at);
    }
    rows[t] = place;
  }
}

void gather(const Gather& g, int64_t row_bytes, const std::byte* x, const int64_t* rows,
            std::byte* y) {
  const int64_t grain = std::max<int64_t>(1, 32768 / row_bytes);
  parallel_for(g.batches * g.tuples, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      std::memcpy(y + t * row_bytes, x + rows[t] * row_bytes, static_cast<size_t>(row_bytes));
  });
}

// A row may be taken several times: within a batch they are added one after the other.
void scatter_add(const Gather& g, const float* dy, const int64_t* rows, float* dx) {
  kernels::fill_f32(dx, g.batches * g.places() * g.row, 0);
  parallel_for(g.batches, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin * g.tuples; t < end * g.tuples; ++t) {
      float* to = dx + rows[t] * g.row;
      for (int64_t i = 0; i < g.row; ++i) to[i] += dy[t * g.row + i];
    }
  });
}

}  // namespace

bool lower_gather(Lowering& l, const Node& node) {
  const bool grad = node.op == "GatherNDGrad";
  if (!grad && node.op != "GatherND") return false;
  const OpCall call = l.call(node);
  const Gather g = gather_of(call, grad ? call.out(0) : call.in(0));
  const int64_t row_bytes = g.row * size_bytes(call.outputs[0].format);
  const bool narrow = l.is_bf16(node.outputs[0]);
  const BufferId from =
      narrow ? l.own_operand(node.inputs[0], kRow) : l.operand(node.inputs[0], kRow);
  const BufferId indices = l.operand(node.inputs[1], kRow);
  const BufferId to = l.result(node.outputs[0], kRow);
  const BufferId places = l.scratch(g.batches * g.tuples * int64_t{sizeof(int64_t)});
  l.add(l.label(node), {from, indices}, {to, places}, [=](const Memory& m) -> Kernel {
    const auto* at = m.get<int32_t>(indices);
    auto* rows = m.get<int64_t>(places);
    if (grad)
      return [=, dy = m.get(from), dx = m.get(to)] {
        resolve(g, at, rows);
        scatter_add(g, dy, rows, dx);
      };
    return [=, x = m.get<std::byte>(from), y = m.get<std::byte>(to)] {
      resolve(g, at, rows);
      gather(g, row_bytes, x, rows, y);
    };
  });
  return true;
}

}  // namespace dojo::host
