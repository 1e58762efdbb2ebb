// Small programs that keep one part of a machine busy, so that what it sustains can be read off a
// run: the matrix units, the SIMD unit, the ports of an SRAM, links. Nodes are the machine's own,
// and each program is on those that live.
#pragma once

#include <span>

#include "dojo/compiler/library/target.h"
#include "dojo/program/element.h"
#include "dojo/program/program.h"

namespace dojo::emulate {

struct ProductSizes {
  int64_t m = 256, n = 256, k = 512;
  program::Element factor = {program::ElementKind::kBF16};
};
// Each node multiplies once.
program::Program products(const compiler::Target& target, const ProductSizes& sizes);

// Each node does `times` instructions of `elements` multiply-adds in f32: two loads and a store for
// each, as many as the ports of the SRAM have room for.
program::Program multiply_adds(const compiler::Target& target, int64_t elements, int64_t times);

// One node's SRAM with all that instructions and transfers can do to it: two threads add arrays of
// `bytes`, a third one sends as much to the node's east, and the node's west sends as much to it,
// all of them `times`.
struct SramProbe {
  program::Program program;
  program::Coord node;
  int64_t loaded_bytes = 0, stored_bytes = 0;  // of the node, in all
};
SramProbe sram_traffic(const compiler::Target& target, int64_t bytes, int64_t times);

// From node to node in the machine.
struct Way {
  program::Coord from, to;
};
// `times` transfers of `bytes` over each way, one behind the other. REQUIRES: live nodes, none of
// which is twice where a way begins.
program::Program transfers(const compiler::Target& target, std::span<const Way> ways, int64_t bytes,
                           int64_t times);

}  // namespace dojo::emulate
