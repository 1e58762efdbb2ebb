// What the two programs of gemm.h have in common: a block of C in each node, to which it adds the
// product of a panel of A and one of B as these come into places of its memory.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dojo/compiler/library/gemm.h"
#include "dojo/program/builder.h"

namespace dojo::compiler {

class GemmBuilder {
 protected:
  // Places for panels that come, and of each place: whether it can be multiplied.
  struct Panels {
    program::AllocationId in{};
    program::SemaphoreId here{};
  };

  GemmBuilder(const char* name, const GemmShape& shape);

  // Call in this order, as memory is allocated in it, after builder_ knows where nodes are.
  void begin_layout();
  program::AllocationId places(const std::string& name, program::Element element,
                               const std::vector<int64_t>& panel);
  program::SemaphoreId of_places(const std::string& name);
  void allocate_c();

  // Of all steps the first one, which makes c where the others add to it, and those up to each of
  // these: stretches [begin, end) that are not empty.
  static std::vector<std::pair<int64_t, int64_t>> stretches(std::set<int64_t> ends);

  void multiply(program::ThreadBuilder* thread, const program::Expr& slot, const Panels& a,
                const Panels& b, bool adds) const;

  const GemmShape shape_;
  program::Builder builder_;
  program::LayoutId layout_ = program::kNoLayout;

 private:
  program::AllocationId c_{};
};

}  // namespace dojo::compiler
