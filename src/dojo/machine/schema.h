// What a machine description has to say at each level: the fields, their units and limits, and what
// each means. The parser, the tables of `dojo machine show` and the ledger all read this one list.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/machine/level.h"

namespace dojo::machine {

struct Field {
  enum class Kind : uint8_t {
    kWhole,   // a number that is whole in `unit`: of things, of bytes
    kReal,    // any number
    kTime,    // "cycles": whole ones, or seconds, which the node's clock turns into cycles
    kRate,    // "B/cycle", or bytes a second
    kWord,    // one of `words`
    kPlaces,  // [[x, y], ...] in the level's grid
  };

  std::string path;  // "edge/latency": groups and a name
  Kind kind = Kind::kWhole;
  std::string_view unit;       // in which `least` and `most` are, and which the code gets
  double least = 0, most = 0;  // allowed values, both included; of a list, of its length
  std::string_view meaning;    // half a sentence for tables
  std::vector<std::string_view> words = {};
  // "" where the field must be there; otherwise a group, "interfaces", that may be absent as a
  // whole, or the field itself.
  std::string_view optional = {};
};

std::span<const Field> fields_of(Level level);

}  // namespace dojo::machine
