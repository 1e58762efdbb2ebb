#include "dojo/program/problem.h"

#include <fmt/format.h>

#include <numeric>
#include <utility>

namespace dojo::program {

std::string_view name(ProblemKind kind) {
  static constexpr std::string_view kNames[kNumProblemKinds] = {
      "classes", "places",  "overflow", "overlap",   "access",   "formats",
      "phases",  "targets", "routes",   "unmatched", "deadlock", "undecided"};
  return kNames[static_cast<size_t>(kind)];
}

Problem unmatched_count(const Program& program, SemaphoreId semaphore, int64_t nodes, Coord first,
                        int32_t count_at_first) {
  const Semaphore& s = program.semaphore(semaphore);
  return {
      ProblemKind::kUnmatched,
      {Site::Kind::kSemaphore, index(semaphore)},
      fmt::format("{} begins with {} and ends with {} at the node ({}, {}){}", s.name, s.initial,
                  count_at_first, first.x, first.y,
                  nodes == 1 ? "" : fmt::format(" and with another count at {} more", nodes - 1)),
      "each signal has its wait"};
}

void Problems::add(Problem problem) {
  if (++counts_[static_cast<size_t>(problem.kind)] > kMost) return;
  list_.push_back(std::move(problem));
}

void Problems::add(ProblemKind kind, const Site& site, std::string message, std::string hint) {
  add({kind, site, std::move(message), std::move(hint)});
}

int64_t Problems::num_errors() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0}) -
         count(ProblemKind::kUndecided);
}

}  // namespace dojo::program
