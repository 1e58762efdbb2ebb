#include "dojo/sim/network/router_parameters.h"

#include <fmt/format.h>

#include <string_view>

#include "dojo/base/error.h"

namespace dojo::sim {
namespace {

void check_range(std::string_view name, int value, int least, int most) {
  if (value < least || value > most)
    throw Error(Category::kConfig, fmt::format("{} is {}", name, value), "the router",
                fmt::format("choose it from {} to {}", least, most));
}

}  // namespace

void check(const RouterParameters& p) {
  constexpr int kMostCycles = 1 << 12;
  check_range("virtual_channels", p.virtual_channels, 1, kMostVirtualChannels);
  check_range("buffer_flits", p.buffer_flits, 1, 65535);
  check_range("most_packet_flits", p.most_packet_flits, 1, 65535);
  check_range("routing_cycles", p.routing_cycles, 0, kMostCycles);
  check_range("vc_allocation_cycles", p.vc_allocation_cycles, 0, kMostCycles);
  check_range("switch_allocation_cycles", p.switch_allocation_cycles, 1, kMostCycles);
  check_range("traversal_cycles", p.traversal_cycles, 0, kMostCycles);
  check_range("credit_cycles", p.credit_cycles, 0, kMostCycles);
  check_range("injection_cycles", p.injection_cycles, 1, kMostCycles);
  check_range("ejection_cycles", p.ejection_cycles, 1, kMostCycles);
  check_range("allocation_rounds", p.allocation_rounds, 1, 64);
  check_range("input_speedup", p.input_speedup, 1, p.virtual_channels);
  if (p.virtual_channels % p.input_speedup != 0)
    throw Error(Category::kConfig,
                fmt::format("input_speedup {} does not divide {} virtual channels", p.input_speedup,
                            p.virtual_channels),
                "the router");
}

}  // namespace dojo::sim
