#include "dojo/compiler/library/library.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "dojo/base/error.h"
#include "dojo/compiler/library/batch_norm.h"
#include "dojo/compiler/library/broadcast.h"
#include "dojo/compiler/library/convolution.h"
#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"
#include "dojo/compiler/library/ring.h"
#include "dojo/compiler/library/traffic.h"
#include "dojo/compiler/library/transpose.h"
#include "dojo/compiler/library/tree.h"
#include "dojo/program/node_map.h"

namespace dojo::compiler {
namespace {

using program::Element;
using program::ElementKind;
using program::Program;

constexpr int64_t kAutomatic = LibrarySize::kAutomatic;

std::optional<int64_t> given(int64_t value) {
  return value == kAutomatic ? std::nullopt : std::optional(value);
}

// A program that was made, and where its nodes are.
class Placed {
 public:
  Placed(machine::Uses& uses, const Program& p) : bounds(uses), program_(p), map_(p) {}

  machine::Coord at(program::Coord node) const { return map_.place(map_.cell(node)); }
  // In the machine, the node to which a message from there takes longest.
  machine::Coord farthest(machine::Coord from) const {
    machine::Coord best = from;
    int64_t longest = -1;
    for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
      const machine::Coord to = at(map_.coord(cell));
      if (const int64_t way = bounds.way(from, to); way > longest) {
        longest = way;
        best = to;
      }
    }
    return best;
  }
  Extent extent() const { return {program_.grid.x, program_.grid.y}; }

  const Bounds bounds;

