#include "dojo/train/evaluate_checkpoint.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "dojo/base/interrupt.h"
#include "dojo/base/text.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/held_out.h"
#include "dojo/train/json.h"
#include "dojo/train/usable_recordings.h"
#include "dojo/video/catalogue.h"

namespace dojo {

std::string to_json(const EvalResult& result) {
  auto json = nlohmann::ordered_json::parse(to_json(result.evaluation));
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
  const TrainedModel trained = trained_model_of(checkpoint, path);
  const PredictOptions& model = trained.model;
  const double interval = o.interval_seconds.value_or(trained.interval_seconds);

  // The weights are checked before any time is spent on video.
  const Graph graph = evaluation_graph(model);
  restore(*make_executor(graph), checkpoint, path);
  Catalogue catalogue(o.catalogue);
  FoundRecordings found =
      usable_recordings(o.paths, {.workers = static_cast<int>(o.workers), .catalogue = &catalogue},
                        model.frames + 1, interval);
  EvalResult result;
  result.quarantined = std::move(found.quarantined);
  HeldOutOptions choice{.inputs = model.frames,
                        .horizons = o.horizons,
                        .height = model.height,
                        .width = model.width,
                        .interval_seconds = interval};
  if (o.clips_each > 0) {
    choice.clips_each = o.clips_each;
    choice.clips_in_all = std::numeric_limits<int64_t>::max();
  }
  HeldOutClips held = load_held_out(found.recordings, choice);
  if (held.set.clips.empty()) throw no_clip_to_judge_by(held, choice);
  result.messages = std::move(found.messages);
  result.messages.insert(result.messages.end(), held.messages.begin(), held.messages.end());
  result.quarantined.insert(result.quarantined.end(), held.quarantined.begin(),
                            held.quarantined.end());
  Evaluator evaluator(std::move(held.set), graph, make_executor);
  evaluator.load(checkpoint, path);
  result.evaluation = evaluator.run(o.horizons, interrupted);
  throw_if_interrupted();
  return result;
}

}  // namespace dojo
