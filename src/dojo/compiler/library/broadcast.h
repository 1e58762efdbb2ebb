// One node gives its numbers to all: a single transfer that the network multiplies on its way.
#pragma once

#include "dojo/compiler/library/target.h"
#include "dojo/program/element.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

struct BroadcastSizes {
  int64_t elements = 16384;
  program::Element element;
};

//   data   [elements], input: that of the node in the middle is sent, the others' are not used
//   out    [elements], output
program::Program broadcast(const Target& target, const BroadcastSizes& sizes);

}  // namespace dojo::compiler
