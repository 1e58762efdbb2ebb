#include "dojo/video/find_recordings.h"

#include <poll.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/image_folder.h"
#include "dojo/video/vehicle_folder.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

struct Candidate {
  std::string path, name;
};

// "a/B.MP4" -> ".mp4"
std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return extension;
}

// Links to folders are followed, each folder once: a loop of links ends.
void search(const fs::path& folder, const std::string& prefix, std::set<std::string>* seen,
            std::vector<Candidate>* found, FoundRecordings* result) {
  throw_if_interrupted();
  std::error_code error;
  if (!seen->insert(fs::canonical(folder, error).string()).second || error) return;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    entries.push_back(*at);
  if (error)
    result->quarantined.push_back(
        {folder.string(), "io", "the folder cannot be read: " + error.message()});
  std::sort(entries.begin(), entries.end());
  const std::string name = prefix.empty() ? fs::canonical(folder, error).filename().string()
                                          : prefix.substr(0, prefix.size() - 1);
  const std::vector<PictureRecording> pictures = picture_recordings(folder.string());
  for (const PictureRecording& p : pictures)
    found->push_back({p.path, p.series.empty() ? name : name + "/" + p.series});
  for (const fs::directory_entry& entry : entries) {
    const std::string file = entry.path().filename().string();
    if (entry.is_directory(error))
      search(entry.path(), prefix + file + "/", seen, found, result);
    else if (has_video_extension(file))
      found->push_back({entry.path().string(), prefix + file});
    else if (pictures.empty() || !has_picture_extension(file))
      ++result->skipped[extension_of(file)];
  }
}

}  // namespace

std::span<const std::string_view> video_extensions() {
  static constexpr std::string_view kExtensions[] = {
      ".mp4",  ".m4v",  ".mov",  ".mkv", ".webm", ".avi", ".ts",   ".mts",
      ".m2ts", ".mpg",  ".mpeg", ".3gp", ".flv",  ".264", ".h264", ".265",
      ".h265", ".hevc", ".av1",  ".obu", ".ivf",  ".ogv", ".wmv",  ".asf"};
  return kExtensions;
}

bool has_video_extension(const std::string& path) {
  const auto all = video_extensions();
  return std::find(all.begin(), all.end(), extension_of(path)) != all.end();
}

FoundRecordings find_recordings(const std::vector<std::string>& paths, int workers,
                                const WorkerOptions& options) {
  FoundRecordings result;
  std::vector<Candidate> candidates;
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    check_exists(path);
    if (!fs::is_directory(path))
      candidates.push_back({path, fs::path(path).filename().string()});
    else
      search(path, "", &seen, &candidates, &result);
  }
  std::string all;
  for (const std::string& path : paths) all += (all.empty() ? "" : ", ") + path;
  if (candidates.empty() && !result.quarantined.empty())
    throw Error(Category::kIo, result.quarantined[0].reason, result.quarantined[0].path,
                "no video file was found elsewhere");
  if (candidates.empty())
    throw Error(Category::kInput, "no file named as video (.mp4, .mkv, .mov, .avi, ...) is there",
                all, "give a folder with video, it is searched with all folders in it");

  // The same file twice counts once; the same name in two folders gets its folder before it.
  std::set<std::string> files;
  std::erase_if(candidates, [&](const Candidate& c) {
    std::error_code error;
    const fs::path real = fs::canonical(c.path, error);
    return !files.insert(error ? c.path : real.string()).second;
  });
  std::map<std::string, int> uses;
  for (const Candidate& c : candidates) ++uses[c.name];
  for (Candidate& c : candidates)
    if (uses[c.name] > 1) c.name = c.path;
  std::sort(candidates.begin(), candidates.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });

  // Every worker gets the next file when it has answered for the last one.
  std::vector<WorkerReply> replies(candidates.size());
  std::vector<std::unique_ptr<WorkerProcess>> pool;
  for (int i = 0; i < std::max(1, workers); ++i)
    pool.push_back(std::make_unique<WorkerProcess>(options));
  std::vector<size_t> job(pool.size());
  size_t next = 0, done = 0;
  while (done < candidates.size()) {
    throw_if_interrupted();
    std::vector<pollfd> waits;
    double patience = 1;  // seconds: a signal that comes just before poll() does not end it
    for (size_t w = 0; w < pool.size(); ++w) {
      WorkerProcess& worker = *pool[w];
      while (true) {
        if (!worker.busy() && next < candidates.size()) {
          job[w] = next++;
          std::error_code error;
          const fs::path& path = candidates[job[w]].path;
          if (!fs::is_regular_file(path, error)) {  // a pipe or a device could block or never end
            WorkerReply& reply = replies[job[w]];
            reply.category = "io";
            reply.reason = "not a regular file";
            try {
              check_exists(path);
            } catch (const Error& e) {  // gone, or a link that leads nowhere
              reply.category = name(e.category());
              reply.reason = e.message();
            }
            ++done;
            continue;
          }
          worker.ask_probe(path);
        }
        if (!worker.busy()) break;
        std::optional<WorkerReply> reply = worker.try_answer();
        if (!reply) {
          waits.push_back({worker.socket(), POLLIN, 0});
          patience = std::min(patience, worker.seconds_left());
          break;
        }
        replies[job[w]] = *std::move(reply);
        ++done;
      }
    }
    if (!waits.empty())
      poll(waits.data(), waits.size(), static_cast<int>(std::max(1.0, patience * 1000 + 1)));
  }

  for (size_t i = 0; i < candidates.size(); ++i) {
    WorkerReply& reply = replies[i];
    if (!reply.ok) {
      result.quarantined.push_back({candidates[i].path, reply.category, reply.reason});
      continue;
    }
    Recording r = recording_from(candidates[i].path, std::move(reply.index));
    r.name = candidates[i].name;
    if (!r.note.empty()) result.messages.push_back(r.name + ": " + r.note);
    result.recordings.push_back(std::move(r));
  }
  assign_drives(&result.recordings);
  return result;
}

}  // namespace dojo
