#include "dojo/host/executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "dojo/base/check.h"
#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/units.h"
#include "dojo/host/block.h"
#include "dojo/host/exchange.h"
#include "dojo/host/in_place.h"
#include "dojo/host/kernel_info.h"
#include "dojo/host/lower.h"
#include "dojo/host/memory_plan.h"
#include "dojo/host/native_bf16.h"
#include "dojo/host/onednn.h"
#include "dojo/host/pass_text.h"
#include "dojo/numerics/bf16.h"

namespace dojo {
namespace host {
namespace {

// True also for formats that have only finite numbers.
bool all_finite(Format format, const std::byte* bytes, int64_t n) {
  const auto all = [&](const auto* x) {
    return std::all_of(x, x + n, [](auto v) { return std::isfinite(value_of(v)); });
  };
  if (format == Format::kF32) return all(reinterpret_cast<const float*>(bytes));
  return format != Format::kBF16 || all(reinterpret_cast<const Bf16*>(bytes));
}

// Numbers of bf16 as the caller has them, and as they lie in memory where bf16 is emulated.
std::vector<float> widened(std::span<const std::byte> bytes) {
  std::vector<float> wide(bytes.size() / sizeof(uint16_t));
  for (size_t i = 0; i < wide.size(); ++i) {
    uint16_t code = 0;
    std::memcpy(&code, bytes.data() + i * sizeof code, sizeof code);
    wide[i] = bf16_value(code);
  }
  return wide;
}
void narrow(const std::vector<float>& wide, std::span<std::byte> bytes) {
  for (size_t i = 0; i < wide.size(); ++i) {
    const uint16_t code = bf16_code(wide[i]);
    std::memcpy(bytes.data() + i * sizeof code, &code, sizeof code);
  }
}

class HostExecutor final : public Executor {
 public:
  // `plan_only`: nothing but memory_bytes() and text() may be called.
  HostExecutor(const Graph& graph, const HostOptions& options, bool plan_only = false)
      : shown_(graph),
        graph_(with_host_bf16(graph, options.native_bf16)),
        options_(options),
        constants_(fold_constants(graph_, options.fold)) {
    std::vector<Layout> layouts =
        assign_layouts(graph_, {options.channels_last, options.packed_weights});
    const std::vector<Unit> units = make_units(graph_, constants_, layouts, options.fuse);
    lowering_ =
        std::make_unique<Lowering>(graph_, constants_, std::move(layouts), options.algorithms.get(),
                                   options.max_bytes, options.winograd);
    Lowering& l = *lowering_;
    if (options.in_place) l.in_place = find_in_place(graph_, units);
    Graph costs = graph_;  // all in f32, as the ops' formulas want it
    for (Value& v : costs.values)
      if (v.type.format == Format::kBF16) v.type.format = Format::kF32;
    bool outputs_done = false;
    for (const Unit& unit : units) {
      if (unit.commits && !outputs_done) {
        keep_outputs();
        outputs_done = true;
      }
      const size_t first = l.program.steps.size();
      l.lower(unit);
      add_flop(costs, unit, l.program, std::max(first, l.own_steps_from), flop_);
      for (NodeId n : unit.nodes)
        for (ValueId v : graph_.node(n).outputs)
          if (l.is_made(v)) made_after_.push_back({l.program.steps.size(), v});
    }
    if (!outputs_done) keep_outputs();
    add_updates();
    if (options_.share) share_memory(l.program);
    plan_ = plan_memory(l.program, options_.arena);
    if (options.algorithms) options.algorithms->save();
    if (!plan_only) finish();
  }

  const Graph& graph() const override { return shown_; }

  void write(std::string_view name, std::span<const std::byte> bytes) override {
    const Input* input = shown_.find_input(name);
    DOJO_CHECK(input != nullptr);
    const Type& type = shown_.type(input->value);
    DOJO_CHECK_EQ(std::ssize(bytes), type.num_bytes());
    const Exchange& exchange = inputs_[at(input->value)];
    std::byte* memory = places_[at(exchange.buffer())];
    if (!is_emulated(input->value, input->value)) return exchange.write(bytes, memory);
    const std::vector<float> wide = widened(bytes);
    exchange.write(std::as_bytes(std::span(wide)), memory);
  }

