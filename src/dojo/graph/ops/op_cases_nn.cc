// Cases of the neural-network ops: convolution, pooling, norms, matrix products, resampling,
// losses.
#include <algorithm>

#include "dojo/graph/ops/op_cases.h"

namespace dojo {
namespace {

using Ints = std::vector<int64_t>;

int64_t pick(Random& r, int64_t low, int64_t high) { return low + r.below(high - low + 1); }
std::string one_of(Random& r, std::initializer_list<const char*> words) {
  return *(words.begin() + r.below(static_cast<int64_t>(words.size())));
}
CaseInput f32(Shape shape, double begin = -2, double end = 2, bool differentiable = true) {
  return {{Format::kF32, std::move(shape)}, begin, end, differentiable, true};
}
CaseInput fixed(Shape shape, double begin = -2, double end = 2) {
  return f32(std::move(shape), begin, end, false);
}

// A window for an input of `rank` spatial dimensions, and the shapes on both of its sides.
struct Sliding {
  Ints kernel, strides, pads, dilations, in, out;
};

Sliding sliding(Random& r, size_t rank, int64_t largest_kernel, bool dilated, bool pad_wide) {
  Sliding s;
  Ints ends;
  for (size_t i = 0; i < rank; ++i) {
    s.kernel.push_back(pick(r, 1, largest_kernel));
    s.strides.push_back(pick(r, 1, 2));
    s.dilations.push_back(dilated ? pick(r, 1, 2) : 1);
    const int64_t most = pad_wide ? 2 : std::min<int64_t>(s.kernel[i] - 1, 2);
    s.pads.push_back(pick(r, 0, most));
    ends.push_back(pick(r, 0, most));
    const int64_t reach = s.dilations[i] * (s.kernel[i] - 1) + 1;
    const int64_t smallest = std::max<int64_t>(1, reach - s.pads[i] - ends[i]);
    s.in.push_back(pick(r, smallest, std::max<int64_t>(smallest, rank == 3 ? 4 : 7)));
    s.in[i] = std::max(s.in[i], reach - s.pads[i] - ends[i]);
    s.out.push_back((s.in[i] + s.pads[i] + ends[i] - reach) / s.strides[i] + 1);
  }
  s.pads.insert(s.pads.end(), ends.begin(), ends.end());
  return s;
}

Shape joined(int64_t n, int64_t c, const Ints& space) {
  Shape shape = {n, c};
  shape.insert(shape.end(), space.begin(), space.end());
  return shape;
}

void add_conv(Random& r, std::vector<OpCase>& cases) {
  for (size_t rank : {2, 2, 2, 3, 1}) {
    const Sliding s = sliding(r, rank, 3, true, true);
    const int64_t group = pick(r, 1, 2), n = pick(r, 1, 2);
    const int64_t c = group * pick(r, 1, 3), m = group * pick(r, 1, 3);
    const Shape x = joined(n, c, s.in), w = joined(m, c / group, s.kernel);
    const Shape y = joined(n, m, s.out);
    const Attributes attributes = {
        {"strides", s.strides}, {"pads", s.pads}, {"dilations", s.dilations}, {"group", group}};
    cases.push_back({"Conv", {f32(x), f32(w)}, attributes});
    cases.push_back({"Conv", {f32(x), f32(w), f32({m})}, attributes});
    Attributes more = attributes;
    more["input_shape"] = x;
    cases.push_back({"ConvInputGrad", {fixed(y), fixed(w)}, more});
    more = attributes;
    more["kernel_shape"] = s.kernel;
    cases.push_back({"ConvWeightGrad", {fixed(x), fixed(y)}, more});
  }
  // Of three dimensions, those that reach over space or over time alone, and a strided 1x1x1.
  for (const auto& [kernel, strides] : std::vector<std::pair<Ints, Ints>>{
           {{1, 3, 2}, {1, 2, 1}}, {{3, 1, 1}, {2, 1, 1}}, {{1, 1, 1}, {2, 2, 2}}}) {
    Ints pads;
    for (int side = 0; side < 2; ++side)
      for (int64_t k : kernel) pads.push_back(k / 2);
    const int64_t c = pick(r, 1, 3), m = pick(r, 1, 3);
    cases.push_back(
        {"Conv",
         {f32({2, c, pick(r, 2, 3), pick(r, 2, 4), 3}), f32(joined(m, c, kernel)), f32({m})},
         {{"strides", strides}, {"pads", pads}}});
  }
  // The plain layers of most networks: no attributes, "same" padding, depthwise.
  cases.push_back({"Conv", {f32({2, 3, 5, 6}), f32({4, 3, 1, 1})}, {}});
  cases.push_back(
      {"Conv", {f32({2, 8, 5, 6}), f32({8, 8, 3, 3}), f32({8})}, {{"pads", Ints{1, 1, 1, 1}}}});
  cases.push_back({"Conv",
                   {f32({1, 4, 6, 5}), f32({4, 1, 3, 3})},
                   {{"pads", Ints{1, 1, 1, 1}}, {"group", int64_t{4}}}});
}

void add_pools(Random& r, std::vector<OpCase>& cases) {
  for (size_t rank : {2, 2, 3, 1}) {
    const Sliding s = sliding(r, rank, 3, false, false);
    const int64_t n = pick(r, 1, 2), c = pick(r, 1, 3);
    const Shape x = joined(n, c, s.in), y = joined(n, c, s.out);
    Attributes attributes = {{"kernel_shape", s.kernel}, {"strides", s.strides}, {"pads", s.pads}};
    cases.push_back({"MaxPool", {f32(x)}, attributes});
    cases.push_back({"MaxPoolGrad", {fixed(x), fixed(y), fixed(y)}, attributes});
    for (int64_t count_padding : {0, 1}) {
      attributes["count_include_pad"] = count_padding;
      cases.push_back({"AveragePool", {f32(x)}, attributes});
      Attributes more = attributes;
      more["input_shape"] = x;
      cases.push_back({"AveragePoolGrad", {fixed(y)}, more});
    }
    cases.push_back({"GlobalAveragePool", {f32(x)}, {}});
  }
  const Attributes spatial = {{"kernel_shape", Ints{1, 3, 3}},
                              {"strides", Ints{1, 2, 2}},
                              {"pads", Ints{0, 1, 1, 0, 1, 1}}};
  const Shape video = {2, pick(r, 1, 3), 2, 4, 3}, pooled = {2, video[1], 2, 2, 2};
  cases.push_back({"MaxPool", {f32(video)}, spatial});
  cases.push_back({"MaxPoolGrad", {fixed(video), fixed(pooled), fixed(pooled)}, spatial});
  cases.push_back({"AveragePool",
                   {f32({2, 3, 8, 8})},
                   {{"kernel_shape", Ints{4, 4}}, {"strides", Ints{4, 4}}}});
}

void add_norms(Random& r, std::vector<OpCase>& cases) {
  for (size_t rank : {1, 2, 2, 3}) {
    const int64_t n = pick(r, 2, 3), groups = pick(r, 1, 3), c = groups * pick(r, 1, 3);
    Shape x = {n, c};
    for (size_t i = 0; i < rank; ++i) x.push_back(pick(r, 2, 4));
    const double epsilon = r.chance(0.5) ? 1e-5 : 0.1;
    for (int64_t training : {0, 1}) {
      const Attributes attributes = {{"training_mode", training}, {"epsilon", epsilon}};
      Attributes more = attributes;
      more["momentum"] = r.uniform();
      cases.push_back({"BatchNormalization",
                       {f32(x), f32({c}), f32({c}), fixed({c}), fixed({c}, 0.5, 2)},
                       more});
      cases.push_back({"BatchNormalizationGrad",
                       {fixed(x), fixed({c}), fixed(x), fixed({c}), fixed({c}, 0.5, 2)},
                       attributes});
    }
    const Attributes attributes = {{"num_groups", groups}, {"epsilon", epsilon}};
    cases.push_back({"GroupNormalization", {f32(x), f32({c}), f32({c})}, attributes});
    const Shape statistics = {n, groups};
    cases.push_back({"GroupNormalizationGrad",
                     {fixed(x), fixed({c}), fixed(x), fixed(statistics), fixed(statistics, 0.5, 2)},
                     attributes});
  }
}

void add_layer_norms(Random& r, std::vector<OpCase>& cases) {
  for (size_t rank = 1; rank <= 4; ++rank) {
    Shape x = random_shape(r, rank), statistics = x;
    const int64_t axis = r.below(static_cast<int64_t>(rank));
    x.back() += 2;  // a row of one element has no deviation
    for (size_t d = static_cast<size_t>(axis); d < rank; ++d) statistics[d] = 1;
    const Shape places(x.begin() + axis, x.end());
    const Attributes attributes = {{"axis", r.chance(0.5) ? axis : axis - std::ssize(x)}};
    Attributes more = attributes;
    more["epsilon"] = r.chance(0.5) ? 1e-5 : 0.1;
    cases.push_back({"LayerNormalization", {f32(x), f32(places), f32(places)}, more});
    cases.push_back(
        {"LayerNormalizationGrad",
         {fixed(x), fixed(places), fixed(x), fixed(statistics), fixed(statistics, 0.5, 2)},
         attributes});
  }
  cases.push_back({"LayerNormalization", {f32({3, 4}), f32({4}), f32({4})}, {}});
}

void add_gathers(Random& r, std::vector<OpCase>& cases) {
  for (int64_t batch_dims : {0, 1, 2})
    for (int64_t depth : {1, 2}) {
      const int64_t size = pick(r, 1, 5);  // of each indexed dimension
      const Shape batch = random_shape(r, static_cast<size_t>(batch_dims), 3);
      Shape data = batch, indices = batch, y = batch;
      const Shape tuples = random_shape(r, static_cast<size_t>(pick(r, 0, 2)), 4);
      const Shape row = random_shape(r, static_cast<size_t>(pick(r, 0, 2)), 4);
      data.insert(data.end(), static_cast<size_t>(depth), size);
      data.insert(data.end(), row.begin(), row.end());
      indices.insert(indices.end(), tuples.begin(), tuples.end());
      indices.push_back(depth);
      y.insert(y.end(), tuples.begin(), tuples.end());
      y.insert(y.end(), row.begin(), row.end());
      const CaseInput places = {{Format::kI32, indices}, double(-size), double(size), false, true};
      const Attributes attributes = {{"batch_dims", batch_dims}};
      cases.push_back({"GatherND", {f32(data), places}, attributes});
      cases.push_back(
          {"GatherND", {{{Format::kU8, data}, 0, 256, false, true}, places}, attributes});
      Attributes more = attributes;
      more["input_shape"] = data;
      cases.push_back({"GatherNDGrad", {fixed(y), places}, more});
    }
}

void add_products(Random& r, std::vector<OpCase>& cases) {
  const int64_t m = pick(r, 1, 5), k = pick(r, 1, 5), n = pick(r, 1, 5), batch = pick(r, 2, 3);
  cases.push_back({"MatMul", {f32({m, k}), f32({k, n})}, {}});
  cases.push_back({"MatMul", {f32({batch, m, k}), f32({k, n})}, {}});
  cases.push_back({"MatMul", {f32({m, k}), f32({batch, k, n})}, {}});
  cases.push_back({"MatMul", {f32({batch, m, k}), f32({batch, k, n})}, {}});
  cases.push_back({"MatMul", {f32({batch, 1, m, k}), f32({2, k, n})}, {}});
  for (int64_t trans_a : {0, 1})
    for (int64_t trans_b : {0, 1}) {
      const Shape a = trans_a ? Shape{k, m} : Shape{m, k}, b = trans_b ? Shape{n, k} : Shape{k, n};
      Attributes attributes = {{"transA", trans_a}, {"transB", trans_b}};
      cases.push_back({"Gemm", {f32(a), f32(b)}, attributes});
      cases.push_back({"Gemm", {f32(a), f32(b), f32({n})}, attributes});
      attributes["alpha"] = 0.5;
      attributes["beta"] = -1.5;
      cases.push_back({"Gemm", {f32(a), f32(b), f32({m, 1})}, attributes});
      cases.push_back({"Gemm", {f32(a), f32(b), f32({m, n})}, attributes});
    }
}

void add_resampling(Random& r, std::vector<OpCase>& cases) {
  for (const char* padding : {"zeros", "border"})
    for (int64_t align : {0, 1}) {
      const int64_t n = pick(r, 1, 2), c = pick(r, 1, 3);
      const Shape x = {n, c, pick(r, 2, 5), pick(r, 2, 5)};
      const Shape grid = {n, pick(r, 1, 4), pick(r, 1, 4), 2}, y = {n, c, grid[1], grid[2]};
      const Attributes attributes = {{"mode", std::string("linear")},
                                     {"padding_mode", std::string(padding)},
                                     {"align_corners", align}};
      cases.push_back({"GridSample", {f32(x), f32(grid, -1.5, 1.5)}, attributes});
      Attributes more = attributes;
      more["input_shape"] = x;
      cases.push_back({"GridSampleInputGrad", {fixed(y), fixed(grid, -1.5, 1.5)}, more});
      cases.push_back(
          {"GridSampleGridGrad", {fixed(y), fixed(x), fixed(grid, -1.5, 1.5)}, attributes});
      const Ints size = {n, c, pick(r, 1, 4), pick(r, 1, 5)};
      cases.push_back({"AffineGrid", {f32({n, 2, 3})}, {{"size", size}, {"align_corners", align}}});
    }
  for (int64_t radius = 0; radius <= 2; ++radius) {
    const Shape x = {pick(r, 1, 2), pick(r, 1, 4), pick(r, 1, 5), pick(r, 1, 6)};
    const Shape y = {x[0], (2 * radius + 1) * (2 * radius + 1), x[2], x[3]};
    const Attributes attributes = {{"radius", radius}};
    cases.push_back({"CostVolume", {f32(x), f32(x)}, attributes});
    cases.push_back({"CostVolumeGrad", {fixed(y), fixed(x), fixed(x)}, attributes});
  }
  for (const char* mode : {"linear", "nearest"})
    for (const char* coordinates : {"half_pixel", "align_corners", "asymmetric"}) {
      const Shape x = {pick(r, 1, 2), pick(r, 1, 3), pick(r, 1, 5), pick(r, 1, 5)};
      const Shape y = {x[0], x[1], pick(r, 1, 8), pick(r, 1, 8)};
      Attributes attributes = {{"mode", std::string(mode)},
                               {"coordinate_transformation_mode", std::string(coordinates)},
                               {"nearest_mode", one_of(r, {"floor", "round_prefer_floor"})}};
      Attributes more = attributes;
      attributes["sizes"] = y;
      more["input_shape"] = x;
      cases.push_back({"Resize", {f32(x)}, attributes});
      cases.push_back({"ResizeGrad", {fixed(y)}, more});
    }
  cases.push_back({"Resize",
                   {f32({2, 3, 3, 4})},
                   {{"mode", std::string("linear")}, {"sizes", Ints{2, 3, 6, 8}}}});
  for (const char* mode : {"DCR", "CRD"}) {
    const int64_t b = pick(r, 2, 3), n = pick(r, 1, 2), c = pick(r, 1, 3);
    const int64_t h = pick(r, 1, 3), w = pick(r, 1, 3);
    const Attributes attributes = {{"blocksize", b}, {"mode", std::string(mode)}};
    cases.push_back({"DepthToSpace", {f32({n, c * b * b, h, w})}, attributes});
    cases.push_back({"SpaceToDepth", {f32({n, c, h * b, w * b})}, attributes});
  }
}

void add_softmax(Random& r, std::vector<OpCase>& cases) {
  const Shape x = random_shape(r, 3);
  for (int64_t axis : {-1, 0, 1}) cases.push_back({"Softmax", {f32(x)}, {{"axis", axis}}});
  const int64_t n = pick(r, 1, 5), classes = pick(r, 2, 6);
  const CaseInput labels = {{Format::kI32, {n}}, 0, double(classes), false, true};
  cases.push_back({"SoftmaxCrossEntropyLoss", {f32({n, classes}), labels}, {}});
  cases.push_back({"SoftmaxCrossEntropyLossGrad", {fixed({n, classes}), labels, fixed({})}, {}});
}

}  // namespace

void add_nn_cases(Random& random, std::vector<OpCase>& cases) {
  add_conv(random, cases);
  add_pools(random, cases);
  add_norms(random, cases);
  add_layer_norms(random, cases);
  add_gathers(random, cases);
  add_products(random, cases);
  add_resampling(random, cases);
  add_softmax(random, cases);
}

}  // namespace dojo
