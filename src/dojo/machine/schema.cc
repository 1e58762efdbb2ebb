#include "dojo/machine/schema.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "dojo/machine/instruction.h"

namespace dojo::machine {
namespace {

using Kind = Field::Kind;

constexpr double kMostThings = 65536, kMostCycles = 1e9, kMostBytes = 1e15, kMostRate = 1e7;

Field whole(std::string path, std::string_view unit, double least, double most,
            std::string_view meaning) {
  return {std::move(path), Kind::kWhole, unit, least, most, meaning};
}

Field cycles(std::string path, double least, std::string_view meaning) {
  return {std::move(path), Kind::kTime, "cycles", least, kMostCycles, meaning};
}

Field rate(std::string path, std::string_view meaning) {
  return {std::move(path), Kind::kRate, "B/cycle", 1e-6, kMostRate, meaning};
}

Field choice(std::string path, std::string_view meaning, std::vector<std::string_view> words) {
  return {std::move(path), Kind::kWord, "", 0, 0, meaning, std::move(words)};
}

// What is optional together.
void add(std::vector<Field>* fields, std::string_view optional, std::vector<Field> more) {
  for (Field& field : more) {
    field.optional = optional;
    fields->push_back(std::move(field));
  }
}

std::vector<Field> processor_fields() {
  return {
      whole("clock", "Hz", 1, 1e11, "cycles a second, of the nodes and of the network"),
      whole("threads", "threads", 1, 64, "of a node"),
      whole("decode/instructions", "instructions/cycle", 1, 64, "decoded at most"),
      whole("decode/threads", "threads/cycle", 1, 64, "whose instructions are decoded"),
      whole("scalar/issue", "instructions/cycle", 1, 64, "started at most, scalar"),
      whole("vector/issue", "instructions/cycle", 1, 64, "started at most, vector and matrix"),
      whole("vector/width", "B", 4, 4096, "of a register and of the SIMD unit"),
      whole("matrix/rows", "rows", 1, 1024, "of the results of one step"),
      whole("matrix/columns", "columns", 1, 1024, "of the results of one step"),
      whole("matrix/depth", "1", 1, 1024, "products added to each result in one step"),
      whole("matrix/reuse", "times", 1, 64, "that an operand is used once it is loaded"),
      whole("list/holds", "transfers", 1, 65536, "until the list engine has read them"),
      whole("gather/granularity", "B", 1, 4096, "the smallest piece that a gather takes"),
      whole("sram/capacity", "B", 1, 1e12, "for code and data"),
      whole("sram/vector_loads", "ports", 1, 64, "that load for the vector and matrix units"),
      whole("sram/vector_stores", "ports", 1, 64, "that store for them"),
      whole("sram/vector_width", "B/cycle", 1, 4096, "of each of these ports"),
      whole("sram/network_loads", "ports", 1, 64, "that read what the router sends"),
      whole("sram/network_stores", "ports", 1, 64, "that write what the router receives"),
      whole("sram/network_width", "B/cycle", 1, 4096, "of each of these ports"),
      whole("sram/scalar_loads", "ports", 1, 64, "that load scalars"),
      whole("sram/scalar_stores", "ports", 1, 64, "that store scalars"),
      whole("sram/scalar_width", "B/cycle", 1, 4096, "of each of these ports"),
  };
}

std::vector<Field> router_fields() {
  return {
      whole("packet/flit", "B", 1, 4096, "what a link of the mesh moves as one"),
      whole("packet/most", "flits", 1, 65536, "of a packet"),
      whole("router/virtual_channels", "channels", 1, 64, "of each input"),
      whole("router/buffer", "flits", 1, 65536,
            "of each virtual channel, at inputs from nodes of the die"),
      cycles("router/routing", 0, "to choose the output"),
      cycles("router/vc_allocation", 0, "to get a virtual channel of the next router"),
      cycles("router/switch_allocation", 0, "to get the switch"),
      cycles("router/traversal", 0, "through the switch"),
      cycles("router/credit", 0, "from the arrival of a credit until it counts"),
      cycles("router/injection", 1, "from a node to its router"),
      cycles("router/ejection", 1, "from a router to its node"),
      whole("router/input_speedup", "times", 1, 64,
            "flits that one input may send into the switch in a cycle"),
      whole("router/output_speedup", "times", 1, 64,
            "flits that the switch may send to one output in a cycle"),
      whole("router/allocation_rounds", "rounds", 1, 64, "of each allocator in a cycle"),
      choice("router/vc_allocator", "who gets a virtual channel", {"islip"}),
      choice("router/switch_allocator", "who gets the switch", {"islip"}),
      choice("router/vc_reuse",
             "when a virtual channel takes its next packet: after the tail was sent, or when "
             "the tail's credit has come back",
             {"tail-sent", "tail-credit"}),
      choice("router/order", "of the directions of a way, where no disabled node is on it",
             {"x-first", "y-first"}),
  };
}

std::vector<Field> instruction_fields() {
  std::vector<Field> fields;
  for (size_t i = 0; i < kNumInstructions; ++i) {
    const auto instruction = static_cast<Instruction>(i);
    const std::string group = fmt::format("instructions/{}/", name(instruction));
    fields.push_back(cycles(group + "interval", 1, meaning(instruction)));
    fields.push_back(cycles(group + "latency", 1, "until what it gives can be used"));
  }
  return fields;
}

std::vector<Field> edge_fields(Level level) {
  std::vector<Field> fields = {
      rate("edge/east_west", "over its east or its west edge, in one direction"),
      rate("edge/north_south", "over its north or its south edge, in one direction"),
      cycles("edge/latency", 1, "from its router over an edge to the neighbour's router"),
  };
  if (level != Level::kNode)  // those of a node are the router's
    fields.push_back(whole("edge/buffer", "flits", 1, 65536,
                           "of each virtual channel, at inputs from over an edge"));
  return fields;
}

std::vector<Field> disabled_fields() {
  return {
      whole("disabled/count", "nodes", 0, kMostThings, "that neither compute nor route"),
      choice("disabled/placing", "drawn for each die, drawn once for all dies, or listed",
             {"each-die", "all-dies", "listed"}),
  };
}

std::vector<Field> interface_fields() {
  return {
      choice("interfaces/sides", "the edges of the tray that have them",
             {"east-west", "north-south", "all"}),
      whole("interfaces/per_tile_edge", "interfaces", 1, kMostThings,
            "at each tile's edge on these sides"),
      rate("interfaces/link", "of each to the tile, in one direction"),
      cycles("interfaces/latency", 1, "from one to a router at the tile's edge, or back"),
      whole("interfaces/buffer", "flits", 1, 65536, "of each virtual channel, at both ends"),
      whole("interfaces/memory", "B", 1, kMostBytes, "of each"),
      rate("interfaces/memory_rate", "of each memory, reading and writing together"),
      cycles("interfaces/memory_latency", 1, "from a request to its first byte"),
      rate("interfaces/host", "of each to its host, in one direction"),
      cycles("interfaces/host_latency", 1, "from a host's memory to one, or back"),
      rate("interfaces/ethernet", "of each to others through switches, in one direction"),
      cycles("interfaces/ethernet_latency", 1, "from one through switches to another"),
  };
}

std::vector<Field> make_fields(Level level) {
  std::vector<Field> fields;
  if (level == Level::kNode) {
    add(&fields, "", processor_fields());
    add(&fields, "", instruction_fields());
    add(&fields, "", router_fields());
  } else {
    add(&fields, "",
        {whole("grid/columns", "columns", 1, 4096, "of its parts, from west to east"),
         whole("grid/rows", "rows", 1, 4096, "of its parts, from north to south")});
  }
  if (level == Level::kDie) {
    add(&fields, "disabled", disabled_fields());
    add(&fields, "disabled/seed", {whole("disabled/seed", "1", 0, 1e15, "of the drawing")});
    add(&fields, "disabled/list",
        {{"disabled/list", Kind::kPlaces, "", 0, kMostThings, "column and row of each"}});
  }
  add(&fields, level == Level::kNode ? "" : "edge", edge_fields(level));
  if (level == Level::kTray) add(&fields, "interfaces", interface_fields());
  add(&fields, "power",
      {{"power", Kind::kReal, "W", 0, 1e12, "at full load, of all that is in it"}});
  return fields;
}

}  // namespace

std::span<const Field> fields_of(Level level) {
  static const std::array<std::vector<Field>, kLevels.size()> fields = [] {
    std::array<std::vector<Field>, kLevels.size()> all;
    for (const Level l : kLevels) all[at(l)] = make_fields(l);
    return all;
  }();
  return fields[at(level)];
}

}  // namespace dojo::machine