  void read(std::string_view name, std::span<std::byte> bytes) const override {
    ValueId value = kNoValue, here = kNoValue;  // here: in graph_
    const Exchange* exchange = nullptr;
    if (const Input* input = shown_.find_input(name)) {
      here = value = input->value;
      exchange = &inputs_[at(value)];
    } else if (const Output* output = shown_.find_output(name)) {
      const size_t place = static_cast<size_t>(output - shown_.outputs.data());
      value = output->value;
      here = graph_.outputs[place].value;
      exchange = &results_[place];
    }
    DOJO_CHECK(exchange != nullptr);
    const Type& type = shown_.type(value);
    DOJO_CHECK_EQ(std::ssize(bytes), type.num_bytes());
    const std::byte* memory = places_[at(exchange->buffer())];
    if (!is_emulated(value, here)) return exchange->read(memory, bytes);
    std::vector<float> wide(static_cast<size_t>(type.num_elements()));
    exchange->read(memory, std::as_writable_bytes(std::span(wide)));
    narrow(wide, bytes);
  }

  bool run() override {
    if (times_) times_->begin_run(steady_seconds());
    const bool finite = run_phases();
    if (times_) times_->end_run(steady_seconds());
    return finite;
  }

  void note_times(KernelTimes* times) override {
    times_ = times;
    if (times_) times_->begin(kernel_infos(lowering_->program, flop_));
  }

  std::string first_nonfinite() override {
    for (const Input& input : shown_.inputs) {
      const Value& v = shown_.value(input.value);
      std::vector<std::byte> bytes(static_cast<size_t>(v.type.num_bytes()));
      read(v.name, bytes);
      if (!all_finite(v.type.format, bytes.data(), v.type.num_elements()))
        return fmt::format("{} %{}", input.role == Role::kData ? "data" : "parameter or state",
                           v.name);
    }
    // Node by node, in an executor of its own.
    HostOptions options = options_;
    options.fuse = options.in_place = options.share = false;
    if (host_memory_bytes(shown_, options) > options_.max_bytes - memory_bytes())
      return "a value (looking for the first takes more memory than is allowed)";
    options.max_bytes = HostOptions().max_bytes;
    HostExecutor slow(shown_, options);
    for (const Input& input : shown_.inputs) {
      std::vector<std::byte> bytes(static_cast<size_t>(shown_.type(input.value).num_bytes()));
      read(shown_.value(input.value).name, bytes);
      slow.write(shown_.value(input.value).name, bytes);
    }
    return slow.find_nonfinite();
  }

  int64_t memory_bytes() const override { return plan_.arena_bytes + plan_.persistent_bytes; }

  std::string text(bool places) const {
    return program_text(graph_.name, lowering_->program, commit_from_, places ? &plan_ : nullptr);
  }

 private:
  void run_steps(size_t begin, size_t end) {
    if (!times_) {
      for (size_t s = begin; s < end; ++s) kernels_[s]();
      return;
    }
    double began = steady_seconds();
    for (size_t s = begin; s < end; ++s) {
      kernels_[s]();
      const double ended = steady_seconds();
      times_->note(s, began, ended);
      began = ended;
    }
  }

  bool run_phases() {
    run_steps(0, commit_from_);
    for (size_t i = 0; i < results_.size(); ++i) {
      const Output& output = graph_.outputs[i];
      if (output.guard &&
          !is_finite(output.value, results_[i].buffer(), graph_.type(output.value).num_elements()))
        return false;
    }
    run_steps(commit_from_, kernels_.size());
    return true;
  }

  static void copy_step(Lowering& l, std::string what, BufferId from, BufferId to) {
    const int64_t bytes = l.program.buffers[at(to)].bytes;
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
            output.name, l.program.buffers[at(form.buffer)].bytes, Buffer::Kind::kPersistent);
        copy_step(l, "output " + output.name, form.buffer, to);
        form.buffer = to;
      } else {
        l.program.buffers[at(root)].kind = Buffer::Kind::kPersistent;
      }
      results_.emplace_back(l, output.value, form);
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
      BufferId from = l.operand_like(u.value, u.state);
      const BufferId root = l.program.root(from).first;
      if (root == state.buffer && from == state.buffer) continue;
      if (states.contains(root)) {
        const BufferId saved = l.program.add_buffer("saved", l.program.buffers[at(from)].bytes);
        copy_step(l, "save %" + graph_.value(u.value).name, from, saved);
        from = saved;
      }
      copies.push_back({from, state.buffer});
    }
    for (const Copy& c : copies)
      copy_step(l, "update %" + l.program.buffers[at(c.to)].name, c.from, c.to);
  }

