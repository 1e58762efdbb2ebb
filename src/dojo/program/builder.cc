#include "dojo/program/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/program/names.h"

namespace dojo::program {
namespace {

constexpr size_t kMaxOthers = 4096;  // randoms, barriers
constexpr int64_t kMaxAddress = kMaxConstant;

[[noreturn]] void fail(std::string message, std::string hint = {}) {
  throw Error(Category::kInput, std::move(message), "", std::move(hint));
}

void check_count(size_t size, size_t most, std::string_view things) {
  if (size >= most) fail(fmt::format("more than {} {}", most, things));
}

// One column or row has no use for a step; the text form has none for it.
Region without_idle_steps(Region region) {
  for (Range* range : {&region.x, &region.y})
    if (range->count == 1) range->step = 1;
  return region;
}

// Of a name that is new among `named`.
template <typename Named>
void check_new(const Named& named, std::string_view name, std::string_view thing) {
  check_name(name);
  for (const auto& other : named)
    if (other.name == name) fail(fmt::format("the {} {} is there twice", thing, name));
}

void check_shape(const std::vector<int64_t>& shape) {
  if (shape.empty()) fail("a shape without dimensions");
  if (shape.size() > kMaxRank)
    fail(fmt::format("a shape of {} dimensions; at most {}", shape.size(), kMaxRank));
  int64_t elements = 1;
  for (const int64_t d : shape) {
    if (d < 1) fail(fmt::format("a dimension of {}", d));
    if (d > kMaxElements / elements) fail(fmt::format("more than {} elements", kMaxElements));
    elements *= d;
  }
}

}  // namespace

Builder::Builder(std::string name, Coord grid) {
  if (name.empty() || name.size() > 256 || !std::all_of(name.begin(), name.end(), [](char c) {
        return c >= ' ' && c <= '~' && c != '"';
      }))
    fail("the name of a program is 1 to 256 characters of ASCII without quotes");
  program_.name = std::move(name);
  program_.grid = grid;
  if (grid.x < 1 || grid.y < 1 || grid.x > kMaxGridSide || grid.y > kMaxGridSide ||
      int64_t{grid.x} * grid.y > kMaxGridNodes)
    fail(fmt::format("a grid of {} x {} nodes", grid.x, grid.y),
         fmt::format("1 to {} on a side, at most {} in all", kMaxGridSide, kMaxGridNodes));
}

void Builder::check_region(const Region& region) const {
  for (const auto& [range, side] :
       {std::pair{region.x, program_.grid.x}, {region.y, program_.grid.y}}) {
    if (range.count < 1) fail(fmt::format("a region with {} columns or rows", range.count));
    if (range.step < 1) fail(fmt::format("a region with the step {}", range.step));
    if (range.start < 0 || range.start >= side ||
        (range.count - 1) > (side - 1 - range.start) / range.step)
      fail(fmt::format("{}:+{}:{} leaves the grid, which has {} there", range.start, range.count,
                       range.step, side));
  }
}

void Builder::place(const Placement& placement) {
  check_count(program_.places.size(), kMaxPlaces, "places");
  check_region(placement.region);
  if (placement.region.x.step != 1 || placement.region.y.step != 1)
    fail("a place with a step other than 1");
  for (const Coord c : {placement.at, placement.right, placement.down})
    if (std::max(c.x, c.y) > kMaxGridSide || std::min(c.x, c.y) < -kMaxGridSide)
      fail(fmt::format("({}, {}) in a place", c.x, c.y));
  program_.places.push_back(placement);
}

RandomId Builder::random(const std::string& name, std::vector<int64_t> shape) {
  check_count(program_.randoms.size(), kMaxOthers, "randoms");
  check_new(program_.randoms, name, "random");
  check_shape(shape);
  program_.randoms.push_back({name, std::move(shape)});
  if (program_.randoms.back().num_elements() > int64_t{1} << 34)
    fail(fmt::format("the random {} has more than 2^34 elements", name));
  return RandomId{static_cast<int32_t>(program_.randoms.size() - 1)};
}

LayoutId Builder::layout(const std::string& name, Layout::Of of) {
  check_count(program_.layouts.size(), kMaxLayouts, "layouts");
  check_new(program_.layouts, name, "layout");
  Layout layout;
  layout.name = name;
  layout.of = of;
  layout.first_allocation = static_cast<int32_t>(program_.allocations.size());
  layout.first_semaphore = static_cast<int32_t>(program_.semaphores.size());
  program_.layouts.push_back(std::move(layout));
  return LayoutId{static_cast<int32_t>(program_.layouts.size() - 1)};
}

void Builder::code(int64_t address, int64_t bytes) {
  DOJO_CHECK(!program_.layouts.empty());
  Layout& layout = program_.layouts.back();
  if (layout.of != Layout::Of::kNodes) fail("code in the memory of an interface");
  if (layout.code_bytes != 0) fail("code has its place already");
  if (address < 0 || address > kMaxAddress || bytes < 1 || bytes > kMaxAddress)
    fail(fmt::format("code of {} B at {}", bytes, address));
  layout.code_address = address;
  layout.code_bytes = bytes;
}

AllocationId Builder::allocate(const std::string& name, Element element, std::vector<int64_t> shape,
                               const AllocateOptions& options) {
  DOJO_CHECK(!program_.layouts.empty());
  Layout& layout = program_.layouts.back();
  check_count(static_cast<size_t>(layout.num_allocations), kMaxAllocations, "allocations");
  check_new(program_.allocations_of(layout), name, "allocation");
  check_shape(shape);
  if (element.bias > kMaxBias || (element.bias != 0 && !has_bias(element.kind)))
    fail(fmt::format("a bias of {} of {}", element.bias, program::name(element.kind)));
  if (options.live.begin < 0 || options.live.end <= options.live.begin)
    fail(fmt::format("{} lives in no phase", name));
  if (layout.of == Layout::Of::kInterfaces && options.live != Phases{})
    fail(fmt::format("{} is in an interface's memory, which has no phases", name));
  int64_t address = 0;
  if (options.address) {
    address = *options.address;
  } else {
    address = layout.code_address + layout.code_bytes;
    for (const Allocation& other : program_.allocations_of(layout))
      address = std::max(address, other.address + other.num_bytes());
    address = (address + 63) / 64 * 64;
  }
  if (address < 0 || address > kMaxAddress) fail(fmt::format("the address {}", address));
  Allocation allocation;
  allocation.name = name;
  allocation.layout = LayoutId{static_cast<int32_t>(program_.layouts.size() - 1)};
  allocation.element = element;
  allocation.shape = std::move(shape);
  allocation.address = address;
  allocation.live = options.live;
  allocation.is_input = options.is_input;
  allocation.is_output = options.is_output;
  program_.allocations.push_back(std::move(allocation));
  ++layout.num_allocations;
  return AllocationId{static_cast<int32_t>(program_.allocations.size() - 1)};
}

SemaphoreId Builder::semaphore(const std::string& name, int32_t initial, int32_t count) {
  DOJO_CHECK(!program_.layouts.empty());
  Layout& layout = program_.layouts.back();
  if (layout.of != Layout::Of::kNodes) fail("a semaphore in the memory of an interface");
  if (count < 1 || count > kMaxSlots - layout.num_slots)
    fail(fmt::format("{} and {} counters of semaphores; at most {}", layout.num_slots, count,
                     kMaxSlots));
  check_new(program_.semaphores_of(layout), name, "semaphore");
  if (initial < 0 || initial > kMaxValue) fail(fmt::format("a semaphore begins with {}", initial));
  program_.semaphores.push_back({name, LayoutId{static_cast<int32_t>(program_.layouts.size() - 1)},
                                 count, initial, layout.num_slots});
  ++layout.num_semaphores;
  layout.num_slots += count;
  return SemaphoreId{static_cast<int32_t>(program_.semaphores.size() - 1)};
}

BarrierId Builder::barrier(const std::string& name, const Region& region, Coord root, int32_t fan) {
  check_count(program_.barriers.size(), kMaxOthers, "barriers");
  check_new(program_.barriers, name, "barrier");
  check_region(region);
  if (!region.contains(root))
    fail(fmt::format("the root ({}, {}) of the barrier {} is not in its region", root.x, root.y,
                     name));
  if (fan < 1 || fan > 64) fail(fmt::format("a barrier with the fan {}", fan), "use 1 to 64");
  program_.barriers.push_back({name, without_idle_steps(region), root, fan});
  return BarrierId{static_cast<int32_t>(program_.barriers.size() - 1)};
}

ClassBuilder Builder::node_class(const std::string& name, LayoutId layout) {
  check_count(program_.classes.size(), kMaxClasses, "classes");
  check_new(program_.classes, name, "class");
  DOJO_CHECK_LT(at(layout), program_.layouts.size());
  if (program_.layout(layout).of != Layout::Of::kNodes)
    fail(fmt::format("the layout {} is of interfaces", program_.layout(layout).name));
  program_.classes.emplace_back();
  program_.classes.back().name = name;
  program_.classes.back().layout = layout;
  open_.emplace_back();
  return {this, ClassId{static_cast<int32_t>(program_.classes.size() - 1)}};
}

Program Builder::finish() && {
  for (size_t c = 0; c < program_.classes.size(); ++c) {
    const std::string& name = program_.classes[c].name;
    if (program_.classes[c].regions.empty()) fail(fmt::format("the class {} is on no node", name));
    for (const OpenThread& thread : open_[c])
      if (!thread.loops.empty()) fail(fmt::format("a loop of the class {} has no end", name));
  }
  return std::move(program_);
}

// ---- Classes ----

Expr ClassBuilder::add_argument(Argument argument) {
  NodeClass& c = builder_->program_.classes[at(id_)];
  check_count(c.arguments.size(), kMaxArguments, "arguments of a class");
  check_new(c.arguments, argument.name, "argument");
  c.arguments.push_back(std::move(argument));
  return Expr::variable(kFirstArgument + static_cast<Var>(c.arguments.size() - 1));
}

Expr ClassBuilder::argument(const std::string& name) {
  const NodeClass& c = builder_->program_.classes[at(id_)];
  DOJO_CHECK(c.regions.empty() && (c.arguments.empty() || c.arguments.back().steps.empty()));
  return add_argument({name, {}});
}

Expr ClassBuilder::let(const std::string& name, const Formula& formula) {
  const NodeClass& c = builder_->program_.classes[at(id_)];
  for (const ArgumentStep& step : formula.steps()) {
    if (step.op == ArgumentStep::Op::kConstant &&
        (step.value > kMaxConstant || step.value < -kMaxConstant))
      fail(fmt::format("the number {} is too large", step.value));
    if (step.op == ArgumentStep::Op::kVariable)
      DOJO_CHECK_LT(step.value, static_cast<int64_t>(kFirstArgument + c.arguments.size()));
  }
  return add_argument({name, formula.steps()});
}

void ClassBuilder::on(const Region& region, std::vector<int64_t> values) {
  NodeClass& c = builder_->program_.classes[at(id_)];
  check_count(builder_->num_regions_, kMaxRegions, "regions");
  builder_->check_region(region);
  size_t expected = 0;
  for (const Argument& argument : c.arguments) expected += argument.steps.empty();
  DOJO_CHECK_EQ(values.size(), expected);
  for (const int64_t value : values)
    if (value > kMaxValue || value < -kMaxValue)
      fail(fmt::format("the argument {} is too large", value));
  ++builder_->num_regions_;
  c.regions.push_back({without_idle_steps(region), std::move(values)});
}

ThreadBuilder ClassBuilder::thread(size_t i) {
  DOJO_CHECK_LT(i, kNumThreads);
  return {builder_, id_, i};
}

}  // namespace dojo::program
