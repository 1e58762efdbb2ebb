// `dojo cache`: the small copies of frames on disk: make them ahead of training, list them, remove
// them.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <tuple>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/progress.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/base/units.h"
#include "dojo/cli/args.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/video/cache/build_copies.h"
#include "dojo/video/catalogue.h"
#include "dojo/video/find_recordings.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct CacheOptions {
  std::vector<std::string> paths;
  std::string folder, catalogue, tier = "short-gop", size = "128x256";
  double gigabytes = 20, deadline = 60;
  int64_t workers = 1;
  bool all = false, gone = false, json = false, quiet = false;
};

// A file on a disk that is not there now is gone, too.
bool is_gone(const std::string& path) {
  std::error_code error;
  return !path.empty() && fs::status(path, error).type() == fs::file_type::not_found;
}

// What is known of files, where there is a catalogue.
struct Known {
  std::unique_ptr<Catalogue> catalogue;
  std::vector<std::string> files, gone;
  int64_t bytes = 0;
};

Known read_catalogue(const std::string& path) {
  Known known;
  std::error_code error;
  if (path.empty() || !fs::exists(path, error)) return known;
  known.catalogue = std::make_unique<Catalogue>(path);
  known.files = known.catalogue->files();
  std::copy_if(known.files.begin(), known.files.end(), std::back_inserter(known.gone), is_gone);
  const auto bytes = fs::file_size(path, error);
  if (!error) known.bytes = static_cast<int64_t>(bytes);
  warn(known.catalogue->take_messages());
  return known;
}

int build(const CacheOptions& o) {
  if (o.paths.empty())
    throw Error(Category::kConfig, "nothing to build a cache of", "PATH", "name a folder or file");
  const std::optional<CopyTier> tier = parse_copy_tier(o.tier);
  if (!tier || *tier == CopyTier::kNone)
    throw Error(Category::kConfig, "there is no tier \"" + o.tier + "\"", "--tier",
                "write short-gop or raw");
  const auto [height, width] = parse_size(o.size, "--size");
  CopyCache cache({.tier = *tier,
                   .folder = o.folder,
                   .max_bytes = static_cast<int64_t>(o.gigabytes * 1e9),
                   .height = height,
                   .width = width});
  if (const std::string message = cache.take_message(); !message.empty())
    throw Error(Category::kIo, message, {}, "name another folder with --cache-dir");
  const WorkerOptions worker{.deadline_seconds = o.deadline};
  Catalogue catalogue(o.catalogue);
  const FoundRecordings found = find_recordings(
      o.paths, {.workers = static_cast<int>(o.workers), .worker = worker, .catalogue = &catalogue});
  warn(found.messages);
  if (found.recordings.empty())
    throw Error(Category::kInput, "no usable recording", o.paths[0],
                found.quarantined.empty() ? "" : found.quarantined[0].reason);
  int64_t total = 0;
  for (const Recording& r : found.recordings) total += r.num_frames();
  Progress progress("caching", {.total = total, .unit = "frames", .quiet = o.quiet});
  BuiltCopies built = build_copies(found.recordings, &cache, static_cast<int>(o.workers), height,
                                   width, worker, [&](int64_t done) { progress.update(done); });
  progress.finish();
  // Of a file's problems the first is noted, and none that may be the machine's.
  for (auto q = built.quarantined.rbegin(); q != built.quarantined.rend(); ++q)
    if (q->category != name(Category::kIo)) catalogue.note(real_path(q->path), *q);
  built.quarantined.insert(built.quarantined.begin(), found.quarantined.begin(),
                           found.quarantined.end());
  for (const Quarantined& q : built.quarantined)
    tell("warning: not usable, or not all of it: {}: {}\n", one_line(q.path), one_line(q.reason));
  const std::string message = cache.take_message();  // a full disk or folder, mostly
  if (!message.empty()) tell("warning: {}\n", one_line(message));
  if (o.json) {
    print_json(ordered_json{{"recordings", found.recordings.size()},
                            {"frames_made", built.frames},
                            {"frames_before", built.frames_before},
                            {"frames_without", built.frames_without},
                            {"decode_cpu_seconds", built.decode_seconds},
                            {"copy_cpu_seconds", built.copy_seconds}});
  } else {
    fmt::print("{} frames kept now, {} were there, {} are not kept\n", built.frames,
               built.frames_before, built.frames_without);
  }
  return message.empty() ? 0 : 1;
}

