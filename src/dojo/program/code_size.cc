#include "dojo/program/code_size.h"

namespace dojo::program {

int64_t code_bytes(const NodeClass& node_class) {
  int64_t lines = 0;
  for (const Code& code : node_class.threads)
    lines += std::ssize(code.instructions) + std::ssize(code.pieces) - std::ssize(code.copies);
  return lines * kInstructionBytes;
}

}  // namespace dojo::program
