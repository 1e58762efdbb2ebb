// Synthetic traffic: each node sends messages of one size, at a steady rate, by a simple rule.
//
//   uniform     to all nodes of the grid in turn, itself too, beginning somewhere that looks drawn
//   transpose   from column x, row y to column y, row x, on a square of nodes
//   neighbour   to the next node on the right; the last one of a row to the first
//   hotspot     all to the node in the middle
//
// A message lands in a place of its own, so that no two of them meet.
#pragma once

#include "dojo/compiler/library/target.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

struct TrafficSizes {
  int64_t bytes = 64;     // of a message: a multiple of 4
  int64_t messages = 16;  // of each node
  int64_t gap = 0;        // cycles that a node is idle between two
};

//   out   i32[bytes / 4], input: what a node sends
//   in    of the nodes that receive. transpose, neighbour: [messages, bytes / 4], output. uniform:
//         [rows, columns, bytes / 4], by the way from the sender, so that a node can send at most
//         columns x rows messages; an output where it sends as many. hotspot: [rows, columns,
//         messages, bytes / 4], by the sender, of the node in the middle, which sends nothing.
program::Program traffic_uniform(const Target& target, const TrafficSizes& sizes);
program::Program traffic_transpose(const Target& target, const TrafficSizes& sizes);
program::Program traffic_neighbour(const Target& target, const TrafficSizes& sizes);
program::Program traffic_hotspot(const Target& target, const TrafficSizes& sizes);

}  // namespace dojo::compiler
