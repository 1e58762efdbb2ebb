#include "dojo/video/find_recordings.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
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
  const auto cannot_be_read = [&] {
    result->quarantined.push_back(
        {folder.string(), "io", "the folder cannot be read: " + error.message()});
  };
  const fs::path real = fs::canonical(folder, error);
  if (error) return cannot_be_read();
  if (!seen->insert(real.string()).second) return;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    entries.push_back(*at);
  if (error) cannot_be_read();
  std::sort(entries.begin(), entries.end());
  const std::string name =
      prefix.empty() ? real.filename().string() : prefix.substr(0, prefix.size() - 1);
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

FoundRecordings find_files(const std::vector<std::string>& paths) {
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
  if (candidates.empty()) {
    int64_t pictures = 0;
    for (const char* extension : {".png", ".jpg", ".jpeg"})
      if (const auto at = result.skipped.find(extension); at != result.skipped.end())
        pictures += at->second;
    throw Error(Category::kInput, "no file named as video (.mp4, .mkv, .mov, .avi, ...) is there",
                all,
                pictures == 0 ? "give a folder with video, it is searched with all folders in it"
                              : fmt::format("the {} pictures there count where a times.txt or "
                                            "timestamps.txt says when they were taken",
                                            pictures));
  }

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

  for (Candidate& c : candidates) {
    Recording r;
    r.path = std::move(c.path);
    r.name = std::move(c.name);
    result.recordings.push_back(std::move(r));
  }
  assign_drives(&result.recordings);
  return result;
}

void index_all(FoundRecordings* found, const IndexOptions& options) {
  std::vector<Indexed> all(found->recordings.size());
  Indexer indexer(std::move(found->recordings), options);
  while (!indexer.done())
    for (Indexed& file : indexer.step()) all[file.file] = std::move(file);
  found->recordings.clear();
  for (Indexed& file : all) {
    if (!file.usable) {
      found->quarantined.push_back(std::move(file.problem));
      continue;
    }
    if (!file.problem.category.empty()) found->met_before.push_back(std::move(file.problem));
    const Recording& r = file.recording;
    if (!r.note.empty()) found->messages.push_back(r.name + ": " + r.note);
    found->recordings.push_back(std::move(file.recording));
  }
  assign_drives(&found->recordings);
  if (const std::string lacks = indexer.take_unguarded(); !lacks.empty())
    found->messages.push_back("decoding processes are less shut in than they could be: " + lacks);
  if (!options.catalogue) return;
  for (std::string& m : options.catalogue->take_messages()) found->messages.push_back(std::move(m));
}

FoundRecordings find_recordings(const std::vector<std::string>& paths,
                                const IndexOptions& options) {
  FoundRecordings found = find_files(paths);
  index_all(&found, options);
  return found;
}

}  // namespace dojo
