#include "dojo/host/passes.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/error.h"

namespace dojo {
namespace {

constexpr HostPass kPasses[] = {
    {"bf16",
     "where the processor multiplies bf16 it stays in two bytes, else it becomes f32 with rounding",
     &HostOptions::native_bf16},
    {"fold", "what depends on constants only is computed once", &HostOptions::fold},
    {"channels-last", "images lie in memory pixel by pixel, with all channels of a pixel together",
     &HostOptions::channels_last},
    {"packed-weights",
     "weights of convolutions, their moments and averages stay in the order of their gradient",
     &HostOptions::packed_weights},
    {"fuse", "nodes that one kernel computes together become a unit", &HostOptions::fuse},
    {"in-place", "updates are made in the memory of their state", &HostOptions::in_place},
    {"winograd", "3x3 convolutions by Winograd's algorithm, where it is faster",
     &HostOptions::winograd},
    {"lower", "units become steps over buffers", nullptr},
    {"share", "a result takes the memory of an operand that nobody else needs",
     &HostOptions::share},
    {"arena", "buffers get places in one block by the time that they live", &HostOptions::arena},
};

}  // namespace

std::span<const HostPass> host_passes() { return kPasses; }

std::string host_pass_names(bool all) {
  std::string text;
  for (const HostPass& pass : kPasses)
    if (all || pass.option) text += fmt::format("{}{}", text.empty() ? "" : ", ", pass.name);
  return text;
}

const HostPass& host_pass(std::string_view name, const std::string& where) {
  const auto found = std::find_if(std::begin(kPasses), std::end(kPasses),
                                  [&](const HostPass& pass) { return pass.name == name; });
  if (found == std::end(kPasses))
    throw Error(Category::kConfig, fmt::format("there is no pass \"{}\"", name), where,
                "they are " + host_pass_names(true));
  return *found;
}

void leave_out(const std::vector<std::string>& names, HostOptions* options,
               const std::string& where) {
  for (const std::string& name : names) {
    const HostPass& pass = host_pass(name, where);
    if (!pass.option)
      throw Error(Category::kConfig, fmt::format("there is no step without the pass {}", name),
                  where, "those that can be left out are " + host_pass_names(false));
    options->*pass.option = false;
  }
}

std::string host_passes_markdown() {
  std::string text = "| pass | what it does | can be left out |\n|---|---|---|\n";
  for (const HostPass& pass : kPasses)
    text +=
        fmt::format("| `{}` | {} | {} |\n", pass.name, pass.summary, pass.option ? "yes" : "no");
  return text;
}

}  // namespace dojo
