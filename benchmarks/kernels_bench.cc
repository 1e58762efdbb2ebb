// Throughput of the host's own kernels on the shapes of the `predict` network, next to what memory
// allows: bytes that must be read and written once, divided by the best time of several runs. Not
// part of the default build:
//   cmake --build BUILD --target dojo_kernels_bench && BUILD/dojo_kernels_bench [THREADS]
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#include "dojo/base/clock.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/random.h"
#include "dojo/host/kernels/copy.h"
#include "dojo/host/kernels/elementwise.h"
#include "dojo/host/kernels/norm.h"
#include "dojo/host/kernels/optimizer.h"
#include "dojo/host/kernels/pool.h"
#include "dojo/host/kernels/reduce.h"
#include "dojo/host/kernels/sample.h"

namespace dojo::kernels {
namespace {

std::vector<float> array(int64_t n, double begin = -1, double end = 1) {
  static Random random(1);
  std::vector<float> x(static_cast<size_t>(n));
  for (float& v : x) v = static_cast<float>(random.uniform(begin, end));
  return x;
}

// `floats`: how many are read and written at least.
void measure(std::string_view what, int64_t floats, const std::function<void()>& body) {
  double best = 1e9;
  for (int run = 0; run < 7; ++run) best = std::min(best, seconds_of(body));
  fmt::print("{:<44} {:8.3f} ms {:7.2f} GB/s\n", what, best * 1e3,
             static_cast<double>(floats) * 4 / best / 1e9);
}

void run() {
  const int64_t n = 8, h = 64, w = 128, c = 32, pixels = n * h * w, size = pixels * c;
  auto x = array(size), y = array(size), z = array(size);
  const auto scale = array(c), bias = array(c);
  measure("limit: memory copy, 2 x 8 MiB", 2 * size, [&] {
    parallel_for(size, 1, [&](int64_t b, int64_t e) {
      std::memcpy(&y[static_cast<size_t>(b)], &x[static_cast<size_t>(b)],
                  static_cast<size_t>(e - b) * 4);
    });
  });

  const auto elementwise = [&](std::string_view what, std::vector<Strides> inputs,
                               std::vector<Instruction> code) {
    const int last = static_cast<int>(inputs.size() + code.size()) - 1;
    const int64_t arrays =
        std::count(inputs.begin(), inputs.end(), full_strides(std::vector<int64_t>{pixels, c}));
    const ElementwiseKernel kernel({.dims = {pixels, c},
                                    .inputs = inputs,
                                    .code = code,
                                    .outputs = {{last, {c, 1}}},
                                    .sums = {}});
    const FloatsIn in[] = {x.data(), z.data(), scale.data()};
    const FloatsOut out[] = {y.data()};
    measure(what, (arrays + 1) * size, [&] { kernel.run(std::span(in, inputs.size()), out); });
  };
  elementwise("add", {{c, 1}, {c, 1}}, {{Ew::kAdd, 0, 1}});
  elementwise("x * z + channel bias, relu", {{c, 1}, {c, 1}, {0, 1}},
              {{Ew::kMulAdd, 0, 1, 2}, {Ew::kRelu, 3}});
  elementwise("exp", {{c, 1}}, {{Ew::kExp, 0}});
  elementwise("tanh", {{c, 1}}, {{Ew::kTanh, 0}});
  elementwise("gelu", {{c, 1}}, {{Ew::kGelu, 0}});
  elementwise("gelu gradient", {{c, 1}, {c, 1}}, {{Ew::kGeluGrad, 0, 1}});

  Norm norm{.n = n, .rows = h * w, .c = c, .groups = 8};
  auto mean = array(64), variance = array(64), dscale = array(c), dbias = array(c);
  measure("group norm", 3 * size, [&] {
    norm_forward(norm, x.data(), scale.data(), bias.data(), y.data(), mean.data(), variance.data());
  });
  measure("group norm backward", 5 * size, [&] {
    norm_backward(norm, x.data(), scale.data(), bias.data(), mean.data(), variance.data(), z.data(),
                  y.data(), dscale.data(), dbias.data());
  });
  norm.activation = Activation::kGelu;
  measure("group norm + gelu", 3 * size, [&] {
    norm_forward(norm, x.data(), scale.data(), bias.data(), y.data(), mean.data(), variance.data());
  });
  measure("group norm + gelu backward", 6 * size, [&] {
    norm_backward(norm, x.data(), scale.data(), bias.data(), mean.data(), variance.data(), z.data(),
                  y.data(), dscale.data(), dbias.data());
  });
  const Norm batch{.n = 1, .rows = pixels, .c = c, .groups = c, .activation = Activation::kRelu};
  measure("batch norm + relu", 3 * size, [&] {
    norm_forward(batch, x.data(), scale.data(), bias.data(), y.data(), mean.data(),
                 variance.data());
  });

  measure("sum of all", size, [&] { reduce(Reduce::kSum, 1, size, 1, x.data(), mean.data()); });
  measure("bias gradient [pixels,32] -> [32]", size,
          [&] { reduce(Reduce::kSum, 1, pixels, c, x.data(), mean.data()); });
  measure("sum over the last dimension", size + pixels,
          [&] { reduce(Reduce::kSum, pixels, c, 1, x.data(), y.data()); });

  const int64_t fh = 128, fw = 256, frame = n * fh * fw;
  for (int64_t ch : {int64_t{3}, int64_t{16}}) {
    const auto image = array(frame * ch), dy = array(frame * ch);
    auto out = array(frame * ch), dx = array(frame * ch), grid = array(frame * 2),
         dgrid = array(frame * 2);
    for (int64_t i = 0; i < frame; ++i) {  // a smooth flow of a few pixels, as in training
      grid[static_cast<size_t>(2 * i)] =
          static_cast<float>(i % fw) / 128.0f - 1 + 0.02f * grid[static_cast<size_t>(2 * i)];
      grid[static_cast<size_t>(2 * i + 1)] = static_cast<float>(i / fw % fh) / 64.0f - 1 +
                                             0.02f * grid[static_cast<size_t>(2 * i + 1)];
    }
    const GridSample s{.n = n,
                       .h = fh,
                       .w = fw,
                       .c = ch,
                       .out_h = fh,
                       .out_w = fw,
                       .padding = Padding::kBorder,
                       .align_corners = true};
    measure(fmt::format("grid sample 8x128x256x{}", ch), frame * (2 * ch + 2),
            [&] { grid_sample(s, image.data(), grid.data(), out.data()); });
    measure("  gradient of the grid", frame * (2 * ch + 4), [&] {
      grid_sample_backward(s, image.data(), grid.data(), dy.data(), nullptr, dgrid.data());
    });
    measure("  gradient of the image", frame * (2 * ch + 2), [&] {
      grid_sample_backward(s, image.data(), grid.data(), dy.data(), dx.data(), nullptr);
    });
  }
  const auto flow = array(frame / 4 * 2), rgb = array(frame * 3);
  auto flow2 = array(frame * 2), small = array(frame / 4 * 3), dflow = array(frame / 4 * 2);
  const ResizeLinear resize(n, fh / 2, fw / 2, 2, fh, fw, Coordinates::kHalfPixel);
  measure("resize x2 of flow to 8x128x256x2", frame * 5 / 2,
          [&] { resize.forward(flow.data(), flow2.data(), 2); });
  measure("resize x2 backward", frame * 5 / 2,
          [&] { resize.backward(flow2.data(), dflow.data(), 2); });
  for (int64_t k : {2, 4, 8, 16}) {
    const AveragePool p{.n = n, .h = fh, .w = fw, .c = 3, .kernel_h = k, .kernel_w = k};
    measure(fmt::format("average pool {} of 8x128x256x3", k), frame * 3 + frame * 3 / (k * k),
            [&] { average_pool(p, rgb.data(), small.data()); });
  }
  const MaxPool pool{.n = n, .h = h, .w = w, .c = c, .out_h = h / 2, .out_w = w / 2};
  std::vector<int32_t> index(static_cast<size_t>(size / 4));
  measure("max pool 3x3 s2 of 8x64x128x32", size + size / 2,
          [&] { max_pool(pool, x.data(), y.data(), index.data()); });
  measure("max pool backward", size + size / 2,
          [&] { max_pool_backward(pool, z.data(), index.data(), y.data()); });

  std::vector<uint8_t> bytes(static_cast<size_t>(frame * 3 * 4), 7);
  auto floats = array(frame * 3);
  measure("one frame of u8 clips [8,4,128,256,3]", frame * 3 * 5 / 4, [&] {
    frame_to_float({.b = n, .t = 4, .frame_size = fh * fw * 3, .frame = 2}, bytes.data(),
                   floats.data());
  });
  auto wide = array(frame * 23);
  const StridedCopy join = channel_copy(frame, 3, 3, 23);
  measure("3 channels into rows of 23", frame * 6,
          [&] { copy_f32(join, rgb.data(), wide.data()); });
  const StridedCopy to_nhwc =
      transpose_copy(std::vector<int64_t>{n, c, h * w}, std::vector<int64_t>{0, 2, 1});
  measure("transpose NCHW -> NHWC, 8x32x64x128", 2 * size,
          [&] { copy_f32(to_nhwc, x.data(), y.data()); });
  const StridedCopy shuffle = depth_to_space_copy(n, h, w, 16, 2, DepthOrder::kCRD);
  measure("pixel shuffle 8x64x128x16", pixels * 32, [&] { copy_f32(shuffle, x.data(), y.data()); });

  const AdamWArrays arrays[] = {
      {x.data(), y.data(), z.data(), z.data(), x.data(), y.data(), z.data(), size}};
  std::fill(z.begin(), z.end(), 0.5f);
  measure("adamw, 2 Mi parameters", 6 * size, [&] { adamw({}, arrays); });
}

}  // namespace
}  // namespace dojo::kernels

int main(int argc, char** argv) {
  if (argc > 1) dojo::set_num_threads(std::max(1, std::atoi(argv[1])));
  dojo::kernels::run();
}
