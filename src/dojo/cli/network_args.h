// The options of `dojo train` that choose the network of its task, some of which only one task has.
// A resumed run refuses them: it keeps the network that it began with.
#pragma once

#include <cstdint>
#include <string>

#include "dojo/cli/args.h"
#include "dojo/train/run_config.h"

namespace dojo {

struct NetworkArgs {  // 0 or "" where an option is not given
  int64_t batch = 0, frames = 0, channels = 0, layers = 0, patch = 0;
  double masked = 0;
  std::string size;   // "HEIGHTxWIDTH"
  std::string model;  // of the task ego: "motion" or "vit"
};

inline constexpr const char* kNetworkArgs[] = {"--model",    "--batch",  "--size",  "--frames",
                                               "--channels", "--layers", "--patch", "--masked"};

// `defaults`: of every task, for the help.
void add_options(Args* args, NetworkArgs* chosen, const RunOptions& defaults);

// Into the network of o->task, which is one that there is. Throws Error(kConfig) that names the
// options of a network that there cannot be, or one that is for another task.
void apply(const NetworkArgs& chosen, RunOptions* o);

}  // namespace dojo
