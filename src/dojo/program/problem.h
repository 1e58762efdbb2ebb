// What is wrong with a program, as verify() finds it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/program/site.h"

namespace dojo::program {

enum class ProblemKind : uint8_t {
  kClasses,    // a node of two classes, an argument without a value
  kPlaces,     // a node that is not in the machine, disabled, short of threads, or two in one place
  kOverflow,   // more than a memory holds
  kOverlap,    // two allocations in the same bytes in the same phase
  kAccess,     // outside an allocation, or in a phase in which it is not live
  kFormats,    // two formats in a flit, or more formats at a time than a node has
  kPhases,     // threads of a node with different numbers of phases
  kTargets,    // a transfer or signal to a node without that memory or semaphore
  kRoutes,     // a way over a disabled node
  kUnmatched,  // a semaphore that does not end as it began, or that several threads wait for
  kDeadlock,   // threads that wait for ever
  kUndecided   // a warning: too many steps to decide the last two
};
inline constexpr size_t kNumProblemKinds = static_cast<size_t>(ProblemKind::kUndecided) + 1;

std::string_view name(ProblemKind kind);  // "overlap"

struct Problem {
  ProblemKind kind = ProblemKind::kClasses;
  Site site;
  std::string message, hint;

  bool is_error() const { return kind != ProblemKind::kUndecided; }
};

// Of kUnmatched: a semaphore whose count at the end is not that of the beginning, at `nodes` nodes.
Problem unmatched_count(const Program& program, SemaphoreId semaphore, int64_t nodes, Coord first,
                        int32_t count_at_first);

// Problems as they are found: of each kind the first kMost. Of a kind that has more, the verifier
// may look for no others.
class Problems {
 public:
  static constexpr int64_t kMost = 10;

  void add(Problem problem);
  void add(ProblemKind kind, const Site& site, std::string message, std::string hint = {});

  const std::vector<Problem>& list() const { return list_; }
  // That were found, also those that are not in the list.
  int64_t count(ProblemKind kind) const { return counts_[static_cast<size_t>(kind)]; }
  int64_t num_errors() const;

 private:
  std::vector<Problem> list_;
  std::array<int64_t, kNumProblemKinds> counts_{};
};

}  // namespace dojo::program
