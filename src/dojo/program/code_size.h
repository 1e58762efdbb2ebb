// What instructions take of a node's SRAM, which holds code and data. No encoding is public; ours
// is one 64-byte line for each instruction and for each further piece of a transfer, which is what
// a list of descriptors would need.
#pragma once

#include <cstdint>

#include "dojo/program/program.h"

namespace dojo::program {

inline constexpr int64_t kInstructionBytes = 64;

int64_t code_bytes(const NodeClass& node_class);  // of all its threads

}  // namespace dojo::program
