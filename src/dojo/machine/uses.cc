#include "dojo/machine/uses.h"

#include <cmath>

#include "dojo/base/check.h"

namespace dojo::machine {

Uses::Uses(const Machine& machine) : machine_(&machine), used_(machine.parameters.size()) {}

const Parameter& Uses::note(std::string_view name, Field::Kind kind) {
  const Parameter* p = machine_->find(name);
  if (!p) check_failed(__FILE__, __LINE__, "no parameter " + std::string(name));
  DOJO_CHECK_EQ(static_cast<int>(p->field->kind), static_cast<int>(kind));
  used_[static_cast<size_t>(p - machine_->parameters.data())] = true;
  // What is written in seconds is in cycles by the clock.
  if ((kind == Field::Kind::kTime || kind == Field::Kind::kRate) &&
      !same_kind(p->parsed_unit, parse_unit(p->field->unit).value()))
    note("node/clock", Field::Kind::kWhole);
  return *p;
}

int64_t Uses::whole(std::string_view name) {
  return std::llround(in_field_unit(note(name, Field::Kind::kWhole), clock_hz(*machine_)));
}

double Uses::real(std::string_view name) {
  return in_field_unit(note(name, Field::Kind::kReal), clock_hz(*machine_));
}

int64_t Uses::cycles(std::string_view name) {
  return std::llround(in_field_unit(note(name, Field::Kind::kTime), clock_hz(*machine_)));
}

Rate Uses::rate(std::string_view name) {
  return rate_of(note(name, Field::Kind::kRate), clock_hz(*machine_));
}

const std::string& Uses::word(std::string_view name) { return note(name, Field::Kind::kWord).word; }

const std::vector<Coord>& Uses::places(std::string_view name) {
  return note(name, Field::Kind::kPlaces).places;
}

std::vector<const Parameter*> Uses::used() const {
  std::vector<const Parameter*> list;
  for (size_t i = 0; i < used_.size(); ++i)
    if (used_[i]) list.push_back(&machine_->parameters[i]);
  return list;
}

UseCount Uses::count() const {
  UseCount count;
  for (const Parameter* p : used()) ++count.of(p->status);
  return count;
}

void Uses::add(const Uses& other) {
  DOJO_CHECK(machine_ == other.machine_);
  for (size_t i = 0; i < used_.size(); ++i) used_[i] = used_[i] || other.used_[i];
}

}  // namespace dojo::machine
