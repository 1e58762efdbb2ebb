#include "dojo/video/telemetry/read_states.h"

#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/video/media_file.h"
#include "dojo/video/telemetry/sei.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace dojo {

std::vector<std::pair<int64_t, VehicleState>> read_states(MediaFile& file,
                                                          const FrameIndex& index) {
  std::vector<std::pair<int64_t, VehicleState>> states;
  const AVCodecParameters& p = *file.stream()->codecpar;
  if (p.codec_id != AV_CODEC_ID_H264) return states;
  // In MP4 and Matroska the decoder's configuration says how long the lengths are (ISO/IEC
  // 14496-15, 5.3.3.1).
  const bool has_config = p.extradata_size > 4 && p.extradata[0] == 1;
  const int length_bytes = has_config ? (p.extradata[4] & 3) + 1 : 0;
  while (file.read()) {
    const AVPacket& packet = *file.packet();
    const std::optional<VehicleState> state =
        find_state({packet.data, static_cast<size_t>(packet.size)}, length_bytes);
    if (!state) continue;
    if (!index.seekable)
      throw Error(Category::kUnsupported,
                  "the video holds telemetry, but its frames have no times of their own",
                  file.path(), "copy it into an MP4: ffmpeg -i FILE -c copy OUT.mp4");
    const auto at = std::lower_bound(index.pts.begin(), index.pts.end(), packet.pts);
    if (at != index.pts.end() && *at == packet.pts)
      states.emplace_back(at - index.pts.begin(), *state);
  }
  // Packets come in the order of decoding.
  std::stable_sort(states.begin(), states.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  states.erase(std::unique(states.begin(), states.end(), same), states.end());
  return states;
}

}  // namespace dojo
