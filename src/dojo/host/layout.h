// Which physical order each value has. Logical shapes are ONNX's, [N,C,H,W]; physically an
// activation lies channels-last, [N,H,W,C], because convolutions, norms, pools and samplers are
// fast on that order (measured: as fast as blocks of 16 channels, and our own kernels need no
// second version). Elementwise chains take the order of what they connect; all else is row-major. A
// weight of a convolution, its gradient and its moments stay in the order in which the weight
// gradient comes (packed), so that no step reorders them.
//
// Measured with oneDNN 2.6 on AVX-512, 2 threads, ResNet-18 and U-Net shapes: forward, backward by
// data and by weights reach 270-390 GFLOP/s in both orders, within 10 % of each other.
#pragma once

#include <string>
#include <vector>

#include "dojo/graph/graph.h"

namespace dojo::host {

struct Layout {
  enum class Kind : uint8_t { kRowMajor, kChannelsLast, kPacked } kind = Kind::kRowMajor;
  NodeId packed_for = kNoNode;  // kPacked: the ConvWeightGrad whose preferred order it is
  bool operator==(const Layout&) const = default;
};

inline constexpr Layout kRowMajor{};
inline constexpr Layout kChannelsLast{Layout::Kind::kChannelsLast};

std::string to_string(const Layout& layout);

// The dimensions in memory order, outermost first; [N,C,H,W] channels-last gives [N,H,W,C].
// REQUIRES: the layout is not kPacked.
Shape physical(const Shape& shape, Layout::Kind layout);
// The physical dimension in which a logical dimension lies.
size_t physical_axis(size_t axis, size_t rank, Layout::Kind layout);
// True iff both orders have the same bytes for this shape.
bool same_bytes(const Shape& shape, Layout::Kind a, Layout::Kind b);

struct LayoutOptions {
  bool channels_last = true;
  bool packed_weights = true;
};

std::vector<Layout> assign_layouts(const Graph& graph, const LayoutOptions& options);  // by value

// True for ops that compute each element from the elements at the same place of operands that
// broadcast to the result's shape, and that ElementwiseKernel has.
bool is_elementwise(const Graph& graph, const Node& node);

}  // namespace dojo::host
