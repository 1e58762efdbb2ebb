#include "dojo/train/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>

#include "dojo/base/check.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/text.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/json.h"
#include "dojo/train/optical_flow.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;

Json score_json(const Score& s) {
  Json j{{"mse", s.mse}, {"copy_last_mse", s.copy_last_mse}, {"flow_mse", s.flow_mse}};
  j["psnr"] = s.mse > 0 ? Json(-10 * std::log10(s.mse)) : Json(nullptr);
  j["clips"] = s.clips;
  return j;
}

// What rounding to 8 bits costs: the variance of a value between two of 256 levels. Errors below it
// count for little, so that a camera that stands still decides nothing.
constexpr double kRounding = 1.0 / (12 * 255 * 255);

void clamp_to_unit(std::vector<float>& frame) {
  for (float& x : frame) x = std::clamp(x, 0.0f, 1.0f);  // NaN stays NaN
}

void add(Score& sum, double mse, double copy, double flow) {
  sum.mse += mse;
  sum.copy_last_mse += copy;
  sum.flow_mse += flow;
  ++sum.clips;
}

void divide_by_clips(Score& sum) {
  if (sum.clips == 0) return;
  for (double* x : {&sum.mse, &sum.copy_last_mse, &sum.flow_mse})
    *x /= static_cast<double>(sum.clips);
}

}  // namespace

std::string to_json(const Evaluation& e) {
  Json j = score_json(e.overall);
  j["score"] = mean_ratio(e);
  j["by_recording"] = Json::object();
  for (const auto& [name, score] : e.by_recording)
    j["by_recording"][to_utf8(name)] = score_json(score);
  j["by_horizon"] = Json::array();
  for (size_t h = 0; h < e.by_horizon.size(); ++h) {
    Json row{{"horizon", h + 1}, {"seconds", static_cast<double>(h + 1) * e.interval_seconds}};
    row.update(score_json(e.by_horizon[h]));
    j["by_horizon"].push_back(row);
  }
  return dump(j);
}

double score_ratio(const Score& score) {
  return (score.mse + kRounding) / (score.copy_last_mse + kRounding);
}

double mean_ratio(const Evaluation& e) {
  if (e.by_recording.empty()) return score_ratio(e.overall);
  double sum = 0;
  for (const auto& [name, score] : e.by_recording) sum += score_ratio(score);
  return sum / static_cast<double>(e.by_recording.size());
}

std::string ratio_text(double mse, double baseline_mse) {
  return baseline_mse > 0 ? fmt::format("{:.3f}", mse / baseline_mse) : "-";
}

Evaluator::Evaluator(HeldOutSet set, const Graph& inference, const ExecutorFactory& make_executor)
    : set_(std::move(set)), executor_(make_executor(inference)) {
  const Shape& in = inference.type(inference.find_input("frames")->value).shape;
  DOJO_CHECK(in == (Shape{in[0], set_.inputs, set_.height, set_.width, 3}));
  batch_ = in[0];
  frame_size_ = set_.height * set_.width * 3;
  for (const HeldOutClip& clip : set_.clips) {
    DOJO_CHECK(clip.horizons >= 1);
    DOJO_CHECK_EQ(static_cast<int64_t>(clip.frames.size()),
                  (set_.inputs + clip.horizons) * frame_size_);
  }
  flow_mse_.resize(set_.clips.size());
  measure_flow(1, interrupted);
  throw_if_interrupted();
}

void Evaluator::load(const SafeTensors& weights, const std::string& path) {
  restore(*executor_, weights, path);
}

std::vector<float> Evaluator::frame(size_t clip, int64_t index) const {
  const uint8_t* from = set_.clips[clip].frames.data() + index * frame_size_;
  std::vector<float> result(static_cast<size_t>(frame_size_));
  for (size_t i = 0; i < result.size(); ++i) result[i] = static_cast<float>(from[i]) / 255.0f;
  return result;
}

double Evaluator::error(size_t clip, int64_t h, const float* prediction) const {
  const uint8_t* truth = set_.clips[clip].frames.data() + (set_.inputs + h) * frame_size_;
  double sum = 0;
  for (int64_t i = 0; i < frame_size_; ++i) {
    const double d = static_cast<double>(prediction[i] - static_cast<float>(truth[i]) / 255.0f);
    sum += d * d;
  }
  return sum / static_cast<double>(frame_size_);
}

