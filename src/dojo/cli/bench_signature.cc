// dojo bench --signature: one number over what fixed programs do on the simulated machine.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "dojo/base/interrupt.h"
#include "dojo/cli/bench.h"
#include "dojo/cli/common.h"
#include "dojo/emulate/signature.h"

namespace dojo {

void print_signature(bool json) {
  const InterruptGuard guard(InterruptGuard::kThrow);
  const std::vector<emulate::SignaturePart> parts = emulate::signature_parts();
  const std::string all = fmt::format("{:08x}", emulate::signature(parts));
  if (!json) {
    for (const emulate::SignaturePart& p : parts)
      fmt::print("{:<16}  {:<6}  {:>8} cycles  {:08x}\n", p.program, p.machine, p.cycles,
                 p.outputs);
    fmt::print("signature {}\n", all);
    return;
  }
  nlohmann::ordered_json object = {{"signature", all},
                                   {"programs", nlohmann::ordered_json::array()}};
  for (const emulate::SignaturePart& p : parts)
    object["programs"].push_back({{"program", p.program},
                                  {"machine", p.machine},
                                  {"cycles", p.cycles},
                                  {"outputs", fmt::format("{:08x}", p.outputs)}});
  print_json(object);
}

}  // namespace dojo
