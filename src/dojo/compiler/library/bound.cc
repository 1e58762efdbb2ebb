#include "dojo/compiler/library/bound.h"

#include <tuple>
#include <utility>

#include "dojo/compiler/library/target.h"

namespace dojo::compiler {

using machine::Instruction;
using machine::Level;
using machine::Rate;
using machine::Side;

namespace {

int64_t cycles_at(const Rate& rate, int64_t bytes) {
  return ceil_div(bytes * rate.cycles, rate.bytes);
}

}  // namespace

std::string_view Bound::binding() const {
  const std::pair<int64_t, std::string_view> parts[] = {
      {compute, "compute"}, {sram, "sram"}, {links, "links"}, {latency, "latency"}};
  return std::max_element(std::begin(parts), std::end(parts),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

Bounds::Bounds(machine::Uses& uses)
    : node_(machine::node_shape(uses)),
      router_(machine::router_shape(uses)),
      topology_(uses),
      matmul_(machine::instruction_cost(uses, Instruction::kMatrixMultiply)),
      arithmetic_(machine::instruction_cost(uses, Instruction::kVectorArithmetic)),
      convert_(machine::instruction_cost(uses, Instruction::kVectorConvert)),
      load_(machine::instruction_cost(uses, Instruction::kVectorLoad)),
      store_(machine::instruction_cost(uses, Instruction::kVectorStore)),
      transfer_latency_(machine::instruction_cost(uses, Instruction::kTransfer).latency_cycles),
      wait_latency_(machine::instruction_cost(uses, Instruction::kWait).latency_cycles) {}

// ---- What bounds are made of ----

int64_t Bounds::flits(int64_t bytes) const { return ceil_div(bytes, router_.flit_bytes); }

template <typename Fn>
void Bounds::for_each_kind_of_link(Coord from, Coord to, const Fn& fn) const {
  const Coord corner{to.x, from.y};
  for (const auto& [begin, end, side] :
       {std::tuple{from, corner, Side::kEast}, std::tuple{corner, to, Side::kSouth}}) {
    const auto crossings = topology_.crossings(begin, end);
    for (const Level level : machine::kLevels)
      if (const int64_t links = crossings[machine::at(level)]; links > 0)
        fn(links, topology_.cost(level, side));
  }
}

int64_t Bounds::way(Coord from, Coord to) const {
  int64_t cycles = router_.injection_cycles + router_.head_cycles() + router_.ejection_cycles;
  for_each_kind_of_link(from, to, [&](int64_t links, const machine::LinkCost& cost) {
    cycles += links * (router_.head_cycles() + cost.latency_cycles);
  });
  return cycles;
}

int64_t Bounds::transfer(int64_t bytes, Coord from, Coord to) const {
  const int64_t other_flits = (flits(bytes) - 1) * router_.flit_bytes;
  int64_t rest = port(other_flits);
  for_each_kind_of_link(from, to, [&](int64_t, const machine::LinkCost& cost) {
    rest = std::max(rest, cycles_at(cost.rate, other_flits));
  });
  return transfer_latency_ + way(from, to) + rest;
}

int64_t Bounds::transfer_to_next(int64_t bytes) const {
  const Coord die = topology_.size();
  if (die.x > 1) return transfer(bytes, {0, 0}, {1, 0});
  return die.y > 1 ? transfer(bytes, {0, 0}, {0, 1}) : transfer(bytes, {0, 0}, {0, 0});
}

int64_t Bounds::port(int64_t bytes) const {
  return ceil_div(bytes, node_.network_ports.stores * node_.network_ports.bytes_per_cycle);
}

int64_t Bounds::registers(int64_t bytes) const {
  return ceil_div(bytes, node_.vector_bytes) * arithmetic_.interval_cycles;
}

int64_t Bounds::vector(int64_t bytes) const {
  return load_.latency_cycles + registers(bytes) - 1 + arithmetic_.latency_cycles +
         store_.latency_cycles;
}

int64_t Bounds::converting_registers(int64_t bytes) const {
  return registers(bytes) + ceil_div(bytes, node_.vector_bytes) * convert_.interval_cycles;
}

int64_t Bounds::converting_vector(int64_t bytes) const {
  return vector(bytes) + converting_registers(bytes) - registers(bytes) + convert_.latency_cycles;
}

int64_t Bounds::matmul(int64_t m, int64_t n, int64_t k) const {
  return ceil_div(m, node_.matrix_rows) * ceil_div(n, node_.matrix_columns) *
         ceil_div(k, node_.matrix_depth) * matmul_.interval_cycles;
}

int64_t Bounds::loads(int64_t m, int64_t n, int64_t k, int64_t factor_bytes, bool adds) const {
  const int64_t blocks = ceil_div(m, node_.matrix_rows) * ceil_div(n, node_.matrix_columns);
  const auto lines = [&](int64_t bytes) {
    return ceil_div(bytes, node_.vector_ports.bytes_per_cycle);
  };
  const int64_t operands = lines(node_.matrix_rows * node_.matrix_depth * factor_bytes) +
                           lines(node_.matrix_depth * node_.matrix_columns * factor_bytes);
  const int64_t sums = blocks * lines(4 * node_.matrix_rows * node_.matrix_columns);
  const int64_t steps = blocks * ceil_div(k, node_.matrix_depth);
  return ceil_div(ceil_div(steps * operands, node_.matrix_reuse) + (adds ? sums : 0),
                  node_.vector_ports.loads) *
         load_.interval_cycles;
}

int64_t Bounds::product(int64_t m, int64_t n, int64_t k, int64_t factor_bytes, bool adds) const {
  return std::max(matmul(m, n, k), loads(m, n, k, factor_bytes, adds));
}

int64_t Bounds::product_latency() const {
  return load_.latency_cycles + matmul_.latency_cycles + store_.latency_cycles - 1;
}

int64_t Bounds::between_columns(int64_t bytes) const {
  if (topology_.size().x < 2) return 0;
  return ceil_div(cycles_at(topology_.cost(Level::kNode, Side::kEast).rate, bytes),
                  topology_.size().y);
}

int64_t Bounds::over_one_link(int64_t bytes) const {
  if (topology_.size().x < 2 || disabled() > 0) return 0;
  return cycles_at(topology_.cost(Level::kNode, Side::kEast).rate, bytes);
}

// ---- Collectives ----

// sram: the root's port reads all. latency: the farthest node has the last flit, and has waited.
Bound Bounds::broadcast(int64_t bytes, Coord root, Coord farthest) const {
  return {.sram = port(flits(bytes) * router_.flit_bytes),
          .latency = transfer(bytes, root, farthest) + wait_latency_};
}

// compute: the busiest node adds `degree` streams. sram: they come through its port.
// latency: the first chunk waits, is added and goes on `depth` times; behind it the root adds the
// rest of each of its streams.
Bound Bounds::reduce(const Tree& tree) const {
  const int64_t chunk = 4 * std::min(tree.chunk, tree.elements), all = 4 * tree.elements;
  const int64_t hop = transfer_to_next(chunk) + wait_latency_ + vector(chunk);
  return {.compute = tree.degree * registers(all),
          .sram = tree.degree * port(all),
          .latency = tree.depth * hop + tree.degree * registers(all - chunk)};
}

// sram: the root is one of those to which the sums go. latency: the last chunk goes to the farthest
// node.
Bound Bounds::all_reduce_tree(const Tree& tree, Coord root, Coord farthest) const {
  Bound bound = reduce(tree);
  bound.sram += port(4 * tree.elements);
  const int64_t last = tree.elements % tree.chunk == 0 ? tree.chunk : tree.elements % tree.chunk;
  bound.latency += transfer(4 * last, root, farthest) + wait_latency_;
  return bound;
}

// Each node takes in all parts but its own of a row, then of a column, twice: to add, and whole.
// compute: it adds half of what comes. sram: all of that comes through its port.
// latency: each step of a ring waits for the one before. Half of the numbers goes each way round,
// a part of them in a step.
Bound Bounds::all_reduce_ring(int64_t elements, Extent grid) const {
  const int64_t part = ceil_div(elements, 2 * grid.nodes());  // of a column's ring, one way
  const int64_t in_rows = 2 * (grid.columns - 1) * grid.rows * part;
  const int64_t in_columns = 2 * (grid.rows - 1) * part;
  const auto ring = [&](int64_t nodes, int64_t bytes) {
    const int64_t step = transfer_to_next(bytes) + wait_latency_;
    return (nodes - 1) * (step + vector(bytes) + step);
  };
  return {.compute = registers(4 * (in_rows + in_columns)),
          .sram = port(2 * 4 * (in_rows + in_columns)),
          .latency = ring(grid.columns, 4 * grid.rows * part) + ring(grid.rows, 4 * part)};
}

// compute: rows of the turned block, each of whole registers. sram: a block comes in.
// links: of side^2 / 4 blocks the node is to the west of the middle and the target to the east; a
// disabled node may put two of them on the same side. Without disabled nodes messages go along the
// row and then the column (or the other way round), and all blocks of the last row over one link.
// latency: a thread turns one column after the other, sends the last of its pieces, and that comes.
Bound Bounds::transpose(const Transpose& t, Coord top_right, Coord bottom_left) const {
  const int64_t bytes = t.rows * t.columns * t.element_bytes;
  const int64_t half = t.side / 2;
  const int64_t across = std::max<int64_t>(0, half * (t.side - half) - 2 * disabled());
  const int64_t row = t.rows * t.element_bytes;
  const int64_t of_a_thread = ceil_div(t.pieces, node_.threads) * (t.columns / t.pieces);
  return {.compute = t.columns * registers(row),
          .sram = port(bytes),
          .links = std::max(between_columns(across * bytes), over_one_link((t.side - 1) * bytes)),
          .latency = of_a_thread * vector(row) +
                     transfer(bytes / t.pieces, top_right, bottom_left) + wait_latency_};
}

// ---- Products ----

// compute: the steps of a block. sram: panels that others have come through the port; for each
// panel the block is stored, and panels and, but for the first, the block are loaded. links:
// between the last two columns go all panels but those of the last one, for each row; a disabled
// node may put one more panel to the east. latency: the first panel comes to the far end of its
// row; then one product follows the other, and each adds to what the one before has stored.
Bound Bounds::gemm_summa(const Gemm& g, Coord first_of_row, Coord last_of_row) const {
  const int64_t a_panel = g.block_m * g.panel * g.factor_bytes;
  const int64_t b_panel = g.block_n * g.panel * g.factor_bytes;
  const auto of_others = [&](int64_t nodes) { return g.panels - ceil_div(g.panels, nodes); };
  const int64_t west = g.grid.columns * g.grid.rows - g.grid.rows - disabled();
  return {
      .compute = g.panels * matmul(g.block_m, g.block_n, g.panel),
      .sram = std::max(port(of_others(g.grid.columns) * a_panel + of_others(g.grid.rows) * b_panel),
                       block_ports(g)),
      .links = between_columns(std::max<int64_t>(0, west) * (g.panels / g.grid.columns) * a_panel),
      .latency =
          transfer(a_panel, first_of_row, last_of_row) + wait_latency_ + products_in_a_row(g)};
}

// compute, sram: as above, without own panels. latency: the first blocks come from a neighbour at
// least; then one product follows the other.
Bound Bounds::gemm_cannon(const Gemm& g) const {
  const int64_t a_panel = g.block_m * g.panel * g.factor_bytes;
  const int64_t b_panel = g.block_n * g.panel * g.factor_bytes;
  return {.compute = g.panels * matmul(g.block_m, g.block_n, g.panel),
          .sram = std::max(port(g.panels * (a_panel + b_panel)), block_ports(g)),
          .latency = (g.panels > 1 ? transfer_to_next(a_panel) : 0) + wait_latency_ +
                     products_in_a_row(g)};
}

// For all panels.
int64_t Bounds::block_ports(const Gemm& g) const {
  const auto of_one = [&](bool adds) {
    return loads(g.block_m, g.block_n, g.panel, g.factor_bytes, adds);
  };
  const int64_t stores = ceil_div(4 * g.block_m * g.block_n,
                                  node_.vector_ports.stores * node_.vector_ports.bytes_per_cycle);
  return std::max(g.panels * stores, of_one(false) + (g.panels - 1) * of_one(true));
}

// Each but the first adds to what the one before it has stored.
int64_t Bounds::products_in_a_row(const Gemm& g) const {
  const auto of_one = [&](bool adds) {
    return product(g.block_m, g.block_n, g.panel, g.factor_bytes, adds) + product_latency();
  };
  return of_one(false) + (g.panels - 1) * of_one(true);
}

int64_t Bounds::gemm_peak(int64_t m, int64_t n, int64_t k) const {
  const int64_t step = node_.matrix_rows * node_.matrix_columns * node_.matrix_depth;
  return ceil_div(m * n * k * matmul_.interval_cycles, step * topology_.num_live());
}

// compute: nine products. sram: a node between others has all of its halo sent, and the tile is
// copied, through the port. latency: eight products wait for the halo of the next node; or for the
// product without it; then the sums are rounded.
Bound Bounds::convolution(const Convolution& c) const {
  const auto of_one = [&](bool adds) {
    return product(c.rows * c.columns, c.outputs, c.channels, c.factor_bytes, adds) +
           product_latency();
  };
  const int64_t position = c.channels * c.factor_bytes;
  const int64_t sums = c.rows * c.columns * c.outputs;
  const bool between = c.grid.columns > 2 && c.grid.rows > 2;
  const int64_t comes = between ? (c.rows + 2) * (c.columns + 2) : c.rows * c.columns;
  const int64_t halo =
      c.grid.nodes() > 1 ? transfer_to_next(std::min(c.rows, c.columns) * position) : 0;
  return {.compute = 9 * matmul(c.rows * c.columns, c.outputs, c.channels),
          .sram = port(comes * position),
          .latency = std::max(of_one(false), halo) + 8 * of_one(true) + vector(4 * sums)};
}

// ---- Batch norm ----

// compute: each node sums its numbers, squares them, sums the squares and normalises; squares and
// results are no bf16 and f32 as their operands are. sram: what comes to the busiest adder.
// latency: own sums; three times: sent, come from all, added; to the farthest node; eight
// operations on channels; one on all numbers.
Bound Bounds::batch_norm(const BatchNorm& b, Coord root, Coord farthest_head,
                         Coord farthest) const {
  const int64_t numbers = 4 * b.positions * b.channels, sums = 2 * 4 * b.channels;
  // Everyone's sums at one node: the first one's way, then all through its port.
  const auto gather = [&](int64_t members, int64_t way_there) {
    return std::max(way_there, transfer(members * flits(sums) * router_.flit_bytes, root, root)) +
           wait_latency_ + vector(members * sums);
  };
  const int64_t most = std::max({b.die.columns, b.die.rows, b.dies.nodes()});
  return {.compute = 2 * registers(numbers) + 2 * converting_registers(numbers),
          .sram = port(most * sums),
          .latency = 2 * vector(numbers) + converting_vector(numbers) + gather(b.die.columns, 0) +
                     gather(b.die.rows, 0) +
                     gather(b.dies.nodes(), transfer(sums, farthest_head, root)) +
                     transfer(sums, root, farthest) + wait_latency_ + 8 * vector(4 * b.channels) +
                     converting_vector(numbers)};
}

// ---- Traffic ----

int64_t Bounds::sending(const Traffic& t) const {
  const int64_t one = std::max(port(flits(t.bytes) * router_.flit_bytes), t.gap);
  return (t.messages - 1) * one;
}

// links: all pairs of a node to the west of the middle and one to the east. A disabled node may put
// one of the west's to the east.
Bound Bounds::traffic_uniform(const Traffic& t, Coord from, Coord to) const {
  const int64_t nodes = t.grid.nodes(), bytes = flits(t.bytes) * router_.flit_bytes;
  const int64_t west = t.grid.columns / 2 * t.grid.rows;
  const auto pairs = [&](int64_t in_west) { return in_west * (nodes - in_west); };
  const int64_t across =
      t.messages < nodes ? 0
                         : std::max<int64_t>(0, std::min(pairs(west), pairs(west - disabled())));
  return {.sram = port(t.messages * bytes),
          .links = between_columns(across * bytes),
          .latency = t.messages < nodes ? sending(t) + transfer(t.bytes, from, from)
                                        : std::max(sending(t) + transfer(t.bytes, from, from),
                                                   transfer(t.bytes, from, to))};
}

Bound Bounds::traffic_transpose(const Traffic& t, Coord from, Coord to) const {
  const int64_t bytes = flits(t.bytes) * router_.flit_bytes;
  const int64_t half = t.grid.columns / 2;
  const int64_t across =
      std::max<int64_t>(0, half * (t.grid.columns - half) - 2 * disabled()) * t.messages;
  return {.sram = port(t.messages * bytes),
          .links = std::max(between_columns(across * bytes),
                            over_one_link((t.grid.columns - 1) * t.messages * bytes)),
          .latency = sending(t) + transfer(t.bytes, from, to) + wait_latency_};
}

Bound Bounds::traffic_neighbour(const Traffic& t, Coord from, Coord to) const {
  return {.sram = port(t.messages * flits(t.bytes) * router_.flit_bytes),
          .latency = sending(t) + transfer(t.bytes, from, to) + wait_latency_};
}

// sram: the port of the one to whom all send.
Bound Bounds::traffic_hotspot(const Traffic& t, Coord from, Coord to) const {
  const int64_t all = (t.grid.nodes() - 1) * t.messages * flits(t.bytes) * router_.flit_bytes;
  return {.sram = port(all),
          .latency = t.grid.nodes() == 1 ? wait_latency_
                                         : std::max(sending(t) + transfer(t.bytes, from, to),
                                                    transfer_to_next(all)) +
                                               wait_latency_};
}

}  // namespace dojo::compiler
