#include "dojo/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iterator>
#include <string_view>
#include <system_error>

#include "dojo/base/file.h"
#include "dojo/report/chart.h"
#include "dojo/report/ego_page.h"
#include "dojo/report/html.h"
#include "dojo/report/mae_page.h"
#include "dojo/report/page_style.h"
#include "dojo/report/predict_page.h"
#include "dojo/report/repeat_page.h"
#include "dojo/report/roofline_page.h"
#include "dojo/report/run_data.h"
#include "dojo/report/sim_page.h"
#include "dojo/report/time_page.h"

namespace dojo {
namespace report {
namespace {

// The parts that each task has of its own.
struct TaskPage {
  std::string_view task;
  std::string (*headline)(const EvalLine&);
  std::string (*tiles)(const EvalLine&);
  std::string (*pictures)(const RunData&);
  std::string (*tables)(const EvalLine&);
  const char* footer;
};
constexpr TaskPage kTaskPages[] = {
    {"ego", ego_headline, ego_tiles, ego_drives, ego_tables, kEgoFooter},
    {"mae", mae_headline, mae_tiles, mae_samples, mae_recordings, kMaeFooter},
    {"predict", predict_headline, predict_tiles, predict_samples, predict_recordings,
     kPredictFooter}};

// That of the task predict where config.json does not say.
const TaskPage& page_of(const RunData& run) {
  for (const TaskPage& page : kTaskPages)
    if (page.task == run.task) return page;
  return std::end(kTaskPages)[-1];
}

std::string header(const RunData& run) {
  std::string badge = "<span class=\"badge\">not finished</span>";
  if (run.final && run.final->reason == "interrupted") {
    badge = "<span class=\"badge\">interrupted</span>";
  } else if (run.final && (!run.final->problem.empty() ||
                           (run.final->reason != "steps" && run.final->reason != "minutes"))) {
    badge = fmt::format("<span class=\"badge bad\">stopped: {}</span>",
                        escape(run.final->reason.empty() ? "problem" : run.final->reason));
  } else if (run.final) {
    badge = "<span class=\"badge good\">finished</span>";
  } else if (run.lost_its_log) {
    badge = "<span class=\"badge bad\">not known</span>";
  }
  std::string line;
  const auto say = [&](const std::string& what) { line += (line.empty() ? "" : " · ") + what; };
  if (!run.task.empty()) say("task " + escape(run.task));
  if (!run.train.empty())
    say(fmt::format("{} recording{} to train on, {} held out", run.train.size(),
                    run.train.size() == 1 ? "" : "s", run.held_out.size()));
  if (run.final && std::isfinite(run.final->parameters))
    say(count(run.final->parameters) + " parameters");
  if (!run.version.empty()) say("OpenDojo " + escape(run.version));
  return fmt::format("<header><h1>{}{}</h1><p class=\"soft small\">{}</p></header>",
                     escape(run.folder), badge, line);
}

std::string headline(const RunData& run) {
  const EvalLine* result = run.result();
  if (!result || !result->tells()) {
    if (run.lost_its_log)
      return "<p class=\"headline\">How this run went is not known: its metrics.jsonl is lost.</p>";
    if (run.steps.empty())
      return "<p class=\"headline\">This run has not made a step yet: there is no result.</p>";
    return fmt::format(
        "<p class=\"headline\">This run has not been evaluated on held-out recordings yet; its "
        "last line is of step {}.</p>",
        count(run.steps.back().step));
  }
  std::string text = page_of(run).headline(*result);
  if (!run.final)
    text += fmt::format(" The run is not finished: this is its best state so far, at step {}.",
                        count(result->step));
  else if (run.final->reason == "interrupted")
    text += fmt::format(" The run was interrupted: this is its best state, at step {}.",
                        count(result->step));
  else if (!run.final->problem.empty())
    text += fmt::format(" The run stopped early: {}. This is its best state, at step {}.",
                        escape(run.final->problem), count(result->step));
  if (run.final && run.final->best_step == 0)
    text += std::any_of(run.evals.begin(), run.evals.end(),
                        [](const EvalLine& line) { return line.step > 0; })
                ? " <b class=\"bad\">Nothing was learned:</b> no later state was better on the "
                  "whole, and these are the weights that it began with."
                : " No later state was evaluated: these are the weights that it began with.";
  if (std::any_of(run.held_out.begin(), run.held_out.end(), [&](const std::string& name) {
        return std::find(run.train.begin(), run.train.end(), name) != run.train.end();
      }))
    text +=
        " What is held out are the ends of recordings that it was trained on, which is easier than "
        "another drive.";
  return "<p class=\"headline\">" + text + "</p>";
}

std::string tiles(const RunData& run) {
  std::string html;
  if (const EvalLine* result = run.result()) html = page_of(run).tiles(*result);
  if (run.final) {
    html += tile(count(run.final->step), "steps") +
            tile(duration(run.final->elapsed_seconds), "in all") +
            tile(bytes(run.final->peak_memory_bytes), "peak memory");
  } else if (!run.steps.empty()) {
    html += tile(count(run.steps.back().step), "steps so far") +
            tile(duration(run.steps.back().elapsed_seconds), "so far");
  }
  return html.empty() ? "" : "<div class=\"tiles\">" + html + "</div>";
}

std::string warning_box(const char* title, const std::vector<std::string>& warnings) {
  if (warnings.empty()) return "";
  std::string items;
  for (const std::string& w : warnings) items += "<li>" + escape(w) + "</li>";
  return fmt::format("<div class=\"box warn\"><b>{}</b><ul>{}</ul></div>", title, items);
}

using Pick = std::function<double(const Errors&)>;

std::string curves(const RunData& run) {
  std::vector<const EvalLine*> evals;  // one for each step, ascending
  for (const EvalLine& e : run.evals) evals.push_back(&e);
  std::stable_sort(evals.begin(), evals.end(),
                   [](const EvalLine* a, const EvalLine* b) { return a->step < b->step; });
  evals.erase(std::unique(evals.begin(), evals.end(),
                          [](const EvalLine* a, const EvalLine* b) { return a->step == b->step; }),
              evals.end());
  const auto held_out = [&](const Pick& pick) {
    std::vector<Point> points;
    for (const EvalLine* e : evals) points.push_back({e->step, pick(e->overall)});
    return points;
  };
  const auto training = [&](const std::function<double(const StepLine&)>& pick) {
    std::vector<Point> points;
    for (const StepLine& s : run.steps) points.push_back({s.step, pick(s)});
    return points;
  };
  // A chart without a point is no chart: each task shows what its lines have.
  std::string html = ego_curves(evals);
  html +=
      draw({"Training loss over that of the mean",
            "step",
            "ratio",
            {{"loss", "plain", training([](const StepLine& s) { return s.loss / s.mean_loss; })}},
            true});
  html += draw(
      {"Error on held-out recordings",
       "step",
       "mean squared error",
       {{"network", "network", held_out([](const Errors& e) { return e.mse; })},
        {"copy the last frame", "copy", held_out([](const Errors& e) { return e.copy_last_mse; })},
        {"optical flow", "flow", held_out([](const Errors& e) { return e.flow_mse; })},
        {"each patch’s mean", "copy", held_out([](const Errors& e) { return e.patch_mean_mse; })}},
       true});
  html += draw({"Error on training clips",
                "step",
                "mean squared error",
                {{"network", "network", training([](const StepLine& s) { return s.mse; })},
                 {"copy the last frame", "copy",
                  training([](const StepLine& s) { return s.copy_last_mse; })}},
                true});
  html += draw({"Training loss",
                "step",
                "loss",
                {{"loss", "plain", training([](const StepLine& s) { return s.loss; })}},
                true});
  html += draw(
      {"Training error over copy-last",
       "step",
       "ratio (1: as good as copying)",
       {{"network", "plain", training([](const StepLine& s) { return s.mse / s.copy_last_mse; })}},
       false});
  if (html.empty()) return "";
  const std::string more =
      draw({"Norm of the gradient",
            "step",
            "norm",
            {{"norm", "plain", training([](const StepLine& s) { return s.grad_norm; })}},
            true}) +
      draw({"Learning rate",
            "step",
            "rate",
            {{"rate", "plain", training([](const StepLine& s) { return s.lr; })}},
            false}) +
      draw({"Speed",
            "step",
            "clips a second",
            {{"speed", "plain", training([](const StepLine& s) { return s.clips_per_second; })}},
            false});
  return "<h2>How the error fell</h2><div class=\"charts\">" + html + "</div>" +
         (more.empty()
              ? ""
              : "<details><summary>Gradient, learning rate, speed</summary><div class=\"charts\">" +
                    more + "</div></details>");
}

std::string quarantine(const RunData& run) {
  if (run.quarantine.empty()) {
    return run.quarantine_whole
               ? "<h2>Files given up</h2><p>None: every file could be read.</p>"
               : "<h2>Files given up</h2><p>Not known: quarantine.jsonl does not say.</p>";
  }
  std::string rows;
  for (const Quarantine& q : run.quarantine) {
    rows += fmt::format("<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td></tr>", escape(q.path),
                        escape(q.category), escape(q.reason));
  }
  return fmt::format(
      "<h2>Files given up</h2><p class=\"soft small\">Training went on without them, or without "
      "the part that the reason names.</p><div "
      "class=\"scroll\"><table class=\"left\">"
      "<tr><th>file</th><th>kind</th><th>reason</th></tr>{}</table></div>",
      rows);
}

// A folder that holds both is of the training: its files say more.
bool is_simulation(const std::filesystem::path& folder) {
  const auto has = [&](const char* name) {
    std::error_code ignored;  // whoever reads it tells
    return std::filesystem::exists(folder / name, ignored);
  };
  return has("stats.json") && !has("config.json") && !has("metrics.jsonl");
}

}  // namespace
}  // namespace report

ReportPage render_report(const std::string& run_folder) {
  using namespace report;
  if (is_simulation(run_folder)) return {sim_page(run_folder), {}};
  RunData run = read_run(run_folder);
  std::string html = page_begin(run.folder + " – OpenDojo", {}, /*scripts=*/true);
  const EvalLine* result = run.result();
  const TaskPage& page = page_of(run);
  for (const std::string& part :
       {header(run), headline(run), tiles(run),
        warning_box("What this report could not read", run.problems),
        warning_box("What the run warned of", run.warnings), page.pictures(run), curves(run),
        result ? predict_horizons(*result) : "", result ? page.tables(*result) : "",
        time_and_memory(run), roofline(run), quarantine(run), how_to_repeat(run)}) {
    if (!part.empty()) html += part + "\n";
  }
  html += std::string("<footer>") + page.footer + "</footer></main><script>" + kScript +
          "</script></body></html>\n";
  return {std::move(html), std::move(run.problems)};
}

std::vector<std::string> write_report(const std::string& run_folder) {
  ReportPage report = render_report(run_folder);
  write_file_atomic(std::filesystem::path(run_folder) / "report.html", report.html);
  return std::move(report.problems);
}

}  // namespace dojo
