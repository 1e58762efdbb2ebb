#include "dojo/compiler/library/folded_ring.h"

namespace dojo::compiler {

using program::ArgumentStep;
using program::Expr;
using program::Formula;

namespace {

Formula add(const Formula& a, const Formula& b) {
  return Formula::apply(ArgumentStep::Op::kAdd, a, b);
}
Formula subtract(const Formula& a, const Formula& b) {
  return Formula::apply(ArgumentStep::Op::kSubtract, a, b);
}
Formula multiply(const Formula& a, const Formula& b) {
  return Formula::apply(ArgumentStep::Op::kMultiply, a, b);
}

// a where `which` is 0, b where it is 1.
Formula choose(const Formula& which, const Formula& a, const Formula& b) {
  return add(multiply(subtract(1, which), a), multiply(which, b));
}

}  // namespace

Formula ring_position(const Expr& coordinate, int64_t nodes) {
  const Formula half = Formula(coordinate) / 2;
  return choose(Formula(coordinate) % 2, half, subtract(nodes - 1, half));
}

Formula ring_coordinate(const Formula& position, int64_t nodes) {
  const Formula twice = multiply(position, 2);
  const Formula comes_back = twice / nodes;  // 0 or 1
  return choose(comes_back, twice, subtract(2 * nodes - 1, twice));
}

Formula ring_coordinate_at(const Expr& position, int64_t steps, int64_t nodes) {
  return ring_coordinate(Formula(position + (steps + nodes)) % nodes, nodes);
}

}  // namespace dojo::compiler
