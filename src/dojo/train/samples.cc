#include "dojo/train/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "dojo/base/file.h"
#include "dojo/base/text.h"
#include "dojo/train/json.h"
#include "dojo/video/image.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;
using Frame = std::vector<float>;

// Error maps: black for no error, over purple and orange to pale yellow at kErrorScale and above.
constexpr double kErrorScale = 0.25;  // mean over the channels of |prediction - truth|
constexpr std::array<std::array<int, 3>, 5> kErrorColours = {
    {{0, 0, 4}, {87, 16, 110}, {188, 55, 84}, {249, 142, 9}, {252, 255, 164}}};

std::vector<uint8_t> to_bytes(const Frame& frame) {
  std::vector<uint8_t> bytes(frame.size());
  for (size_t i = 0; i < frame.size(); ++i)
    bytes[i] = static_cast<uint8_t>(std::lround(std::clamp(frame[i], 0.0f, 1.0f) * 255));
  return bytes;
}

std::vector<uint8_t> error_map(const Frame& prediction, const Frame& truth) {
  std::vector<uint8_t> picture(truth.size());
  for (size_t p = 0; p < truth.size(); p += 3) {
    double error = 0;
    for (size_t c = 0; c < 3; ++c) error += std::abs(prediction[p + c] - truth[p + c]) / 3.0;
    const double at = std::min(1.0, error / kErrorScale) * (kErrorColours.size() - 1);
    const size_t low = std::min<size_t>(static_cast<size_t>(at), kErrorColours.size() - 2);
    const double part = at - static_cast<double>(low);
    for (size_t c = 0; c < 3; ++c)
      picture[p + c] = static_cast<uint8_t>(
          std::lround(kErrorColours[low][c] * (1 - part) + kErrorColours[low + 1][c] * part));
  }
  return picture;
}

double mean_square(const Frame& a, const Frame& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  return sum / static_cast<double>(a.size());
}

// The list goes first: at no moment does one name pictures of another time.
void remove_former(const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::filesystem::path list = folder / "samples.json";
  if (!std::filesystem::is_regular_file(list, ignored)) return;
  const Json samples = Json::parse(read_file(list), nullptr, false);
  std::filesystem::remove(list, ignored);
  if (!samples.is_array()) return;
  for (const Json& sample : samples) {
    if (!sample.is_object() || !sample.contains("images") || !sample["images"].is_object())
      continue;
    for (const auto& [kind, file] : sample["images"].items()) {
      if (!file.is_string()) continue;
      const std::string name = file.get<std::string>();
      if (name.ends_with(".png") && name.find('/') == std::string::npos)
        std::filesystem::remove(folder / name, ignored);
    }
  }
}

class Writer {
 public:
  Writer(const std::string& folder, Evaluator& evaluator)
      : folder_(folder), evaluator_(evaluator) {}

  // The predictions of one clip: horizons [first, last], 1 is the next frame.
  void add(size_t clip, int64_t first, int64_t last) {
    const HeldOutSet& set = evaluator_.set();
    const auto predictions = evaluator_.predict(clip, last);
    const auto flows = evaluator_.predict_by_flow(clip, last);
    const Frame copy = evaluator_.frame(clip, set.inputs - 1);
    for (int64_t h = first; h <= static_cast<int64_t>(predictions.size()); ++h) {
      const Frame truth = evaluator_.frame(clip, set.inputs + h - 1);
      const Frame &prediction = predictions[static_cast<size_t>(h - 1)],
                  &flow = flows[static_cast<size_t>(h - 1)];
      Json images = Json::object();
      const auto save = [&](const char* kind, const std::vector<uint8_t>& picture) {
        const std::string file = fmt::format("{}_{}.png", list_.size(), kind);
        write_png(folder_ + "/" + file, picture, set.width, set.height);
        images[kind] = file;
      };
      save("last", to_bytes(copy));
      save("truth", to_bytes(truth));
      save("prediction", to_bytes(prediction));
      save("flow", to_bytes(flow));
      save("error", error_map(prediction, truth));
      save("copy_error", error_map(copy, truth));
      Json colours = Json::array();
      for (const auto& [r, g, b] : kErrorColours)
        colours.push_back(fmt::format("#{:02x}{:02x}{:02x}", r, g, b));
      list_.push_back(
          {{"recording", to_utf8(set.recordings[static_cast<size_t>(set.clips[clip].recording)])},
           {"horizon", h},
           {"frame", set.clips[clip].frame},
           {"mse", mean_square(prediction, truth)},
           {"copy_last_mse", mean_square(copy, truth)},
           {"flow_mse", mean_square(flow, truth)},
           {"error_scale", kErrorScale},
           {"error_colours", colours},
           {"images", images}});
    }
  }

  void finish() { write_file_atomic(folder_ + "/samples.json", dump(list_, 1) + "\n"); }

 private:
  std::string folder_;
  Evaluator& evaluator_;
  Json list_ = Json::array();
};

}  // namespace

void begin_samples(const std::string& folder) {
  make_folder(folder);
  remove_former(folder);
}

std::vector<size_t> clips_to_show(const HeldOutSet& set, int64_t wanted) {
  std::vector<std::vector<size_t>> by_recording(set.recordings.size());
  for (size_t i = 0; i < set.clips.size(); ++i)
    by_recording[static_cast<size_t>(set.clips[i].recording)].push_back(i);
  std::erase_if(by_recording, [](const auto& clips) { return clips.empty(); });
  std::vector<size_t> chosen;
  const size_t recordings = by_recording.size(), examples = static_cast<size_t>(wanted);
  for (size_t r = 0; r < recordings; ++r) {
    const auto& clips = by_recording[r];
    // The first examples % recordings recordings give one more.
    const size_t share =
        std::min(clips.size(), examples / recordings + (r < examples % recordings ? 1 : 0));
    for (size_t k = 0; k < share; ++k)
      chosen.push_back(clips[(2 * k + 1) * clips.size() / (2 * share)]);
  }
  return chosen;
}

void write_samples(const std::string& folder, Evaluator& evaluator, const SampleOptions& options) {
  begin_samples(folder);
  Writer writer(folder, evaluator);
  const std::vector<size_t> clips = clips_to_show(evaluator.set(), options.examples);
  for (size_t clip : clips) writer.add(clip, 1, 1);
  // The sequence: the shown clip with the most motion, where there is most to see.
  size_t liveliest = clips.at(0);
  double most = -1;
  for (size_t clip : clips) {
    const int64_t inputs = evaluator.set().inputs;
    const double motion =
        mean_square(evaluator.frame(clip, inputs - 1), evaluator.frame(clip, inputs));
    if (motion > most && evaluator.set().clips[clip].horizons > 1) {
      most = motion;
      liveliest = clip;
    }
  }
  if (options.horizons > 1) writer.add(liveliest, 1, options.horizons);
  writer.finish();
}

}  // namespace dojo
