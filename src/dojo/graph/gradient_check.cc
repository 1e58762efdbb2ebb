#include "dojo/graph/gradient_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dojo/graph/autodiff.h"
#include "dojo/graph/interpreter.h"

namespace dojo {

GradientCheck check_gradient(const BuildResults& build, const std::vector<CaseInput>& inputs,
                             Random& random) {
  // One graph for loss and gradients, one for the loss alone, which is run many times.
  Builder with_gradients("gradients"), loss_only("loss");
  std::vector<std::vector<double>> weights;
  for (Builder* b : {&with_gradients, &loss_only}) {
    std::vector<ValueId> ids, wrt;
    for (size_t i = 0; i < inputs.size(); ++i) {
      ids.push_back(inputs[i].present ? b->data("x" + std::to_string(i), inputs[i].type)
                                      : kNoValue);
      if (inputs[i].present && inputs[i].differentiable && is_floating(inputs[i].type.format))
        wrt.push_back(ids.back());
    }
    ValueId loss = b->constant(0);
    const std::vector<ValueId> results = build(*b, ids);
    for (size_t r = 0; r < results.size(); ++r) {
      const Type type = b->type(results[r]);
      if (weights.size() == r) weights.push_back(random_values(random, {type}));
      const ValueId weighted = b->mul(results[r], b->constant(type.shape, weights[r]));
      loss = b->add(loss, b->op("ReduceSum", {weighted}, {{"keepdims", int64_t{0}}}));
    }
    b->output("loss", loss);
    if (b == &with_gradients) {
      const std::vector<ValueId> found = gradients(*b, loss, wrt);
      for (size_t i = 0; i < found.size(); ++i) b->output("d" + std::to_string(i), found[i]);
    }
  }
  const Graph gradient_graph = std::move(with_gradients).finish();
  const Graph loss_graph = std::move(loss_only).finish();

  std::vector<RefTensor> values;
  for (const CaseInput& input : inputs)
    if (input.present) values.push_back({input.type, random_values(random, input)});
  const std::vector<RefTensor> expected = interpret(gradient_graph, values, Precision::kDouble);
  auto loss_at = [&] { return interpret(loss_graph, values, Precision::kDouble)[0].data[0]; };

  GradientCheck check;
  size_t value = 0, gradient = 1;  // expected[0] is the loss
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].present) continue;
    std::vector<double>& x = values[value++].data;
    if (!inputs[i].differentiable || !is_floating(inputs[i].type.format)) continue;
    for (size_t n = 0; n < x.size(); ++n) {
      const double kept = x[n], found = expected[gradient].data[n];
      double error = INFINITY, difference = 0;
      // The smaller step is for the rare place that is just within the larger one of a kink.
      for (double step : {1e-5, 1e-7}) {
        x[n] = kept + step;
        const double above = loss_at();
        x[n] = kept - step;
        const double below = loss_at();
        x[n] = kept;
        difference = (above - below) / (2 * step);
        const double scale = std::max({1.0, std::abs(found), std::abs(difference)});
        error = std::fmin(error, std::abs(found - difference) / scale);  // a NaN stays INFINITY
        if (error < 1e-7) break;
      }
      ++check.compared;
      if (error > check.worst) {
        check.worst = error;
        check.where = fmt::format("operand {} element {}: autodiff {}, difference {}", i, n, found,
                                  difference);
      }
    }
    ++gradient;
  }
  return check;
}

GradientCheck check_gradient(const OpCase& c, Random& random) {
  return check_gradient(
      [&](Builder& b, const std::vector<ValueId>& inputs) {
        std::vector<ValueId> results = b.op_multi(c.op, inputs, c.attributes);
        results.resize(std::min(results.size(), c.differentiable_outputs));
        std::erase_if(results, [&](ValueId v) { return !is_floating(b.type(v).format); });
        for (ValueId& v : results)  // in double nothing is rounded
          if (b.type(v).format != Format::kF32) v = b.op("Cast", {v}, {{"to", "f32"}});
        return results;
      },
      c.inputs, random);
}

}  // namespace dojo
