#include "dojo/scene/demo.h"

#include <fmt/format.h>

#include <cmath>
#include <exception>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/random.h"
#include "dojo/scene/drive_files.h"
#include "dojo/scene/encode.h"
#include "dojo/scene/render.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int kSceneVersion = 1;  // raise it when the same seed gives other frames

int64_t frame_count(const DemoOptions& o) {
  return std::llround(o.seconds * static_cast<double>(o.fps));
}

uint64_t drive_seed(const DemoOptions& o, int64_t drive) {
  return Random(o.seed, stream_id("demo drive"), static_cast<uint64_t>(drive)).next_u64() >>
         11;  // exact in JSON everywhere
}

std::string name_of(int64_t drive) { return fmt::format("drive-{:02d}", drive); }

ordered_json recipe(const DemoOptions& o, int64_t drive) {
  ordered_json recipe = {{"scene_version", kSceneVersion},
                         {"seed", drive_seed(o, drive)},
                         {"frames", frame_count(o)},
                         {"fps", o.fps},
                         {"height", o.height},
                         {"width", o.width}};
  // The world depends on them, too. Left out where the frames say it all, as in older manifests.
  if (o.seconds != static_cast<double>(frame_count(o)) / static_cast<double>(o.fps))
    recipe["seconds"] = o.seconds;
  return recipe;
}

ordered_json fingerprint(const fs::path& path) {
  const scene::FileHash hash = scene::hash_file(path);
  return {{"file", path.filename().string()}, {"bytes", hash.bytes}, {"fnv1a", hash.fnv1a}};
}

// Iff the manifest is there, was made by this recipe, and the files are those that it tells of.
bool whole(const fs::path& folder, const DemoOptions& o, int64_t drive) {
  try {
    const fs::path manifest = folder / (name_of(drive) + ".json");
    if (!fs::exists(manifest)) return false;
    const ordered_json json = ordered_json::parse(read_file(manifest, 1 << 20));
    if (json.at("recipe") != recipe(o, drive)) return false;
    bool depth = false;
    for (const ordered_json& file : json.at("files")) {
      const std::string name = file.at("file");
      const fs::path path = folder / name;
      depth = depth || name == name_of(drive) + ".depth.npy";
      if (fs::file_size(path) != file.at("bytes") || fingerprint(path) != file) return false;
    }
    return depth || !o.depth;
  } catch (const std::exception&) {
    return false;  // a damaged manifest or a missing file: the drive is made anew
  }
}

void render_drive(const fs::path& folder, const DemoOptions& o, int64_t drive,
                  const std::function<void()>& frame_done) {
  const std::string base = (folder / name_of(drive)).string();
  if (!o.depth) fs::remove(base + ".depth.npy");  // of other options
  fs::remove(base + ".json");  // from here on there is no such drive, until all of it is written
  const scene::DriveParams params = scene::draw_params(drive_seed(o, drive), o.seconds);
  const scene::World world(params);
  scene::Renderer renderer(world, {.height = o.height, .width = o.width});
  scene::VideoWriter video(base + ".mp4", {.height = o.height, .width = o.width, .fps = o.fps});
  std::optional<AtomicFile> depth;
  if (o.depth) {
    depth.emplace(base + ".depth.npy");
    depth->write(scene::npy_header(frame_count(o), o.height, o.width));
  }
  std::string csv =
      "frame,time_seconds,speed_mps,yaw_rate_radps,x_m,y_m,z_m,yaw_rad,pitch_rad,roll_rad\n";
  for (int64_t i = 0; i < frame_count(o); ++i) {
    const scene::Frame frame =
        renderer.render(i, static_cast<double>(i) / static_cast<double>(o.fps));
    video.add(frame.rgb);
    if (depth) depth->write(std::as_bytes(std::span(frame.depth)));
    const scene::Truth& t = frame.truth;
    csv +=
        fmt::format("{},{:.6f},{:.6f},{:.8f},{:.6f},{:.6f},{:.6f},{:.8f},{:.8f},{:.8f}\n", i,
                    t.time_seconds, t.speed_mps, t.yaw_rate_radps, t.pose.position[0],
                    t.pose.position[1], t.pose.position[2], t.pose.yaw, t.pose.pitch, t.pose.roll);
    frame_done();
  }
  video.finish();
  write_file_atomic(base + ".csv", csv);
  ordered_json files = {fingerprint(base + ".mp4"), fingerprint(base + ".csv")};
  if (depth) {
    depth->commit();
    files.push_back(fingerprint(base + ".depth.npy"));
  }
  const ordered_json manifest = {{"recipe", recipe(o, drive)},
                                 {"camera",
                                  {{"focal_pixels", renderer.focal_pixels()},
                                   {"centre_x", o.width / 2.0},
                                   {"centre_y", o.height / 2.0}}},
                                 {"world",
                                  {{"town", params.town},
                                   {"mean_speed_mps", params.speed_mps},
                                   {"lanes_each_way", params.lanes_each_way}}},
                                 {"files", files}};
  write_file_atomic(base + ".json", manifest.dump(1) + "\n");
}

