// report.html of a run: one file without outside references that tells what was trained, how good
// it is against baselines that a person understands, where the time went, and how to repeat it.
// Reads result files only; computes no metric of its own but ratios.
#pragma once

#include <string>

namespace dojo {

// Writes RUN/report.html (whole or not at all) from what is in the folder, also of a run that is
// unfinished or damaged: the report then says so. Throws Error(kInput) for a folder that is no run,
// Error(kIo) where the file cannot be written.
void write_report(const std::string& run_folder);

// The page itself; the same folder gives the same bytes.
std::string render_report(const std::string& run_folder);

}  // namespace dojo
