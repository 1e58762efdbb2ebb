#include "dojo/train/mae_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "dojo/base/file.h"
#include "dojo/base/text.h"
#include "dojo/train/json.h"
#include "dojo/train/samples.h"
#include "dojo/video/image.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kFramesShown = 4;  // at most; the first of a tubelet each

// Of [T,H,W,3], evenly spaced, one below the other: [shown*H,W,3].
std::vector<uint8_t> shown(const std::vector<uint8_t>& frames, const VitOptions& o) {
  const int64_t count = std::min(kFramesShown, o.times()), size = o.height * o.width * 3;
  std::vector<uint8_t> picture;
  for (int64_t i = 0; i < count; ++i) {
    const auto from = frames.begin() + i * o.times() / count * o.tubelet * size;
    picture.insert(picture.end(), from, from + size);
  }
  return picture;
}

}  // namespace

void write_mae_samples(const std::string& folder, MaeJudge& judge, int64_t examples) {
  begin_samples(folder);
  const HeldOutSet& set = judge.set();
  const VitOptions& o = judge.model().encoder;
  Json list = Json::array();
  for (const size_t number : clips_to_show(set, examples)) {
    const HeldOutClip& clip = set.clips[number];
    const MaeReconstruction made = judge.reconstruct(number);
    Json images = Json::object();
    const auto save = [&](const char* kind, const std::vector<uint8_t>& frames) {
      const std::string file = fmt::format("{}_{}.png", list.size(), kind);
      const std::vector<uint8_t> picture = shown(frames, o);
      write_png(folder + "/" + file, picture, o.width, std::ssize(picture) / (o.width * 3));
      images[kind] = file;
    };
    save("truth", clip.frames);
    save("masked", made.seen);
    save("prediction", made.filled);
    list.push_back({{"recording", to_utf8(set.recordings[static_cast<size_t>(clip.recording)])},
                    {"frame", clip.first_frame},
                    {"mse", made.mse},
                    {"patch_mean_mse", made.patch_mean_mse},
                    {"images", images}});
  }
  write_file_atomic(folder + "/samples.json", dump(list, 1) + "\n");
}

}  // namespace dojo
