// A program for the nodes of a machine: what the compiler makes and the simulator runs. Text form
// and meaning: docs/program.md, which a simulator's author follows; this is how it lies in memory.
//
//   Program
//     layouts    maps of a memory: named allocations and semaphores of a node or an interface
//     classes    nodes with the same role: regions of the grid, a layout, arguments, four threads
//       threads    Code: a list of Instructions, each an index into the list of its kind
//     barriers, randoms, places
//
// Dojo's instruction set is not public. This is our own abstraction of it, with the parts that are
// known: four threads, an 8x8x4 matrix unit, a 64-byte SIMD unit, transfers described by lists,
// semaphores and barriers between nodes.
//
// Programs are made with Builder (builder.h) or parse_program() (text.h), which keep what this file
// says of indices, shapes and formats; verify() (verify.h) decides what needs more than one
// instruction. Names are for messages: all references are indices. Thread safety: const access
// only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/machine/level.h"
#include "dojo/program/affine.h"
#include "dojo/program/argument.h"
#include "dojo/program/element.h"

namespace dojo::program {

enum class LayoutId : int32_t {};
enum class AllocationId : int32_t {};
enum class SemaphoreId : int32_t {};
enum class RandomId : int32_t {};
enum class BarrierId : int32_t {};
enum class ClassId : int32_t {};
inline constexpr LayoutId kNoLayout{-1};
inline constexpr SemaphoreId kNoSemaphore{-1};
template <typename Id>
constexpr int32_t index(Id id) {
  return static_cast<int32_t>(id);
}
template <typename Id>
constexpr size_t at(Id id) {
  return static_cast<size_t>(id);
}

// Limits. They keep every product of sizes far from overflow and a hostile file far from memory.
inline constexpr int64_t kMaxGridSide = 65535;
inline constexpr int64_t kMaxGridNodes = int64_t{1} << 24;
inline constexpr size_t kMaxRank = 6;
inline constexpr int64_t kMaxElements = int64_t{1} << 36;  // of an allocation, of a view
inline constexpr size_t kMaxLayouts = 64;
inline constexpr size_t kMaxAllocations = 4096;  // of a layout
inline constexpr int32_t kMaxSlots = 256;        // counters of semaphores of a layout
inline constexpr size_t kMaxClasses = 4096;
inline constexpr size_t kMaxRegions = size_t{1} << 20;  // of all classes together
inline constexpr size_t kMaxPlaces = size_t{1} << 20;
inline constexpr size_t kMaxInstructions = size_t{1} << 20;  // of all classes together
inline constexpr size_t kMaxPieces = 256;                    // of a transfer
inline constexpr size_t kMaxDepth = 8;                       // of loops

// ---- The grid ----

// Nodes are named by logical coordinates: x counts to the east, y to the south, from 0.
using machine::Coord;

// start, start + step, ...: `count` of them.
struct Range {
  int32_t start = 0, count = 1, step = 1;

  int32_t at(int32_t i) const { return start + i * step; }
  bool contains(int32_t v) const {
    return v >= start && v <= at(count - 1) && (v - start) % step == 0;
  }
  bool operator==(const Range&) const = default;
};

struct Region {
  Range x, y;

  int64_t num_nodes() const { return int64_t{x.count} * y.count; }
  bool contains(Coord c) const { return x.contains(c.x) && y.contains(c.y); }
  bool operator==(const Region&) const = default;
};

// Where logical nodes are in the machine: the node (region.x.start + i, region.y.start + j) is the
// machine's node at + i * right + j * down. A program without places has each node at its own
// coordinates. REQUIRES: the steps of the region are 1.
struct Placement {
  Region region;
  Coord at, right{1, 0}, down{0, 1};
  bool operator==(const Placement&) const = default;
};

// ---- Memory ----

// Parts of a node's time: `phase` instructions divide it, docs/program.md. [begin, end).
struct Phases {
  int32_t begin = 0, end = kForever;
  static constexpr int32_t kForever = INT32_MAX;

  bool overlaps(Phases other) const { return begin < other.end && other.begin < end; }
  bool contains(int32_t phase) const { return begin <= phase && phase < end; }
  bool operator==(const Phases&) const = default;
};

struct Allocation {
  std::string name;
  LayoutId layout = kNoLayout;
  Element element;
  std::vector<int64_t> shape;  // outermost first, row-major without gaps; at least one
  int64_t address = 0;         // in bytes, in SRAM or in the interface's memory
  Phases live;                 // of a layout of nodes
  bool is_input = false;       // written from outside before the start
  bool is_output = false;      // read from outside after the end

