// The least time that a program of the library can take on an empty machine, as closed formulas of
// the machine's numbers and the sizes. A simulated time below its bound is a mistake of one of
// them; how far it is above says what is left to gain.
//
// Each bound has four parts, any of which is one:
//
//   compute   cycles that the matrix or the SIMD unit of the busiest node is busy
//   sram      cycles that a port of the busiest node's memory is, to its units or to the network
//   links     cycles that links are over which all that goes from one part of the grid to another
//             must pass
//   latency   the longest chain of things each of which waits for the one before
//
// What is left out makes a bound smaller: the time that instructions without work take (signals,
// turns of loops), detours around disabled nodes, and everything that waits for its turn.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "dojo/machine/node.h"
#include "dojo/machine/router.h"
#include "dojo/machine/topology.h"
#include "dojo/machine/uses.h"

namespace dojo::compiler {

struct Bound {  // in cycles
  int64_t compute = 0, sram = 0, links = 0, latency = 0;

  int64_t cycles() const { return std::max({compute, sram, links, latency}); }
  std::string_view binding() const;  // the name of the largest part: "compute"
  bool operator==(const Bound&) const = default;
};

// Columns and rows of nodes that a program uses.
struct Extent {
  int64_t columns = 1, rows = 1;
  int64_t nodes() const { return columns * rows; }
};

class Bounds {
 public:
  using Coord = machine::Coord;  // in the machine

  explicit Bounds(machine::Uses& uses);

  // ---- What bounds are made of ----

  // The first flit of a message from memory to memory, where it waits for nobody: injection, a
  // head's time in each router, the links between them, ejection.
  int64_t way(Coord from, Coord to) const;
  // All of a message: the list engine's latency, the way, and the other flits at the slowest rate
  // on it.
  int64_t transfer(int64_t bytes, Coord from, Coord to) const;
  int64_t transfer_to_next(int64_t bytes) const;  // to a neighbour in the die
  // Of a port between memory and network.
  int64_t port(int64_t bytes) const;
  // A vector operation on so many bytes, without special functions: `registers` while the unit is
  // busy, `vector` from its start to its result in SRAM.
  int64_t registers(int64_t bytes) const;
  int64_t vector(int64_t bytes) const;
  // The same of an operation whose result has another format, which takes the unit once more.
  int64_t converting_registers(int64_t bytes) const;
  int64_t converting_vector(int64_t bytes) const;
  // Steps of the matrix unit.
  int64_t matmul(int64_t m, int64_t n, int64_t k) const;

  // ---- Programs ----

  // From one node to all; `farthest` is the one that is the longest way off.
  Bound broadcast(int64_t bytes, Coord root, Coord farthest) const;

  // f32 numbers of all nodes, added up in a tree of neighbours in chunks (tree.h). `depth`: nodes
  // between the root and the one farthest from it in the tree, and that one; `degree`: the most
  // streams that a node adds. With the farthest node given the sum goes back to all.
  struct Tree {
    int64_t elements = 0, chunk = 0, depth = 0, degree = 0;
  };
  Bound reduce(const Tree& tree) const;
  Bound all_reduce_tree(const Tree& tree, Coord root, Coord farthest) const;

  // The same in rings (ring.h) of the columns and the rows.
  Bound all_reduce_ring(int64_t elements, Extent grid) const;

  // Blocks that change places over the diagonal of a square (transpose.h). `pieces`: in which a
  // block is sent.
  struct Transpose {
    int64_t rows = 0, columns = 0, element_bytes = 0;  // of a block
    int64_t pieces = 1;
    int64_t side = 1;  // nodes
  };
  Bound transpose(const Transpose& blocks, Coord top_right, Coord bottom_left) const;

  // C stays, panels of the factors travel (gemm.h).
  struct Gemm {
    int64_t block_m = 0, block_n = 0, panel = 0, panels = 0, factor_bytes = 0;
    Extent grid;
  };
  Bound gemm_summa(const Gemm& gemm, Coord first_of_row, Coord last_of_row) const;
  Bound gemm_cannon(const Gemm& gemm) const;
  // Of any program on all live nodes: only their matrix units count.
  int64_t gemm_peak(int64_t m, int64_t n, int64_t k) const;

  // 3 x 3, a tile in each node (convolution.h).
  struct Convolution {
    int64_t rows = 0, columns = 0, channels = 0, outputs = 0, factor_bytes = 0;  // of a tile
    Extent grid;
  };
  Bound convolution(const Convolution& tile) const;

  // Over all dies (batch_norm.h). The two coordinates are those of the head of the die that is
  // farthest from the root, and of the node that is.
  struct BatchNorm {
    int64_t positions = 0, channels = 0;
    Extent die, dies;  // nodes of a die that are used; dies
  };
  Bound batch_norm(const BatchNorm& sizes, Coord root, Coord farthest_head, Coord farthest) const;

  // Messages of nodes to the others in turn, to the opposite one over the diagonal, to the next
  // one in a row, and to one (traffic.h). `from` and `to`: two of those that are the longest way
  // apart.
  struct Traffic {
    int64_t bytes = 0, messages = 0, gap = 0;  // of a node
    Extent grid;
  };
  Bound traffic_uniform(const Traffic& traffic, Coord from, Coord to) const;
  Bound traffic_transpose(const Traffic& traffic, Coord from, Coord to) const;
  Bound traffic_neighbour(const Traffic& traffic, Coord from, Coord to) const;
  Bound traffic_hotspot(const Traffic& traffic, Coord from, Coord to) const;

 private:
  int64_t flits(int64_t bytes) const;
  // fn(links, cost) for the links on the way along the row and then the column, those of a level
  // and direction together.
  template <typename Fn>
  void for_each_kind_of_link(Coord from, Coord to, const Fn& fn) const;
  int64_t disabled() const { return topology_.num_nodes() - topology_.num_live(); }
  // Of a port that loads, and a product's time on its unit: its steps, or the loads of its operands
  // and, where it adds to sums, of these.
  int64_t loads(int64_t m, int64_t n, int64_t k, int64_t factor_bytes, bool adds) const;
  int64_t product(int64_t m, int64_t n, int64_t k, int64_t factor_bytes, bool adds) const;
  int64_t block_ports(const Gemm& g) const;        // of the block's node, between SRAM and units
  int64_t products_in_a_row(const Gemm& g) const;  // that is what it has to do
  // From the last step of a product until another one can use the result, and its first loads.
  int64_t product_latency() const;
  // So many bytes over the links between two columns of the machine, in one direction.
  int64_t between_columns(int64_t bytes) const;
  // So many bytes over one link, where no disabled node makes another way.
  int64_t over_one_link(int64_t bytes) const;
  // What a node and its messages take until the last one is on its way.
  int64_t sending(const Traffic& traffic) const;

  machine::NodeShape node_;
  machine::RouterShape router_;
  machine::Topology topology_;
  machine::InstructionCost matmul_, arithmetic_, convert_, load_, store_;
  int64_t transfer_latency_ = 0, wait_latency_ = 0;
};

}  // namespace dojo::compiler