void check_options(const DemoOptions& o) {
  const auto wrong = [](const std::string& what, const char* option, const char* hint) {
    throw Error(Category::kConfig, what, option, hint);
  };
  if (o.drives < 1 || o.drives > 100)
    wrong(fmt::format("{} drives", o.drives), "--drives", "give 1 to 100");
  if (!(o.seconds > 0 && o.seconds <= 3600))
    wrong(fmt::format("{} seconds", o.seconds), "--seconds", "give up to 3600");
  if (o.fps < 1 || o.fps > 240)
    wrong(fmt::format("{} frames a second", o.fps), "--fps", "give 1 to 240");
  if (frame_count(o) < 1)
    wrong("a drive without a frame", "--seconds", "give at least one frame's time");
  if (o.height < 16 || o.width < 16 || o.height > 4096 || o.width > 4096 || o.height % 2 ||
      o.width % 2) {
    wrong(fmt::format("frames of {}x{} pixels", o.height, o.width), "--size",
          "give an even height and width from 16 to 4096");
  }
}

constexpr const char* kEndings[] = {".mp4", ".csv", ".json", ".depth.npy"};

// Only a folder that was filled here before, which the lock file tells, may hold files of our
// names.
void refuse_foreign_drives(const fs::path& folder, const DemoOptions& o) {
  if (fs::exists(folder / scene::FolderLock::kFile)) return;
  for (int64_t i = 0; i < o.drives; ++i)
    for (const char* ending : kEndings)
      if (fs::exists(folder / (name_of(i) + ending)))
        throw Error(Category::kConfig,
                    fmt::format("{}{} is there and was not rendered here", name_of(i), ending),
                    folder.string(), "choose another folder with --out");
}

// What a killed process left: nobody else writes here, for we hold the lock.
void remove_leftovers(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".drive-") && name.find(".tmp-") != std::string::npos)
      fs::remove(entry.path());
  }
}

}  // namespace

std::vector<std::string> drives_to_replace(const std::string& folder, const DemoOptions& o) {
  check_options(o);
  std::vector<std::string> files;
  if (!fs::exists(fs::path(folder) / scene::FolderLock::kFile)) return files;
  for (int64_t i = 0; i < o.drives; ++i) {
    const std::string base = (fs::path(folder) / name_of(i)).string();
    try {
      if (!fs::exists(base + ".json")) continue;
      const ordered_json json = ordered_json::parse(read_file(base + ".json", 1 << 20));
      if (json.at("recipe") == recipe(o, i)) continue;
    } catch (const std::exception&) {
      continue;  // damaged: nobody has a use for it
    }
    for (const char* ending : kEndings)
      if (fs::exists(base + ending)) files.push_back(base + ending);
  }
  return files;
}

std::vector<std::string> ensure_demo_drives(const std::string& folder, const DemoOptions& o,
                                            const DemoProgress& progress) {
  check_options(o);
  make_folder(folder);
  refuse_foreign_drives(folder, o);
  const scene::FolderLock lock(folder);
  remove_leftovers(folder);
  std::vector<int64_t> missing;
  std::vector<std::string> paths;
  for (int64_t i = 0; i < o.drives; ++i) {
    paths.push_back((fs::path(folder) / (name_of(i) + ".mp4")).string());
    if (!whole(folder, o, i)) missing.push_back(i);
  }

  // Whole drives side by side: rendering and encoding of each stay on one thread, and no core
  // waits.
  std::mutex mutex;
  int64_t done = 0;
  const int64_t total = static_cast<int64_t>(missing.size()) * frame_count(o);
  const auto frame_done = [&] {
    const std::lock_guard guard(mutex);
    ++done;
    if (progress) progress(done, total);
  };
  scene::each_in_parallel(static_cast<int64_t>(missing.size()), [&](int64_t i) {
    render_drive(folder, o, missing[static_cast<size_t>(i)], frame_done);
  });
  return paths;
}

}  // namespace dojo
