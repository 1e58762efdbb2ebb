#include "dojo/host/executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <new>
#include <set>

#include "dojo/base/check.h"
#include "dojo/host/kernels/copy.h"
#include "dojo/host/lower.h"
#include "dojo/host/memory_plan.h"

namespace dojo {
namespace host {
namespace {

size_t at(ValueId v) { return static_cast<size_t>(index(v)); }

struct AlignedDelete {
  void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{kAlignment}); }
};
using Block = std::unique_ptr<std::byte[], AlignedDelete>;

Block make_block(int64_t bytes) {
  const size_t size = static_cast<size_t>(std::max<int64_t>(bytes, 1));
  Block block(new (std::align_val_t{kAlignment}) std::byte[size]);
  std::memset(block.get(), 0, size);
  return block;
}

bool all_finite(const float* x, int64_t n) {
  return std::all_of(x, x + n, [](float v) { return std::isfinite(v); });
}

// The update's new value may be made in the state's own memory iff the unit that makes it computes
// element by element and nothing reads the old value afterwards.
std::map<ValueId, ValueId> find_in_place(const Graph& graph, const std::vector<Unit>& units) {
  std::vector<int64_t> unit_of(graph.nodes.size(), -1);
  for (size_t u = 0; u < units.size(); ++u)
    for (NodeId n : units[u].nodes) unit_of[static_cast<size_t>(index(n))] = int64_t(u);
  std::map<ValueId, int64_t> updates_of;  // by value
  std::set<ValueId> kept;                 // read after the step, or as another state's new value
  for (const Update& u : graph.updates) {
    ++updates_of[u.value];
    kept.insert(u.value);
  }
  for (const Output& o : graph.outputs) kept.insert(o.value);
  std::vector<std::vector<NodeId>> readers(graph.values.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    for (ValueId v : graph.nodes[n].inputs)
      if (v != kNoValue) readers[at(v)].push_back(static_cast<NodeId>(n));

  constexpr std::string_view kViews[] = {"Reshape", "Slice", "Transpose", "Identity"};
  std::map<ValueId, ValueId> result;
  for (const Update& u : graph.updates) {
    const NodeId producer = graph.value(u.value).producer;
    if (producer == kNoNode || updates_of[u.value] != 1 || kept.contains(u.state)) continue;
    const int64_t home = unit_of[static_cast<size_t>(index(producer))];
    if (home < 0) continue;
    const Unit& unit = units[static_cast<size_t>(home)];
    const Node& node = graph.node(producer);
    const bool optimizer = node.op == "AdamW" || node.op == "Momentum";
    if (!unit.commits || !(optimizer || is_elementwise(graph, node))) continue;
    if (graph.type(u.state) != graph.type(u.value)) continue;
    const bool safe =
        std::all_of(readers[at(u.state)].begin(), readers[at(u.state)].end(), [&](NodeId reader) {
          const Node& r = graph.node(reader);
          if (std::find(std::begin(kViews), std::end(kViews), r.op) != std::end(kViews))
            return false;
          const int64_t where = unit_of[static_cast<size_t>(index(reader))];
          if (where != home) return where < home;
          return optimizer ? reader == producer : is_elementwise(graph, r);
        });
    if (safe) result[u.value] = u.state;
  }
  return result;
}

class HostExecutor final : public Executor {
 public:
  HostExecutor(const Graph& graph, const HostOptions& options)
      : graph_(graph), options_(options), constants_(fold_constants(graph_)) {
    std::vector<Layout> layouts =
        assign_layouts(graph_, {options.channels_last, options.packed_weights});
    const std::vector<Unit> units = make_units(graph_, constants_, layouts, options.fuse);
    lowering_ = std::make_unique<Lowering>(graph_, constants_, std::move(layouts));
    Lowering& l = *lowering_;
    if (options.fuse) l.in_place = find_in_place(graph_, units);
    bool outputs_done = false;
    for (const Unit& unit : units) {
      if (unit.commits && !outputs_done) {
        keep_outputs();
        outputs_done = true;
      }
      lower_unit(l, unit);
      for (NodeId n : unit.nodes)
        for (ValueId v : graph_.node(n).outputs)
          last_step_of_.push_back({l.program.steps.size(), v});
    }
    if (!outputs_done) keep_outputs();
    add_updates();
    finish();
  }

  const Graph& graph() const override { return graph_; }

  void write(std::string_view name, std::span<const std::byte> bytes) override {
    const Input* input = graph_.find_input(name);
    DOJO_CHECK(input != nullptr);
    const Conversion& c = conversions_[at(input->value)];
    DOJO_CHECK_EQ(std::ssize(bytes), graph_.type(input->value).num_bytes());
    std::byte* target = places_[host::at(c.buffer)];
    if (c.kind == Layout::Kind::kRowMajor) {
      std::memcpy(target, bytes.data(), bytes.size());
    } else if (c.kind == Layout::Kind::kChannelsLast) {
      kernels::copy_f32(c.from_rows, reinterpret_cast<const float*>(bytes.data()),
                        reinterpret_cast<float*>(target));
    } else {
      repack(c.plain, c.packed, bytes.data(), target, int64_t(bytes.size()), c.packed.bytes());
    }
  }

  void read(std::string_view name, std::span<std::byte> bytes) const override {
    ValueId value = kNoValue;
    const Conversion* c = nullptr;
    if (const Input* input = graph_.find_input(name)) {
      value = input->value;
      c = &conversions_[at(value)];
    } else {
      for (size_t i = 0; i < graph_.outputs.size(); ++i)
        if (graph_.outputs[i].name == name) {
          value = graph_.outputs[i].value;
          c = &results_[i];
        }
    }
    DOJO_CHECK(c != nullptr);
    DOJO_CHECK_EQ(std::ssize(bytes), graph_.type(value).num_bytes());
    const std::byte* source = places_[host::at(c->buffer)];
    if (c->kind == Layout::Kind::kRowMajor) {
      std::memcpy(bytes.data(), source, bytes.size());
    } else if (c->kind == Layout::Kind::kChannelsLast) {
      kernels::copy_f32(c->to_rows, reinterpret_cast<const float*>(source),
                        reinterpret_cast<float*>(bytes.data()));
    } else {
      repack(c->packed, c->plain, source, bytes.data(), c->packed.bytes(), int64_t(bytes.size()));
    }
  }

  bool run() override {
    for (size_t s = 0; s < commit_from_; ++s) kernels_[s]();
    for (size_t i = 0; i < results_.size(); ++i)
      if (graph_.outputs[i].guard && graph_.type(graph_.outputs[i].value).format == Format::kF32 &&
          !all_finite(reinterpret_cast<const float*>(places_[host::at(results_[i].buffer)]),
                      graph_.type(graph_.outputs[i].value).num_elements()))
        return false;
    for (size_t s = commit_from_; s < kernels_.size(); ++s) kernels_[s]();
    return true;
  }

  std::string first_nonfinite() override {
    for (const Input& input : graph_.inputs)
      if (const std::string& name = graph_.value(input.value).name;
          graph_.type(input.value).format == Format::kF32) {
        const std::vector<float> x = read_f32(name);
        if (!all_finite(x.data(), std::ssize(x)))
          return fmt::format("{} %{}", input.role == Role::kData ? "data" : "parameter or state",
                             name);
      }
    // Node by node, in an executor of its own.
    HostOptions options = options_;
    options.fuse = false;
    HostExecutor slow(graph_, options);
    for (const Input& input : graph_.inputs) {
      std::vector<std::byte> bytes(static_cast<size_t>(graph_.type(input.value).num_bytes()));
      read(graph_.value(input.value).name, bytes);
      slow.write(graph_.value(input.value).name, bytes);
    }
    return slow.find_nonfinite();
  }

  int64_t memory_bytes() const override { return plan_.arena_bytes + plan_.persistent_bytes; }

  std::vector<NodeTime> profile() override {
    const std::vector<std::byte> saved(persistent_.get(),
                                       persistent_.get() + plan_.persistent_bytes);
    std::vector<NodeTime> times;
    for (size_t s = 0; s < kernels_.size(); ++s) {
      const auto start = std::chrono::steady_clock::now();
      kernels_[s]();
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      times.push_back({lowering_->program.steps[s].what, taken.count()});
    }
    std::memcpy(persistent_.get(), saved.data(), saved.size());
    return times;
  }

 private:
  // How a value that the caller sees lies in memory.
  struct Conversion {
    BufferId buffer = kNoBuffer;
    Layout::Kind kind = Layout::Kind::kRowMajor;
    kernels::StridedCopy from_rows, to_rows;
    onednn::Format packed, plain;
  };

  Conversion conversion_of(ValueId v, const Form& form) {
    Conversion c;
    c.buffer = form.buffer;
    c.kind = form.kind;
    const Shape& shape = graph_.type(v).shape;
    if (form.kind == Layout::Kind::kChannelsLast) {
      if (same_bytes(shape, form.kind, Layout::Kind::kRowMajor)) c.kind = Layout::Kind::kRowMajor;
      const Shape in_memory = physical(shape, form.kind);
      std::vector<int64_t> to(shape.size()), from(shape.size());
      for (size_t d = 0; d < shape.size(); ++d) {
        const size_t p = physical_axis(d, shape.size(), form.kind);
        to[d] = static_cast<int64_t>(p);
        from[p] = static_cast<int64_t>(d);
      }
      c.to_rows = kernels::transpose_copy(in_memory, to);
      c.from_rows = kernels::transpose_copy(shape, from);
    } else if (form.kind == Layout::Kind::kPacked) {
      c.packed = form.packed;
      c.plain = lowering_->plain_format(v);
    }
    return c;
  }

  static void repack(const onednn::Format& from, const onednn::Format& to, const std::byte* source,
                     std::byte* target, int64_t source_bytes, int64_t target_bytes) {
    const Block a = make_block(source_bytes), b = make_block(target_bytes);
    std::memcpy(a.get(), source, static_cast<size_t>(source_bytes));
    const onednn::Operation operation = onednn::reorder(from, to);
    const Block scratch = make_block(operation.scratch_bytes());
    operation.bind({a.get(), b.get(), scratch.get()})();
    std::memcpy(target, b.get(), static_cast<size_t>(target_bytes));
  }

  static void copy_step(Lowering& l, std::string what, BufferId from, BufferId to) {
    const int64_t bytes = l.program.buffers[host::at(to)].bytes;
    l.add(std::move(what), {from}, {to}, [=](const Memory& m) {
      return [=, source = m.get<std::byte>(from), target = m.get<std::byte>(to)] {
        std::memcpy(target, source, static_cast<size_t>(bytes));
      };
    });
  }

  // Results stay until the next run, whatever the updates do.
  void keep_outputs() {
    Lowering& l = *lowering_;
    l.committing = false;
    std::set<BufferId> inputs;
    for (const Input& input : graph_.inputs) inputs.insert(l.primary(input.value).buffer);
    for (const Output& output : graph_.outputs) {
      Form form = l.primary(output.value);
      const BufferId root = l.program.root(form.buffer).first;
      if (inputs.contains(root)) {
        const BufferId to = l.program.add_buffer(
            output.name, l.program.buffers[host::at(form.buffer)].bytes, Buffer::Kind::kPersistent);
        copy_step(l, "output " + output.name, form.buffer, to);
        form.buffer = to;
      } else {
        l.program.buffers[host::at(root)].kind = Buffer::Kind::kPersistent;
      }
      results_.push_back(conversion_of(output.value, form));
    }
    commit_from_ = l.program.steps.size();
  }

  // Updates whose value was not made in place: all are read before one is written.
  void add_updates() {
    Lowering& l = *lowering_;
    l.committing = true;
    struct Copy {
      BufferId from, to;
    };
    std::vector<Copy> copies;
    std::set<BufferId> states;
    for (const Update& u : graph_.updates) states.insert(l.primary(u.state).buffer);
    for (const Update& u : graph_.updates) {
      if (l.in_place.contains(u.value)) continue;
      const Form state = l.primary(u.state);
      BufferId from = state.kind == Layout::Kind::kPacked
                          ? l.operand(u.value, state.packed, l.plain_format(u.state))
                          : l.operand(u.value, state.kind);
      const BufferId root = l.program.root(from).first;
      if (root == state.buffer && from == state.buffer) continue;
      if (states.contains(root)) {
        const BufferId saved =
            l.program.add_buffer("saved", l.program.buffers[host::at(from)].bytes);
        copy_step(l, "save %" + graph_.value(u.value).name, from, saved);
        from = saved;
      }
      copies.push_back({from, state.buffer});
    }
    for (const Copy& c : copies)
      copy_step(l, "update %" + l.program.buffers[host::at(c.to)].name, c.from, c.to);
  }

  void finish() {
    Program& p = lowering_->program;
    if (options_.fuse) share_memory(p);
    plan_ = plan_memory(p);
    arena_ = make_block(plan_.arena_bytes);
    persistent_ = make_block(plan_.persistent_bytes);
    for (size_t b = 0; b < p.buffers.size(); ++b) {
      const BufferId root = p.root(static_cast<BufferId>(b)).first;
      const bool kept = p.buffers[host::at(root)].kind == Buffer::Kind::kPersistent;
      places_.push_back((kept ? persistent_ : arena_).get() + plan_.offsets[b]);
    }
    for (ConstantBytes& c : p.constants) {
      std::memcpy(places_[host::at(c.buffer)], c.bytes.data(), c.bytes.size());
      c.bytes = {};
    }
    const Memory memory(places_);
    for (const Step& step : p.steps) kernels_.push_back(step.bind(memory));
    conversions_.resize(graph_.values.size());
    for (const Input& input : graph_.inputs)
      conversions_[at(input.value)] = conversion_of(input.value, lowering_->primary(input.value));
  }

  // REQUIRES: made without fusion.
  std::string find_nonfinite() {
    size_t next = 0;
    for (size_t s = 0; s < kernels_.size(); ++s) {
      kernels_[s]();
      for (; next < last_step_of_.size() && last_step_of_[next].first <= s + 1; ++next) {
        const ValueId v = last_step_of_[next].second;
        if (graph_.type(v).format != Format::kF32) continue;
        const Form& form = lowering_->primary(v);
        const auto* x = reinterpret_cast<const float*>(places_[host::at(form.buffer)]);
        if (!all_finite(x, graph_.type(v).num_elements()))
          return fmt::format("{} %{}", graph_.node(graph_.value(v).producer).op,
                             graph_.value(v).name);
      }
    }
    return "";
  }

  const Graph graph_;
  const HostOptions options_;
  const Constants constants_;
  std::unique_ptr<Lowering> lowering_;
  MemoryPlan plan_;
  Block arena_, persistent_;
  std::vector<std::byte*> places_;                        // by buffer
  std::vector<Kernel> kernels_;                           // by step
  size_t commit_from_ = 0;                                // the first step of phase two
  std::vector<Conversion> conversions_;                   // by value: of inputs
  std::vector<Conversion> results_;                       // of graph_.outputs
  std::vector<std::pair<size_t, ValueId>> last_step_of_;  // steps done when a value is there
};

}  // namespace
}  // namespace host

std::unique_ptr<Executor> make_host_executor(const Graph& graph, const HostOptions& options) {
  return std::make_unique<host::HostExecutor>(graph, options);
}

}  // namespace dojo
