#include "dojo/host/algorithms.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/json.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/processors.h"
#include "dojo/base/version.h"
#include "dojo/host/onednn.h"

namespace dojo {
namespace {

using nlohmann::json;

constexpr int64_t kMaxFileBytes = 16 << 20;
constexpr int kFewestRounds = 3, kMostRounds = 10;
constexpr double kEnoughSeconds = 0.02;  // of all candidates, after kFewestRounds
constexpr double kHopeless = 3;          // times the best call, after two rounds: not tried again

std::string machine() {
  return fmt::format("{}, {} threads, oneDNN {}, OpenDojo {}", processor_name(), num_threads(),
                     host::onednn::library_version(), version());
}

std::map<std::string, std::string> names_of(const json& object) {
  return object.get<std::map<std::string, std::string>>();
}

// Throws what reading and parsing do. No file is an empty one.
json read_all(const std::string& file) {
  if (!std::filesystem::exists(file)) return json::object();
  json all = json::parse(read_file(file, kMaxFileBytes));
  if (!all.is_object()) throw Error(Category::kInput, "it is no JSON object", file);
  return all;
}

// The fastest call of each candidate, in turn; the first calls warm up.
std::string fastest(const std::vector<Algorithms::Candidate>& candidates) {
  struct Timed {
    std::function<void()> call;
    double best = std::numeric_limits<double>::infinity();
    bool hopeless = false;
  };
  std::vector<Timed> timed;
  double best = std::numeric_limits<double>::infinity(), total = 0;
  for (const auto& candidate : candidates) {
    timed.push_back({candidate.prepare()});
    timed.back().call();
  }
  for (int round = 0; round < kMostRounds; ++round) {
    if (round >= kFewestRounds && total > kEnoughSeconds) break;
    for (Timed& t : timed) {
      if (t.hopeless) continue;
      const double seconds = seconds_of(t.call);
      total += seconds;
      t.best = std::min(t.best, seconds);
      best = std::min(best, t.best);
    }
    for (Timed& t : timed) t.hopeless = round > 0 && t.best > kHopeless * best;
  }
  const auto winner = std::min_element(
      timed.begin(), timed.end(), [](const Timed& a, const Timed& b) { return a.best < b.best; });
  return candidates[static_cast<size_t>(winner - timed.begin())].name;
}

}  // namespace

Algorithms::Algorithms(Options options) : options_(std::move(options)) {
  if (options_.file.empty()) return;
  try {
    const json all = read_all(options_.file);
    if (const auto part = all.find(machine()); part != all.end()) known_ = names_of(*part);
  } catch (const std::exception&) {  // another program's, or damaged
    known_.clear();
    message_ = fmt::format("{} cannot be used; algorithms are timed again", options_.file);
  }
}

const std::string& Algorithms::choose(const std::string& problem,
                                      const std::vector<Candidate>& candidates) {
  DOJO_CHECK(!candidates.empty());
  const auto is_candidate = [&](const std::string& name) {
    return std::any_of(candidates.begin(), candidates.end(),
                       [&](const Candidate& c) { return c.name == name; });
  };
  if (const auto found = chosen_.find(problem); found != chosen_.end()) {
    if (!is_candidate(found->second))
      throw Error(Category::kInput,
                  fmt::format("there is no algorithm \"{}\" for {}", found->second, problem),
                  recorded_in_, "go on with the version of OpenDojo that wrote it");
    return found->second;
  }
  if (const auto found = known_.find(problem); found != known_.end() && is_candidate(found->second))
    return chosen_[problem] = found->second;
  if (candidates.size() == 1) return chosen_[problem] = candidates[0].name;
  if (options_.progress) options_.progress(timed_, problem);
  ++timed_;
  return chosen_[problem] = unsaved_[problem] = fastest(candidates);
}

// What other processes wrote before stays.
void Algorithms::save() {
  if (unsaved_.empty()) return;
  if (options_.progress) options_.progress(timed_, "");
  if (options_.file.empty()) return unsaved_.clear();
  json all = json::object();
  try {
    all = read_all(options_.file);
  } catch (const std::exception&) {  // damaged: message() has told
  }
  json& part = all[machine()];
  try {
    names_of(part);
  } catch (const json::exception&) {  // damaged, or new
    part = json::object();
  }
  for (const auto& [problem, name] : std::exchange(unsaved_, {})) part[problem] = name;
  try {
    make_folder(std::filesystem::path(options_.file).parent_path());
    write_file_atomic(options_.file, dump(all, 1) + "\n");
  } catch (const Error&) {  // then they are timed again another time
  }
}

std::string Algorithms::text() const { return dump(json(chosen_), 1) + "\n"; }

void Algorithms::record(const std::string& text, const std::string& where) {
  try {
    for (auto& [problem, name] : names_of(json::parse(text))) chosen_[problem] = name;
  } catch (const json::exception& e) {
    throw Error(Category::kInput, json_problem(e, text), where,
                "it tells which algorithms a run uses; restore it, or start a new run");
  }
  recorded_in_ = where;
}

}  // namespace dojo
