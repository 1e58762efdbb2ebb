// What several programs of the library are made of.
#pragma once

#include "dojo/program/builder.h"

namespace dojo::compiler {

// Room for the instructions of a class: 128 of them. verify() refuses more.
inline constexpr int64_t kCodeBytes = 8192;

// The body where `condition`, which is 0 or 1, is 1: programs have no other control flow than
// loops. REQUIRES: not inside another one.
template <typename Body>
void when(program::ThreadBuilder* thread, const program::Expr& condition, Body&& body) {
  thread->loop("once", condition, [&](const program::Expr&) { body(); });
}

// All nodes of a grid.
inline program::Region all(program::Coord grid) { return {{0, grid.x}, {0, grid.y}}; }
inline program::Where to_all(program::Coord grid) { return program::nodes(0, grid.x, 0, grid.y); }

// The class is on all nodes of the grid but one.
void on_all_but(program::ClassBuilder* node_class, program::Coord grid, program::Coord one);

// The node in the middle: that from which the farthest one is nearest.
inline program::Coord middle(program::Coord grid) { return {grid.x / 2, grid.y / 2}; }

}  // namespace dojo::compiler
