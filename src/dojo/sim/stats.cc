#include "dojo/sim/stats.h"

namespace dojo::sim {
namespace {

struct Row {
  std::string_view name, meaning;
};

constexpr std::array<Row, kNumSpent> kRows = {{
    {"matrix", "multiplying matrices"},
    {"vector", "in vector instructions"},
    {"unit", "waiting for a unit that another thread uses"},
    {"semaphore", "waiting for a semaphore"},
    {"barrier", "waiting at a barrier"},
    {"phase", "waiting for the end of a phase"},
    {"list engine", "waiting for room in the list engine"},
    {"idle", "idling, as the program says"},
    {"other", "in loops, and issuing transfers, signals and tests"},
}};

}  // namespace

std::string_view name(Spent spent) { return kRows[static_cast<size_t>(spent)].name; }
std::string_view meaning(Spent spent) { return kRows[static_cast<size_t>(spent)].meaning; }
bool is_waiting(Spent spent) { return spent >= Spent::kUnit && spent <= Spent::kListEngine; }

}  // namespace dojo::sim
