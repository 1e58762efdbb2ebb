#include "dojo/host/conv_algorithm.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dojo/host/block.h"

namespace dojo::host {
namespace {

constexpr std::array<const char*, 3> kWorkNames = {"convolution", "its gradient by input",
                                                   "its gradient by weights"};

std::string problem(const onednn::ConvShape& s, ConvWork work) {
  return fmt::format("{}: {}x{}x{}x{} to {} channels, kernel {}x{}, pads {} {} {} {}",
                     kWorkNames[static_cast<size_t>(work)], s.n, s.h, s.w, s.c, s.m, s.kernel_h,
                     s.kernel_w, s.top, s.left, s.bottom, s.right);
}

// A tile spreads the transforms of its pixels over the channels, and the tiles share the kernel's.
bool rule_takes_winograd(const onednn::ConvShape& s) {
  const int64_t tiles = s.n * ((s.out_h + 3) / 4) * ((s.out_w + 3) / 4);
  return std::min(s.c, s.m) >= 32 && tiles >= 2 * std::max(s.c, s.m);
}

struct Tensors {
  Block x, y;              // of both ways
  Block weights, scratch;  // Winograd's
};

std::function<void()> prepare_onednn(const onednn::ConvShape& s, ConvWork work,
                                     const std::shared_ptr<Tensors>& t) {
  const onednn::Conv conv = work == ConvWork::kForward     ? onednn::conv_forward(s, false)
                            : work == ConvWork::kInputGrad ? onednn::conv_input_grad(s)
                                                           : onednn::conv_weight_grad(s, false);
  auto weights = std::make_shared<Block>(make_block(conv.weights.bytes()));
  auto scratch = std::make_shared<Block>(make_block(conv.operation.scratch_bytes()));
  void *x = t->x.get(), *y = t->y.get(), *w = weights->get();
  std::vector<void*> addresses = {x, w, y};
  if (work == ConvWork::kInputGrad) addresses = {y, w, x};
  if (work == ConvWork::kWeightGrad) addresses = {x, y, w};
  addresses.push_back(scratch->get());
  return [t, weights, scratch, kernel = conv.operation.bind(addresses)] { kernel(); };
}

std::function<void()> prepare_winograd(const kernels::WinogradConv& v, ConvWork work,
                                       const std::shared_ptr<Tensors>& t) {
  const auto floats = [](const Block& block) { return reinterpret_cast<float*>(block.get()); };
  t->weights = make_block(9 * v.c * v.m * int64_t{sizeof(float)});
  t->scratch = make_block(kernels::winograd_scratch_floats(v, work == ConvWork::kWeightGrad) *
                          int64_t{sizeof(float)});
  return [v, work, t, x = floats(t->x), y = floats(t->y), w = floats(t->weights),
          scratch = floats(t->scratch)] {
    if (work == ConvWork::kForward)
      kernels::winograd_forward(v, x, w, nullptr, y, scratch);
    else if (work == ConvWork::kInputGrad)
      kernels::winograd_input_grad(v, y, w, x, scratch);
    else
      kernels::winograd_weight_grad(v, x, y, w, nullptr, scratch);
  };
}

}  // namespace

std::optional<kernels::WinogradConv> winograd_of(const onednn::ConvShape& s) {
  const bool fits = s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 && s.stride_w == 1 &&
                    s.dilation_h == 1 && s.dilation_w == 1 && s.group == 1 && !s.has_depth() &&
                    !s.bf16;
  const kernels::WinogradConv conv{.n = s.n,
                                   .h = s.h,
                                   .w = s.w,
                                   .c = s.c,
                                   .out_h = s.out_h,
                                   .out_w = s.out_w,
                                   .m = s.m,
                                   .top = s.top,
                                   .left = s.left};
  if (!fits || !kernels::winograd_knows(conv)) return {};
  return conv;
}

ConvAlgorithm choose_conv_algorithm(const onednn::ConvShape& s, ConvWork work,
                                    Algorithms* algorithms, int64_t max_bytes) {
  const auto winograd = winograd_of(s);
  if (!winograd) return ConvAlgorithm::kOneDnn;
  const int64_t images =
      (s.n * s.h * s.w * s.c + s.n * s.out_h * s.out_w * s.m) * int64_t{sizeof(float)};
  if (!algorithms || images > max_bytes)
    return rule_takes_winograd(s) ? ConvAlgorithm::kWinograd : ConvAlgorithm::kOneDnn;
  const auto tensors = std::make_shared<Tensors>();
  const auto make_images = [&] {
    if (tensors->x) return;
    tensors->x = make_block(s.n * s.h * s.w * s.c * int64_t{sizeof(float)});
    tensors->y = make_block(s.n * s.out_h * s.out_w * s.m * int64_t{sizeof(float)});
  };
  const std::string name = "winograd";
  const std::string& chosen =
      algorithms->choose(problem(s, work), {{"onednn",
                                             [&] {
                                               make_images();
                                               return prepare_onednn(s, work, tensors);
                                             }},
                                            {name, [&] {
                                               make_images();
                                               return prepare_winograd(*winograd, work, tensors);
                                             }}});
  return chosen == name ? ConvAlgorithm::kWinograd : ConvAlgorithm::kOneDnn;
}

}  // namespace dojo::host
