#include "dojo/sim/simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/machine/interface.h"
#include "dojo/machine/topology.h"
#include "dojo/program/code_size.h"
#include "dojo/program/machine_view.h"
#include "dojo/program/verify.h"
#include "dojo/sim/burst_transport.h"
#include "dojo/sim/engine.h"
#include "dojo/sim/flit_transport.h"
#include "dojo/sim/immediate_transport.h"
#include "dojo/sim/wire.h"

namespace dojo::sim {
namespace {

using program::AllocationId;
using program::Program;

// Gives what is unmatched and can be seen without a run.
std::vector<program::Problem> require_can_run(const Program& program,
                                              const program::MachineView& machine,
                                              const program::SourceLines* lines) {
  // What waits for what the run shows, with the same words for programs of any size.
  const program::Verification result = verify(program, machine, {.most_steps = 0});
  std::vector<program::Problem> unmatched;
  for (const program::Problem& problem : result.problems.list()) {
    if (problem.kind == program::ProblemKind::kUnmatched) unmatched.push_back(problem);
    if (!problem.is_error() || problem.kind == program::ProblemKind::kUnmatched ||
        problem.kind == program::ProblemKind::kDeadlock)
      continue;
    throw Error(Category::kInput, fmt::format("{}: {}", name(problem.kind), problem.message),
                to_string(program, problem.site, lines), problem.hint);
  }
  return unmatched;
}

// What a program may ask of the simulator, so that a hostile one takes neither its time nor its
// memory: limits far beyond what fits into a node.
constexpr int64_t kMostTransferBytes = int64_t{1} << 30;
constexpr int64_t kMostElements = int64_t{1} << 26;  // of a view, where there are values
constexpr int64_t kMostProducts = int64_t{1} << 36;  // of a matmul, where there are values

void require_bounded(const Program& program, const NodeCosts& costs, const Options& options,
                     const program::SourceLines* lines) {
  const auto refuse = [&](size_t c, size_t t, size_t i, std::string what) {
    throw Error(
        Category::kUnsupported, std::move(what),
        to_string(program, program::site(program::ClassId{static_cast<int32_t>(c)}, t, i), lines));
  };
  for (size_t c = 0; c < program.classes.size(); ++c)
    for (size_t t = 0; t < program::kNumThreads; ++t) {
      const program::Code& code = program.classes[c].threads[t];
      for (size_t i = 0; i < code.instructions.size(); ++i) {
        const program::Instruction& instruction = code.instructions[i];
        int64_t elements = 0, products = 0, bytes = 0;
        UnitWork work;
        if (instruction.op == program::Op::kMatmul) {
          const program::Matmul& m = code.matmuls[instruction.index];
          work = matmul_work(costs, program, m);
          elements = std::max({m.to.elements, m.left.elements, m.right.elements});
          products = work.work;
        } else if (instruction.op == program::Op::kVector) {
          const program::Vector& v = code.vectors[instruction.index];
          work = vector_work(costs, program, v);
          elements = v.to.elements;
          for (const program::Operand& from : v.from)
            if (!from.is_constant()) elements = std::max(elements, from.view.elements);
        } else if (instruction.op == program::Op::kCopy) {
          bytes = program.bytes_of(code, code.copies[instruction.index]);
        }
        if (bytes > kMostTransferBytes)
          refuse(c, t, i, fmt::format("a transfer of {} bytes; at most 2^30 are simulated", bytes));
        if (work.total > kLongestWork) refuse(c, t, i, "an instruction of more than 2^31 cycles");
        if (options.values && (elements > kMostElements || products > kMostProducts))
          refuse(c, t, i,
                 "an instruction with more than 2^26 numbers, or 2^36 products, is "
                 "simulated without values only");
      }
    }
}

// The most bytes that code and allocations take at a time.
int64_t peak_bytes(const Program& program, const program::NodeClass& node_class) {
  const program::Layout& layout = program.layout(node_class.layout);
  int64_t most = 0;
  for (const program::Allocation& begin : program.allocations_of(layout)) {
    int64_t bytes = 0;
    for (const program::Allocation& a : program.allocations_of(layout))
      if (a.live.contains(begin.live.begin)) bytes += a.num_bytes();
    most = std::max(most, bytes);
  }
  return most + program::code_bytes(node_class);
}

}  // namespace

struct Simulator::Inside {
  Inside(const Program& p, const machine::Machine& m, const Options& o,
         const program::SourceLines* source_lines)
      : program(p), options(o), lines(source_lines), uses(m), topology(uses) {
    const program::MachineView view = program::machine_view(uses);
    result.unmatched = require_can_run(p, view, lines);
    result.sram_bytes = view.sram_bytes;
    map.emplace(p);
    places.emplace(*map, topology.size().x, topology.size().y);
    costs = o.level == Level::kFunctional ? costs_of_one() : node_costs(uses);
    require_bounded(p, costs, o, lines);
    if (num_interfaces() > 0 && o.level != Level::kFunctional)
      interface = machine::interface_shape(uses);
    transport = make_transport(o.observer);
    if (o.checkpoints && o.level == Level::kFlit)
      throw Error(Category::kUnimplemented, "checkpoints at the level flit", "",
                  "the levels burst and functional have them");
    if (o.critical_path) {
      DOJO_CHECK(o.level != Level::kFunctional);
      causes.emplace(map->num_cells(), static_cast<size_t>(num_interfaces()));
    }
    if (o.values) values.emplace(p, *map, num_interfaces(), options, lines);
  }

