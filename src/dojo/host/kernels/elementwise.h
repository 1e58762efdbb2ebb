// Fused elementwise arithmetic: a short program over arrays, evaluated block by block, so that
// intermediate values stay in the first-level cache. One ElementwiseKernel replaces a chain of Add,
// Mul, Gelu ... nodes and reads each operand once.
//
//   ElementwiseKernel kernel(program);    // once; elementwise_program.h has an example
//   kernel.run({x, scale}, {y}, {&sum});  // each step; const, thread-safe, uses parallel_for
//
// Each array is f32 or bf16, from run to run as it comes. Strides count elements.
//
// Sums have a fixed order that depends on the number of elements only, not on the number of
// threads.
#pragma once

#include <initializer_list>
#include <span>

#include "dojo/host/kernels/elementwise_plan.h"
#include "dojo/host/kernels/elementwise_program.h"
#include "dojo/host/kernels/floats.h"

namespace dojo::kernels {

class ElementwiseKernel {
 public:
  explicit ElementwiseKernel(const Elementwise& program);

  // An output may be the same memory as an input of the same strides and format; any other overlap
  // is wrong. `sums[i]` gets sum i.
  void run(std::span<const FloatsIn> inputs, std::span<const FloatsOut> outputs,
           std::span<float* const> sums = {}) const;
  void run(std::initializer_list<FloatsIn> inputs, std::initializer_list<FloatsOut> outputs,
           std::initializer_list<float*> sums = {}) const;

 private:
  ElementwisePlan plan_;
};

}  // namespace dojo::kernels
