// Arrays that a kernel reads or writes in f32 or in bf16, whichever they are. Arithmetic is f32
// either way: numbers of bf16 are widened as they are loaded, and rounded, to nearest with ties to
// even, as they are stored. A pointer to either becomes one of these by itself:
//
//   softmax(rows, c, x, y);  // float* or Bf16*, in any combination
#pragma once

#include <cstddef>
#include <cstdint>

#include "dojo/numerics/bf16.h"

namespace dojo::kernels {

class FloatsIn {
 public:
  FloatsIn(std::nullptr_t) {}
  FloatsIn(const float* x) : data_(x) {}
  FloatsIn(const Bf16* x) : data_(x), is_bf16_(true) {}
  FloatsIn(const void* x, bool is_bf16) : data_(x), is_bf16_(is_bf16) {}

  bool is_bf16() const { return is_bf16_; }
  // REQUIRES: it is that.
  const float* f32() const { return static_cast<const float*>(data_); }
  const Bf16* bf16() const { return static_cast<const Bf16*>(data_); }

  float operator[](int64_t i) const { return is_bf16_ ? value_of(bf16()[i]) : f32()[i]; }  // slow
  FloatsIn operator+(int64_t n) const {
    return is_bf16_ ? FloatsIn(bf16() + n) : FloatsIn(f32() + n);
  }

 private:
  const void* data_ = nullptr;
  bool is_bf16_ = false;
};

class FloatsOut {
 public:
  FloatsOut(std::nullptr_t) {}
  FloatsOut(float* x) : data_(x) {}
  FloatsOut(Bf16* x) : data_(x), is_bf16_(true) {}
  FloatsOut(void* x, bool is_bf16) : data_(x), is_bf16_(is_bf16) {}

  bool is_bf16() const { return is_bf16_; }
  explicit operator bool() const { return data_ != nullptr; }
  // REQUIRES: it is that.
  float* f32() const { return static_cast<float*>(data_); }
  Bf16* bf16() const { return static_cast<Bf16*>(data_); }

  FloatsOut operator+(int64_t n) const {
    return is_bf16_ ? FloatsOut(bf16() + n) : FloatsOut(f32() + n);
  }

 private:
  void* data_ = nullptr;
  bool is_bf16_ = false;
};

}  // namespace dojo::kernels
