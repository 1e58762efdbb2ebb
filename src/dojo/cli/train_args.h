// The options of `dojo train`, and the run that they ask for: a new one, or one that goes on.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "dojo/cli/args.h"
#include "dojo/cli/network_args.h"
#include "dojo/train/run_config.h"

namespace dojo {

// As they were typed. What must be looked up first is not in `run` yet.
struct TrainArgs {
  RunOptions run;
  NetworkArgs network;
  std::string out, resume;  // folders
  std::string cache = "none", order = std::string(name(RunOptions().order)), format = "f32";
  std::vector<std::string> without;
  std::string memory;
  bool quiet = false, json = false, profile = false;
};

// parse() of the result fills `given`, which stays where it is until then.
Args train_args(TrainArgs* given);

// The functions below throw Error(kConfig) that names the option.

RunOptions new_run(const Args& args, const TrainArgs& given, std::span<const std::string> argv);

// The end of a run that is resumed may be moved, and what changes no byte; all else is as it began.
void check_resumed(const Args& args, const TrainArgs& given);
RunOptions resumed_run(const Args& args, const TrainArgs& given, RunOptions stored);

}  // namespace dojo