  std::unique_ptr<Transport> make_transport(Observer* observer) {
    if (options.level == Level::kBurst)
      return std::make_unique<BurstTransport>(uses, topology, observer);
    if (options.level == Level::kFlit)
      return std::make_unique<FlitTransport>(uses, topology, options.threads);
    return std::make_unique<ImmediateTransport>();
  }

  int64_t num_interfaces() const { return std::ssize(topology.interfaces()); }

  // The memory of a node, which must have the allocation.
  size_t memory(AllocationId of, program::Coord node) const {
    if (!map->inside(node.x, node.y) || !map->has_role(map->cell(node)))
      throw Error(Category::kInput, fmt::format("there is no node ({}, {})", node.x, node.y));
    const size_t cell = map->cell(node);
    const program::NodeClass& c = program.classes[at(map->role(cell).node_class)];
    if (c.layout != program.allocation(of).layout)
      throw Error(Category::kInput, fmt::format("the node ({}, {}) has no {}", node.x, node.y,
                                                program.allocation(of).name));
    return cell;
  }
  size_t memory(AllocationId of, int64_t i) const {
    const program::Layout& layout = program.layout(program.allocation(of).layout);
    if (layout.of != program::Layout::Of::kInterfaces)
      throw Error(Category::kInput,
                  fmt::format("{} is not of interfaces", program.allocation(of).name));
    if (i < 0 || i >= num_interfaces())
      throw Error(Category::kInput, fmt::format("there is no interface {}", i));
    return map->num_cells() + static_cast<size_t>(i);
  }

  void write(AllocationId of, size_t to, std::span<const std::byte> codes) {
    DOJO_CHECK(values.has_value());
    const program::Allocation& a = program.allocation(of);
    if (!a.is_input)
      throw Error(Category::kInput, fmt::format("{} is not marked as an input", a.name));
    if (std::ssize(codes) != a.num_bytes())
      throw Error(Category::kInput, fmt::format("{} has {} bytes, and {} are given", a.name,
                                                a.num_bytes(), codes.size()));
    values->write(of, to, codes);
  }
  std::vector<std::byte> read(AllocationId of, size_t from) const {
    DOJO_CHECK(values.has_value());
    if (!values->is_written(of, from))
      throw Error(Category::kInput,
                  fmt::format("{} at {} was not written, or not all of it",
                              program.allocation(of).name, values->memory_name(from)));
    return values->read(of, from);
  }

  void require_inputs() const {
    for (size_t cell = 0; cell < map->num_cells(); ++cell) {
      if (!map->has_role(cell)) continue;
      const program::NodeClass& c = program.classes[at(map->role(cell).node_class)];
      const program::Layout& layout = program.layout(c.layout);
      for (int32_t a = layout.first_allocation;
           a < layout.first_allocation + layout.num_allocations; ++a)
        if (program.allocation(AllocationId{a}).is_input &&
            !values->is_written(AllocationId{a}, cell))
          throw Error(
              Category::kInput,
              fmt::format("the input {} is not given at {}",
                          program.allocation(AllocationId{a}).name, values->memory_name(cell)),
              "", "a run without values needs none");
    }
  }

