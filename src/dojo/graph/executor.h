// Something that runs a step graph: the interpreter (interpreter.h), the CPU executor (host/),
// later the machine. The trainer gets one through an ExecutorFactory and knows no other type. An
// executor owns parameters and states between steps. Not thread-safe; an executor may use threads
// inside.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/graph/graph.h"

namespace dojo {

class KernelTimes;  // profile.h

class Executor {
 public:
  virtual ~Executor() = default;

  virtual const Graph& graph() const = 0;

  // Where the caller writes the next step's value of a data input, or reads and writes a parameter
  // or state, in plain row-major order and the type's format. Writing a state takes effect at
  // write(); reading gives the value after the last update. REQUIRES: `name` is an input (for read:
  // or an output) of the graph and `bytes` has exactly its size.
  virtual void write(std::string_view name, std::span<const std::byte> bytes) = 0;
  virtual void read(std::string_view name, std::span<std::byte> bytes) const = 0;

  // One step. Returns true iff every guard output was finite; otherwise parameters and states are
  // as before the step.
  virtual bool run() = 0;

  // After run() returned false: runs the same step again without updating and returns the name of
  // the first value in node order that is not finite, with its op: "Div %loss_3".
  virtual std::string first_nonfinite() = 0;

  virtual int64_t memory_bytes() const = 0;  // parameters, states, arena and scratch

  // While it is set each run() notes in `times` when each kernel ran; nullptr: no longer. It costs
  // nothing while it is not set. Executors without kernels note nothing. REQUIRES: `times` lives as
  // long as it is set.
  virtual void note_times(KernelTimes* times) {}

  // Shorthands. REQUIRES as above.
  void write_f32(std::string_view name, std::span<const float> values) {
    write(name, std::as_bytes(values));
  }
  void write_scalar(std::string_view name, float value) { write_f32(name, {&value, 1}); }
  std::vector<float> read_f32(std::string_view name) const;
  float read_scalar(std::string_view name) const;
};

using ExecutorFactory = std::function<std::unique_ptr<Executor>(const Graph&)>;

// Gives every parameter and state its first value: f32 numbers from Philox, keyed by (seed, hash of
// the name), so that neither order nor executor matters.
std::vector<float> initial_value(const Graph& graph, const Input& input, uint64_t seed);
void initialize(Executor& executor, uint64_t seed);

}  // namespace dojo