template <typename Visit>
bool Evaluator::predict_all(const std::vector<size_t>& clips, int64_t horizons, const Visit& visit,
                            const std::function<bool()>& stop) {
  const int64_t inputs = set_.inputs;
  const size_t row = static_cast<size_t>(inputs * frame_size_),
               one = static_cast<size_t>(frame_size_);
  std::vector<float> frames(static_cast<size_t>(batch_) * row),
      next(static_cast<size_t>(batch_) * one);
  for (size_t begin = 0; begin < clips.size(); begin += static_cast<size_t>(batch_)) {
    if (stop && stop()) return false;
    // The last batch is filled up with its first clip again.
    const auto clip_of = [&](size_t b) {
      return clips[begin + b < clips.size() ? begin + b : begin];
    };
    for (size_t b = 0; b < static_cast<size_t>(batch_); ++b) {
      const uint8_t* from = set_.clips[clip_of(b)].frames.data();
      for (size_t i = 0; i < row; ++i) frames[b * row + i] = static_cast<float>(from[i]) / 255.0f;
    }
    for (int64_t h = 0; h < horizons; ++h) {
      executor_->write_f32("frames", frames);
      executor_->run();
      executor_->read("next", std::as_writable_bytes(std::span(next)));
      clamp_to_unit(next);
      for (size_t b = 0; b < static_cast<size_t>(batch_); ++b) {
        if (begin + b < clips.size() && h < set_.clips[clip_of(b)].horizons)
          visit(clip_of(b), h, next.data() + b * one);
        float* at = frames.data() + b * row;  // drop the oldest frame, append the prediction
        std::copy(at + one, at + row, at);
        std::copy_n(next.data() + b * one, one, at + row - one);
      }
    }
  }
  return true;
}

std::vector<std::vector<float>> Evaluator::predict(size_t clip, int64_t horizons) {
  std::vector<std::vector<float>> result;
  predict_all(
      {clip}, std::min(horizons, set_.clips[clip].horizons),
      [&](size_t, int64_t, const float* next) { result.emplace_back(next, next + frame_size_); },
      {});
  return result;
}

std::vector<std::vector<float>> Evaluator::predict_by_flow(size_t clip, int64_t horizons) const {
  std::vector<std::vector<float>> result;
  std::vector<float> previous = frame(clip, set_.inputs - 2), last = frame(clip, set_.inputs - 1);
  for (int64_t h = 0; h < std::min(horizons, set_.clips[clip].horizons); ++h) {
    std::vector<float> next = flow_extrapolate(previous, last, set_.height, set_.width);
    clamp_to_unit(next);
    result.push_back(next);
    previous = std::exchange(last, std::move(next));
  }
  return result;
}

void Evaluator::measure_flow(int64_t horizons, const std::function<bool()>& stop) {
  std::mutex asking;
  const auto stopped = [&] {
    if (!stop) return false;
    const std::lock_guard lock(asking);
    return stop();
  };
  parallel_for(static_cast<int64_t>(set_.clips.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (stopped()) return;
      const size_t clip = static_cast<size_t>(i);
      const int64_t wanted = std::min(horizons, set_.clips[clip].horizons);
      if (static_cast<int64_t>(flow_mse_[clip].size()) >= wanted) continue;
      const auto frames = predict_by_flow(clip, wanted);
      flow_mse_[clip].clear();
      for (int64_t h = 0; h < wanted; ++h)
        flow_mse_[clip].push_back(error(clip, h, frames[static_cast<size_t>(h)].data()));
    }
  });
}

Evaluation Evaluator::run(int64_t horizons, const std::function<bool()>& stop) {
  measure_flow(horizons, stop);
  std::vector<std::vector<double>> mse(set_.clips.size()), copy(set_.clips.size());
  std::vector<size_t> clips(set_.clips.size());
  for (size_t i = 0; i < clips.size(); ++i) clips[i] = i;
  const auto visit = [&](size_t clip, int64_t h, const float* next) {
    mse[clip].push_back(error(clip, h, next));
    copy[clip].push_back(error(clip, h, frame(clip, set_.inputs - 1).data()));
  };
  if (!predict_all(clips, horizons, visit, stop) || (stop && stop())) return {};

  Evaluation result{.overall = {},
                    .by_recording = {},
                    .by_horizon = {},
                    .interval_seconds = set_.interval_seconds};
  for (size_t c = 0; c < clips.size(); ++c) {
    const std::string& name = set_.recordings[static_cast<size_t>(set_.clips[c].recording)];
    add(result.overall, mse[c][0], copy[c][0], flow_mse_[c][0]);
    add(result.by_recording[name], mse[c][0], copy[c][0], flow_mse_[c][0]);
    for (size_t h = 0; h < mse[c].size(); ++h) {
      if (h == result.by_horizon.size()) result.by_horizon.emplace_back();
      add(result.by_horizon[h], mse[c][h], copy[c][h], flow_mse_[c][h]);
    }
  }
  divide_by_clips(result.overall);
  for (auto& [name, score] : result.by_recording) divide_by_clips(score);
  for (Score& score : result.by_horizon) divide_by_clips(score);
  return result;
}

}  // namespace dojo
