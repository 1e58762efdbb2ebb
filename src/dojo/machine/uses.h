// Reads numbers of a machine and notes which, so that a result can say on how many assumed ones it
// rests. Every computation with a machine goes through one of these; nothing else gives numbers
// out of it.
//
//   Uses uses(machine);
//   const int64_t cycles = uses.cycles("die/edge/latency");  // the clock is noted too
//   uses.count().assumed
//
// Names are looked up: read before a hot loop, never inside. Not thread-safe; give each thread its
// own and add() them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/machine/machine.h"

namespace dojo::machine {

struct UseCount {
  int64_t published = 0, derived = 0, assumed = 0;

  int64_t& of(Status status) {
    return status == Status::kPublished ? published
           : status == Status::kDerived ? derived
                                        : assumed;
  }
};

class Uses {
 public:
  explicit Uses(const Machine& machine);  // which outlives this

  const Machine& machine() const { return *machine_; }
  bool has(std::string_view name) const { return machine_->find(name) != nullptr; }

  // REQUIRES: the machine has this parameter, and it is of this kind.
  int64_t whole(std::string_view name);   // in the unit of the field: bytes, Hz, things
  double real(std::string_view name);     // the same
  int64_t cycles(std::string_view name);  // of a time
  Rate rate(std::string_view name);
  const std::string& word(std::string_view name);
  const std::vector<Coord>& places(std::string_view name);

  // What was read so far, in the machine's order.
  std::vector<const Parameter*> used() const;
  UseCount count() const;

  // Notes what the other one read. REQUIRES: of the same machine.
  void add(const Uses& other);

 private:
  const Parameter& note(std::string_view name, Field::Kind kind);

  const Machine* machine_;
  std::vector<bool> used_;  // by the index of the parameter
};

}  // namespace dojo::machine
