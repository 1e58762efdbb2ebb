#include "dojo/scene/teslacam.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/random.h"
#include "dojo/scene/drive_files.h"
#include "dojo/scene/encode.h"
#include "dojo/scene/journey_plan.h"
#include "dojo/scene/journey_truth.h"
#include "dojo/scene/render.h"
#include "dojo/video/image.h"
#include "dojo/video/telemetry/sei.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using scene::Clip;
using scene::Journey;

constexpr const char* kUnfinished = ".unfinished";
constexpr const char* kNotYet = ".whole";  // after a video's name until its journey is complete
constexpr const char* kReplaced = ".replaced";  // after a journey's name, for a moment

ordered_json recipe(const Journey& j) { return ordered_json::parse(scene::recipe_text(j)); }

// The journey's folders while it is being made.
struct Places {
  fs::path work, truth;
  fs::path video(const Clip& clip) const { return work / (clip.name + ".mp4" + kNotYet); }
  fs::path table(const Clip& clip) const { return truth / (clip.name + ".csv"); }
  fs::path depth(const Clip& clip) const { return truth / (clip.name + ".depth.npy"); }
  fs::path note(const Clip& clip) const { return work / (clip.name + ".json"); }  // written last
};

ordered_json hash_of(const fs::path& path, const std::string& name) {
  const scene::FileHash hash = scene::hash_file(path);
  return {{"file", name}, {"bytes", hash.bytes}, {"fnv1a", hash.fnv1a}};
}

// Of the first file with a frame, whichever camera that is: a folder without it is no car's.
bool gives_thumb(const Journey& j, const Clip& clip) {
  const auto first =
      std::find_if(j.clips.begin(), j.clips.end(), [](const Clip& c) { return !c.empty_file; });
  return first != j.clips.end() && first->name == clip.name;
}

// The files of a clip with their hashes, under the names that they get.
ordered_json clip_files(const Journey& j, const Places& at, const Clip& clip) {
  ordered_json files = {hash_of(at.video(clip), clip.name + ".mp4")};
  if (clip.empty_file) return files;
  files.push_back(hash_of(at.table(clip), "truth/" + clip.name + ".csv"));
  if (j.options.depth)
    files.push_back(hash_of(at.depth(clip), "truth/" + clip.name + ".depth.npy"));
  if (gives_thumb(j, clip)) files.push_back(hash_of(at.work / "thumb.png", "thumb.png"));
  return files;
}

void render_clip(const Journey& j, const scene::World& world, const Places& at, const Clip& clip,
                 const std::function<void()>& frame_done) {
  const JourneyOptions& o = j.options;
  const scene::CameraMount& mount = j.rig[clip.camera];
  if (clip.empty_file) {
    write_file_atomic(at.video(clip), "");
  } else {
    Random random(j.params.seed, stream_id("lost frames"),
                  static_cast<uint64_t>(clip.minute) * 64 + clip.camera);
    scene::Renderer renderer(world, {.height = o.height, .width = o.width});
    scene::VideoWriter video(
        at.video(clip).string(),
        {.height = o.height, .width = o.width, .fps = o.fps, .crf = 20, .gop = o.fps});
    std::string csv = fmt::format(
        "frame,time_seconds,drive_seconds,{},camera_x_m,camera_y_m,camera_z_m,"
        "camera_yaw_rad,camera_pitch_rad,camera_roll_rad\n",
        scene::kStateColumns);
    std::vector<int64_t> kept;
    for (int64_t i = clip.begin; i < clip.end; ++i)
      if (!random.chance(o.drop_frames) || i == clip.begin) kept.push_back(i);
    std::optional<AtomicFile> depth;
    if (o.depth) {
      depth.emplace(at.depth(clip));
      depth->write(scene::npy_header(static_cast<int64_t>(kept.size()), o.height, o.width));
    }
    const scene::Pose mounting = mount.pose();
    for (size_t k = 0; k < kept.size(); ++k) {
      const int64_t i = kept[k];
      const double t = scene::time_of(j, i, clip.camera);
      const scene::VehicleTruth v = world.vehicle().truth(t);
      const scene::Pose pose = scene::mounted(v.body, mounting);
      const scene::Frame frame =
          renderer.render(i, t,
                          {.pose = pose,
                           .focal_pixels = mount.focal_pixels(static_cast<double>(o.width)),
                           .camera = static_cast<uint32_t>(clip.camera),
                           .own = &v.body,
                           .sees_own_car = mount.sees_own_car});
      const VehicleState state = scene::state_of(j, v, i);
      std::vector<uint8_t> nal;
      if (o.telemetry) nal = encode_sei_nal(state);
      video.add(frame.rgb, nal, k == 0 ? 0 : i - kept[k - 1] - 1);
      if (depth) depth->write(std::as_bytes(std::span(frame.depth)));
      csv += fmt::format("{},{:.6f},{:.6f},{},{:.6f},{:.6f},{:.6f},{:.8f},{:.8f},{:.8f}\n", k,
                         static_cast<double>(i - clip.begin) / static_cast<double>(o.fps), t,
                         scene::state_row(v, state), pose.position[0], pose.position[1],
                         pose.position[2], pose.yaw, pose.pitch, pose.roll);
      if (k == 0 && gives_thumb(j, clip))
        write_png((at.work / "thumb.png").string(), frame.rgb, o.width, o.height);
      frame_done();
    }
    video.finish();
    write_file_atomic(at.table(clip), csv);
    if (depth) depth->commit();
  }
  const ordered_json note = {{"recipe", recipe(j)}, {"files", clip_files(j, at, clip)}};
  write_file_atomic(at.note(clip), note.dump() + "\n");
}

