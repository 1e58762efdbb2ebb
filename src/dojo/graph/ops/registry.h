// The list of all ops, one line for each. Each op is a `const OpDef kNAME` in namespace dojo::ops,
// defined in the file of its name (or of its family: binary.cc, unary.cc ...) in this folder, which
// includes this header. Nothing registers itself.
#pragma once

#include "dojo/graph/op.h"

#define DOJO_FOR_EACH_OP(OP) \
  OP(Add)                    \
  OP(Div)                    \
  OP(Max)                    \
  OP(Min)                    \
  OP(Mul)                    \
  OP(Sub)

namespace dojo::ops {

#define DOJO_DECLARE_OP(NAME) extern const OpDef k##NAME;
DOJO_FOR_EACH_OP(DOJO_DECLARE_OP)
#undef DOJO_DECLARE_OP

}  // namespace dojo::ops
