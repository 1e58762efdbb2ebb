#include "dojo/train/evaluate_checkpoint.h"

#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/text.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/ego_labels.h"
#include "dojo/train/ego_task.h"
#include "dojo/train/held_out.h"
#include "dojo/train/json.h"
#include "dojo/train/mae_task.h"
#include "dojo/train/resume.h"
#include "dojo/train/run_config.h"
#include "dojo/train/usable_recordings.h"
#include "dojo/video/catalogue.h"

namespace dojo {

namespace {

// Where the run's config.json lies beside its checkpoint: on which of the recordings it was
// trained, at least in part. They are known by their bytes; where the run had not read these, of
// many files, by size and time. Else "".
std::string trained_on(const std::string& checkpoint, const std::vector<Recording>& recordings) {
  const std::filesystem::path file =
      std::filesystem::path(checkpoint).parent_path() / "config.json";
  using Mark = std::pair<uint64_t, uint64_t>;  // size; hash of both ends, or time
  std::set<Mark> seen, stamped;
  try {
    const RunConfig config = parse_run_config(read_file(file), file);
    const std::set<std::string> train(config.train.begin(), config.train.end());
    for (const RunFile& f : config.files)
      if (train.contains(f.name))
        (f.ends != 0 ? seen : stamped).emplace(f.bytes, f.ends != 0 ? f.ends : f.modified_ns);
  } catch (const Error&) {  // a checkpoint that was taken elsewhere
    return "";
  }
  std::vector<std::string> names;
  for (const Recording& r : recordings) {
    try {
      const RunFile f = files_of({r})[0];
      if (seen.contains({f.bytes, f.ends}) || stamped.contains({f.bytes, f.modified_ns}))
        names.push_back(f.name);
    } catch (const Error&) {  // gone or written to meanwhile: reading its clips tells
    }
  }
  if (names.empty()) return "";
  return fmt::format(
      "{} of {} recordings were trained on, {}: what a network knows already is no "
      "test of it",
      names.size(), recordings.size(), listed(names));
}

// Of all recordings the clips to judge by, as a run would choose them.
HeldOutClips clips_of(const std::string& path, const FoundRecordings& found, HeldOutOptions choice,
                      const EvalOptions& o, EvalResult* result) {
  if (o.clips_each > 0) {
    choice.clips_each = o.clips_each;
    choice.clips_in_all = std::numeric_limits<int64_t>::max();
  }
  HeldOutClips held = load_held_out(found.recordings, choice);
  Catalogue catalogue(o.catalogue);
  note_problems(held.quarantined, &catalogue);
  if (held.set.clips.empty()) throw no_clip_to_judge_by(held, choice);
  result->quarantined = found.quarantined;
  result->quarantined.insert(result->quarantined.end(), held.quarantined.begin(),
                             held.quarantined.end());
  result->messages = found.messages;
  if (std::string known = trained_on(path, found.recordings); !known.empty())
    result->messages.push_back(std::move(known));
  result->messages.insert(result->messages.end(), held.messages.begin(), held.messages.end());
  return held;
}

FoundRecordings recordings_to_judge_by(const EvalOptions& o, int64_t frames, double interval) {
  Catalogue catalogue(o.catalogue);
  return usable_recordings(
      o.paths, {.workers = static_cast<int>(o.workers), .catalogue = &catalogue}, frames, interval);
}

EvalResult evaluate_predict(const SafeTensors& checkpoint, const std::string& path,
                            const EvalOptions& o, const ExecutorFactory& make_executor) {
  const TrainedModel trained = trained_model_of(checkpoint, path);
  const PredictOptions& model = trained.model;
  const double interval = o.interval_seconds.value_or(trained.interval_seconds);
  // The weights are checked before any time is spent on video.
  const Graph graph = evaluation_graph(model);
  check_tensors(graph, checkpoint, path);
  const FoundRecordings found = recordings_to_judge_by(o, model.frames + 1, interval);
  EvalResult result;
  HeldOutClips held = clips_of(path, found,
                               {.inputs = model.frames,
                                .horizons = o.horizons,
                                .height = model.height,
                                .width = model.width,
                                .interval_seconds = interval},
                               o, &result);
  Evaluator evaluator(std::move(held.set), graph, make_executor);
  evaluator.load(checkpoint, path);
  result.evaluation = evaluator.run(o.horizons, interrupted);
  throw_if_interrupted();
  return result;
}

EvalResult evaluate_ego(const SafeTensors& checkpoint, const std::string& path,
                        const EvalOptions& o, const ExecutorFactory& make_executor) {
  const TrainedEgo trained = trained_ego_of(checkpoint, path);
  const double interval = o.interval_seconds.value_or(trained.interval_seconds);
  const Graph graph = ego_evaluation_graph(trained.model, trained.scale);
  check_tensors(graph, checkpoint, path);
  FoundRecordings found = recordings_to_judge_by(o, trained.model.frames, interval);
  keep_labelled(&found, o.quiet);
  EvalResult result;
  HeldOutClips held = clips_of(path, found, ego_held_out(trained.model, interval), o, &result);
  EgoJudge judge(std::move(held.set), found.recordings, trained.scale, trained.interval_seconds,
                 graph, make_executor);
  judge.load(checkpoint, path);
  const std::vector<EgoAnswer> answers = judge.answers(interrupted);
  throw_if_interrupted();
  result.evaluation = judge.evaluate(answers);
  return result;
}

EvalResult evaluate_mae(const SafeTensors& checkpoint, const std::string& path,
                        const EvalOptions& o, const ExecutorFactory& make_executor) {
  const TrainedMae trained = trained_mae_of(checkpoint, path);
  const double interval = o.interval_seconds.value_or(trained.interval_seconds);
  const Graph graph = mae_inference(mae_evaluated(trained.model));
  check_tensors(graph, checkpoint, path);
  const FoundRecordings found = recordings_to_judge_by(o, trained.model.encoder.frames, interval);
  EvalResult result;
  HeldOutClips held = clips_of(path, found, mae_held_out(trained.model, interval), o, &result);
  MaeJudge judge(std::move(held.set), trained.model, graph, make_executor);
  judge.load(checkpoint, path);
  result.evaluation = judge.evaluate(interrupted);
  throw_if_interrupted();
  return result;
}

}  // namespace

std::string to_json(const EvalResult& result) {
  auto json = nlohmann::ordered_json::parse(
      std::visit([](const auto& e) { return to_json(e); }, result.evaluation));
  json["quarantined"] = nlohmann::ordered_json::array();
  for (const Quarantined& q : result.quarantined)
    json["quarantined"].push_back(
        {{"path", to_utf8(q.path)}, {"category", q.category}, {"reason", one_line(q.reason)}});
  return dump(json);
}

Graph evaluation_graph(PredictOptions model) {
  model.batch = 8;
  return predict_inference(model);
}

EvalResult evaluate_checkpoint(const std::string& path, const EvalOptions& o,
                               const ExecutorFactory& make_executor) {
  const SafeTensors checkpoint = read_checkpoint(path);
  const std::string task = task_of(checkpoint, path);
  if (task == "ego") return evaluate_ego(checkpoint, path, o, make_executor);
  if (task == "mae") return evaluate_mae(checkpoint, path, o, make_executor);
  return evaluate_predict(checkpoint, path, o, make_executor);
}

}  // namespace dojo
