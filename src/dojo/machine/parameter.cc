#include "dojo/machine/parameter.h"

#include <fmt/format.h>

#include <array>

#include "dojo/base/error.h"
#include "dojo/base/text.h"

namespace dojo::machine {
namespace {

constexpr std::array kStatuses = {Status::kPublished, Status::kDerived, Status::kAssumed};

}  // namespace

std::string_view name(Status status) {
  constexpr std::array<std::string_view, 3> kNames = {"published", "derived", "assumed"};
  return kNames[static_cast<size_t>(status)];
}

std::optional<Status> parse_status(std::string_view text) {
  for (const Status status : kStatuses)
    if (name(status) == text) return status;
  return {};
}

bool unit_fits(const Field& field, const Unit& unit) {
  const Unit wanted = parse_unit(field.unit).value();
  if (same_kind(unit, wanted)) return true;
  const bool clocked = field.kind == Field::Kind::kTime || field.kind == Field::Kind::kRate;
  return clocked && same_but_for_clock(unit, wanted);
}

std::string text_of(const Parameter& p) {
  if (!p.word.empty()) return p.word;
  if (!p.unit.empty())
    return p.unit == "1" ? fmt::format("{}", p.value) : fmt::format("{} {}", p.value, p.unit);
  std::string text;
  for (const Coord& c : p.places)
    text += fmt::format("{}({},{})", text.empty() ? "" : " ", c.x, c.y);
  return text;
}

std::string seen(const Parameter& p) {
  return fmt::format("{} is {}", p.path, one_line(text_of(p)));
}

void refuse(const Parameter& p, std::string_view problem, std::string hint) {
  throw Error(Category::kInput, fmt::format("{}, {}", seen(p), problem), p.file, std::move(hint));
}

}  // namespace dojo::machine
