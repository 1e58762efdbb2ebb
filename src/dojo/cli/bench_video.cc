// dojo bench video: how many clips a second, by the usual patterns and by ours, in one interleaved
// run beside the limit of the machine and, with --peers, beside other libraries.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "dojo/base/cache_folder.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/progress.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/bench.h"
#include "dojo/cli/bench_peer.h"
#include "dojo/cli/called.h"
#include "dojo/cli/common.h"
#include "dojo/scene/reference_video.h"
#include "dojo/video/bench/cases.h"
#include "dojo/video/catalogue.h"
#include "dojo/video/find_recordings.h"

namespace dojo {
namespace {

using bench::Measured;

constexpr int64_t kSequence = 1024;  // clips of a random sequence; more begin again
constexpr int64_t kChecked = 3;      // clips of each case compared with the exact reader

// One thing that is measured in each round.
struct Series {
  std::string bench, case_name, role;
  int64_t threads = 1;
  std::function<Measured(int64_t round)> measure;
  std::vector<Measured> runs = {};
};

// A folder for copies of frames, which goes away with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dojo-bench-XXXXXX").string();
    if (!mkdtemp(pattern.data()))
      throw Error(Category::kIo, "no temporary folder can be made", pattern,
                  "set TMPDIR to a folder that can be written");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class VideoBench {
 public:
  VideoBench(bench::Workload workload, double seconds, int64_t rounds)
      : w_(std::move(workload)), seconds_(seconds), rounds_(rounds) {}

  void add_cases(const std::string& only, int64_t workers);
  void add_copies(const std::string& only);
  void add_peers(const std::string& only);
  bool empty() const { return series_.empty(); }
  void run(bool quiet);
  std::vector<BenchRow> rows() const;

 private:
  // For one measurement, on a machine that others use too.
  double patience() const { return 300 + 20 * seconds_; }
  uint64_t seed(int64_t round) const { return 1 + static_cast<uint64_t>(round); }
  const std::vector<ClipRef>& clips(int64_t round);
  std::vector<bench::ExactClip> exact(const std::vector<Recording>& recordings, SamplingOrder order,
                                      int64_t round);
  Measured time_peer(Peer& peer, bool keep_open, int64_t round);
  const Series* find(const std::string& bench, const std::string& name) const;
  double share(const Series& s, size_t run) const;

  bench::Workload w_;
  double seconds_;
  int64_t rounds_;
  std::vector<Series> series_;
  std::map<int64_t, std::vector<ClipRef>> clips_;  // by round: the random sequence of all patterns
  FrameReader reader_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::map<std::string, std::string> lost_;  // peers that failed, by case name, and why
  std::map<CopyTier, std::unique_ptr<TemporaryFolder>> copies_;  // filled
};

void VideoBench::add_copies(const std::string& only) {
  struct Case {
    const char* name;
    CopyTier tier;
    SamplingOrder order;
  };
  for (const auto& [case_name, tier, order] :
       {Case{"cache-uniform", CopyTier::kShortGop, SamplingOrder::kUniform},
        Case{"cache-run", CopyTier::kShortGop, SamplingOrder::kGopRun},
        Case{"raw", CopyTier::kRaw, SamplingOrder::kGopRun}}) {
    const std::string name = case_name;
    if (!only.empty() && only != name) continue;
    series_.push_back(
        {"video", name, "ours", 1, [this, name, t = tier, how = order](int64_t round) {
           std::unique_ptr<TemporaryFolder>& folder = copies_[t];
           if (!folder) {
             folder = std::make_unique<TemporaryFolder>();
             bench::measure_in_child("making copies", patience(),
                                     [&] { return bench::fill_copies(w_, t, folder->path()); });
           }
           const auto check = exact(
               how == SamplingOrder::kUniform ? w_.parts : bench::set_of_many_runs(w_), how, round);
           return bench::measure_in_child("\"" + name + "\"", patience(), [&] {
             return bench::load_copies(w_, t, folder->path(), how, seed(round), seconds_, check);
           });
         }});
  }
}

const std::vector<ClipRef>& VideoBench::clips(int64_t round) {
  std::vector<ClipRef>& c = clips_[round];
  if (c.empty())
    c = bench::first_clips(w_.parts, w_.sampling(SamplingOrder::kUniform, seed(round)), kSequence);
  return c;
}

// What the first clips of an order must look like; of the first round only.
std::vector<bench::ExactClip> VideoBench::exact(const std::vector<Recording>& recordings,
                                                SamplingOrder order, int64_t round) {
  if (round > 0) return {};
  return bench::read_exactly(
      reader_, recordings,
      bench::first_clips(recordings, w_.sampling(order, seed(round)), kChecked), w_.options);
}

void VideoBench::add_cases(const std::string& only, int64_t workers) {
  const auto wanted = [&](const std::string& name) { return only.empty() || only == name; };
  const auto in_child = [this](const std::string& name, auto body) {
    return bench::measure_in_child("\"" + name + "\"", patience(), body);
  };
  for (const bool keep_open : {false, true}) {
    const std::string name = keep_open ? "kept-open" : "usual";
    if (wanted(name))
      series_.push_back({"video", name, "ours", 1, [=, this](int64_t round) {
                           const auto& sequence = clips(round);
                           const auto check = exact(w_.parts, SamplingOrder::kUniform, round);
                           return in_child(name, [&] {
                             return bench::decode_clips(w_, sequence, keep_open, seconds_, check);
                           });
                         }});
  }
  if (wanted("uniform"))
    series_.push_back({"video", "uniform", "ours", 1, [=, this](int64_t round) {
                         const auto check = exact(w_.parts, SamplingOrder::kUniform, round);
                         return in_child("uniform", [&] {
                           return bench::load_uniform(w_, seed(round), seconds_, check);
                         });
                       }});
  // Several workers get as many copies of the set: their first batch waits for a whole group of
  // mixed runs, and so would all that is measured.
  if (wanted("gop-run"))
    for (int64_t n = 1; n <= workers; n = n < workers ? std::min(2 * n, workers) : n + 1)
      series_.push_back(
          {n == 1 ? "video" : "video-wall", "gop-run", "ours", n, [=, this](int64_t round) {
             std::vector<bench::ExactClip> check;
             if (n == 1) check = exact(w_.pieces, SamplingOrder::kGopRun, round);
             const int used = static_cast<int>(n);
             return in_child("gop-run",
                             [&] { return bench::load_runs(w_, seed(round), used, used, check); });
           }});
  // Shares are of the limit, so it is measured with those that have one.
  if (wanted("sequential") || wanted("uniform") || wanted("gop-run"))
    for (const bool convert : {true, false})
      series_.push_back(
          {convert ? "video" : "video-decode", "sequential", "limit", 1, [=, this](int64_t round) {
             const auto check = exact(w_.parts, SamplingOrder::kUniform, round);
             return in_child("sequential", [&] { return bench::decode_all(w_, convert, check); });
           }});
}

Measured VideoBench::time_peer(Peer& peer, bool keep_open, int64_t round) {
  const auto& sequence = clips(round);
  Measured m = peer.time(w_, sequence, keep_open, seconds_);
  if (round > 0) return m;
  const std::vector<ClipRef> few(sequence.begin(), sequence.begin() + 2 * kChecked);
  const auto around = [&](int64_t shift) {
    return bench::read_exactly(reader_, w_.parts, few, w_.options, shift);
  };
  const Measured checked = peer.check(w_, around(-1), around(0), around(1));
  m.checked = checked.checked;
  m.wrong = checked.wrong;
  return m;
}

void VideoBench::add_peers(const std::string& only) {
  for (const std::string& name : peer_names()) {
    const std::string case_name = "peer-" + name;
    if (!only.empty() && only != case_name) continue;
    auto peer = std::make_unique<Peer>(name);
    if (!peer->missing().empty()) {
      tell("dojo: {} is left out: {}\n", name, one_line(peer->missing()));
      continue;
    }
    tell("dojo: peer {}\n", peer->version());
    for (const bool keep_open : {false, true})
      series_.push_back({keep_open ? "video-kept-open" : "video", case_name, "peer", 1,
                         [this, keep_open, p = peer.get()](int64_t round) {
                           return time_peer(*p, keep_open, round);
                         }});
    peers_.push_back(std::move(peer));
  }
}

void VideoBench::run(bool quiet) {
  ProgressOptions look;
  look.total = rounds_ * static_cast<int64_t>(series_.size());
  look.unit = "measurements";
  look.quiet = quiet;
  Progress progress("measuring", look);
  int64_t done = 0;
  for (int64_t round = 0; round < rounds_; ++round)
    for (Series& s : series_) {
      throw_if_interrupted();
      progress.update(done++, s.case_name);
      if (lost_.contains(s.case_name)) continue;
      try {
        s.runs.push_back(s.measure(round));
      } catch (const PeerError& e) {
        lost_.emplace(s.case_name, e.message());
        progress.message(
            fmt::format("dojo: {} is left out: {}", s.case_name, one_line(e.message())));
        continue;
      }
      const Measured& m = s.runs.back();
      if (m.wrong > 0 && s.role != "peer")
        throw std::logic_error(fmt::format("{}: {} of {} clips differ from the exact reader's",
                                           s.case_name, m.wrong, m.checked));
    }
  progress.update(done);
  progress.finish();
  std::erase_if(series_, [&](const Series& s) { return lost_.contains(s.case_name); });
  if (series_.empty())
    throw Error(Category::kIo, "it cannot be measured: " + lost_.begin()->second,
                lost_.begin()->first, "measure another case, or without --peers");
}

const Series* VideoBench::find(const std::string& bench, const std::string& name) const {
  for (const Series& s : series_)
    if (s.bench == bench && s.case_name == name) return &s;
  return nullptr;
}

// Of what decoding and conversion alone would allow for the same clips, by the sequential passes of
// the same round.
double VideoBench::share(const Series& s, size_t run) const {
  const Measured& m = s.runs[run];
  const Measured& all = find("video", "sequential")->runs[run];
  const Measured& decode = find("video-decode", "sequential")->runs[run];
  const double reached = static_cast<double>(m.clips) / m.cpu_seconds;
  if (s.case_name == "gop-run") return reached / (static_cast<double>(all.clips) / all.cpu_seconds);
  const double decode_seconds = decode.cpu_seconds / static_cast<double>(decode.frames_decoded);
  const double convert_seconds =
      all.cpu_seconds / static_cast<double>(all.frames_decoded) - decode_seconds;
  const auto sequence = bench::first_clips(
      w_.parts, w_.sampling(SamplingOrder::kUniform, seed(static_cast<int64_t>(run))), m.clips);
  const double frames = static_cast<double>(bench::frames_to_decode(w_.parts, sequence)) /
                        static_cast<double>(m.clips);
  return reached *
         (frames * decode_seconds + static_cast<double>(w_.options.frames) * convert_seconds);
}

std::vector<BenchRow> VideoBench::rows() const {
  std::vector<BenchRow> rows;
  const auto add = [&](const Series& s, const std::string& bench, const std::string& unit,
                       const std::string& better, const std::function<double(size_t)>& value) {
    std::vector<double> x;
    for (size_t run = 0; run < s.runs.size(); ++run) x.push_back(value(run));
    rows.push_back({.bench = bench,
                    .case_name = s.case_name,
                    .unit = unit,
                    .better = better,
                    .role = s.role,
                    .value = spread_of(x),
                    .runs = static_cast<int64_t>(x.size()),
                    .threads = s.threads});
  };
  for (const Series& s : series_) {
    const auto clips = [&](size_t run) { return static_cast<double>(s.runs[run].clips); };
    const auto frames = [&](size_t run) { return static_cast<double>(s.runs[run].frames_decoded); };
    const auto cpu = [&](size_t run) { return s.runs[run].cpu_seconds; };
    const auto wall = [&](size_t run) { return s.runs[run].wall_seconds; };
    if (s.bench == "video-decode") {
      add(s, s.bench, "frames/CPU-s", "higher", [&](size_t r) { return frames(r) / cpu(r); });
      continue;
    }
    if (s.threads == 1)
      add(s, s.bench, "clips/CPU-s", "higher", [&](size_t r) { return clips(r) / cpu(r); });
    if (s.bench == "video-kept-open") continue;
    add(s, "video-wall", "clips/s", "higher", [&](size_t r) { return clips(r) / wall(r); });
    if (s.role == "peer") {
      add(s, "video-wrong-frames", "share", "lower", [&](size_t) {
        return static_cast<double>(s.runs[0].wrong) / static_cast<double>(s.runs[0].checked);
      });
    } else if (s.threads == 1) {
      add(s, "video-frames", "frames/CPU-s", "higher",
          [&](size_t r) { return frames(r) / cpu(r); });
      add(s, "video-decoded", "frames/clip", "lower",
          [&](size_t r) { return frames(r) / clips(r); });
      if (s.case_name == "uniform" || s.case_name == "gop-run")
        add(s, "video-share", "of its bound", "higher", [&](size_t r) { return share(s, r); });
    }
  }
  return rows;
}

void print_table(const std::vector<BenchRow>& rows) {
  const auto value = [&](const std::string& bench, const std::string& name) -> std::string {
    for (const BenchRow& r : rows)
      if (r.bench == bench && r.case_name == name && r.threads == 1)
        return fmt::format("{:.{}f}", r.value.median, bench == "video-share" ? 2 : 1);
    return "";
  };
  const char* line = "{:<16} {:>11} {:>17} {:>9} {:>14} {:>13} {:>9} {:>11}\n";
  fmt::print(fmt::runtime(line), "case", "clips/CPU-s", "(min - max)", "clips/s", "decoded frames",
             "frames/CPU-s", "share of", "kept open,");
  fmt::print(fmt::runtime(line), "", "", "", "", "a clip", "", "its bound", "clips/CPU-s");
  for (const BenchRow& r : rows)
    if (r.bench == "video")
      fmt::print(fmt::runtime(line), r.case_name, fmt::format("{:.1f}", r.value.median),
                 fmt::format("({:.1f} - {:.1f})", r.value.min, r.value.max),
                 value("video-wall", r.case_name), value("video-decoded", r.case_name),
                 value("video-frames", r.case_name), value("video-share", r.case_name),
                 value("video-kept-open", r.case_name));
  for (const BenchRow& r : rows)
    if (r.bench == "video-wall" && r.threads > 1)
      fmt::print("{}, {} workers: {:.1f} clips/s ({:.1f} - {:.1f})\n", r.case_name, r.threads,
                 r.value.median, r.value.min, r.value.max);
  for (const BenchRow& r : rows)
    if (r.bench == "video-share" && r.value.median > 1.05)
      fmt::print("{}: more than its bound, because clips of a set so small share frames\n",
                 r.case_name);
  for (const BenchRow& r : rows)
    if (r.bench == "video-wrong-frames" && r.value.max > 0)
      fmt::print("{}: {:.1f} % of the frames are other frames than those asked for\n", r.case_name,
                 100 * r.value.max);
}

std::vector<Recording> recordings_of(std::vector<std::string> folders, int workers,
                                     const std::string& catalogue_file, bool quiet) {
  if (folders.empty()) {
    if (cache_folder().empty())
      throw Error(Category::kConfig, "neither XDG_CACHE_HOME nor HOME is set", "",
                  "set one of them, or give a folder of video");
    std::optional<Progress> bar;
    folders = {ensure_reference_video(cache_folder() + "/bench", [&](int64_t done, int64_t total) {
      throw_if_interrupted();
      ProgressOptions look;
      look.total = total;
      look.unit = "frames";
      look.quiet = quiet;
      if (!bar) bar.emplace("rendering the reference video, once", look);
      bar->update(done);
    })};
    if (bar) bar->finish();
  }
  Catalogue catalogue(catalogue_file);
  FoundRecordings found = find_recordings(folders, {.workers = workers, .catalogue = &catalogue});
  warn(found.messages);
  if (!found.quarantined.empty())
    tell("warning: {} files are not usable, {}: {}; see {}\n", found.quarantined.size(),
         one_line(found.quarantined[0].path), one_line(found.quarantined[0].reason),
         as_called({"inspect"}));
  if (found.recordings.empty()) throw Error(Category::kInput, "no usable recording", folders[0]);
  return std::move(found.recordings);
}

}  // namespace

int run_bench_video(std::span<const std::string> argv) {
  std::vector<std::string> folders, names = {"usual",         "kept-open", "uniform", "gop-run",
                                             "cache-uniform", "cache-run", "raw",     "sequential"};
  std::string only, catalogue;
  bool json = false, peers = false, quiet = false;
  double seconds = 5;
  int64_t rounds = 3, workers = std::max(1u, std::thread::hardware_concurrency());
  Args args(
      "dojo bench video [FOLDER...]",
      "Measures how fast video becomes clips for training: by the patterns in common use, by\n"
      "our loader, and at the limit, in turn, in one run. Clips are 8 frames, 0.111 s apart,\n"
      "as 256x128 RGB. Without a folder: a reference video, 1280x960, which is rendered once.\n"
      "Some patterns decode without the sandbox: give files that you trust.",
      "  dojo bench video\n"
      "  dojo bench video ~/TeslaCam --json\n"
      "  dojo bench video --peers\n"
      "  dojo bench video --case gop-run --workers 4\n");
  for (const std::string& peer : peer_names()) names.push_back("peer-" + peer);
  args.positional("[FOLDER...]", "folders or files of video", &folders);
  args.option("--case", "NAME", "one case only: " + fmt::format("{}", fmt::join(names, " ")),
              &only);
  args.option("--peers", "", "also torchcodec, decord, PyAV and OpenCV, where python3 has them",
              &peers);
  args.option("--seconds", "S", "of the processor, for each measurement", &seconds,
              {.min = 0.01, .max = 600});
  args.option("--rounds", "N", "times that each case is measured", &rounds,
              {.min = 1, .max = 1000});
  args.option("--workers", "N",
              "up to so many decoding processes, for gop-run; 1 is always measured", &workers,
              {.min = 1, .max = 64});
  args.option("--catalogue", "FILE", kCatalogueHelp, &catalogue);
  args.option("--json", "", "print one JSON object a line", &json);
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  if (!args.parse(argv)) return 0;
  if (!only.empty() && std::find(names.begin(), names.end(), only) == names.end())
    throw Error(Category::kConfig, fmt::format("unknown case \"{}\"", only), "--case",
                fmt::format("use one of: {}", fmt::join(names, " ")));

  const InterruptGuard guard(InterruptGuard::kThrow);
  bench::WorkloadOptions options;
  options.pixels *= seconds / 5;
  if (!args.given("--catalogue")) catalogue = Catalogue::default_path();
  bench::Workload workload = bench::choose_workload(
      recordings_of(folders, static_cast<int>(workers), catalogue, quiet), options);
  for (const Recording& r : workload.parts)
    tell("dojo: {}: {}x{} {}, frames {} to {}\n", one_line(r.name), r.width, r.height, r.codec,
         r.first_frame, r.end_frame - 1);
  VideoBench bench(std::move(workload), seconds, rounds);
  bench.add_cases(only, workers);
  bench.add_copies(only);
  if (peers || only.starts_with("peer-")) bench.add_peers(only);
  if (bench.empty())
    throw Error(Category::kConfig, fmt::format("{} cannot be measured here", only), "--case",
                "see the line above");
  bench.run(quiet);
  const std::vector<BenchRow> rows = bench.rows();
  if (json)
    for (const BenchRow& r : rows) print_json(r);
  else
    print_table(rows);
  return 0;
}

}  // namespace dojo
