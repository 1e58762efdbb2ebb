// `dojo inspect --sheet`: a page on which a person sees what is in a folder of driving video, four
// frames of each recording. They are decoded in worker processes; a file that fails there is shown
// with the reason.
#pragma once

#include <string>
#include <vector>

#include "dojo/cli/inspect_drives.h"
#include "dojo/video/find_recordings.h"

namespace dojo {

// What the table of `dojo inspect` says of a recording.
struct TableRow {
  std::string use;  // "train", "held out", ...
  double seconds = 0, fps = 0;
};

struct SheetOptions {
  std::string title;
  std::string skipped;  // files that are no video by name, in words
  int workers = 2;
  double deadline_seconds = 60;  // for a file, without progress
};

// Throws Error(kConfig) where `path` is no name of a page, so that no recording is overwritten by
// mistake, and Error(kIo) where its folder is not there, before files are read for hours.
void check_sheet_name(const std::string& path);

// Writes the page, with progress on stderr. `rows`: of found.recordings. Throws Error(kIo) before
// anything is decoded where the file cannot be written; Interrupted (base/interrupt.h).
void write_contact_sheet(const std::string& path, const FoundRecordings& found,
                         const std::vector<TableRow>& rows, const std::vector<DriveSummary>& drives,
                         const SheetOptions& options);

}  // namespace dojo
