#include "dojo/program/flat_view.h"

#include <gtest/gtest.h>

#include "dojo/base/random.h"
#include "dojo/program/test_programs.h"
#include "dojo/program/text.h"

namespace dojo::program {
namespace {

// Of `vector VIEW = move 0` with a: bf16[4, 6, 8] at 1024 and a loop's k around.
struct One {
  explicit One(const std::string& view)
      : program(parse_program(
            "program \"p\" { nodes 8 x 8 layout l { code at 0 size 1024 a: bf16[4, 6, "
            "8] at 1024 } class c uses l { on [0, 0] thread 0 { loop k < 2 { vector " +
            view + " = move 0 } } } }")),
        code(program.classes[0].threads[0]),
        flat(flatten(program, code, code.vectors[0].to)) {}

  Program program;
  const Code& code;
  FlatView flat;
};

TEST(FlatView, TheWholeIsOneRun) {
  const One one("a");
  EXPECT_EQ(one.flat.address, 1024);
  EXPECT_EQ(one.flat.run_bytes, 4 * 6 * 8 * 2);
  EXPECT_EQ(one.flat.num_levels, 0u);
}

TEST(FlatView, RowsThatFollowEachOtherAreOneRun) {
  const One one("a[k + 1, 2:+3, :]");
  EXPECT_EQ(one.flat.address, 1024 + 96 + 32);
  EXPECT_EQ(one.flat.terms, (std::vector<Term>{{96, kFirstCounter}}));
  EXPECT_EQ(one.flat.run_bytes, 48);
  EXPECT_EQ(one.flat.num_levels, 0u);
}

TEST(FlatView, StepsThatGoOnAreOneLevel) {
  const One one("a[0:+2, :, 0:+4:2]");  // every other element of 12 rows of 8
  EXPECT_EQ(one.flat.run_bytes, 2);
  ASSERT_EQ(one.flat.num_levels, 1u);
  EXPECT_EQ(one.flat.levels[0], (FlatView::Level{48, 4}));
  const One block("a[:, 0:+2, 0:+4]");
  EXPECT_EQ(block.flat.run_bytes, 8);
  ASSERT_EQ(block.flat.num_levels, 2u);
  EXPECT_EQ(block.flat.levels[0], (FlatView::Level{4, 96}));
  EXPECT_EQ(block.flat.levels[1], (FlatView::Level{2, 16}));
}

TEST(FlatView, RepeatedElementsStayRuns) {
  const One one("a[0:+4:0, 1, 0:+8:0]");
  EXPECT_EQ(one.flat.run_bytes, 2);
  EXPECT_EQ(one.flat.num_runs(), 32);
}

// Element by element, from the definition.
std::vector<int64_t> addresses(const Program& program, const Code& code, const View& view,
                               const Frame& frame) {
  const Allocation& a = program.allocation(view);
  std::vector<int64_t> all = {0};
  for (size_t d = 0; d < a.shape.size(); ++d) {
    const Dim& dim = code.dims[view.first_dim + d];
    std::vector<int64_t> next;
    for (const int64_t outer : all)
      for (int64_t i = 0; i < dim.count; ++i)
        next.push_back(outer * a.shape[d] + code.value(dim.start, frame) + i * dim.step);
    all = std::move(next);
  }
  for (int64_t& i : all) i = a.address + i * size_bytes(a.element);
  return all;
}

TEST(FlatView, DrawnViewsHaveTheAddressesOfTheDefinition) {
  int64_t views = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Program program = random_program(seed);
    for (const NodeClass& c : program.classes)
      for (const Code& code : c.threads)
        for (const Vector& vector : code.vectors) {
          dojo::Random random(seed, 7);
          Frame frame;
          for (int64_t& v : frame) v = random.below(100);
          const FlatView flat = flatten(program, code, vector.to);
          std::vector<int64_t> seen;
          for_each_run(flat, frame, [&](int64_t address) {
            const int64_t step = size_bytes(program.allocation(vector.to).element);
            for (int64_t b = 0; b < flat.run_bytes; b += step) seen.push_back(address + b);
          });
          ASSERT_EQ(seen, addresses(program, code, vector.to, frame)) << print_program(program);
          EXPECT_EQ(flat.num_runs() * flat.run_bytes,
                    vector.to.elements * size_bytes(program.allocation(vector.to).element));
          ++views;
        }
  }
  EXPECT_GT(views, 300);
}

}  // namespace
}  // namespace dojo::program
