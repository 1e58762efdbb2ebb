#include "dojo/cli/sim_values.h"

#include <fmt/format.h>

#include <cstring>
#include <set>
#include <span>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/random.h"
#include "dojo/base/text.h"
#include "dojo/program/node_map.h"
#include "dojo/sim/values/elements.h"
#include "dojo/train/safetensors.h"

namespace dojo {
namespace {

using program::Allocation;
using program::AllocationId;
using program::ElementKind;
using program::Layout;
using program::Program;

// A memory that an allocation is in, and its place in a tensor of all of them.
struct Where {
  program::Coord node;
  int64_t interface = -1;  // of a node: -1
  int64_t index = 0;       // row by row
};

// fn(where) for each of them.
template <typename Fn>
void for_each_memory(const Program& program, const sim::Simulator& simulator, const Allocation& a,
                     const Fn& fn) {
  if (program.layout(a.layout).of == Layout::Of::kInterfaces) {
    for (int64_t i = 0; i < simulator.num_interfaces(); ++i) fn(Where{{}, i, i});
    return;
  }
  for (const program::NodeClass& c : program.classes) {
    if (c.layout != a.layout) continue;
    for (const program::ClassRegion& r : c.regions)
      program::for_each_node(r.region, [&](program::Coord node) {
        fn(Where{node, -1, int64_t{node.y} * program.grid.x + node.x});
      });
  }
}

Shape shape_of_all(const Program& program, const sim::Simulator& simulator, const Allocation& a) {
  Shape shape = {program.grid.y, program.grid.x};
  if (program.layout(a.layout).of == Layout::Of::kInterfaces) shape = {simulator.num_interfaces()};
  shape.insert(shape.end(), a.shape.begin(), a.shape.end());
  return shape;
}

std::string long_name(const Program& program, const Allocation& a) {
  return program.layout(a.layout).name + "." + a.name;
}

bool is_only_one(const Program& program, const Allocation& a, bool Allocation::*marked) {
  int with_name = 0;
  for (const Allocation& other : program.allocations)
    with_name += other.name == a.name && other.*marked;
  return with_name == 1;
}

// How numbers of an allocation are in a file.
Format format_of(program::Element element) {
  switch (element.kind) {
    case ElementKind::kBF16:
      return Format::kBF16;
    case ElementKind::kI32:
      return Format::kI32;
    case ElementKind::kU8:
      return Format::kU8;
    default:
      return Format::kF32;
  }
}

program::Element element_of(Format format) {
  switch (format) {
    case Format::kBF16:
      return {ElementKind::kBF16};
    case Format::kI32:
      return {ElementKind::kI32};
    case Format::kU8:
      return {ElementKind::kU8};
    default:
      return {ElementKind::kF32};
  }
}

// `count` numbers from one format to another. Integers of 32 bits keep all of their bits.
void convert(program::Element from, const std::byte* source, program::Element to, std::byte* target,
             int64_t count) {
  if (from == to) {
    std::memcpy(target, source, static_cast<size_t>(count * size_bytes(to)));
    return;
  }
  std::vector<float> numbers(static_cast<size_t>(count));
  sim::decode(from, reinterpret_cast<const uint8_t*>(source), count, numbers.data());
  sim::encode(to, numbers.data(), count, reinterpret_cast<uint8_t*>(target));
}

void write_to(sim::Simulator* simulator, AllocationId id, const Where& where,
              std::span<const std::byte> codes) {
  if (where.interface >= 0)
    simulator->write_interface(id, where.interface, codes);
  else
    simulator->write(id, where.node, codes);
}

}  // namespace

void read_inputs(const std::string& path, const Program& program, sim::Simulator* simulator) {
  check_exists(path, "`--values random` draws all inputs");
  const SafeTensors file = read_safetensors(path);
  std::set<std::string> used;
  for (size_t i = 0; i < program.allocations.size(); ++i) {
    const Allocation& a = program.allocations[i];
    if (!a.is_input) continue;
    const Tensor* tensor = file.find(long_name(program, a));
    if (!tensor && is_only_one(program, a, &Allocation::is_input)) tensor = file.find(a.name);
    if (!tensor)
      throw Error(Category::kInput,
                  fmt::format("no tensor for the input {}", long_name(program, a)), one_line(path),
                  "`--values random` draws all inputs");
    used.insert(tensor->name);
    const bool is_shared = tensor->type.shape == a.shape;
    const Shape all = shape_of_all(program, *simulator, a);
    if (!is_shared && tensor->type.shape != all)
      throw Error(Category::kInput,
                  fmt::format("the tensor {} is {}, and {} or {} would fit", tensor->name,
                              to_string(tensor->type.shape), to_string(a.shape), to_string(all)),
                  one_line(path));
    const program::Element from = element_of(tensor->type.format);
    const int64_t count = a.num_elements();
    std::vector<std::byte> codes(static_cast<size_t>(a.num_bytes()));
    for_each_memory(program, *simulator, a, [&](const Where& where) {
      const int64_t first = is_shared ? 0 : where.index * count;
      convert(from, tensor->data.data() + first * size_bytes(from), a.element, codes.data(), count);
      write_to(simulator, AllocationId{static_cast<int32_t>(i)}, where, codes);
    });
  }
  for (const Tensor& tensor : file.tensors)
    if (!used.contains(tensor.name))
      throw Error(Category::kInput,
                  fmt::format("the tensor {} is no input of the program", one_line(tensor.name)),
                  one_line(path));
}

void draw_inputs(uint64_t seed, const Program& program, sim::Simulator* simulator) {
  for (size_t i = 0; i < program.allocations.size(); ++i) {
    const Allocation& a = program.allocations[i];
    if (!a.is_input) continue;
    std::vector<float> numbers(static_cast<size_t>(a.num_elements()));
    std::vector<std::byte> codes(static_cast<size_t>(a.num_bytes()));
    for_each_memory(program, *simulator, a, [&](const Where& where) {
      Random random(seed, stream_id(long_name(program, a)), static_cast<uint64_t>(where.index));
      for (float& x : numbers) x = static_cast<float>(random.normal());
      sim::encode(a.element, numbers.data(), a.num_elements(),
                  reinterpret_cast<uint8_t*>(codes.data()));
      write_to(simulator, AllocationId{static_cast<int32_t>(i)}, where, codes);
    });
  }
}

void write_outputs(const std::string& path, const Program& program,
                   const sim::Simulator& simulator) {
  SafeTensors file;
  for (size_t i = 0; i < program.allocations.size(); ++i) {
    const Allocation& a = program.allocations[i];
    if (!a.is_output) continue;
    Tensor tensor;
    tensor.name = is_only_one(program, a, &Allocation::is_output) ? a.name : long_name(program, a);
    tensor.type = {format_of(a.element), shape_of_all(program, simulator, a)};
    check_shape(tensor.type.shape);
    tensor.data.resize(static_cast<size_t>(tensor.type.num_bytes()));
    const program::Element to = element_of(tensor.type.format);
    const AllocationId id{static_cast<int32_t>(i)};
    int64_t written = 0;
    for_each_memory(program, simulator, a, [&](const Where& where) {
      if (!(where.interface >= 0 ? simulator.is_interface_written(id, where.interface)
                                 : simulator.is_written(id, where.node)))
        return;
      ++written;
      const std::vector<std::byte> codes = where.interface >= 0
                                               ? simulator.read_interface(id, where.interface)
                                               : simulator.read(id, where.node);
      convert(a.element, codes.data(), to,
              tensor.data.data() + where.index * a.num_elements() * size_bytes(to),
              a.num_elements());
    });
    if (written == 0)
      throw Error(Category::kInput,
                  fmt::format("nobody has written all of the output {}", tensor.name));
    file.tensors.push_back(std::move(tensor));
  }
  file.metadata["program"] = to_utf8(program.name);
  write_safetensors(path, file);
}

}  // namespace dojo
