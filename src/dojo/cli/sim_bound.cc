#include "dojo/cli/sim_bound.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/json.h"
#include "dojo/base/text.h"

namespace dojo {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMostFileBytes = 1 << 20;

sim::Cycles cycles(const Json& json, const char* part) {
  const Json& number = json.at("bound").at(part);
  if (!number.is_number_integer() || number.get<double>() < 0 ||
      number.get<double>() > static_cast<double>(sim::kMostCycles))
    throw Error(Category::kInput, fmt::format("bound/{} is no number of cycles", part));
  return number.get<sim::Cycles>();
}

// What the program was made as: "20 x 17 nodes in 9 classes on d1_die".
std::string shape(int64_t columns, int64_t rows, size_t classes, const std::string& machine) {
  return fmt::format("{} x {} nodes in {} classes on {}", columns, rows, classes,
                     one_line(machine));
}

}  // namespace

sim::FormulaBound read_bound(const std::string& path, const program::Program& program,
                             const std::string& machine) {
  const char* hint = "give what `dojo program make NAME --out FILE --json` printed";
  const std::string text = read_file(path, kMostFileBytes);
  sim::FormulaBound bound;
  std::string made;
  try {
    const Json json = Json::parse(text);
    bound = {.name = json.at("name").get<std::string>(),
             .compute = cycles(json, "compute"),
             .sram = cycles(json, "sram"),
             .links = cycles(json, "links"),
             .latency = cycles(json, "latency")};
    made = shape(json.at("columns").get<int64_t>(), json.at("rows").get<int64_t>(),
                 json.at("classes").get<size_t>(), json.at("machine").get<std::string>());
  } catch (const Json::exception& error) {
    throw Error(Category::kInput, "no bound of a program: " + json_problem(error, text), path,
                hint);
  } catch (const Error& error) {
    throw Error(Category::kInput, std::string("no bound of a program: ") + error.what(), path,
                hint);
  }
  const std::string runs =
      shape(program.grid.x, program.grid.y, program.classes.size(), to_utf8(machine));
  if (made != runs)
    throw Error(Category::kInput,
                fmt::format("the bound of a program of {}, and this one is of {}", made, runs),
                path, hint);
  return bound;
}

}  // namespace dojo
