#include "dojo/host/onednn.h"

#include <fmt/format.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

namespace dojo::host::onednn {
namespace {

using dnnl::memory;
using dnnl::primitive_attr;
using dnnl::prop_kind;
using Tag = memory::format_tag;
constexpr auto kF32 = memory::data_type::f32;
constexpr auto kBf16 = memory::data_type::bf16;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;

// The engine and stream of the calling process's only CPU; they hold no state of ours.
const dnnl::engine& engine() {
  static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}
dnnl::stream& stream() {
  static dnnl::stream instance(engine());
  return instance;
}

primitive_attr user_scratch() {
  primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

template <class Make>
auto guarded(const char* what, Make make) -> decltype(make()) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    throw Error(Category::kUnimplemented, fmt::format("oneDNN has no {}: {}", what, error.what()));
  }
}

}  // namespace

struct Format::Impl {
  memory::desc desc;
};

struct Operation::Impl {
  dnnl::primitive primitive;
  std::vector<std::pair<int, memory::desc>> arguments;  // in the order of bind()
  memory::desc scratch;
};

int64_t Format::bytes() const { return static_cast<int64_t>(impl_->desc.get_size()); }
bool Format::operator==(const Format& other) const { return impl_->desc == other.impl_->desc; }

int64_t Operation::scratch_bytes() const { return static_cast<int64_t>(impl_->scratch.get_size()); }

Kernel Operation::bind(std::vector<void*> addresses) const {
  struct Bound {
    std::shared_ptr<const Impl> impl;
    std::vector<memory> memories;
    std::vector<dnnl_exec_arg_t> arguments;
  };
  auto bound = std::make_shared<Bound>();
  bound->impl = impl_;
  const auto add = [&](int argument, const memory::desc& desc, void* address) {
    bound->memories.emplace_back(desc, engine(), address);
    bound->arguments.push_back({argument, bound->memories.back().get()});
  };
  size_t next = 0;
  for (const auto& [argument, desc] : impl_->arguments) {
    void* address = addresses.at(next++);
    DOJO_CHECK(address != nullptr);
    add(argument, desc, address);
  }
  if (impl_->scratch.get_size() > 0) add(DNNL_ARG_SCRATCHPAD, impl_->scratch, addresses.at(next));
  return [bound] {
    const dnnl_status_t status =
        dnnl_primitive_execute(bound->impl->primitive.get(), stream().get(),
                               static_cast<int>(bound->arguments.size()), bound->arguments.data());
    DOJO_CHECK_EQ(static_cast<int>(status), static_cast<int>(dnnl_success));
  };
}

namespace {

using Type = memory::data_type;

struct ConvDescs {
  // With the number formats of x, y and the weights.
  ConvDescs(const ConvShape& s, Type x_type, Type y_type, Type weights_type)
      : x(image(s, x_type, s.c, s.d, s.h, s.w)),
        y(image(s, y_type, s.m, s.out_d, s.out_h, s.out_w)),
        bias({s.m}, kF32, Tag::x),
        weights(weight_dims(s), weights_type, Tag::any),
        strides(space(s, s.stride_d, s.stride_h, s.stride_w)),
        // oneDNN counts the holes
        dilations(space(s, s.dilation_d - 1, s.dilation_h - 1, s.dilation_w - 1)),
        begin(space(s, s.front, s.top, s.left)),
        end(space(s, s.back, s.bottom, s.right)) {}

  static memory::dims space(const ConvShape& s, int64_t depth, int64_t height, int64_t width) {
    if (s.has_depth()) return {depth, height, width};
    return {height, width};
  }
  static memory::desc image(const ConvShape& s, Type type, int64_t channels, int64_t depth,
                            int64_t height, int64_t width) {
    if (s.has_depth()) return {{s.n, channels, depth, height, width}, type, Tag::ndhwc};
    return {{s.n, channels, height, width}, type, Tag::nhwc};
  }
  static memory::dims weight_dims(const ConvShape& s) {
    memory::dims dims = {s.m / s.group, s.c / s.group};
    if (s.group != 1) dims.insert(dims.begin(), s.group);
    for (int64_t size : space(s, s.kernel_d, s.kernel_h, s.kernel_w)) dims.push_back(size);
    return dims;
  }
  static Tag plain_weights(const ConvShape& s) {
    if (s.has_depth()) return s.group == 1 ? Tag::oidhw : Tag::goidhw;
    return s.group == 1 ? Tag::oihw : Tag::goihw;
  }

