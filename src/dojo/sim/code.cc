#include "dojo/sim/code.h"

#include <algorithm>

namespace dojo::sim {
namespace {

using program::kFirstCounter;
using program::Op;

ThreadCode prepare(const program::Program& program, const program::NodeClass& node_class,
                   const program::Code& code, const NodeCosts& costs) {
  ThreadCode thread;
  thread.code = &code;
  thread.first_counter =
      program::kFirstArgument + static_cast<uint32_t>(node_class.arguments.size());
  thread.num_variables = thread.first_counter;
  const auto counts = [&](program::Var var) {
    thread.num_variables = std::max(thread.num_variables, thread.variable(var) + 1);
  };
  for (const program::Loop& loop : code.loops) counts(loop.counter);
  for (const program::Wrap& wrap : code.wraps) counts(wrap.var);
  for (program::Term term : code.terms) {
    term.var = thread.variable(term.var);
    thread.terms.push_back(term);
  }
  for (const program::Matmul& m : code.matmuls)
    thread.matmuls.push_back(matmul_work(costs, program, m));
  for (const program::Vector& v : code.vectors)
    thread.vectors.push_back(vector_work(costs, program, v));
  return thread;
}

bool computes(const ThreadCode& thread) {
  return !thread.matmuls.empty() || !thread.vectors.empty();
}

}  // namespace

void ThreadCode::set_counters(const program::Loop& loop, int64_t turn, int32_t* variables) const {
  variables[variable(loop.counter)] = static_cast<int32_t>(turn);
  for (const program::Wrap& wrap : code->wraps_of(loop))
    variables[variable(wrap.var)] =
        static_cast<int32_t>(wrap.value(value(wrap.start, variables), turn));
}

std::vector<ClassCode> prepare(const program::Program& program, const NodeCosts& costs) {
  std::vector<ClassCode> all;
  for (const program::NodeClass& node_class : program.classes) {
    ClassCode c;
    c.num_slots = program.layout(node_class.layout).num_slots;
    c.num_words = static_cast<uint32_t>(c.num_slots);
    for (size_t t = 0; t < program::kNumThreads; ++t) {
      c.threads[t] = prepare(program, node_class, node_class.threads[t], costs);
      if (c.threads[t].is_empty()) continue;
      ++c.num_threads;
      c.first_variable[t] = c.num_words;
      c.num_words += c.threads[t].num_variables;
    }
    const auto computing = std::count_if(c.threads.begin(), c.threads.end(), computes);
    for (ThreadCode& thread : c.threads) thread.runs_ahead = computing == 1 && computes(thread);
    all.push_back(std::move(c));
  }
  return all;
}

}  // namespace dojo::sim