  int64_t num_elements() const;
  int64_t num_bytes() const { return num_elements() * size_bytes(element); }
  bool operator==(const Allocation&) const = default;
};

// One or an array of counters.
struct Semaphore {
  std::string name;
  LayoutId layout = kNoLayout;
  int32_t count = 1;       // of counters
  int32_t initial = 0;     // of each
  int32_t first_slot = 0;  // the first counter's place among those of the layout

  bool operator==(const Semaphore&) const = default;
};

struct Layout {
  enum class Of : uint8_t { kNodes, kInterfaces } of = Of::kNodes;
  std::string name;
  int64_t code_address = 0, code_bytes = 0;           // 0 bytes: no place for code
  int32_t first_allocation = 0, num_allocations = 0;  // in Program::allocations
  int32_t num_slots = 0;                              // counters of its semaphores
  int32_t first_semaphore = 0, num_semaphores = 0;    // in Program::semaphores

  bool operator==(const Layout&) const = default;
};

// A tensor whose elements number the random bits of stochastic rounding,
// numerics/rounding_random.h; it has no memory. Its stream is stream_id(name).
struct Random {
  std::string name;
  std::vector<int64_t> shape;

  int64_t num_elements() const;
  bool operator==(const Random&) const = default;
};

// A tree barrier over the nodes of a region; docs/program.md says who signals whom.
struct Barrier {
  std::string name;
  Region region;
  Coord root;       // one of the region's nodes
  int32_t fan = 1;  // children of a node on one side of its row or column

  bool operator==(const Barrier&) const = default;
};

// ---- Instructions ----

struct Dim {
  Affine start;  // index in this dimension of the allocation
  int64_t count = 1;
  int64_t step = 1;  // 0: the same element `count` times

  bool operator==(const Dim&) const = default;
};

// A block of an allocation or of a random: for each dimension a range of indices. Its elements are
// enumerated row-major: the last dimension first.
struct View {
  int32_t of = -1;         // index of an allocation, or of a random
  uint32_t first_dim = 0;  // in Code::dims
  uint16_t rank = 0;
  bool padded = false;   // an index outside the allocation reads 0 there
  int64_t elements = 0;  // the product of the counts

  bool operator==(const View&) const = default;
};
inline constexpr View kNoView{};

// Whose memory or semaphores are meant.
struct Place {
  enum class Kind : uint8_t { kHere, kNode, kNodes, kInterface } kind = Kind::kHere;
  LayoutId layout = kNoLayout;  // that of the class, for kHere
  Affine x, y;                  // of the node, of the first of kNodes; x is the interface's number
  Affine x_count, y_count;      // of kNodes, at least 1
  int32_t x_step = 1, y_step = 1;

  bool operator==(const Place&) const = default;
};

// A counter.
struct SemaphoreRef {
  SemaphoreId semaphore = kNoSemaphore;
  Affine index;  // in an array, else 0

  bool is_none() const { return semaphore == kNoSemaphore; }
  bool operator==(const SemaphoreRef&) const = default;
};

struct Matmul {
  int32_t m = 1, n = 1, k = 1;
  View to, left, right;  // m*n, m*k and k*n elements
  bool adds = false;     // to what is there
  bool left_transposed = false, right_transposed = false;
  View random = kNoView;  // kNoView: rounds to nearest

  bool operator==(const Matmul&) const = default;
};

enum class VectorOp : uint8_t {
  kMove,
  kNegate,
  kAbs,
  kExp,
  kLog,
  kSqrt,
  kRsqrt,
  kReciprocal,
  kTanh,
  kErf,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kMax,
  kMin,
  kGreater,
  kGreaterEqual,
  kEqual,
  kMultiplyAdd,
  kSelect,
  kSumRows,
  kSumLanes,
  kMaxRows,
  kMaxLanes
};
inline constexpr int kNumVectorOps = static_cast<int>(VectorOp::kMaxLanes) + 1;

struct Operand {
  View view;  // kNoView: the constant
  float constant = 0;

  bool is_constant() const { return view.of < 0; }
  bool operator==(const Operand& other) const;  // constants by their bits
};

struct Vector {
  VectorOp op = VectorOp::kMove;
  View to;
  std::array<Operand, 3> from;  // as many as the op takes
  View random = kNoView;        // kNoView: rounds to nearest

  bool operator==(const Vector&) const = default;
};

struct Piece {
  View to, from;
  bool operator==(const Piece&) const = default;
};

struct Copy {
  enum class Way : uint8_t {
    kHere,  // both sides in this node
    kTo,    // `there` is written
    kFrom   // `there` is read
  } way = Way::kHere;
  Place there;
  uint32_t first_piece = 0, num_pieces = 0;  // in Code::pieces
  SemaphoreRef signal_here, signal_there;