  const Program& program;
  const Options options;
  const program::SourceLines* lines;
  machine::Uses uses;
  machine::Topology topology;
  std::optional<program::NodeMap> map;
  std::optional<Places> places;
  NodeCosts costs;
  machine::InterfaceShape interface {
    .memory_rate = {1 << 24, 1}
  };  // functional: at once
  std::unique_ptr<Transport> transport;
  std::optional<Values> values;
  std::optional<Causes> causes;
  std::optional<std::string> state;  // to go on from
  Result result;
};

Simulator::Simulator(const Program& program, const machine::Machine& machine,
                     const Options& options, const program::SourceLines* lines)
    : inside_(std::make_unique<Inside>(program, machine, options, lines)) {}

Simulator::~Simulator() = default;

int64_t Simulator::num_interfaces() const { return inside_->num_interfaces(); }

void Simulator::write(AllocationId input, program::Coord node, std::span<const std::byte> codes) {
  inside_->write(input, inside_->memory(input, node), codes);
}
void Simulator::write_interface(AllocationId input, int64_t interface,
                                std::span<const std::byte> codes) {
  inside_->write(input, inside_->memory(input, interface), codes);
}
bool Simulator::is_written(AllocationId allocation, program::Coord node) const {
  return inside_->values->is_written(allocation, inside_->memory(allocation, node));
}
bool Simulator::is_interface_written(AllocationId allocation, int64_t interface) const {
  return inside_->values->is_written(allocation, inside_->memory(allocation, interface));
}
std::vector<std::byte> Simulator::read(AllocationId allocation, program::Coord node) const {
  return inside_->read(allocation, inside_->memory(allocation, node));
}
std::vector<std::byte> Simulator::read_interface(AllocationId allocation, int64_t interface) const {
  return inside_->read(allocation, inside_->memory(allocation, interface));
}

std::vector<const machine::Parameter*> Simulator::numbers_used() const {
  return inside_->uses.used();
}

void Simulator::go_on_from(std::string state) {
  DOJO_CHECK(!inside_->causes);
  inside_->state = std::move(state);
}

const Result& Simulator::run() {
  Inside& in = *inside_;
  if (in.values && !in.state) in.require_inputs();
  Engine engine({.program = in.program,
                 .map = *in.map,
                 .places = *in.places,
                 .costs = in.costs,
                 .interface_rate = bounded(in.interface.memory_rate),
                 .interface_latency = in.interface.memory_latency_cycles,
                 .num_interfaces = in.num_interfaces(),
                 .transport = *in.transport,
                 .values = in.values ? &*in.values : nullptr,
                 .causes = in.causes ? &*in.causes : nullptr,
                 .options = in.options,
                 .lines = in.lines});
  if (in.state) {
    engine.resume_from(*in.state);
    in.state.reset();
  }
  engine.run();
  if (in.values) in.values->finish();
  Result& result = in.result;
  result.cycles = engine.end();
  result.stuck = engine.stuck();
  if (result.stuck.empty())
    for (program::Problem& problem : engine.unmatched())
      result.unmatched.push_back(std::move(problem));
  result.num_nodes = in.map->num_nodes();
  result.nodes.assign(engine.nodes().begin(), engine.nodes().end());
  result.links = in.transport->links();
  std::copy(engine.instructions().begin(), engine.instructions().end(),
            result.instructions.begin());
  for (const program::NodeClass& c : in.program.classes) {
    result.sram_peak_of_class.push_back(peak_bytes(in.program, c));
    result.sram_peak_bytes = std::max(result.sram_peak_bytes, result.sram_peak_of_class.back());
  }
  if (in.options.level != Level::kFunctional) {
    const machine::NodeShape& shape = in.costs.shape;
    result.clock_hz = shape.clock_hz;
    result.peak_products =
        static_cast<double>(shape.matrix_rows * shape.matrix_columns * shape.matrix_depth) /
        static_cast<double>(in.costs[machine::Instruction::kMatrixMultiply].interval_cycles);
  }
  result.numbers = in.uses.count();
  result.events = engine.num_events();
  if (in.causes) {
    const auto alone = in.make_transport(nullptr);
    result.critical_path = critical_path(*in.causes, {in.program, *in.map, *in.places, *alone});
  }
  return result;
}

}  // namespace dojo::sim
