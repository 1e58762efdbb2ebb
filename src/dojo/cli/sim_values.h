// Numbers of a simulated program in safetensors files: its inputs before, its outputs after.
//
//   tensor "a" or "main.a"    the allocation `a` (of the layout `main`)
//     of its shape            at every node, or every interface, that has it
//     [rows, columns, shape]  at each node its own; of interfaces [number, shape]
//
// Numbers are F32, BF16, I32 or U8 and are rounded to nearest to the allocation's format. Outputs
// are [rows, columns, shape], or [number, shape]: U8 and I32 of such, BF16 of bf16, F32, which
// holds all others exactly; zeros where nodes have no such allocation, or have
// not written all of it.
#pragma once

#include <cstdint>
#include <string>

#include "dojo/program/program.h"
#include "dojo/sim/simulator.h"

namespace dojo {

// All inputs. Throws Error(kInput) for a tensor that is missing, that no input has the name of, or
// that has another shape.
void read_inputs(const std::string& path, const program::Program& program,
                 sim::Simulator* simulator);

// Normal numbers from a seed, which are the same for the same program.
void draw_inputs(uint64_t seed, const program::Program& program, sim::Simulator* simulator);

// All outputs, after a run.
void write_outputs(const std::string& path, const program::Program& program,
                   const sim::Simulator& simulator);

}  // namespace dojo