std::string when(int64_t ns) {
  const std::time_t seconds = static_cast<std::time_t>(ns / 1'000'000'000);
  char text[32] = {};
  std::tm local{};
  localtime_r(&seconds, &local);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
  return text;
}

std::string count_of_copies(int64_t n) {
  return fmt::format("{} {}", n, n == 1 ? "copy" : "copies");
}

int info(const CacheOptions& o) {
  const std::vector<CopyInfo> copies = list_copies(o.folder, true);
  const Known known = read_catalogue(o.catalogue);
  int64_t bytes = 0;
  for (const CopyInfo& c : copies) bytes += c.bytes;
  if (o.json) {
    ordered_json list = ordered_json::array();
    for (const CopyInfo& c : copies)
      list.push_back({{"path", to_utf8(c.key.path)},
                      {"name", c.name},
                      {"height", c.key.height},
                      {"width", c.key.width},
                      {"codec", c.key.codec},
                      {"frames", c.key.num_frames},
                      {"units_held", c.units_held},
                      {"units", c.key.num_frames > 0 ? c.key.num_units() : 0},
                      {"bytes", c.bytes},
                      {"last_used", c.last_used_ns / 1'000'000'000},
                      {"written_now", c.written_now}});
    print_json(ordered_json{{"folder", to_utf8(o.folder)},
                            {"bytes", bytes},
                            {"copies", list},
                            {"catalogue",
                             {{"file", to_utf8(o.catalogue)},
                              {"bytes", known.bytes},
                              {"files_known", known.files.size()},
                              {"files_gone", known.gone.size()}}}});
    return 0;
  }
  if (!copies.empty())
    fmt::print("{:<16}  {:>9}  {:>9}  {:>5}  {:>9}  {}\n", "last used", "size", "frames", "held",
               "bytes", "recording");
  for (const CopyInfo& c : copies) {
    if (c.key.path.empty()) {
      fmt::print("{:<16}  {:>9}  {:>9}  {:>5}  {:>9}  {} (its header cannot be read)\n",
                 when(c.last_used_ns), "", "", "", print_bytes(c.bytes), c.name);
      continue;
    }
    fmt::print("{:<16}  {:>9}  {:>9}  {:>4.0f}%  {:>9}  {}{}{}\n", when(c.last_used_ns),
               fmt::format("{}x{}", c.key.height, c.key.width), c.key.num_frames,
               100.0 * static_cast<double>(c.units_held) / static_cast<double>(c.key.num_units()),
               print_bytes(c.bytes), one_line(c.key.path), c.key.codec == "raw" ? " (raw)" : "",
               c.written_now ? " (in use)" : "");
  }
  fmt::print("{}, {}, in {}\n", count_of_copies(std::ssize(copies)), print_bytes(bytes),
             one_line(o.folder));
  if (known.catalogue)
    fmt::print("{} files known, {} of them gone, {}, in {}\n", known.files.size(),
               known.gone.size(), print_bytes(known.bytes), one_line(o.catalogue));
  return 0;
}

// True iff `path` is `above` or lies below it.
bool lies_in(const std::string& path, const std::string& above) {
  return path == above || path.starts_with(above == "/" ? above : above + "/");
}

int drop(const CacheOptions& o) {
  if (o.all ? o.gone || !o.paths.empty() : o.paths.empty() && !o.gone)
    throw Error(Category::kConfig,
                o.all ? "everything, and besides a part of it" : "it is not said what to drop",
                o.all ? "--all" : "PATH",
                "name folders or files of recordings, or give --gone, or --all alone");
  std::vector<std::string> chosen;
  for (const std::string& p : o.paths) {
    std::string path = fs::absolute(p).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    chosen.push_back(path);
    std::error_code error;
    if (const fs::path real = fs::weakly_canonical(path, error); !error && real != path)
      chosen.push_back(real.string());  // as the catalogue has it
  }
  const auto is_chosen = [&](const std::string& path) {
    return (!o.gone || is_gone(path)) &&
           (o.paths.empty() || std::any_of(chosen.begin(), chosen.end(),
                                           [&](const std::string& p) { return lies_in(path, p); }));
  };
  int64_t dropped = 0, bytes = 0, in_use = 0;
  for (const CopyInfo& c : list_copies(o.folder, true)) {
    if (!is_chosen(c.key.path)) continue;
    if (remove_copy(o.folder, c.name)) {
      ++dropped;
      bytes += c.bytes;
    } else {
      ++in_use;
    }
  }
  if (dropped + in_use == 0 && !o.gone)
    for (const std::string& p : o.paths) check_exists(p, "`dojo cache info` lists what is cached");
  if (in_use > 0)
    tell("warning: {} stay: being written, or not to be removed\n", count_of_copies(in_use));
  int64_t forgotten = 0;
  if (o.gone) {
    Known known = read_catalogue(o.catalogue);
    std::erase_if(known.gone, [&](const std::string& path) { return !is_chosen(path); });
    if (!known.gone.empty()) forgotten = known.catalogue->forget(known.gone);
  }
  if (o.json)
    print_json(ordered_json{{"dropped", dropped},
                            {"bytes", bytes},
                            {"kept_in_use", in_use},
                            {"files_forgotten", forgotten}});
  else
    fmt::print("{} dropped, {}{}\n", count_of_copies(dropped), print_bytes(bytes),
               o.gone ? fmt::format("; {} files forgotten", forgotten) : "");
  return in_use > 0 ? 1 : 0;
}

}  // namespace

int run_cache(std::span<const std::string> argv) {
  CacheOptions o;
  std::string action;
  o.folder = default_copy_folder();
  Args args(
      "dojo cache build|info|drop [PATH...]",
      "Small copies of frames on disk, which spare later epochs the decoding of video.",
      "  dojo cache build ~/TeslaCam --size 128x256   # training makes them, too, as it goes\n"
      "  dojo cache info\n"
      "  dojo cache drop ~/TeslaCam                   # of these recordings\n"
      "  dojo cache drop --gone                       # of files that are no longer there\n"
      "  dojo cache drop --all\n");
  args.positional("build|info|drop", "what to do", &action);
  args.positional("[PATH...]", "folders, searched recursively, or video files", &o.paths);
  args.option("--cache-dir", "DIR", "where the copies are", &o.folder);
  args.option("--cache-size", "GB", "build: the folder grows to this size; the oldest go",
              &o.gigabytes, {.min = 0.001, .max = 1e6});
  args.option("--tier", "NAME", "build: short-gop (small, not exact) or raw (exact, 100 x larger)",
              &o.tier);
  args.option("--size", "HxW", "build: height and width of the frames: those of training", &o.size);
  args.option("--workers", "N", "build: decoding processes", &o.workers, {.min = 1, .max = 64});
  args.option("--deadline", "SECONDS", "build: give up for a file after this time without progress",
              &o.deadline, {.min = 0.1, .max = 86400});
  args.option("--catalogue", "FILE", kCatalogueHelp, &o.catalogue);
  args.option("--all", "", "drop: all copies", &o.all);
  args.option(
      "--gone", "",
      "drop: copies of files that are no longer there, also on a disk that is not there now, "
      "and what the catalogue knows of them; with PATH: only below it",
      &o.gone);
  args.option("-q, --quiet", "", "no progress", &o.quiet);
  args.option("--json", "", "print one JSON object", &o.json);
  if (!args.parse(argv)) return 0;
  if (!args.given("--catalogue")) o.catalogue = Catalogue::default_path();
  if (o.folder.empty())
    throw Error(Category::kConfig, "neither XDG_CACHE_HOME nor HOME says where the cache is",
                "--cache-dir", "name a folder");
  const auto only_for = [&](std::string_view verb, std::initializer_list<const char*> names) {
    for (const char* name : names)
      if (action != verb && args.given(name))
        throw Error(Category::kConfig, fmt::format("it is for `dojo cache {}` only", verb), name,
                    "leave it out");
  };
  only_for("build", {"--tier", "--size", "--cache-size", "--workers", "--deadline"});
  only_for("drop", {"--all", "--gone"});
  if (action == "build") {
    const InterruptGuard guard(InterruptGuard::kThrow);
    return build(o);
  }
  if (action == "info" && !o.paths.empty())
    throw Error(Category::kConfig, "it tells of all copies, not of one path", "dojo cache info",
                "name another cache with --cache-dir");
  if (action == "info") return info(o);
  if (action == "drop") return drop(o);
  throw Error(Category::kConfig, "\"" + action + "\" is nothing that can be done", "dojo cache",
              "write build, info or drop");
}

}  // namespace dojo