  memory::desc x, y, bias, weights;
  memory::dims strides, dilations, begin, end;
};

Type factor_type(const ConvShape& s) { return s.bf16 ? kBf16 : kF32; }
Type result_type(const ConvShape& s) { return s.bf16_result ? kBf16 : kF32; }

Format make_format(const memory::desc& desc) {
  return Format(std::make_shared<const Format::Impl>(Format::Impl{desc}));
}

template <class PrimitiveDesc, class Primitive>
Operation make_operation(const PrimitiveDesc& pd, const Primitive& primitive,
                         std::vector<std::pair<int, memory::desc>> arguments) {
  return Operation(std::make_shared<const Operation::Impl>(
      Operation::Impl{primitive, std::move(arguments), pd.scratchpad_desc()}));
}

dnnl::convolution_forward::primitive_desc forward_desc(const ConvDescs& d, bool bias) {
  const memory::desc b = bias ? d.bias : memory::desc();
#if DNNL_VERSION_MAJOR >= 3
  return {engine(),    prop_kind::forward_training,
          kDirect,     d.x,
          d.weights,   b,
          d.y,         d.strides,
          d.dilations, d.begin,
          d.end,       user_scratch()};
#else
  return {{prop_kind::forward_training, kDirect, d.x, d.weights, b, d.y, d.strides, d.dilations,
           d.begin, d.end},
          user_scratch(),
          engine()};
#endif
}

// A gradient is made with the description of its convolution, whose tensors are all of one format.
dnnl::convolution_forward::primitive_desc hint(const ConvShape& s, bool bias) {
  const Type type = factor_type(s);
  return forward_desc(ConvDescs(s, type, type, type), bias);
}

// The faults of oneDNN 2.6.3's gradients of 1x1 convolutions in bf16, where there is no AMX, are of
// channels that do not fill blocks of 16.
bool fills_blocks(const ConvShape& s) { return s.c / s.group % 16 == 0 && s.m / s.group % 16 == 0; }

// The gradient by the input reads beyond tensors of odd channels. What is next in the list does
// not. REQUIRES: what `pd` was made of is still there.
template <class PrimitiveDesc>
PrimitiveDesc without_faults(PrimitiveDesc pd, const ConvShape& s) {
  while (s.bf16 && !fills_blocks(s) &&
         std::string_view(pd.impl_info_str()).starts_with("jit_bf16_1x1") && pd.next_impl()) {
  }
  return pd;
}

}  // namespace

std::string library_version() {
  const dnnl_version_t* v = dnnl::version();
  return fmt::format("{}.{}.{}", v->major, v->minor, v->patch);
}

bool has_bf16() {
  constexpr int kNeeded = static_cast<int>(dnnl::cpu_isa::avx512_core_bf16);
  return (static_cast<int>(dnnl::get_effective_cpu_isa()) & kNeeded) == kNeeded;
}

Format plain_weights(const ConvShape& s, bool bf16) {
  return make_format({ConvDescs::weight_dims(s), bf16 ? kBf16 : kF32, ConvDescs::plain_weights(s)});
}

Format weights_by_pixel(const ConvShape& s) {
  DOJO_CHECK_EQ(s.group, 1);
  return make_format({ConvDescs::weight_dims(s), kF32, Tag::hwio});
}

Conv conv_forward(const ConvShape& shape, bool bias) {
  return guarded("convolution", [&] {
    const Type type = factor_type(shape);
    const ConvDescs d(shape, type, result_type(shape), type);
    const auto pd = forward_desc(d, bias);
    std::vector<std::pair<int, memory::desc>> arguments = {{DNNL_ARG_SRC, d.x},
                                                           {DNNL_ARG_WEIGHTS, pd.weights_desc()}};
    if (bias) arguments.emplace_back(DNNL_ARG_BIAS, d.bias);
    arguments.emplace_back(DNNL_ARG_DST, d.y);
    return Conv{make_operation(pd, dnnl::convolution_forward(pd), arguments),
                make_format(pd.weights_desc())};
  });
}

