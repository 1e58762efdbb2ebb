// The list of all ops, one line for each. Each op is a `const OpDef kNAME` in namespace dojo::ops,
// defined in the file of its name (or of its family: binary.cc, unary.cc ...) in this folder, which
// includes this header. Nothing registers itself.
#pragma once

#include "dojo/graph/op.h"

#define DOJO_FOR_EACH_OP(OP)      \
  OP(Abs)                         \
  OP(AdamW)                       \
  OP(Add)                         \
  OP(AffineGrid)                  \
  OP(AveragePool)                 \
  OP(AveragePoolGrad)             \
  OP(BatchNormalization)          \
  OP(BatchNormalizationGrad)      \
  OP(Cast)                        \
  OP(Clip)                        \
  OP(Concat)                      \
  OP(Constant)                    \
  OP(Conv)                        \
  OP(ConvInputGrad)               \
  OP(ConvWeightGrad)              \
  OP(CostVolume)                  \
  OP(CostVolumeGrad)              \
  OP(DepthToSpace)                \
  OP(Div)                         \
  OP(Exp)                         \
  OP(Expand)                      \
  OP(GatherND)                    \
  OP(GatherNDGrad)                \
  OP(Gelu)                        \
  OP(GeluGrad)                    \
  OP(Gemm)                        \
  OP(GlobalAveragePool)           \
  OP(GridSample)                  \
  OP(GridSampleGridGrad)          \
  OP(GridSampleInputGrad)         \
  OP(GroupNormalization)          \
  OP(GroupNormalizationGrad)      \
  OP(Identity)                    \
  OP(LayerNormalization)          \
  OP(LayerNormalizationGrad)      \
  OP(Log)                         \
  OP(MatMul)                      \
  OP(Max)                         \
  OP(MaxPool)                     \
  OP(MaxPoolGrad)                 \
  OP(Min)                         \
  OP(Momentum)                    \
  OP(Mul)                         \
  OP(Neg)                         \
  OP(Pad)                         \
  OP(Reciprocal)                  \
  OP(ReduceMax)                   \
  OP(ReduceMean)                  \
  OP(ReduceSum)                   \
  OP(ReduceSumSquare)             \
  OP(Relu)                        \
  OP(ReluGrad)                    \
  OP(Reshape)                     \
  OP(Resize)                      \
  OP(ResizeGrad)                  \
  OP(Sigmoid)                     \
  OP(Sign)                        \
  OP(Slice)                       \
  OP(Softmax)                     \
  OP(SoftmaxCrossEntropyLoss)     \
  OP(SoftmaxCrossEntropyLossGrad) \
  OP(SpaceToDepth)                \
  OP(Sqrt)                        \
  OP(Sub)                         \
  OP(Tanh)                        \
  OP(Transpose)

namespace dojo::ops {

#define DOJO_DECLARE_OP(NAME) extern const OpDef k##NAME;
DOJO_FOR_EACH_OP(DOJO_DECLARE_OP)
#undef DOJO_DECLARE_OP

}  // namespace dojo::ops
