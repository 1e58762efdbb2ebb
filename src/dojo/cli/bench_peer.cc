#include "dojo/cli/bench_peer.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "dojo/base/file.h"
#include "dojo/base/json.h"
#include "dojo/base/text.h"

namespace dojo {
namespace {

using nlohmann::json;

json request(const bench::Workload& w, const std::vector<ClipRef>& clips, const char* what) {
  json list = json::array();
  for (const ClipRef& clip : clips) {
    const Recording& r = w.parts[static_cast<size_t>(clip.recording)];
    std::vector<double> seconds;
    for (int64_t f : clip.frames) seconds.push_back(r.pts_seconds[static_cast<size_t>(f)]);
    list.push_back({{"uri", file_uri(r.path)}, {"frames", clip.frames}, {"seconds", seconds}});
  }
  return {{"do", what},
          {"height", w.options.height},
          {"width", w.options.width},
          {"clips", std::move(list)}};
}

}  // namespace

const std::vector<std::string>& peer_names() {
  static const std::vector<std::string> names = {"torchcodec", "decord", "pyav", "opencv"};
  return names;
}

Peer::Peer(const std::string& name) : pictures_(memfd_create("dojo-exact-pictures", MFD_CLOEXEC)) {
  process_ = std::make_unique<PeerProcess>(PeerProcess::Options{
      .name = name, .script = "peer_video.py", .arguments = {name}, .handed = pictures_});
}

Peer::~Peer() {
  if (pictures_ >= 0) close(pictures_);
}

bench::Measured Peer::time(const bench::Workload& w, const std::vector<ClipRef>& clips,
                           bool keep_open, double seconds) {
  json line = request(w, clips, "time");
  line["seconds"] = seconds;
  line["keep_open"] = keep_open;
  bench::Measured m;
  process_->ask(dump(line), 20 * seconds + kPeerPatience, [&](const std::string& text) {
    const json answer = json::parse(text);
    answer.at("cpu_seconds").get_to(m.cpu_seconds);
    answer.at("wall_seconds").get_to(m.wall_seconds);
    answer.at("clips").get_to(m.clips);
  });
  if (!(m.cpu_seconds > 0 && m.wall_seconds > 0 && m.clips > 0))
    process_->fail("it says that it has taken no clip, or no time");
  return m;
}

bench::Measured Peer::check(const bench::Workload& w, const std::vector<bench::ExactClip>& before,
                            const std::vector<bench::ExactClip>& exact,
                            const std::vector<bench::ExactClip>& after) {
  if (ftruncate(pictures_, 0) != 0 || lseek(pictures_, 0, SEEK_SET) != 0)
    process_->fail(std::string("there is no memory for pictures: ") + std::strerror(errno));
  std::vector<ClipRef> clips;
  for (size_t i = 0; i < exact.size(); ++i) {
    clips.push_back(exact[i].clip);
    for (const auto* clip : {&before[i], &exact[i], &after[i]})
      write_all(pictures_, std::as_bytes(std::span(clip->pixels)), "pictures for a peer");
  }
  json line = request(w, clips, "check");
  line["exact"] = fmt::format("/dev/fd/{}", PeerProcess::kHanded);
  bench::Measured m;
  process_->ask(dump(line), kPeerPatience, [&](const std::string& text) {
    const json answer = json::parse(text);
    answer.at("checked").get_to(m.checked);
    answer.at("wrong").get_to(m.wrong);
  });
  if (!(m.checked > 0 && m.wrong >= 0 && m.wrong <= m.checked))
    process_->fail(fmt::format("it says that {} of {} frames are wrong", m.wrong, m.checked));
  return m;
}

}  // namespace dojo
