#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "dojo/base/json.h"
#include "dojo/emulate/validate.h"
#include "dojo/machine/unit.h"

namespace dojo::emulate {

using machine::print_number;

std::string show_figures(const std::vector<Figure>& figures) {
  std::string text = fmt::format("{:<20}  {:<13}  {:<13}  {:>9}  {}\n", "figure", "published",
                                 "simulated", "deviation", "rests on: published, derived, assumed");
  for (const Figure& f : figures) {
    text += fmt::format("{:<20}  {:<13}  {:<13}  {:>+7.2f} %  {}, {}, {}\n",
                        fmt::format("{} {}", name(f.level), f.name),
                        print_number(f.published, f.unit, 4) +
                            (f.status == machine::Status::kPublished ? "" : " *"),
                        print_number(f.simulated, f.unit, 4), 100 * f.deviation(),
                        f.numbers.published, f.numbers.derived, f.numbers.assumed);
    text += fmt::format("    {}{}{}\n", f.run, f.reason.empty() ? "" : "; ", f.reason);
  }
  return text + "* not read in a source of the maker's\n";
}

std::string figures_json(const std::vector<Figure>& figures) {
  nlohmann::ordered_json json = {{"figures", nlohmann::ordered_json::array()}};
  for (const Figure& f : figures)
    json["figures"].push_back({{"level", name(f.level)},
                               {"figure", f.name},
                               {"unit", f.unit},
                               {"published", f.published},
                               {"simulated", f.simulated},
                               {"deviation", f.deviation()},
                               {"status", name(f.status)},
                               {"source", f.source},
                               {"run", f.run},
                               {"reason", f.reason},
                               {"cycles", f.cycles},
                               {"numbers",
                                {{"published", f.numbers.published},
                                 {"derived", f.numbers.derived},
                                 {"assumed", f.numbers.assumed}}}});
  return dump(json);
}

}  // namespace dojo::emulate
