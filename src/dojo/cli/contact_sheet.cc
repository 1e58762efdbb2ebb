#include "dojo/cli/contact_sheet.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/progress.h"
#include "dojo/cli/common.h"
#include "dojo/cli/contact_sheet_page.h"
#include "dojo/report/html.h"
#include "dojo/video/image.h"
#include "dojo/video/telemetry/track.h"
#include "dojo/video/worker_process.h"

namespace dojo {
namespace {

constexpr size_t kMostCards = 500;  // of up to about 0.2 MB
constexpr int64_t kPictures = 4;
constexpr double kWidth = 160, kHeight = 240;  // at most, in pixels

ReadRequest pictures_of(const Recording& r) {
  ReadRequest request;
  for (int64_t k = 0; k < kPictures; ++k)  // the middle of each quarter
    request.frames.push_back((2 * k + 1) * r.num_frames() / (2 * kPictures));
  request.frames.erase(std::unique(request.frames.begin(), request.frames.end()),
                       request.frames.end());
  const auto width = static_cast<double>(r.width), height = static_cast<double>(r.height);
  const double scale = std::min({1.0, kWidth / width, kHeight / height});
  request.width = std::max<int64_t>(2, std::lround(width * scale));
  request.height = std::max<int64_t>(2, std::lround(height * scale));
  return request;
}

std::vector<SheetPicture> pictures_from(const WorkerReply& reply, const ReadRequest& request,
                                        const Recording& r) {
  std::vector<SheetPicture> pictures;
  const auto bytes = static_cast<size_t>(request.width * request.height * 3);
  for (size_t i = 0; i < request.frames.size(); ++i) {
    const int64_t frame = request.frames[i];
    SheetPicture p{.frame = frame,
                   .seconds = r.pts_seconds[static_cast<size_t>(frame)] - r.pts_seconds[0],
                   .png = {},
                   .width = request.width,
                   .height = request.height,
                   .problem = {}};
    const auto damage = std::find_if(reply.damaged.begin(), reply.damaged.end(),
                                     [&](const auto& d) { return d.first == frame; });
    if (damage != reply.damaged.end()) {
      p.problem = damage->second;
    } else {
      const std::vector<uint8_t> png =
          encode_png(reply.pixels.subspan(i * bytes, bytes), request.width, request.height);
      p.png.assign(png.begin(), png.end());
    }
    pictures.push_back(std::move(p));
  }
  return pictures;
}

// Fills in the pictures of the first cards.size() recordings, several files at a time.
void decode_pictures(const std::vector<Recording>& recordings, const SheetOptions& options,
                     std::vector<SheetCard>* cards) {
  struct Job {
    std::unique_ptr<WorkerProcess> worker;
    size_t card = 0;
    ReadRequest request;
  };
  std::vector<Job> jobs;
  for (int i = 0; i < options.workers; ++i)
    jobs.push_back({.worker = std::make_unique<WorkerProcess>(
                        WorkerOptions{.deadline_seconds = options.deadline_seconds}),
                    .request = {}});
  Progress progress("contact sheet", {.total = std::ssize(*cards), .unit = "recordings"});
  size_t next = 0, done = 0;
  while (done < cards->size()) {
    throw_if_interrupted();
    std::vector<pollfd> waits;
    double patience = 1;  // seconds: a signal that comes just before poll() does not end it
    for (Job& job : jobs) {
      if (job.worker->busy()) {
        if (const std::optional<WorkerReply> reply = job.worker->try_answer()) {
          SheetCard& card = (*cards)[job.card];
          if (reply->ok)
            card.pictures = pictures_from(*reply, job.request, recordings[job.card]);
          else
            card.remarks.push_back(
                fmt::format("not decoded ({}): {}", reply->category, reply->reason));
          progress.update(static_cast<int64_t>(++done));
        }
      }
      if (!job.worker->busy() && next < cards->size()) {
        job.card = next++;
        job.request = pictures_of(recordings[job.card]);
        job.worker->ask_read(recordings[job.card], job.request);
      }
      if (job.worker->busy()) {
        waits.push_back({job.worker->socket(), POLLIN, 0});
        patience = std::min(patience, job.worker->seconds_left());
      }
    }
    if (!waits.empty())
      poll(waits.data(), waits.size(), static_cast<int>(std::max(0.0, patience) * 1000 + 1));
  }
  progress.finish();
}

SheetCard card_of(const Recording& r, const TableRow& row, const FoundRecordings& found) {
  SheetCard card{.name = r.name,
                 .camera = r.camera,
                 .facts = fmt::format("{}x{} · {} · {} frame{} · {:.2f} s · {:.2f} fps", r.width,
                                      r.height, r.codec, r.num_frames(),
                                      r.num_frames() == 1 ? "" : "s", row.seconds, row.fps),
                 .telemetry = r.telemetry ? r.telemetry->source : "",
                 .signals = {},
                 .use = row.use,
                 .remarks = {},
                 .pictures = {}};
  if (r.telemetry)
    for (const Track& track : r.telemetry->tracks)
      card.signals += (card.signals.empty() ? "" : ", ") + track.signal;
  if (!r.note.empty()) card.remarks.push_back(r.note);
  for (const Quarantined& q : found.met_before)
    if (q.path == r.path)
      card.remarks.push_back(fmt::format("{} ({}): {}",
                                         q.whole_file ? "given up in decoding" : "damaged in parts",
                                         q.category, q.reason));
  return card;
}

// A camera that has a file in the row already, or one that began in the later half of the row's
// first file, begins another row.
SheetDrive drive_of(const DriveSummary& summary, const std::vector<Recording>& recordings,
                    const std::vector<TableRow>& table) {
  SheetDrive drive{.name = summary.drive.name,
                   .event = summary.drive.event ? summary.drive.event->reason : "",
                   .cameras = summary.drive.cameras,
                   .messages = summary.drive.messages,
                   .rows = {}};
  const auto begin_of = [&](size_t i) {
    return start_of(recordings[i]) + recordings[i].pts_seconds.front();
  };
  std::vector<size_t> files;
  for (const size_t i : summary.drive.recordings)
    if (i < kMostCards) files.push_back(i);
  std::stable_sort(files.begin(), files.end(),
                   [&](size_t a, size_t b) { return begin_of(a) < begin_of(b); });
  double row_ends = 0;
  for (const size_t i : files) {
    const auto column = static_cast<size_t>(
        std::find(drive.cameras.begin(), drive.cameras.end(), recordings[i].camera) -
        drive.cameras.begin());
    if (drive.rows.empty() || drive.rows.back().at(column) != SheetDrive::kNone ||
        begin_of(i) > row_ends) {
      drive.rows.emplace_back(drive.cameras.size(), SheetDrive::kNone);
      row_ends = begin_of(i) + table[i].seconds / 2;
    }
    drive.rows.back().at(column) = i;
  }
  return drive;
}

}  // namespace

void check_sheet_name(const std::string& path) {
  if (!path.ends_with(".html") && !path.ends_with(".htm"))
    throw Error(Category::kConfig, "the sheet is a page: its name must end in .html", path,
                "--sheet sheet.html");
  check_output_file(path, "sheet");
}

void write_contact_sheet(const std::string& path, const FoundRecordings& found,
                         const std::vector<TableRow>& rows, const std::vector<DriveSummary>& drives,
                         const SheetOptions& options) {
  AtomicFile file(path);
  const std::vector<Recording>& recordings = found.recordings;
  ContactSheet sheet{.title = options.title, .summary = {}, .skipped = options.skipped};
  double seconds = 0;
  for (const TableRow& row : rows) seconds += row.seconds;
  sheet.summary = fmt::format("{} recording{}, {}; {} file{} cannot be used", recordings.size(),
                              recordings.size() == 1 ? "" : "s", report::duration(seconds),
                              found.quarantined.size(), found.quarantined.size() == 1 ? "" : "s");
  const size_t cards = std::min(kMostCards, recordings.size());
  sheet.left_out = static_cast<int64_t>(recordings.size() - cards);
  for (size_t i = 0; i < cards; ++i) sheet.cards.push_back(card_of(recordings[i], rows[i], found));
  std::vector<bool> placed(cards);
  for (const DriveSummary& d : drives) {
    SheetDrive drive = drive_of(d, recordings, rows);
    for (const auto& row : drive.rows)
      for (const size_t i : row)
        if (i != SheetDrive::kNone) placed[i] = true;
    if (!drive.rows.empty()) sheet.drives.push_back(std::move(drive));
  }
  for (size_t i = 0; i < cards; ++i)
    if (!placed[i]) sheet.alone.push_back(i);
  for (const Quarantined& q : found.quarantined)
    sheet.not_usable.push_back(fmt::format("{} ({}): {}", q.path, q.category, q.reason));
  decode_pictures(recordings, options, &sheet.cards);
  file.write(page_of(sheet));
  file.commit();
}

}  // namespace dojo
