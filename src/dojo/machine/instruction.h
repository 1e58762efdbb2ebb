// The kinds of instructions that have a cost. The instruction set of Dojo is not public: these are
// our own classes, coarse enough that a description can say something of each.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace dojo::machine {

enum class Instruction : uint8_t {
  kMatrixMultiply,
  kVectorArithmetic,
  kVectorSpecial,
  kVectorConvert,
  kVectorShuffle,
  kVectorLoad,
  kVectorStore,
  kScalar,
  kBranch,
  kTransfer,
  kSignal,
  kWait,
  kBarrier,
};
inline constexpr size_t kNumInstructions = static_cast<size_t>(Instruction::kBarrier) + 1;

constexpr size_t at(Instruction i) { return static_cast<size_t>(i); }

std::string_view name(Instruction i);     // "matrix_multiply"
std::string_view meaning(Instruction i);  // half a sentence

}  // namespace dojo::machine
