// One thing that a machine description says, and how far it can be believed: a number with its
// unit, a choice by a word, or a list of places.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/machine/level.h"
#include "dojo/machine/schema.h"
#include "dojo/machine/unit.h"

namespace dojo::machine {

enum class Status : uint8_t {
  kPublished,  // the maker said so, in the sources named
  kDerived,    // follows by arithmetic from what was published
  kAssumed,    // no public source says so, or only a report: a default of ours, to be varied
};
std::string_view name(Status status);  // "published", "derived", "assumed"
std::optional<Status> parse_status(std::string_view text);

struct Parameter {
  std::string name;              // "die/edge/latency"
  const Field* field = nullptr;  // what the schema says of it; of a published total nothing
  double value = 0;              // of a number: as it is written, in `unit`
  std::string unit;
  Unit parsed_unit;
  std::string word;           // of a choice
  std::vector<Coord> places;  // of a list
  Status status = Status::kAssumed;
  // Published: keys of the machine's sources. Derived: from what. Assumed: why this value.
  std::string source;
  std::string note;  // "" or what else a reader should know

  std::string file;  // where it stands
  std::string path;  // "/edge/latency": there
};

// Whether a number of this unit can be the field's: of the same kind, or, of a time or a rate, with
// seconds in place of cycles.
bool unit_fits(const Field& field, const Unit& unit);

// "2 GHz", "islip", "(0,3) (7,7)": as it was written.
std::string text_of(const Parameter& parameter);

// "/edge/latency is -5 ns": for messages.
std::string seen(const Parameter& parameter);

// Throws Error(kInput): "/edge/latency is -5 ns, PROBLEM", with the file.
[[noreturn]] void refuse(const Parameter& parameter, std::string_view problem,
                         std::string hint = {});

}  // namespace dojo::machine
