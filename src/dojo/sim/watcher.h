// What a run tells now and then of how far it is.
#pragma once

#include <cstdint>

#include "dojo/sim/time.h"

namespace dojo::sim {

class Watcher {
 public:
  virtual ~Watcher() = default;
  // The cycle that is simulated, which may be a little behind an earlier one, and events so far.
  virtual void look(Cycles now, int64_t events) = 0;
};

}  // namespace dojo::sim
