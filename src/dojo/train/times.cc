#include "dojo/train/times.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace dojo {

Times times_of(const std::string& metrics) {
  Times t;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    const auto j = nlohmann::json::parse(line, nullptr, false);
    if (!j.is_object() || !j.contains("time") || (j.contains("kind") && j["kind"] == "final"))
      continue;
    const auto number = [](const nlohmann::json& in, const char* name) {
      if (!in.is_object() || !in.contains(name) || !in[name].is_number()) return 0.0;
      return in[name].get<double>();
    };
    const auto seconds = [&](const char* name) { return number(j["time"], name); };
    if (j["time"].is_object() && j["time"].contains("waited_for"))
      for (const auto& [name, cause] : kWaitCauses)
        t.waited_for.*cause += number(j["time"]["waited_for"], name);
    t.wait += seconds("wait_seconds");
    t.compute += seconds("compute_seconds");
    t.decode += seconds("decode_seconds");
    t.eval += seconds("eval_seconds");
    t.elapsed = std::max(t.elapsed, seconds("elapsed_seconds"));
  }
  return t;
}

}  // namespace dojo
