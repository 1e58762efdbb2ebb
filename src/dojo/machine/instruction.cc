#include "dojo/machine/instruction.h"

namespace dojo::machine {
namespace {

struct Row {
  std::string_view name, meaning;
};

constexpr std::array<Row, kNumInstructions> kRows = {{
    {"matrix_multiply", "one step of the matrix unit: rows x columns results, `depth` terms each"},
    {"vector_arithmetic", "add, multiply, multiply-add, compare, select: one register"},
    {"vector_special", "exponential, logarithm, reciprocal, square root: one register"},
    {"vector_convert", "one register into another number format, stochastic rounding included"},
    {"vector_shuffle", "permutation or transposition within registers"},
    {"vector_load", "one register from the node's own SRAM"},
    {"vector_store", "one register to the node's own SRAM"},
    {"scalar", "integer arithmetic, addresses, loop counters"},
    {"branch", "a jump, taken or not"},
    {"transfer", "one descriptor of the list engine, before its first packet"},
    {"signal", "adding to a semaphore, without the way to its node"},
    {"wait", "testing a semaphore that is already high enough"},
    {"barrier", "one node's part in a barrier, without the messages"},
}};

}  // namespace

std::string_view name(Instruction i) { return kRows[at(i)].name; }

std::string_view meaning(Instruction i) { return kRows[at(i)].meaning; }

}  // namespace dojo::machine
