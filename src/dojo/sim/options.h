// How a program is run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "dojo/sim/time.h"
#include "dojo/sim/watcher.h"

namespace dojo::sim {

class Observer;  // observer.h

enum class Level : uint8_t {
  kFunctional,  // every instruction and every message takes a cycle: values without time
  kBurst,       // transfers are events on links
  kFlit,        // routers flit by flit: docs/simulator.md
};
std::string_view name(Level level);  // "functional", "burst", "flit"
std::optional<Level> parse_level(std::string_view word);

inline constexpr Cycles kMostCycles = Cycles{1} << 38;  // of any run: two minutes at 2 GHz

// When the state of a run is written, so that another one can go on from there.
struct Checkpoints {
  std::vector<Cycles> at;  // ascending; before whatever happens in such a cycle
  Cycles every = 0;        // instead at its multiples, as far as something happens in between
  std::function<void(Cycles cycle, std::string_view state)> write;

  Cycles after(Cycles cycle) const;  // the first one behind it, or kNever
};

struct Options {
  Level level = Level::kBurst;
  bool values = true;  // without, nothing is computed: only time
  bool races = true;   // with values: data races are looked for

  // Of stochastic rounding: RoundingRandom{seed, stream_id(name), step}.
  uint64_t seed = 0;
  uint32_t step = 0;

  // Threads of the host; results are the same with any number. At the level flit the network is
  // shared out, with values what instructions compute.
  int threads = 1;

  Observer* observer = nullptr;  // looks on; outlives the run

  Watcher* watcher = nullptr;  // told how far it is; outlives the run

  bool critical_path = false;  // Result::critical_path is wanted. REQUIRES: not kFunctional

  const Checkpoints* checkpoints = nullptr;  // outlives the run

  Cycles most_cycles = kMostCycles;  // a run that is not done by then is an error
};

}  // namespace dojo::sim
