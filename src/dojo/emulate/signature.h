// One number over what ten fixed programs do on the simulated machine: their cycles, and every bit
// of what they compute. A change that is not meant to change time or values leaves it as it is; it
// is the same of every build, on every processor and for any number of threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/sim/time.h"

namespace dojo::emulate {

struct SignaturePart {
  std::string program, machine;  // "gemm_summa", "d1_die"
  sim::Cycles cycles = 0;
  uint32_t outputs = 0;  // CRC-32C of all outputs, node by node
};

std::vector<SignaturePart> signature_parts();  // in a second or two; on num_threads() threads

uint32_t signature(const std::vector<SignaturePart>& parts);

}  // namespace dojo::emulate
