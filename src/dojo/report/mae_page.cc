#include "dojo/report/mae_page.h"

#include <fmt/format.h>

#include <cmath>

#include "dojo/report/html.h"
#include "dojo/report/sample_box.h"

namespace dojo::report {
namespace {

std::string sample(const Sample& s) {
  std::string title = escape(s.recording);
  if (std::isfinite(s.frame)) title += ", from frame " + count(s.frame);
  const double r = s.errors.over_patch_mean();
  return sample_box(s, title,
                    {{"truth", "Original", ""},
                     {"masked", "What the network saw", ""},
                     {"prediction", "Filled in",
                      std::isfinite(r) ? fmt::format(", {} × each patch’s mean", ratio(r)) : ""}});
}

}  // namespace

std::string mae_headline(const EvalLine& result) {
  const double r = result.overall.over_patch_mean();
  return "Filling in what is hidden of held-out clips, the network’s mean squared error is " +
         (std::isfinite(r) ? compared(r, "predicting each hidden patch’s mean")
                           : significant(result.overall.mse)) +
         ".";
}

std::string mae_tiles(const EvalLine& result) {
  return tile(ratio(result.overall.over_patch_mean()),
              "error over each patch’s mean, held-out clips") +
         tile(significant(result.overall.mse), "reconstruction loss, held-out clips");
}

std::string mae_samples(const RunData& run) {
  if (run.samples.empty()) return "";
  return "<h2>Held-out clips: what was there, what it saw, what it filled in</h2>"
         "<p class=\"soft small\">From top to bottom: frames of one clip. Hidden patches are grey. "
         "What is filled in has each patch’s true brightness and contrast, which the network "
         "is not asked for.</p>" +
         folded_samples(run, sample);
}

std::string mae_recordings(const EvalLine& result) {
  if (result.by_recording.empty()) return "";
  std::string rows;
  for (const auto& [name, e] : result.by_recording)
    rows += fmt::format(
        "<tr><td class=\"name\">{}</td><td>{}</td><td class=\"{}\">{}</td><td>{}</td><td>{}</td>"
        "</tr>",
        escape(name), count(e.clips), judge(e.over_patch_mean()), ratio(e.over_patch_mean()),
        significant(e.mse), significant(e.patch_mean_mse));
  return fmt::format(
      "<h2>Held-out recordings</h2><div class=\"scroll\"><table><tr><th>recording</th>"
      "<th>clips</th><th>network / patch mean</th><th>network MSE</th><th>patch mean MSE</th></tr>"
      "{}</table></div>",
      rows);
}

}  // namespace dojo::report