  bool operator==(const Copy&) const = default;
};

struct Signal {
  Place there;
  SemaphoreRef semaphore;
  Affine amount;

  bool operator==(const Signal&) const = default;
};

struct Wait {
  SemaphoreRef semaphore;  // of this node
  Affine amount;

  bool operator==(const Wait&) const = default;
};

struct Idle {
  Affine cycles;
  bool operator==(const Idle&) const = default;
};

// (start + step * i) mod modulus in iteration i.
struct Wrap {
  Var var = 0;
  Affine start;
  int64_t step = 1, modulus = 1;

  // In iteration i, from 0 to modulus - 1, where start is `first`.
  int64_t value(int64_t first, int64_t i) const {
    const int64_t rest = (first + step * i) % modulus;
    return rest < 0 ? rest + modulus : rest;
  }
  bool operator==(const Wrap&) const = default;
};

struct Loop {
  Affine count;  // evaluated on entry, of x, y and arguments only
  Var counter = 0;
  uint32_t first_wrap = 0, num_wraps = 0;  // in Code::wraps
  uint32_t begin = 0, end = 0;             // its kLoop and its kEndLoop in Code::instructions

  bool operator==(const Loop&) const = default;
};

enum class Op : uint8_t {
  kMatmul,
  kVector,
  kCopy,
  kSignal,
  kWait,
  kBarrier,
  kPhase,
  kIdle,
  kLoop,
  kEndLoop
};

struct Instruction {
  Op op = Op::kPhase;
  uint32_t index = 0;  // in the list of its kind; of kBarrier the BarrierId; of kEndLoop its Loop

  bool operator==(const Instruction&) const = default;
};

// What one thread does. The lists are in the order in which instructions name their parts, so equal
// texts give equal lists.
struct Code {
  std::vector<Instruction> instructions;
  std::vector<Matmul> matmuls;
  std::vector<Vector> vectors;
  std::vector<Copy> copies;
  std::vector<Signal> signals;
  std::vector<Wait> waits;
  std::vector<Idle> idles;
  std::vector<Loop> loops;
  std::vector<Wrap> wraps;
  std::vector<Piece> pieces;
  std::vector<Dim> dims;
  std::vector<Term> terms;
  std::vector<std::string> loop_names;  // of the counters, by loop
  std::vector<std::string> wrap_names;

  int64_t value(const Affine& affine, const Frame& frame) const {
    return evaluate(affine, terms, frame);
  }
  std::span<const Dim> dims_of(const View& view) const {
    return std::span(dims).subspan(view.first_dim, view.rank);
  }
  std::span<const Wrap> wraps_of(const Loop& loop) const {
    return std::span(wraps).subspan(loop.first_wrap, loop.num_wraps);
  }
  std::span<const Piece> pieces_of(const Copy& copy) const {
    return std::span(pieces).subspan(copy.first_piece, copy.num_pieces);
  }
  bool operator==(const Code&) const = default;
};

inline constexpr size_t kNumThreads = 4;  // of a node: HC34, the node is 4-way multithreaded

struct ClassRegion {
  Region region;
  std::vector<int64_t> values;  // of the arguments that have no steps

  bool operator==(const ClassRegion&) const = default;
};

struct NodeClass {
  std::string name;
  LayoutId layout = kNoLayout;
  std::vector<ClassRegion> regions;
  std::vector<Argument> arguments;  // those that regions give first
  std::array<Code, kNumThreads> threads;

  bool operator==(const NodeClass&) const = default;
};

struct Program {
  std::string name;
  Coord grid{1, 1};  // columns and rows of logical nodes
  std::vector<Placement> places;
  std::vector<Random> randoms;
  std::vector<Layout> layouts;
  std::vector<Allocation> allocations;  // layout by layout
  std::vector<Semaphore> semaphores;    // layout by layout
  std::vector<Barrier> barriers;
  std::vector<NodeClass> classes;

  const Layout& layout(LayoutId id) const { return layouts[at(id)]; }
  const Allocation& allocation(AllocationId id) const { return allocations[at(id)]; }
  const Allocation& allocation(const View& view) const {
    return allocations[static_cast<size_t>(view.of)];
  }
  const Semaphore& semaphore(SemaphoreId id) const { return semaphores[at(id)]; }
  int64_t bytes_of(const Code& code, const Copy& copy) const;  // all pieces
  std::span<const Allocation> allocations_of(const Layout& layout) const;
  std::span<const Semaphore> semaphores_of(const Layout& layout) const;

  bool operator==(const Program&) const = default;
};

// Sets x, y and the arguments in the frame. False where an argument has no value (argument.h).
bool set_arguments(const NodeClass& node_class, const ClassRegion& region, Coord node,
                   Frame* frame);

}  // namespace dojo::program
