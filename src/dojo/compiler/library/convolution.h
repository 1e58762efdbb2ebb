// 3 x 3 convolution with a border of zeros, stride 1, of an image that is cut into tiles, one for
// each node. A tile needs a border of one position from its eight neighbours, the halo:
//
//   +---+-------+---+      Each node copies its tile into a place with room for the halo and sends
//   | 1 |   2   | 3 |      its edges to its neighbours' places, while the matrix unit does the
//   +---+-------+---+      product that needs no halo: the middle one of the nine. The other eight
//   | 4 | tile  | 5 |      follow when all edges have come. At the edge of the image the halo is
//   +---+-------+---+      zeros.
//   | 6 |   7   | 8 |
//   +---+-------+---+      All nodes have all weights.
#pragma once

#include "dojo/compiler/library/target.h"
#include "dojo/program/element.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

struct ConvolutionSizes {
  int64_t rows = 128, columns = 128;  // of the image
  int64_t channels = 64, outputs = 64;
  program::Element factor = {program::ElementKind::kBF16};  // bf16 or a CFloat8
};

// The nodes that are used: the most rows and columns of live ones that divide the image.
program::Coord convolution_grid(const Target& target, const ConvolutionSizes& sizes);

//   image     [tile rows, tile columns, channels], input
//   weights   [3, 3, channels, outputs], input, the same in all nodes
//   result    [tile rows, tile columns, outputs], output, in the format of the factors: products
//             of (1, 1), then (0, 0), (0, 1), ... (2, 2), are added up in f32 and rounded once
program::Program convolution(const Target& target, const ConvolutionSizes& sizes);

}  // namespace dojo::compiler
