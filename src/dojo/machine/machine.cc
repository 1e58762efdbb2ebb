#include "dojo/machine/machine.h"

#include <algorithm>
#include <cmath>

#include "dojo/base/check.h"

namespace dojo::machine {
namespace {

// Of a parameter of time or rate: whether it is written in seconds.
bool in_seconds(const Parameter& p) {
  return !same_kind(p.parsed_unit, parse_unit(p.field->unit).value());
}

}  // namespace

const Parameter* Machine::find(std::string_view parameter) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const Parameter& p) { return p.name == parameter; });
  return found == parameters.end() ? nullptr : &*found;
}

int64_t clock_hz(const Machine& machine) {
  const Parameter* clock = machine.find("node/clock");
  DOJO_CHECK(clock);
  return std::llround(convert(clock->value, clock->parsed_unit, parse_unit("Hz").value()));
}

double in_field_unit(const Parameter& p, int64_t clock_hz) {
  const auto clock = static_cast<double>(clock_hz);
  if (p.field->kind == Field::Kind::kTime && in_seconds(p)) {
    // One multiplication with integers first: 100 ns at 2 GHz are exactly 200.
    const double cycles = p.value * static_cast<double>(p.parsed_unit.numerator) * clock /
                          static_cast<double>(p.parsed_unit.denominator);
    return std::ceil(cycles - 1e-12 * std::max(1.0, cycles));  // of what rounding may have added
  }
  if (p.field->kind == Field::Kind::kRate && in_seconds(p))
    return convert(p.value, p.parsed_unit, parse_unit("B/s").value()) / clock;
  return convert(p.value, p.parsed_unit, parse_unit(p.field->unit).value());
}

Rate rate_of(const Parameter& p, int64_t clock_hz) {
  DOJO_CHECK(p.field->kind == Field::Kind::kRate);
  if (in_seconds(p))
    return make_rate(std::llround(convert(p.value, p.parsed_unit, parse_unit("B/s").value())),
                     clock_hz);
  constexpr int64_t kPieces = 1'000'000;
  return make_rate(std::llround(in_field_unit(p, clock_hz) * kPieces), kPieces);
}

}  // namespace dojo::machine