  void finish() {
    if (memory_bytes() > options_.max_bytes)
      throw Error(Category::kConfig,
                  fmt::format("a step needs {} of memory, {} are allowed",
                              print_bytes(memory_bytes()), print_bytes(options_.max_bytes)),
                  graph_.name, "take smaller or fewer inputs, or a smaller network");
    Program& p = lowering_->program;
    arena_ = make_block(plan_.arena_bytes);
    persistent_ = make_block(plan_.persistent_bytes);
    for (size_t b = 0; b < p.buffers.size(); ++b) {
      const BufferId root = p.root(static_cast<BufferId>(b)).first;
      const bool kept = p.buffers[at(root)].kind == Buffer::Kind::kPersistent;
      places_.push_back((kept ? persistent_ : arena_).get() + plan_.offsets[b]);
    }
    for (ConstantBytes& c : p.constants) {
      std::memcpy(places_[at(c.buffer)], c.bytes.data(), c.bytes.size());
      c.bytes = {};
    }
    const Memory memory(places_);
    for (const Step& step : p.steps) kernels_.push_back(step.bind(memory));
    inputs_.resize(graph_.values.size());
    for (const Input& input : graph_.inputs)
      inputs_[at(input.value)] = Exchange(*lowering_, input.value, lowering_->primary(input.value));
  }

  // `n`: with padding, which is zero.
  bool is_finite(ValueId v, BufferId buffer, int64_t n) const {
    return all_finite(graph_.type(v).format, places_[at(buffer)], n);
  }

  // Of shown_, and the same of graph_.
  bool is_emulated(ValueId shown, ValueId here) const {
    return shown_.type(shown).format == Format::kBF16 && graph_.type(here).format == Format::kF32;
  }

  // REQUIRES: made without fusion, and with memory in which a result outlives its step.
  std::string find_nonfinite() {
    size_t next = 0;
    for (size_t s = 0; s < kernels_.size(); ++s) {
      kernels_[s]();
      for (; next < made_after_.size() && made_after_[next].first <= s + 1; ++next) {
        const ValueId v = made_after_[next].second;
        if (!is_finite(v, lowering_->primary(v).buffer, lowering_->physical_elements(v)))
          return fmt::format("{} %{}", graph_.node(graph_.value(v).producer).op,
                             graph_.value(v).name);
      }
    }
    return "";
  }

  const Graph shown_;  // as the caller gave it
  const Graph graph_;  // what runs: casts from bf16 to f32 are gone, mostly. Inputs have the same
                       // ids in both
  const HostOptions options_;
  const Constants constants_;
  std::unique_ptr<Lowering> lowering_;
  MemoryPlan plan_;
  Block arena_, persistent_;
  std::vector<std::byte*> places_;                      // by buffer
  std::vector<Kernel> kernels_;                         // by step
  size_t commit_from_ = 0;                              // the first step of phase two
  std::vector<double> flop_;                            // by step
  KernelTimes* times_ = nullptr;                        // while they are noted
  std::vector<Exchange> inputs_;                        // by value
  std::vector<Exchange> results_;                       // of graph_.outputs
  std::vector<std::pair<size_t, ValueId>> made_after_;  // steps done when a value is there, value
};

}  // namespace
}  // namespace host

bool host_has_bf16() { return host::onednn::has_bf16(); }

std::unique_ptr<Executor> make_host_executor(const Graph& graph, const HostOptions& options) {
  return std::make_unique<host::HostExecutor>(graph, options);
}

std::string host_program_text(const Graph& graph, const HostOptions& options, bool places) {
  return host::HostExecutor(graph, options, /*plan_only=*/true).text(places);
}

int64_t host_memory_bytes(const Graph& graph, const HostOptions& options) {
  return host::HostExecutor(graph, options, /*plan_only=*/true).memory_bytes();
}

}  // namespace dojo
