#include "dojo/program/problem.h"

#include <numeric>

namespace dojo::program {

std::string_view name(ProblemKind kind) {
  static constexpr std::string_view kNames[kNumProblemKinds] = {
      "classes", "places",  "overflow", "overlap",   "access",   "formats",
      "phases",  "targets", "routes",   "unmatched", "deadlock", "undecided"};
  return kNames[static_cast<size_t>(kind)];
}

void Problems::add(ProblemKind kind, const Site& site, std::string message, std::string hint) {
  if (++counts_[static_cast<size_t>(kind)] > kMost) return;
  list_.push_back({kind, site, std::move(message), std::move(hint)});
}

int64_t Problems::num_errors() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0}) -
         count(ProblemKind::kUndecided);
}

}  // namespace dojo::program
