// The only door to oneDNN. Its types stay in onednn.cc; both API generations are served there: 2.x
// makes an operation descriptor first, 3.x makes the primitive descriptor at once. Images are
// channels-last. Everything is prepared once; a bound kernel executes without building anything.
//
// Numbers are f32, or, where a shape says `bf16`, both factors are bf16 and sums, biases and
// gradients by weights f32. What sums become is f32, or bf16, rounded once, where it says
// `bf16_result`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dojo/host/steps.h"

namespace dojo::host::onednn {

// With a depth of 1 everywhere it is a convolution of two dimensions, and oneDNN gets it as such.
struct ConvShape {
  int64_t n = 0, c = 0, h = 0, w = 0;  // x [n,d,h,w,c]
  int64_t m = 0;                       // y [n,out_d,out_h,out_w,m]
  int64_t out_h = 0, out_w = 0, kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  int64_t top = 0, left = 0, bottom = 0, right = 0, dilation_h = 1, dilation_w = 1, group = 1;
  int64_t d = 1, out_d = 1, kernel_d = 1, stride_d = 1, front = 0, back = 0, dilation_d = 1;
  bool bf16 = false, bf16_result = false;

  bool has_depth() const { return d != 1 || out_d != 1 || kernel_d != 1; }
};

// A physical order of a tensor, known to oneDNN. Copies share one immutable description.
class Format {
 public:
  struct Impl;
  Format() = default;
  explicit Format(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  int64_t bytes() const;
  bool operator==(const Format& other) const;
  explicit operator bool() const { return impl_ != nullptr; }
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

std::string library_version();  // "2.6.3"

// True iff the processor multiplies numbers of bf16 (AVX-512 BF16 or AMX) and the system lets it.
bool has_bf16();

// [m,c/group,kernel_d,kernel_h,kernel_w] row-major, of f32 or bf16 whatever the shape says
Format plain_weights(const ConvShape& shape, bool bf16 = false);
Format weights_by_pixel(const ConvShape& shape);  // [kernel_h,kernel_w,c,m]; REQUIRES: one group

// A prepared operation and the memory that it needs while it runs.
class Operation {
 public:
  struct Impl;
  Operation() = default;
  explicit Operation(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  int64_t scratch_bytes() const;
  // The kernel for these addresses, in the order that the maker below names; nullptr for an absent
  // one; the scratch memory last.
  Kernel bind(std::vector<void*> addresses) const;

 private:
  std::shared_ptr<const Impl> impl_;
};

struct Conv {
  Operation operation;
  Format weights;  // the order that it wants them in, or gives them in
};
Conv conv_forward(const ConvShape& shape, bool bias);      // x, w, bias?, y
Conv conv_input_grad(const ConvShape& shape);              // dy, w, dx
Conv conv_weight_grad(const ConvShape& shape, bool bias);  // x, dy, dw, dbias?
bool weight_grad_takes_bf16(const ConvShape& shape);       // false where oneDNN has a fault

Operation reorder(const Format& from, const Format& to);  // from, to; rounds f32 to bf16

struct MatmulShape {
  int64_t batch = 1, m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;  // a [k,m], b [n,k] in memory
  bool shared_a = false, shared_b = false;        // one matrix for the whole batch
  bool bf16 = false, bf16_result = false;
};
Operation matmul(const MatmulShape& shape, bool bias);  // a, b, bias [n]?, y [batch,m,n]

}  // namespace dojo::host::onednn