Conv conv_input_grad(const ConvShape& shape) {
  return guarded("gradient of a convolution by its input", [&] {
    const Type type = factor_type(shape);
    const ConvDescs d(shape, result_type(shape), type, type);
    using Grad = dnnl::convolution_backward_data;
    const auto forward = hint(shape, false);  // without_faults() looks at it again
#if DNNL_VERSION_MAJOR >= 3
    const Grad::primitive_desc first(engine(), kDirect, d.x, d.weights, d.y, d.strides, d.dilations,
                                     d.begin, d.end, forward, user_scratch());
#else
    const Grad::desc desc(kDirect, d.x, d.weights, d.y, d.strides, d.dilations, d.begin, d.end);
    const Grad::primitive_desc first(desc, user_scratch(), engine(), forward);
#endif
    const Grad::primitive_desc pd = without_faults(first, shape);
    return Conv{make_operation(pd, Grad(pd),
                               {{DNNL_ARG_DIFF_DST, d.y},
                                {DNNL_ARG_WEIGHTS, pd.weights_desc()},
                                {DNNL_ARG_DIFF_SRC, d.x}}),
                make_format(pd.weights_desc())};
  });
}

bool weight_grad_takes_bf16(const ConvShape& s) {
  const bool pixel = s.kernel_d == 1 && s.kernel_h == 1 && s.kernel_w == 1;
  const bool strided = s.stride_d != 1 || s.stride_h != 1 || s.stride_w != 1;
  return !pixel || !strided || fills_blocks(s);  // else it writes beyond its scratch memory
}

Conv conv_weight_grad(const ConvShape& shape, bool bias) {
  return guarded("gradient of a convolution by its weights", [&] {
    const ConvDescs d(shape, factor_type(shape), factor_type(shape), kF32);
    const memory::desc b = bias ? d.bias : memory::desc();
    using Grad = dnnl::convolution_backward_weights;
#if DNNL_VERSION_MAJOR >= 3
    const Grad::primitive_desc pd(engine(), kDirect, d.x, d.weights, b, d.y, d.strides, d.dilations,
                                  d.begin, d.end, hint(shape, bias), user_scratch());
#else
    const Grad::primitive_desc pd(
        {kDirect, d.x, d.weights, b, d.y, d.strides, d.dilations, d.begin, d.end}, user_scratch(),
        engine(), hint(shape, bias));
#endif
    std::vector<std::pair<int, memory::desc>> arguments = {
        {DNNL_ARG_SRC, d.x},
        {DNNL_ARG_DIFF_DST, d.y},
        {DNNL_ARG_DIFF_WEIGHTS, pd.diff_weights_desc()}};
    if (bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, d.bias);
    return Conv{make_operation(pd, Grad(pd), arguments), make_format(pd.diff_weights_desc())};
  });
}

Operation reorder(const Format& from, const Format& to) {
  return guarded("such reorder", [&] {
    const memory::desc &a = from.impl().desc, &b = to.impl().desc;
    const dnnl::reorder::primitive_desc pd(engine(), a, engine(), b, user_scratch());
    return make_operation(pd, dnnl::reorder(pd), {{DNNL_ARG_FROM, a}, {DNNL_ARG_TO, b}});
  });
}

Operation matmul(const MatmulShape& s, bool bias) {
  return guarded("matrix product", [&] {
    const memory::dim batch_a = s.shared_a ? 1 : s.batch, batch_b = s.shared_b ? 1 : s.batch;
    const Type type = s.bf16 ? kBf16 : kF32;
    const memory::desc a({batch_a, s.m, s.k}, type, s.transpose_a ? Tag::acb : Tag::abc);
    const memory::desc b({batch_b, s.k, s.n}, type, s.transpose_b ? Tag::acb : Tag::abc);
    const memory::desc y({s.batch, s.m, s.n}, s.bf16_result ? kBf16 : kF32, Tag::abc);
    const memory::desc c = bias ? memory::desc({1, 1, s.n}, kF32, Tag::abc) : memory::desc();
#if DNNL_VERSION_MAJOR >= 3
    const auto pd = bias ? dnnl::matmul::primitive_desc(engine(), a, b, c, y, user_scratch())
                         : dnnl::matmul::primitive_desc(engine(), a, b, y, user_scratch());
#else
    const dnnl::matmul::primitive_desc pd(
        bias ? dnnl::matmul::desc(a, b, c, y) : dnnl::matmul::desc(a, b, y), user_scratch(),
        engine());
#endif
    std::vector<std::pair<int, memory::desc>> arguments = {{DNNL_ARG_SRC, a},
                                                           {DNNL_ARG_WEIGHTS, b}};
    if (bias) arguments.emplace_back(DNNL_ARG_BIAS, c);
    arguments.emplace_back(DNNL_ARG_DST, y);
    return make_operation(pd, dnnl::matmul(pd), arguments);
  });
}

}  // namespace dojo::host::onednn
