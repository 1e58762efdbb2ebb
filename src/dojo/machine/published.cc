#include "dojo/machine/published.h"

#include <algorithm>
#include <cmath>

#include "dojo/machine/total.h"

namespace dojo::machine {

bool Comparison::agrees() const { return std::abs(deviation()) <= kMostDeviation; }

std::string_view total_of(const Parameter& published) {
  return std::string_view(published.name).substr(published.name.rfind('/') + 1);
}

std::vector<Comparison> compare_published(const Machine& machine) {
  std::vector<Comparison> comparisons;
  for (const Parameter& p : machine.published) {
    Comparison c{.published = &p, .total = std::string(total_of(p))};
    c.level = parse_level(std::string_view(p.name).substr(0, p.name.find('/'))).value();
    Uses uses(machine);
    const auto total = total_of_kind(uses, c.level, c.total);
    if (!total) refuse(p, "and the description gives no way to compute it");
    c.unit = total->kind.unit;
    c.published_value = convert(p.value, p.parsed_unit, parse_unit(c.unit).value());
    c.computed = total->value;
    c.uses = uses.count();
    comparisons.push_back(std::move(c));
  }
  std::stable_sort(comparisons.begin(), comparisons.end(),
                   [](const Comparison& a, const Comparison& b) { return a.level < b.level; });
  return comparisons;
}

}  // namespace dojo::machine