 private:
  const Program& program_;
  const program::NodeMap map_;
};

Bound broadcast_bound(machine::Uses& uses, const Program& p, const BroadcastSizes& sizes) {
  const Placed placed(uses, p);
  const machine::Coord root = placed.at(middle(p.grid));
  return placed.bounds.broadcast(sizes.elements * size_bytes(sizes.element), root,
                                 placed.farthest(root));
}

Bound tree_bound(machine::Uses& uses, const Program& p, const TreeSizes& sizes, bool back) {
  const Placed placed(uses, p);
  const program::Coord root = sizes.root.value_or(middle(p.grid));
  // Streams of the root, which has the most of one dimension and of the other; a head has one less
  // where the root has two in its column.
  const auto sides = [](int64_t at, int64_t size) { return int64_t{at > 0} + (at < size - 1); };
  const auto most = [](int64_t at, int64_t size) { return std::max(at, size - 1 - at); };
  const Bounds::Tree tree{.elements = sizes.elements,
                          .chunk = sizes.chunk.value_or(tree_chunk(sizes.elements)),
                          .depth = most(root.x, p.grid.x) + most(root.y, p.grid.y),
                          .degree = sides(root.x, p.grid.x) + sides(root.y, p.grid.y)};
  const machine::Coord at = placed.at(root);
  return back ? placed.bounds.all_reduce_tree(tree, at, placed.farthest(at))
              : placed.bounds.reduce(tree);
}

Bound transpose_bound(machine::Uses& uses, const Program& p, const TransposeSizes& sizes) {
  const Placed placed(uses, p);
  const std::vector<int64_t>& block = p.allocations[0].shape;
  return placed.bounds.transpose({.rows = block[0],
                                  .columns = block[1],
                                  .element_bytes = size_bytes(sizes.element),
                                  .pieces = block[1] / kTransposeColumns,
                                  .side = p.grid.x},
                                 placed.at({p.grid.x - 1, 0}), placed.at({0, p.grid.y - 1}));
}

Bounds::Gemm gemm_of(const GemmShape& shape, const GemmSizes& sizes) {
  return {.block_m = shape.block_m,
          .block_n = shape.block_n,
          .panel = shape.panel,
          .panels = shape.panels,
          .factor_bytes = size_bytes(sizes.factor),
          .grid = {shape.grid.x, shape.grid.y}};
}

Bound convolution_bound(machine::Uses& uses, const Program& p, const ConvolutionSizes& sizes) {
  const Placed placed(uses, p);
  return placed.bounds.convolution({.rows = sizes.rows / p.grid.y,
                                    .columns = sizes.columns / p.grid.x,
                                    .channels = sizes.channels,
                                    .outputs = sizes.outputs,
                                    .factor_bytes = size_bytes(sizes.factor),
                                    .grid = placed.extent()});
}

Bound batch_norm_bound(machine::Uses& uses, const Program& p, const BatchNormSizes& sizes,
                       program::Coord die) {
  const Placed placed(uses, p);
  const program::Coord dies{p.grid.x / die.x, p.grid.y / die.y}, head = middle(die);
  const auto head_of = [&](int32_t i, int32_t j) {
    return placed.at({i * die.x + head.x, j * die.y + head.y});
  };
  const machine::Coord root = head_of(middle(dies).x, middle(dies).y);
  machine::Coord farthest_head = root;
  for (int32_t j = 0; j < dies.y; ++j)
    for (int32_t i = 0; i < dies.x; ++i)
      if (placed.bounds.way(head_of(i, j), root) > placed.bounds.way(farthest_head, root))
        farthest_head = head_of(i, j);
  return placed.bounds.batch_norm({.positions = sizes.positions,
                                   .channels = sizes.channels,
                                   .die = {die.x, die.y},
                                   .dies = {dies.x, dies.y}},
                                  root, farthest_head, placed.farthest(root));
}

using TrafficBound = Bound (Bounds::*)(const Bounds::Traffic&, machine::Coord,
                                       machine::Coord) const;

Bound traffic_bound(machine::Uses& uses, const Program& p, const TrafficSizes& sizes,
                    TrafficBound bound, program::Coord from, program::Coord to) {
  const Placed placed(uses, p);
  return (placed.bounds.*bound)(
      {.bytes = sizes.bytes, .messages = sizes.messages, .gap = sizes.gap, .grid = placed.extent()},
      placed.at(from), placed.at(to));
}

// ---- The table ----

LibraryProgram tree_program(std::string_view name, std::string_view summary, bool back) {
  return {.name = name,
          .summary = summary,
          .takes = {{"elements", 16384, "f32 of each node"},
                    {"chunk", kAutomatic, "numbers that are passed on as one: a multiple of 16"},
                    {"root_x", kAutomatic, "column of the root; the middle"},
                    {"root_y", kAutomatic, "row of the root; the middle"},
                    {"slots", kAutomatic, "chunks of a thread that there is room for"},
                    {"threads", 2, "that take chunks in turn: 1 or 2"}},
          .make = [back](machine::Uses& uses, const LibrarySizes& s) {
            const Target target(uses);
            TreeSizes sizes{.elements = s.values[0],
                            .chunk = given(s.values[1]),
                            .slots = given(s.values[4]),
                            .threads = s.values[5]};
            if (s.values[2] != kAutomatic || s.values[3] != kAutomatic) {
              const program::Coord grid = largest_live_grid(target.view);
              check_size("root_x", s.values[2], kAutomatic, grid.x - 1);
              check_size("root_y", s.values[3], kAutomatic, grid.y - 1);
              sizes.root = middle(grid);
              if (s.values[2] != kAutomatic) sizes.root->x = static_cast<int32_t>(s.values[2]);
              if (s.values[3] != kAutomatic) sizes.root->y = static_cast<int32_t>(s.values[3]);
            }
            Made made{back ? all_reduce_tree(target, sizes) : reduce(target, sizes), {}};
            made.bound = tree_bound(uses, made.program, sizes, back);
            return made;
          }};
}

LibraryProgram gemm_program(std::string_view name, std::string_view summary, bool summa) {
  LibraryProgram entry{
      .name = name,
      .summary = summary,
      .takes = {{"m", 1024, "rows of A and C"},
                {"n", 1024, "columns of B and C"},
                {"k", 1024, "columns of A, rows of B"},
                {"slots", kAutomatic, "places of a node for panels that come, 2 to 16"}},
      .format = {ElementKind::kBF16},
      .takes_format = true,
      .make = [summa](machine::Uses& uses, const LibrarySizes& s) {
        const Target target(uses);
        GemmSizes sizes{.m = s.values[0],
                        .n = s.values[1],
                        .k = s.values[2],
                        .factor = s.format,
                        .slots = given(s.values[3])};
        if (summa) sizes.panel = given(s.values[4]);
        Made made{summa ? gemm_summa(target, sizes) : gemm_cannon(target, sizes), {}};
        const Placed placed(uses, made.program);
        if (summa)
          made.bound =
              placed.bounds.gemm_summa(gemm_of(summa_shape(target, sizes), sizes),
                                       placed.at({0, 0}), placed.at({made.program.grid.x - 1, 0}));
        else
          made.bound = placed.bounds.gemm_cannon(gemm_of(cannon_shape(target, sizes), sizes));
        return made;
      }};
  if (summa) entry.takes.push_back({"panel", kAutomatic, "columns of A that are sent as one; 64"});
  return entry;
}

using MakeTraffic = Program (*)(const Target&, const TrafficSizes&);

LibraryProgram traffic_program(std::string_view name, std::string_view summary, MakeTraffic make,
                               TrafficBound bound, bool to_middle, int64_t messages) {
  return {.name = name,
          .summary = summary,
          .takes = {{"bytes", 64, "of a message: a multiple of 4"},
                    {"messages", messages, "of each node"},
                    {"gap", 0, "cycles that a node is idle between two"}},
          .make = [=](machine::Uses& uses, const LibrarySizes& s) {
            const TrafficSizes sizes{s.values[0], s.values[1], s.values[2]};
            Made made{make(Target(uses), sizes), {}};
            const program::Coord grid = made.program.grid;
            const program::Coord to = to_middle                   ? middle(grid)
                                      : make == traffic_neighbour ? program::Coord{0, 0}
                                                                  : program::Coord{0, grid.y - 1};
            made.bound =
                traffic_bound(uses, made.program, sizes, bound,
                              to_middle ? program::Coord{0, 0} : program::Coord{grid.x - 1, 0}, to);
            return made;
          }};
}

std::vector<LibraryProgram> make_library() {
  return {
      {.name = "broadcast",
       .summary = "one node's numbers to all, in a multicast",
       .takes = {{"elements", 16384, "that the middle node gives"}},
       .takes_format = true,
       .make =
           [](machine::Uses& uses, const LibrarySizes& s) {
             const BroadcastSizes sizes{s.values[0], s.format};
             Made made{broadcast(Target(uses), sizes), {}};
             made.bound = broadcast_bound(uses, made.program, sizes);
             return made;
           }},
      tree_program("reduce", "the sum over all nodes, in one of them: a tree of neighbours", false),
      tree_program("all_reduce_tree", "the sum over all nodes, in all: a tree and a multicast",
                   true),
      {.name = "all_reduce_ring",
       .summary = "the sum over all nodes, in all: rings along rows, then along columns",
       .takes = {{"elements", 16384, "f32 of each node"}},
       .make =
           [](machine::Uses& uses, const LibrarySizes& s) {
             Made made{all_reduce_ring(Target(uses), {s.values[0]}), {}};
             const Placed placed(uses, made.program);
             made.bound = placed.bounds.all_reduce_ring(s.values[0], placed.extent());
             return made;
           }},
      {.name = "transpose",
       .summary = "a matrix in blocks: turned, and sent over the diagonal",
       .takes = {{"rows", 1024, "of the matrix"}, {"columns", 1024, "of the matrix"}},
       .format = {ElementKind::kBF16},
       .takes_format = true,
       .make =
           [](machine::Uses& uses, const LibrarySizes& s) {
             const TransposeSizes sizes{s.values[0], s.values[1], s.format};
             Made made{transpose(Target(uses), sizes), {}};
             made.bound = transpose_bound(uses, made.program, sizes);
             return made;
           }},
      gemm_program("gemm_summa", "C = A B: panels of the factors in multicasts", true),
      gemm_program("gemm_cannon", "C = A B: blocks of the factors from neighbour to neighbour",
                   false),
      {.name = "convolution",
       .summary = "3 x 3, of an image in tiles, whose borders are exchanged",
       .takes = {{"rows", 128, "of the image"},
                 {"columns", 128, "of the image"},
                 {"channels", 64, "of the image"},
                 {"outputs", 64, "channels of the result"}},
       .format = {ElementKind::kBF16},
       .takes_format = true,
       .make =
           [](machine::Uses& uses, const LibrarySizes& s) {
             const ConvolutionSizes sizes{s.values[0], s.values[1], s.values[2], s.values[3],
                                          s.format};
             Made made{convolution(Target(uses), sizes), {}};
             made.bound = convolution_bound(uses, made.program, sizes);
             return made;
           }},
      {.name = "batch_norm",
       .summary = "over all dies of the machine: sums, statistics, normalisation",
       .takes = {{"positions", 64, "of each node"}, {"channels", 64, "of each position"}},
       .format = {ElementKind::kBF16},
       .make =
           [](machine::Uses& uses, const LibrarySizes& s) {
             const Target target(uses);
             const BatchNormSizes sizes{s.values[0], s.values[1]};
             Made made{batch_norm(target, sizes), {}};
             made.bound = batch_norm_bound(uses, made.program, sizes, batch_norm_die(target));
             return made;
           }},
      traffic_program("traffic_uniform", "messages to all nodes in turn", traffic_uniform,
                      &Bounds::traffic_uniform, false, 12),
      traffic_program("traffic_transpose", "messages over the diagonal", traffic_transpose,
                      &Bounds::traffic_transpose, false, 16),
      traffic_program("traffic_neighbour", "messages to the next node of the row",
                      traffic_neighbour, &Bounds::traffic_neighbour, false, 16),
      traffic_program("traffic_hotspot", "messages of all to one node", traffic_hotspot,
                      &Bounds::traffic_hotspot, true, 1),
  };
}

// "bf16", "cfloat8_1_4_3:7".
Element parse_format(std::string_view text) {
  const auto fail = [&](const std::string& message, const std::string& hint) {
    throw Error(Category::kConfig, message, "--format", hint);
  };
  const std::string_view word = text.substr(0, text.find(':'));
  const auto kind = program::parse_element_kind(word);
  if (!kind) fail(fmt::format("no number format is named {}", word), "docs/program.md lists them");
  Element element{*kind};
  if (word.size() == text.size() && !program::has_bias(*kind)) return element;
  const std::string_view bias = word.size() == text.size() ? "" : text.substr(word.size() + 1);
  const auto [stop, error] = std::from_chars(bias.data(), bias.data() + bias.size(), element.bias);
  if (!program::has_bias(*kind) || bias.empty() || stop != bias.data() + bias.size() ||
      error != std::errc() || element.bias > kMaxBias)
    fail(fmt::format("{} is no number format", text),
         program::has_bias(*kind) ? fmt::format("give a bias of 0 to {}: {}:7", kMaxBias, word)
                                  : fmt::format("{} has no bias", word));
  return element;
}

std::string names() {
  std::string all;
  for (const LibraryProgram& p : library()) all += (all.empty() ? "" : ", ") + std::string(p.name);
  return all;
}

}  // namespace

