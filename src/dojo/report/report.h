// report.html of a run: one file without outside references. Of a training it tells what was
// trained, how good it is against baselines that a person understands, where the time went, and how
// to repeat it; of a simulation (sim_page.h) where the machine was busy, when, and what it waited
// for. Reads result files only; computes no metric of its own but ratios.
#pragma once

#include <string>
#include <vector>

namespace dojo {

struct ReportPage {
  std::string html;                   // of the same folder the same bytes
  std::vector<std::string> problems;  // what could not be read; the page says it too
};

// Of what is in the folder, also of a run that is unfinished or damaged in parts. Throws
// Error(kInput) for a folder that is no run, or one of which nothing can be read; a simulation's
// stats.json must be whole.
ReportPage render_report(const std::string& run_folder);

// Writes the page to RUN/report.html, whole or not at all, and returns the problems. Throws also
// Error(kIo) where the file cannot be written.
std::vector<std::string> write_report(const std::string& run_folder);

}  // namespace dojo
