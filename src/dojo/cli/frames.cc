// `dojo frames`: single frames of one video file by number, as hashes or as images.
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/called.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/video/catalogue.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/image.h"
#include "dojo/video/image_folder.h"

namespace dojo {
namespace {

// "5,17,3", "0-9", "all"
std::vector<int64_t> parse_frames(const std::string& text, int64_t num_frames,
                                  const std::string& file) {
  std::vector<int64_t> frames;
  const auto wrong = [&] {
    return Error(Category::kConfig, "\"" + text + "\" is no list of frame numbers", "--index",
                 "write 5,17,3 or 0-9 or all");
  };
  const auto number = [&](std::string_view part) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || value < 0) throw wrong();
    return value;
  };
  if (text == "all") {
    for (int64_t i = 0; i < num_frames; ++i) frames.push_back(i);
    return frames;
  }
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = std::string_view(text).substr(begin, end - begin);
    const size_t dash = part.find('-');
    const int64_t first = number(part.substr(0, dash));
    const int64_t last = dash == part.npos ? first : number(part.substr(dash + 1));
    if (first > last) throw wrong();
    for (int64_t i = first; i <= last; ++i) {
      if (i >= num_frames)
        throw Error(
            Category::kInput,
            fmt::format("there is no frame {}: the file shows frames 0 to {}", i, num_frames - 1),
            file);
      frames.push_back(i);
    }
    begin = end + 1;
  }
  return frames;
}

}  // namespace

int run_frames(std::span<const std::string> argv) {
  std::string file, index = "0", png, catalogue_file;
  bool md5 = false, as_json = false;
  double deadline = 60;
  Args args("dojo frames FILE",
            "Reads frames by number, exactly as a sequential decode counts them.",
            "  dojo frames clip.mp4 --index 5,17,3 --md5     # equal to ffmpeg -f framemd5 for "
            "these frames\n"
            "  dojo frames clip.mp4 --index 0-9 --png out    # out/frame_000000.png ...\n");
  args.positional("FILE", "a video file", &file);
  args.option("--index", "LIST", "frame numbers: 5,17,3 or 0-9 or all", &index);
  args.option("--md5", "", "print the hash of each stored picture (the default)", &md5);
  args.option("--png", "FOLDER", "write the shown pictures there", &png);
  args.option("--json", "", "print one JSON object", &as_json);
  args.option("--deadline", "SECONDS", "give up for the file after this time without progress",
              &deadline, {.min = 0.1, .max = 86400});
  args.option("--catalogue", "FILE", kCatalogueHelp, &catalogue_file);
  if (!args.parse(argv)) return 0;

  const InterruptGuard guard(InterruptGuard::kThrow);
  check_exists(file);
  if (std::filesystem::is_directory(file))
    throw Error(Category::kInput, "a folder, not a video file", file,
                fmt::format("give one of the files that `{}` lists", as_called({"inspect", file})));
  if (!std::filesystem::is_regular_file(file))
    throw Error(Category::kInput, "this is not a regular file", file, "copy it to one first");
  Catalogue catalogue(args.given("--catalogue") ? catalogue_file : Catalogue::default_path());
  const WorkerOptions worker{.deadline_seconds = deadline};
  FoundRecordings found;
  found.recordings.push_back({.path = file, .name = file});
  index_all(&found, {.worker = worker, .catalogue = &catalogue});
  warn(found.messages);
  if (found.recordings.empty()) {
    const Error e = error_from(found.quarantined.at(0));
    if (!has_picture_extension(file)) throw e;
    throw Error(e.category(), e.message(), e.where(),
                "pictures are frames where their folder tells their times, as docs/video.md says: "
                "`dojo inspect FOLDER` lists such recordings");
  }
  const Recording& recording = found.recordings[0];
  FrameReader reader(worker);
  // What decoding meets is noted of the file, as in training.
  const auto noting = [&](const auto& read) {
    try {
      return read();
    } catch (const Error& e) {
      if (e.category() == Category::kInput)
        catalogue.note(real_path(file), {file, "input", e.message(), /*whole_file=*/false});
      throw;
    }
  };
  const std::vector<int64_t> frames = parse_frames(index, recording.num_frames(), file);
  const bool hashes = md5 || png.empty();
  nlohmann::json list = nlohmann::json::array();
  for (int64_t i : frames)
    list.push_back({{"frame", i}, {"pts_seconds", recording.pts_seconds[static_cast<size_t>(i)]}});
  if (hashes) {
    const std::vector<std::string> sums = noting([&] { return reader.md5(recording, frames); });
    for (size_t k = 0; k < sums.size(); ++k) list[k]["md5"] = sums[k];
  }
  if (!png.empty()) {
    std::error_code error;
    std::filesystem::create_directories(png, error);
    if (error) throw Error(Category::kIo, "the folder cannot be made: " + error.message(), png);
    for (size_t k = 0; k < frames.size(); ++k) {  // one at a time: a picture may be large
      const std::vector<uint8_t> rgb = noting([&] {
        return reader.read(recording, {&frames[k], 1}, recording.height, recording.width);
      });
      const std::string path = fmt::format("{}/frame_{:06}.png", png, frames[k]);
      write_png(path, rgb, recording.width, recording.height);
      list[k]["png"] = to_utf8(path);
    }
  }
  if (as_json) {
    const nlohmann::json object = {
        {"file", to_utf8(file)},           {"uri", file_uri(file)},
        {"codec", recording.codec},        {"width", recording.width},
        {"height", recording.height},      {"num_frames", recording.num_frames()},
        {"note", to_utf8(recording.note)}, {"frames", list}};
    print_json(object);
    return 0;
  }
  for (const auto& f : list) {
    fmt::print("{:>8} {:>12.6f}", f["frame"].get<int64_t>(), f["pts_seconds"].get<double>());
    for (const char* key : {"md5", "png"})
      if (f.contains(key)) fmt::print("  {}", f[key].get<std::string>());
    fmt::print("\n");
  }
  return 0;
}

}  // namespace dojo
