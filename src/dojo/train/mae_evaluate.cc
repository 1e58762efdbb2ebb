#include "dojo/train/mae_evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "dojo/base/text.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/clip_batches.h"
#include "dojo/train/json.h"
#include "dojo/train/mae_samples.h"
#include "dojo/train/mae_source.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint8_t kHidden = 128;

Json score_json(const MaeScore& s) {
  return {{"mse", s.mse}, {"patch_mean_mse", s.patch_mean_mse}, {"clips", s.clips}};
}

// Sums first, means at the end.
void add(MaeScore* score, float mse, float patch_mean_mse) {
  score->mse += static_cast<double>(mse);
  score->patch_mean_mse += static_cast<double>(patch_mean_mse);
  ++score->clips;
}

void divide(MaeScore* score) {
  if (score->clips == 0) return;
  score->mse /= static_cast<double>(score->clips);
  score->patch_mean_mse /= static_cast<double>(score->clips);
}

// Calls visit(place in the clip's bytes, place in the tubelet) for each value of a tubelet: the
// order of tubelets() of vit.h.
template <typename Visit>
void each_value(const VitOptions& o, int64_t token, const Visit& visit) {
  const int64_t column = token % o.columns() * o.patch,
                row = token / o.columns() % o.rows() * o.patch,
                frame = token / (o.columns() * o.rows()) * o.tubelet;
  size_t value = 0;
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t t = frame; t < frame + o.tubelet; ++t)
      for (int64_t y = row; y < row + o.patch; ++y)
        for (int64_t x = column; x < column + o.patch; ++x)
          visit(static_cast<size_t>(((t * o.height + y) * o.width + x) * 3 + c), value++);
}

}  // namespace

std::string to_json(const MaeEvaluation& e) {
  Json j = {{"score", mae_score(e)}};
  j.update(score_json(e.overall));
  j["by_recording"] = Json::object();
  for (const auto& [name, score] : e.by_recording)
    j["by_recording"][to_utf8(name)] = score_json(score);
  return dump(j);
}

double mae_score(const MaeEvaluation& e) {
  if (e.by_recording.empty()) return e.overall.mse;
  double sum = 0;
  for (const auto& [name, score] : e.by_recording) sum += score.mse;
  return sum / static_cast<double>(e.by_recording.size());
}

MaeJudge::MaeJudge(HeldOutSet set, const MaeOptions& model, const Graph& inference,
                   const ExecutorFactory& make_executor)
    : set_(std::move(set)), model_(model), executor_(make_executor(inference)) {}

void MaeJudge::load(const SafeTensors& weights, const std::string& path) {
  restore(*executor_, weights, path);
}

TubeMask MaeJudge::mask_of(size_t clip) const {
  return held_out_mask(model_, set_.clips[clip].first_frame);
}

void MaeJudge::feed_masks(std::span<const size_t> clips) {
  TubeMask masks;
  for (const size_t clip : clips) append(&masks, mask_of(clip));
  executor_->write("visible", std::as_bytes(std::span(masks.visible)));
  executor_->write("masked", std::as_bytes(std::span(masks.masked)));
}

MaeEvaluation MaeJudge::evaluate(const std::function<bool()>& stop) {
  MaeEvaluation e;
  const auto use = [&](ClipNumbers clips) {
    const std::vector<float> mse = executor_->read_f32("mse"),
                             patch_mean_mse = executor_->read_f32("patch_mean_mse");
    for (size_t b = 0; b < clips.size(); ++b) {
      const auto recording = static_cast<size_t>(set_.clips[clips[b]].recording);
      add(&e.overall, mse[b], patch_mean_mse[b]);
      add(&e.by_recording[set_.recordings[recording]], mse[b], patch_mean_mse[b]);
    }
  };
  const ClipBatches batches{
      .feed = [&](ClipNumbers clips) { feed_masks(clips); }, .use = use, .stop = stop};
  if (!run_over(*executor_, set_, all_clips(set_), batches)) return {};
  divide(&e.overall);
  for (auto& [name, score] : e.by_recording) divide(&score);
  return e;
}

MaeReconstruction MaeJudge::reconstruct(size_t clip) {
  MaeReconstruction result;
  result.seen = result.filled = set_.clips[clip].frames;
  const VitOptions& o = model_.encoder;
  const auto use = [&](ClipNumbers) {
    result.mse = static_cast<double>(executor_->read_f32("mse")[0]);
    result.patch_mean_mse = static_cast<double>(executor_->read_f32("patch_mean_mse")[0]);
    const std::vector<float> pixels = executor_->read_f32("pixels");
    const float* tubelet = pixels.data();
    for (const int32_t token : mask_of(clip).masked) {
      each_value(o, token, [&](size_t byte, size_t value) {
        result.seen[byte] = kHidden;
        result.filled[byte] =
            static_cast<uint8_t>(std::lround(std::clamp(tubelet[value], 0.0f, 1.0f) * 255));
      });
      tubelet += o.values();
    }
  };
  run_over(*executor_, set_, {&clip, 1},
           {.feed = [&](ClipNumbers clips) { feed_masks(clips); }, .use = use});
  return result;
}

Verdict MaeJudge::judge(bool, const std::function<bool()>& stop) {
  const MaeEvaluation e = evaluate(stop);
  if (e.overall.clips == 0) return {};
  const MaeScore& s = e.overall;
  const std::string of_mean = ratio_text(s.mse, s.patch_mean_mse);
  return {.complete = true,
          .json = to_json(e),
          .score = mae_score(e),
          .scalars = {{"held_out/mse", static_cast<float>(s.mse)},
                      {"held_out/patch_mean_mse", static_cast<float>(s.patch_mean_mse)},
                      {"held_out/score", static_cast<float>(mae_score(e))}},
          .text = fmt::format("held-out loss {:.4f}, {} x predict-the-patch-mean", s.mse, of_mean),
          .summary = fmt::format("held-out reconstruction loss {:.4f}: {} x predicting the mean of "
                                 "each hidden patch",
                                 s.mse, of_mean)};
}

std::string MaeJudge::final_words() { return fmt::format("on {} clips", set_.clips.size()); }

void MaeJudge::write_samples(const std::string& folder) { write_mae_samples(folder, *this); }

}  // namespace dojo
