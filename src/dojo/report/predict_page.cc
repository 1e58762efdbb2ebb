#include "dojo/report/predict_page.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "dojo/report/chart.h"
#include "dojo/report/html.h"
#include "dojo/report/sample_box.h"

namespace dojo::report {
namespace {

std::string sample(const Sample& s) {
  std::string title = escape(s.recording);
  if (std::isfinite(s.frame)) title += ", frame " + count(s.frame);
  if (std::isfinite(s.horizon))
    title += fmt::format(", {} frame{} ahead", count(s.horizon), s.horizon == 1 ? "" : "s");
  const auto mse = [](double error) {
    return std::isfinite(error) ? ", MSE " + significant(error) : "";
  };
  const std::string own = mse(s.errors.mse), copy = mse(s.errors.copy_last_mse),
                    flow = mse(s.errors.flow_mse);
  return sample_box(s, title,
                    {{"last", "Last frame that the network saw", copy},
                     {"truth", "Truth", ""},
                     {"prediction", "Prediction", own},
                     {"flow", "Optical flow", flow},
                     {"error", "Error of the prediction", own},
                     {"copy_error", "Error of copying the last frame", copy},
                     {"flow_error", "Error of optical flow", flow}});
}

// The ratios first: they tell the result, and a narrow window shows the left of a table.
std::string error_cells(const Errors& e) {
  return fmt::format(
      "<td class=\"{}\">{}</td><td "
      "class=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
      judge(e.over_copy()), ratio(e.over_copy()), judge(e.over_flow()), ratio(e.over_flow()),
      significant(e.mse), significant(e.copy_last_mse), significant(e.flow_mse),
      significant(e.psnr));
}

constexpr const char* kErrorHeads =
    "<th>network / copy-last</th><th>network / flow</th><th>network MSE</th><th>copy-last MSE</th>"
    "<th>optical flow MSE</th><th>PSNR, dB</th>";

}  // namespace

std::string predict_headline(const EvalLine& result) {
  const Errors& e = result.overall;
  std::string text =
      "Predicting the next frame of held-out recordings, the network’s mean squared error is ";
  if (std::isfinite(e.over_copy()))
    text += compared(e.over_copy(), "copying the last frame");
  else
    text += significant(e.mse);
  if (std::isfinite(e.over_flow()))
    text += " and " + compared(e.over_flow(), "classical optical flow");
  text += ".";
  return text;
}

std::string predict_tiles(const EvalLine& result) {
  const Errors& e = result.overall;
  std::string html = tile(ratio(e.over_copy()), "error over copy-last, held-out clips") +
                     tile(ratio(e.over_flow()), "error over optical flow");
  if (std::isfinite(e.psnr)) html += tile(significant(e.psnr) + " dB", "PSNR of the next frame");
  return html;
}

std::string predict_samples(const RunData& run) {
  if (run.samples.empty()) return "";
  std::string html = "<h2>Held-out clips: what it saw, what came, what it predicted</h2>";
  const Sample& first = run.samples.front();
  if (!first.error_colours.empty() && std::isfinite(first.error_scale)) {
    std::string stops;
    for (const std::string& colour : first.error_colours) stops += "," + colour;
    html += fmt::format(
        "<p class=\"soft small\">Colours of the error maps: 0 <i class=\"scale\" "
        "style=\"background:linear-gradient(90deg{})\"></i> {} or more (absolute difference; white "
        "minus black is 1).</p>",
        first.error_colours.size() == 1 ? stops + stops : stops, significant(first.error_scale));
  } else {
    html +=
        "<p class=\"soft small\">In the error maps brighter means a larger difference; all maps "
        "have the same scale.</p>";
  }
  return html + folded_samples(run, sample);
}

std::string predict_horizons(const EvalLine& result) {
  if (result.by_horizon.empty()) return "";
  std::string rows;
  std::vector<Point> network, copy, flow;
  for (const EvalLine::Horizon& h : result.by_horizon) {
    rows += fmt::format("<tr><td>{}</td><td>{} s</td>{}</tr>", count(h.horizon),
                        significant(h.seconds, 2), error_cells(h.errors));
    network.push_back({h.seconds, h.errors.mse});
    copy.push_back({h.seconds, h.errors.copy_last_mse});
    flow.push_back({h.seconds, h.errors.flow_mse});
  }
  std::string chart;
  if (result.by_horizon.size() > 1) {
    chart = "<div class=\"charts below\">";
    chart += draw({"Error by time ahead",
                   "seconds ahead",
                   "mean squared error",
                   {{"network", "network", network},
                    {"copy the last frame", "copy", copy},
                    {"optical flow", "flow", flow}},
                   false});
    chart += "</div>";
  }
  return fmt::format(
      "<h2>Further ahead</h2><p class=\"soft small\">The network’s own prediction is fed back for "
      "the frames after the first.</p>"
      "<div class=\"scroll\"><table><tr><th>frames "
      "ahead</th><th>time</th>{}</tr>{}</table></div>{}",
      kErrorHeads, rows, chart);
}

std::string predict_recordings(const EvalLine& result) {
  if (result.by_recording.empty()) return "";
  std::string rows;
  for (const auto& [name, e] : result.by_recording) {
    rows += fmt::format("<tr><td class=\"name\">{}</td><td>{}</td>{}</tr>", escape(name),
                        count(e.clips), error_cells(e));
  }
  return fmt::format(
      "<h2>Held-out recordings</h2><div "
      "class=\"scroll\"><table><tr><th>recording</th><th>clips</th>{}</tr>{}</table></div>",
      kErrorHeads, rows);
}

}  // namespace dojo::report
