#include "dojo/compiler/library/gemm_builder.h"

#include <iterator>

#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

GemmBuilder::GemmBuilder(const char* name, const GemmShape& shape)
    : shape_(shape), builder_(name, shape.grid) {}

void GemmBuilder::begin_layout() {
  layout_ = builder_.layout("main");
  builder_.code(0, kCodeBytes);
}

AllocationId GemmBuilder::places(const std::string& name, Element element,
                                 const std::vector<int64_t>& panel) {
  return builder_.allocate(name, element, {shape_.slots, panel[0], panel[1]});
}

SemaphoreId GemmBuilder::of_places(const std::string& name) {
  return builder_.semaphore(name, 0, static_cast<int32_t>(shape_.slots));
}

void GemmBuilder::allocate_c() {
  c_ = builder_.allocate("c", {}, {shape_.block_m, shape_.block_n}, {.is_output = true});
}

std::vector<std::pair<int64_t, int64_t>> GemmBuilder::stretches(std::set<int64_t> ends) {
  ends.insert({0, 1});
  std::vector<std::pair<int64_t, int64_t>> all;
  for (auto begin = ends.begin(), end = std::next(begin); end != ends.end(); begin = end++)
    all.emplace_back(*begin, *end);
  return all;
}

void GemmBuilder::multiply(ThreadBuilder* thread, const Expr& slot, const Panels& a,
                           const Panels& b, bool adds) const {
  thread->wait({a.here, slot});
  thread->wait({b.here, slot});
  thread->matmul(shape_.block_m, shape_.block_n, shape_.panel, c_, Block(a.in, {{slot, 1}, {}, {}}),
                 Block(b.in, {{slot, 1}, {}, {}}), {.adds = adds});
}

}  // namespace dojo::compiler