// Iff the clip was made before, by this recipe, and nothing of it has changed.
bool clip_whole(const Journey& j, const Places& at, const Clip& clip) {
  try {
    if (!fs::exists(at.note(clip))) return false;
    const ordered_json note = ordered_json::parse(read_file(at.note(clip), 1 << 20));
    return note.at("recipe") == recipe(j) && note.at("files") == clip_files(j, at, clip);
  } catch (const std::exception&) {
    return false;
  }
}

enum class Found { kNothing, kWhole, kOther, kForeign };

Found look_at(const fs::path& folder, const Journey& j) {
  if (!fs::exists(folder)) return Found::kNothing;
  const fs::path manifest = folder / "truth" / "manifest.json";
  if (!fs::exists(manifest)) return Found::kForeign;
  try {
    const ordered_json json = ordered_json::parse(read_file(manifest, 64 << 20));
    if (json.at("recipe") != recipe(j)) return Found::kOther;
    for (const ordered_json& file : json.at("files"))
      if (hash_of(folder / std::string(file.at("file")), file.at("file")) != file)
        return Found::kOther;
    return Found::kWhole;
  } catch (const std::exception&) {
    return Found::kOther;  // a damaged manifest, a missing file
  }
}

// What a call with other options, or one that was killed, left.
void remove_others(const Journey& j, const Places& at) {
  std::set<fs::path> ours = {at.truth, at.work / "thumb.png"};
  for (const Clip& clip : j.clips)
    for (const fs::path& path : {at.video(clip), at.table(clip), at.depth(clip), at.note(clip)})
      ours.insert(path);
  for (const fs::path& folder : {at.work, at.truth})
    for (const auto& entry : std::vector(fs::directory_iterator(folder), fs::directory_iterator()))
      if (!ours.contains(entry.path())) fs::remove_all(entry.path());
}

// A call that was killed between the two renames of complete() left the old journey here.
void restore(const fs::path& replaced, const fs::path& to) {
  if (!fs::exists(replaced)) return;
  if (fs::exists(to))
    fs::remove_all(replaced);
  else
    fs::rename(replaced, to);
}

