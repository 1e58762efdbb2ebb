// The contact sheet of `dojo inspect --sheet` as text: what is on it, and the page. Names and
// reasons come as files have them, with any bytes; the page shows them escaped. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dojo {

struct SheetPicture {
  int64_t frame = 0;
  double seconds = 0;             // since frame 0
  std::string png;                // a PNG file's bytes; empty: see `problem`
  int64_t width = 0, height = 0;  // of the picture
  std::string problem;            // why there is none
};

struct SheetCard {
  std::string name, camera;
  std::string facts;                 // "640x480 · h264 · ..."
  std::string telemetry, signals;    // source, and what it tells; empty: none is known
  std::string use;                   // "train", "held out", ...
  std::vector<std::string> remarks;  // the file's note, its damage
  std::vector<SheetPicture> pictures;
};

// Cards side by side: a row for what was recorded at the same time, a column for each camera.
struct SheetDrive {
  static constexpr size_t kNone = SIZE_MAX;
  std::string name, event;
  std::vector<std::string> cameras, messages;
  std::vector<std::vector<size_t>> rows;  // [rows][cameras] number of the card; kNone: no file
};

struct ContactSheet {
  std::string title, summary;
  std::vector<SheetCard> cards;
  std::vector<SheetDrive> drives;
  std::vector<size_t> alone;            // cards of no drive
  int64_t left_out = 0;                 // recordings for which there was no room
  std::vector<std::string> not_usable;  // files, each with its reason
  std::string skipped;                  // files that are no video by name; empty: there are none
};

// One HTML page that needs and loads nothing outside itself.
std::string page_of(const ContactSheet& sheet);

}  // namespace dojo
