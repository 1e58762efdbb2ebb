// What an instruction of the matrix or the SIMD unit computes, now that its expressions have
// values: bytes of one memory from bytes of the same. Whether it may touch these is Values'
// business.
//
// Thread safety: const; a Memory and a Scratch are for one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dojo/program/program.h"
#include "dojo/sim/options.h"
#include "dojo/sim/values/block.h"
#include "dojo/sim/values/memory.h"

namespace dojo::sim {

struct Operation {
  const program::Matmul* matmul = nullptr;  // either this
  const program::Vector* vector = nullptr;  // or that
  Block to;
  std::array<Block, 3> from;  // those operands that are no constants; of matmul left and right
  Block random;               // indices, where it rounds stochastically
};

// Numbers on their way, kept from one operation to the next.
struct Scratch {
  std::vector<uint8_t> codes, other_codes, packed, other_packed;
  std::array<std::vector<float>, 3> operands;
  std::vector<float> result;
};

class Arithmetic {
 public:
  // The program outlives this.
  Arithmetic(const program::Program& program, const Options& options)
      : program_(program), seed_(options.seed), step_(options.step) {}

  void run(const Operation& operation, Memory* memory, Scratch* scratch) const;

 private:
  void matmul(const Operation& operation, Memory* memory, Scratch* scratch) const;
  void vector(const Operation& operation, Memory* memory, Scratch* scratch) const;
  void numbers(const program::View& view, const Block& block, const Memory& memory,
               Scratch* scratch, std::vector<float>* numbers) const;
  void store(const program::View& to, const program::View& random, const Operation& operation,
             const float* numbers, Memory* memory, Scratch* scratch) const;

  const program::Program& program_;
  const uint64_t seed_;
  const uint32_t step_;
};

}  // namespace dojo::sim