// The last steps: everything gets its name, then the journey. `old`: where the journey goes that
// has its name now; empty where there is none.
void complete(const Journey& j, const scene::World& world, const Places& at, const fs::path& old,
              const fs::path& to) {
  ordered_json files = ordered_json::array();
  write_file_atomic(at.truth / "vehicle.csv", scene::vehicle_table(j, world));
  write_file_atomic(at.truth / "cameras.json", scene::cameras_text(j, world));
  const scene::Seconds end =
      j.start + std::chrono::seconds(std::llround(std::ceil(j.options.seconds)));
  const VehicleState last = scene::state_of(j, world.vehicle().truth(j.options.seconds), j.frames);
  const ordered_json event = {{"timestamp", fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(end))},
                              {"city", ""},
                              {"est_lat", fmt::format("{:.4f}", last.latitude_deg)},
                              {"est_lon", fmt::format("{:.4f}", last.longitude_deg)},
                              {"reason", "rendered"},
                              {"camera", "0"}};
  write_file_atomic(at.work / "event.json", event.dump(1) + "\n");
  for (const char* name : {"truth/vehicle.csv", "truth/cameras.json", "event.json"})
    files.push_back(hash_of(at.work / name, name));
  for (const Clip& clip : j.clips)
    for (const ordered_json& file : clip_files(j, at, clip)) files.push_back(file);
  const scene::DriveParams& p = j.params;
  const ordered_json manifest = {{"recipe", recipe(j)},
                                 {"world",
                                  {{"town", p.town},
                                   {"lanes_each_way", p.lanes_each_way},
                                   {"cruise_mps", p.speed_mps},
                                   {"turns", world.itinerary().turns().size()},
                                   {"car_ahead", p.lead_car},
                                   {"car_behind", p.following_car},
                                   {"darkness", p.darkness},
                                   {"rain", p.rain}}},
                                 {"files", files}};
  write_file_atomic(at.truth / "manifest.json", manifest.dump(1) + "\n");
  for (const Clip& clip : j.clips) {
    fs::remove(at.note(clip));
    fs::rename(at.video(clip), at.work / (clip.name + ".mp4"));
  }
  if (!old.empty()) fs::rename(to, old);
  std::error_code failure;
  fs::rename(at.work, to, failure);
  if (!old.empty()) restore(old, to);
  if (failure) throw fs::filesystem_error("cannot finish the journey", at.work, to, failure);
  sync_folder(to.parent_path());
}

}  // namespace

std::vector<std::string> journeys_to_replace(const std::string& folder, const JourneyOptions& o) {
  scene::check_options(o);
  std::vector<std::string> old;
  for (int64_t i = 0; i < o.drives; ++i) {
    const Journey j = scene::plan_journey(o, i);
    const fs::path path = fs::path(folder) / "TeslaCam" / "SavedClips" / j.name;
    if (look_at(path, j) == Found::kOther) old.push_back(path.string());
  }
  return old;
}

std::vector<RenderedJourney> render_journeys(const std::string& folder, const JourneyOptions& o,
                                             const JourneyProgress& progress) {
  scene::check_options(o);
  const fs::path root = folder, clips = root / "TeslaCam" / "SavedClips";
  make_folder(clips);
  const scene::FolderLock lock(root);
  const auto replaced = [&](const Journey& j) { return root / kUnfinished / (j.name + kReplaced); };
  std::vector<Journey> journeys;
  std::vector<Found> found;
  int64_t total = 0, done = 0;
  for (int64_t i = 0; i < o.drives; ++i) {
    journeys.push_back(scene::plan_journey(o, i));
    restore(replaced(journeys.back()), clips / journeys.back().name);
    found.push_back(look_at(clips / journeys.back().name, journeys.back()));
    if (found.back() == Found::kForeign)
      throw Error(Category::kConfig, "there is a folder of this name that was not rendered here",
                  (clips / journeys.back().name).string(), "choose another folder with --out");
    if (found.back() != Found::kWhole) total += scene::frames_of(journeys.back());
  }
  std::mutex mutex;
  const auto frames_done = [&](int64_t frames) {
    const std::lock_guard guard(mutex);
    done += frames;
    if (progress) progress(done, total);
  };
  std::vector<RenderedJourney> result;
  for (size_t i = 0; i < journeys.size(); ++i) {
    const Journey& j = journeys[i];
    const fs::path to = clips / j.name;
    result.push_back({to.string(), static_cast<int64_t>(j.clips.size()), scene::frames_of(j),
                      found[i] != Found::kWhole});
    if (found[i] == Found::kWhole) continue;
    Places at{root / kUnfinished / j.name, root / kUnfinished / j.name / "truth"};
    make_folder(at.truth);
    const scene::World world(j.params);
    scene::each_in_parallel(static_cast<int64_t>(j.clips.size()), [&](int64_t c) {
      const Clip& clip = j.clips[static_cast<size_t>(c)];
      if (clip_whole(j, at, clip)) return frames_done(clip.end - clip.begin);
      fs::remove(at.note(clip));
      int64_t rendered = 0;
      render_clip(j, world, at, clip, [&] { ++rendered, frames_done(1); });
      frames_done(clip.end - clip.begin - rendered);  // those that it lost
    });
    remove_others(j, at);
    complete(j, world, at, found[i] == Found::kOther ? replaced(j) : fs::path(), to);
  }
  std::error_code ignored;
  fs::remove(root / kUnfinished, ignored);  // if nothing is left in it
  return result;
}

}  // namespace dojo
