#include "dojo/program/builder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/program/test_programs.h"
#include "dojo/program/text.h"

namespace dojo::program {
namespace {

std::string example(std::string_view file) {
  for (const Example& e : examples())
    if (e.file == file) return e.text;
  return "";
}

TEST(Builder, BuildsWhatTheTextSays) {
  Builder b("two-node copy", {2, 1});
  const LayoutId main = b.layout("main");
  b.code(0, 1024);
  const AllocationId a = b.allocate("a", {ElementKind::kBF16}, {64}, {.is_input = true});
  const AllocationId c = b.allocate("b", {ElementKind::kBF16}, {64});
  const AllocationId doubled =
      b.allocate("doubled", {ElementKind::kF32}, {64}, {.is_output = true});
  const SemaphoreId full = b.semaphore("full");
  ClassBuilder sender = b.node_class("sender", main);
  sender.on({{0}, {0}});
  sender.thread(2).copy_to(node(x() + 1, y()), {{c, a}}, {.there = full});
  ClassBuilder receiver = b.node_class("receiver", main);
  receiver.on({{1}, {0}});
  receiver.thread(0).wait(full);
  receiver.thread(0).vector(VectorOp::kAdd, doubled, {Block(c), Block(c)});
  EXPECT_EQ(std::move(b).finish(), parse_program(example("two_node_copy.program")));
}

TEST(Builder, LoopsAndArgumentsAsTheTextSays) {
  Builder b("ring reduce on a row of 8", {8, 1});
  const LayoutId main = b.layout("main");
  b.code(0, 2048);
  const AllocationId sums = b.allocate("sums", {}, {8, 32}, {.is_input = true});
  const AllocationId in = b.allocate("in", {}, {2, 32});
  const AllocationId part = b.allocate("part", {}, {32}, {.is_output = true});
  const SemaphoreId full = b.semaphore("full", 0, 2), room = b.semaphore("room", 1, 2);
  const SemaphoreId added = b.semaphore("added");
  ClassBuilder member = b.node_class("member", main);
  member.on({{0, 8}, {0}});
  const Expr right = member.let("right", Formula(x() + 1) % 8);
  const Expr left = member.let("left", Formula(x() + 7) % 8);
  // Threads may be written in any order, and in turns.
  ThreadBuilder sends = member.thread(2), adds = member.thread(0);
  const auto loop = [&](ThreadBuilder* t, const Expr& first) {
    return t->begin_loop("k", 7, {{"p", first, -1, 8}, {"slot", 0, 1, 2}});
  };
  const std::vector<Expr> s = loop(&sends, x() - 1), t = loop(&adds, x() - 2);
  sends.wait({room, s[2]});
  adds.wait({full, t[2]});
  const Block sum{sums, {{t[1], 1}, {}}};
  adds.vector(VectorOp::kAdd, sum, {sum, Block(in, {{t[2], 1}, {}})});
  adds.signal(node(left, y()), {room, t[2]});
  adds.signal(here(), added);
  adds.end_loop();
  sends.copy_to(node(right, y()), {{{in, {{s[2], 1}, {}}}, {sums, {{s[1], 1}, {}}}}},
                {.there = {full, s[2]}});
  sends.wait(added);
  sends.end_loop();
  adds.vector(VectorOp::kMove, part, {Block(sums, {{x(), 1}, {}})});
  EXPECT_EQ(std::move(b).finish(), parse_program(example("ring_reduce.program")));
}

TEST(Builder, AddressesFollowEachOther) {
  Builder b("p", {1, 1});
  b.layout("l");
  b.code(100, 50);
  const AllocationId a = b.allocate("a", {ElementKind::kU8}, {1});
  const AllocationId far = b.allocate("far", {ElementKind::kU8}, {10}, {.address = 1000});
  const AllocationId c = b.allocate("c", {ElementKind::kU8}, {1});
  EXPECT_EQ(b.so_far().allocation(a).address, 192);
  EXPECT_EQ(b.so_far().allocation(far).address, 1000);
  EXPECT_EQ(b.so_far().allocation(c).address, 1024);
}

TEST(Builder, SumsAreOrderedAndWithoutZeros) {
  const Expr e = 3 * y() + x() - 2 * y() + 4 - y() + Expr::variable(kFirstCounter) * 2 - 1;
  EXPECT_EQ(e.constant(), 3);
  ASSERT_EQ(e.terms().size(), 2u);
  EXPECT_EQ(e.terms()[0], (Term{1, kX}));
  EXPECT_EQ(e.terms()[1], (Term{2, kFirstCounter}));
  EXPECT_TRUE((e * 0).terms().empty());
}

TEST(Builder, AnOpenLoopIsAnError) {
  Builder b("p", {1, 1});
  const LayoutId l = b.layout("l");
  ClassBuilder c = b.node_class("c", l);
  c.on({{0}, {0}});
  c.thread(1).begin_loop("k", 3);
  EXPECT_THROW(std::move(b).finish(), Error);
}

// What can be built can be written down and read back.
TEST(Builder, GivesOnlyWhatTheTextFormCanSay) {
  Builder b("p", {8, 2});
  const LayoutId l = b.layout("l");
  for (const char* name : {"input", "output", "live", "pad", "x"})
    EXPECT_THROW(b.allocate(name, {}, {8}), Error) << name;
  const Region column{{3, 1, 5}, {0, 2, 1}};
  b.barrier("all", column, {3, 1});
  b.node_class("c", l).on(column);
  const Program program = std::move(b).finish();
  EXPECT_EQ(parse_program(print_program(program)), program);
}

// What the parser cannot say, since it refuses it earlier.
TEST(Builder, RefusesWhatIsInAnotherLayoutOrTooLarge) {
  Builder b("p", {1, 1});
  const LayoutId l = b.layout("l");
  const AllocationId a = b.allocate("a", {}, {8});
  const LayoutId other = b.layout("other");
  const AllocationId far = b.allocate("far", {}, {8});
  const SemaphoreId s = b.semaphore("s");
  ClassBuilder c = b.node_class("c", l);
  c.on({{0}, {0}});
  ThreadBuilder t = c.thread(0);
  EXPECT_THROW(t.vector(VectorOp::kMove, far, {1.0F}), Error);
  EXPECT_THROW(t.wait(s), Error);
  EXPECT_THROW(t.copy_to(node(0, 0), {{far, a}}), Error);
  EXPECT_THROW(t.signal(here(), s), Error);
  EXPECT_THROW(t.signal(here().of(other), s), Error);
  EXPECT_THROW(t.vector(VectorOp::kMove, a, {std::numeric_limits<float>::quiet_NaN()}), Error);
  EXPECT_THROW(t.idle(kMaxConstant + 1), Error);
  EXPECT_THROW(t.idle((kMaxFactor + 1) * x()), Error);
  EXPECT_EQ(t.num_instructions(), 0u);
  t.copy_to(node(0, 0).of(other), {{far, a}}, {.there = s});
  EXPECT_EQ(t.num_instructions(), 1u);
}

}  // namespace
}  // namespace dojo::program
