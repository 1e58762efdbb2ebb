#include "dojo/program/program.h"

#include <bit>

namespace dojo::program {
namespace {

int64_t product(const std::vector<int64_t>& shape) {
  int64_t elements = 1;
  for (const int64_t d : shape) elements *= d;
  return elements;
}

}  // namespace

int64_t Allocation::num_elements() const { return product(shape); }
int64_t Random::num_elements() const { return product(shape); }

bool Operand::operator==(const Operand& other) const {
  return view == other.view &&
         std::bit_cast<uint32_t>(constant) == std::bit_cast<uint32_t>(other.constant);
}

int64_t Program::bytes_of(const Code& code, const Copy& copy) const {
  int64_t bytes = 0;
  for (const Piece& piece : code.pieces_of(copy))
    bytes += piece.to.elements * size_bytes(allocation(piece.to).element);
  return bytes;
}

std::span<const Allocation> Program::allocations_of(const Layout& layout) const {
  return std::span(allocations)
      .subspan(static_cast<size_t>(layout.first_allocation),
               static_cast<size_t>(layout.num_allocations));
}

std::span<const Semaphore> Program::semaphores_of(const Layout& layout) const {
  return std::span(semaphores)
      .subspan(static_cast<size_t>(layout.first_semaphore),
               static_cast<size_t>(layout.num_semaphores));
}

bool set_arguments(const NodeClass& node_class, const ClassRegion& region, Coord node,
                   Frame* frame) {
  (*frame)[kX] = node.x;
  (*frame)[kY] = node.y;
  size_t given = 0;
  for (size_t i = 0; i < node_class.arguments.size(); ++i) {
    const Argument& argument = node_class.arguments[i];
    int64_t& slot = (*frame)[kFirstArgument + i];
    if (argument.steps.empty()) {
      slot = region.values[given++];
      continue;
    }
    const auto value = evaluate(argument.steps, *frame);
    if (!value) return false;
    slot = *value;
  }
  return true;
}

}  // namespace dojo::program