std::span<const LibraryProgram> library() {
  static const std::vector<LibraryProgram> programs = make_library();
  return programs;
}

const LibraryProgram& library_program(std::string_view name) {
  for (const LibraryProgram& p : library())
    if (p.name == name) return p;
  throw Error(Category::kConfig, fmt::format("no program of the library is named {}", name), "",
              "there are " + names());
}

LibrarySizes LibraryProgram::sizes(std::span<const std::string> given_sizes,
                                   std::string_view format_text) const {
  LibrarySizes sizes;
  sizes.format = format;
  std::string known;
  for (const LibrarySize& size : takes) {
    sizes.values.push_back(size.value);
    known += (known.empty() ? "" : ", ") + std::string(size.name);
  }
  std::vector<bool> seen(takes.size());
  for (const std::string& text : given_sizes) {
    const size_t equals = std::min(text.find('='), text.size());
    const auto size = std::find_if(takes.begin(), takes.end(), [&](const LibrarySize& s) {
      return s.name == std::string_view(text).substr(0, equals);
    });
    const auto wrong = [&](const std::string& hint) {
      throw Error(Category::kConfig, fmt::format("{} is no size of {}", text, name), "", hint);
    };
    if (size == takes.end()) wrong(fmt::format("it takes {}", known));
    const size_t i = static_cast<size_t>(size - takes.begin());
    int64_t value = 0;
    const char* const end = text.data() + text.size();
    const char* const begin = text.data() + std::min(equals + 1, text.size());
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (begin == end || stop != end || error != std::errc() || value < 0)
      wrong(fmt::format("a whole number: {}=1000", size->name));
    if (seen[i]) wrong(fmt::format("{} is given twice", size->name));
    seen[i] = true;
    sizes.values[i] = value;
  }
  if (!format_text.empty()) {
    if (!takes_format)
      throw Error(Category::kConfig, fmt::format("{} has no choice of format", name), "--format",
                  fmt::format("its numbers are {}", to_string(format)));
    sizes.format = parse_format(format_text);
  }
  return sizes;
}

}  // namespace dojo::compiler
