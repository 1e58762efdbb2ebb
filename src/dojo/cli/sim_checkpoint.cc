#include "dojo/cli/sim_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/text.h"
#include "dojo/cli/commit.h"
#include "dojo/cli/common.h"

namespace dojo {
namespace {

constexpr std::string_view kCycle = "{cycle}";
constexpr int64_t kMostFileBytes = int64_t{1} << 36;

std::string file_of(std::string name, sim::Cycles cycle) {
  if (const size_t at = name.find(kCycle); at != std::string::npos)
    name.replace(at, kCycle.size(), fmt::format("{}", cycle));
  return name;
}

std::vector<sim::Cycles> parse_cycles(std::string_view text) {
  std::vector<sim::Cycles> cycles;
  while (!text.empty()) {
    sim::Cycles cycle = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cycle);
    const auto length = static_cast<size_t>(end - text.data());
    const bool goes_on = length < text.size();
    if (error != std::errc() || cycle < 0 || cycle > sim::kMostCycles ||
        (goes_on && (text[length] != ',' || length + 1 == text.size())))
      throw Error(Category::kConfig,
                  fmt::format("\"{}\" is no list of cycles up to 2^38", one_line(text)),
                  "--checkpoint-at", "write it as 1000,2000");
    cycles.push_back(cycle);
    text.remove_prefix(goes_on ? length + 1 : length);
  }
  std::sort(cycles.begin(), cycles.end());
  cycles.erase(std::unique(cycles.begin(), cycles.end()), cycles.end());
  return cycles;
}

}  // namespace

void add_sim_checkpoints(Args* args, SimCheckpointArgs* wanted) {
  args->option("--checkpoint", "FILE",
               "where the state of the run goes; {cycle} in it stands for the cycle, without it "
               "each takes the place of the one before",
               &wanted->file);
  args->option("--checkpoint-at", "CYCLES", "when: before these cycles, as 1000,2000", &wanted->at);
  args->option("--checkpoint-every", "N", "when: before each N-th cycle", &wanted->every,
               {.min = 0, .max = static_cast<double>(sim::kMostCycles)});
  args->option("--from", "FILE",
               "go on from such a state, of the same program and machine, with its level and "
               "values",
               &wanted->from);
}

SimCheckpoints::SimCheckpoints(const SimCheckpointArgs& args) : args_(args) {
  checkpoints_.at = parse_cycles(args.at);
  checkpoints_.every = args.every;
  const bool when = !args.at.empty() || args.every > 0;
  if (when == args.file.empty() || (!args.at.empty() && args.every > 0))
    throw Error(Category::kConfig,
                when && !args.file.empty() ? "both --checkpoint-at and --checkpoint-every"
                                           : "checkpoints need a file and a time",
                "--checkpoint", "give --checkpoint FILE and --checkpoint-at 1000 or -every 1000");
  if (!args.file.empty()) check_output_file(file_of(args.file, 0), "checkpoint");
  if (args.from.empty()) return;
  check_exists(args.from);
  try {
    from_ = sim::parse_checkpoint(read_file(args.from, kMostFileBytes));
  } catch (const Error& error) {
    if (!error.where().empty()) throw;
    throw Error(error.category(), error.message(), one_line(args.from), error.hint());
  }
}

void SimCheckpoints::set(const program::Program& program, const machine::Machine& machine,
                         sim::Options* options) {
  head_ = sim::checkpoint_head(source_commit(), program, machine, *options);
  if (from_) sim::require_same_run(from_->head, head_);
  if (args_.file.empty()) return;
  checkpoints_.write = [this](sim::Cycles cycle, std::string_view state) { write(cycle, state); };
  options->checkpoints = &checkpoints_;
}

void SimCheckpoints::write(sim::Cycles cycle, std::string_view state) const {
  sim::CheckpointHead head = head_;
  head.cycle = cycle;
  AtomicFile file(file_of(args_.file, cycle));
  file.write(sim::checkpoint_prefix(head, state));
  file.write(state);
  file.commit();
}

void SimCheckpoints::finish(sim::Cycles cycles) const {
  const sim::Cycles begin = from_ ? from_->head.cycle : 0;
  for (const sim::Cycles at : checkpoints_.at)
    if (at > cycles || at < begin)
      warn({fmt::format("no checkpoint of cycle {}: the run was from cycle {} to {}", at, begin,
                        cycles)});
}

}  // namespace dojo
