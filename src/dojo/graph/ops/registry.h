// The list of all ops, one line for each. Each op is a `const OpDef kNAME` in namespace dojo::ops,
// defined in the file of its name (or of its family: binary.cc, unary.cc ...) in this folder, which
// includes this header. Nothing registers itself.
#pragma once

#include "dojo/graph/op.h"

#define DOJO_FOR_EACH_OP(OP)      \
  OP(Add)                         \
  OP(AffineGrid)                  \
  OP(AveragePool)                 \
  OP(AveragePoolGrad)             \
  OP(BatchNormalization)          \
  OP(BatchNormalizationGrad)      \
  OP(Conv)                        \
  OP(ConvInputGrad)               \
  OP(ConvWeightGrad)              \
  OP(DepthToSpace)                \
  OP(Div)                         \
  OP(Gemm)                        \
  OP(GlobalAveragePool)           \
  OP(GridSample)                  \
  OP(GridSampleGridGrad)          \
  OP(GridSampleInputGrad)         \
  OP(GroupNormalization)          \
  OP(GroupNormalizationGrad)      \
  OP(MatMul)                      \
  OP(Max)                         \
  OP(MaxPool)                     \
  OP(MaxPoolGrad)                 \
  OP(Min)                         \
  OP(Mul)                         \
  OP(Resize)                      \
  OP(ResizeGrad)                  \
  OP(Softmax)                     \
  OP(SoftmaxCrossEntropyLoss)     \
  OP(SoftmaxCrossEntropyLossGrad) \
  OP(SpaceToDepth)                \
  OP(Sub)

namespace dojo::ops {

#define DOJO_DECLARE_OP(NAME) extern const OpDef k##NAME;
DOJO_FOR_EACH_OP(DOJO_DECLARE_OP)
#undef DOJO_DECLARE_OP

}  // namespace dojo::ops
