#include "dojo/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "dojo/base/file.h"
#include "dojo/base/text.h"
#include "dojo/report/chart.h"
#include "dojo/report/ego_page.h"
#include "dojo/report/html.h"
#include "dojo/report/page_style.h"
#include "dojo/report/run_data.h"

namespace dojo {
namespace report {
namespace {

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

std::string predict_headline(const Errors& e) {
  std::string text =
      "Predicting the next frame of recordings that it never saw in training, the network’s mean "
      "squared error is ";
  if (std::isfinite(e.over_copy()))
    text += compared(e.over_copy(), "copying the last frame");
  else
    text += significant(e.mse);
  if (std::isfinite(e.over_flow()))
    text += " and " + compared(e.over_flow(), "classical optical flow");
  text += ".";
  return text;
}

std::string headline(const RunData& run) {
  const EvalLine* result = run.result();
  if (!result || !result->tells()) {
    if (run.steps.empty())
      return "<p class=\"headline\">This run has not made a step yet: there is no result.</p>";
    return fmt::format(
        "<p class=\"headline\">This run has not been evaluated on held-out recordings yet; its "
        "last line is of step {}.</p>",
        count(run.steps.back().step));
  }
  std::string text = is_ego(run) ? ego_headline(*result) : predict_headline(result->overall);
  if (!run.final)
    text += fmt::format(" The run is not finished: this is its best state so far, at step {}.",
                        count(result->step));
  else if (run.final->reason == "interrupted")
    text += fmt::format(" The run was interrupted: this is its best state, at step {}.",
                        count(result->step));
  else if (!run.final->problem.empty())
    text += fmt::format(" The run stopped early: {}. This is its best state, at step {}.",
                        escape(run.final->problem), count(result->step));
  return "<p class=\"headline\">" + text + "</p>";
}

std::string tiles(const RunData& run) {
  std::string html;
  const auto tile = [&](const std::string& value, const std::string& label) {
    if (value != "–")
      html += fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>", value, label);
  };
  if (is_ego(run)) {
    html += ego_tiles(run);
  } else if (const EvalLine* result = run.result()) {
    tile(ratio(result->overall.over_copy()), "error over copy-last, held-out clips");
    tile(ratio(result->overall.over_flow()), "error over optical flow");
    if (std::isfinite(result->overall.psnr))
      tile(significant(result->overall.psnr) + " dB", "PSNR of the next frame");
  }
  if (run.final) {
    tile(count(run.final->step), "steps");
    tile(duration(run.final->elapsed_seconds), "in all");
    tile(bytes(run.final->peak_memory_bytes), "peak memory");
  } else if (!run.steps.empty()) {
    tile(count(run.steps.back().step), "steps so far");
    tile(duration(run.steps.back().elapsed_seconds), "so far");
  }
  return html.empty() ? "" : "<div class=\"tiles\">" + html + "</div>";
}

std::string problems(const RunData& run) {
  if (run.problems.empty()) return "";
  std::string items;
  for (const std::string& p : run.problems) items += "<li>" + escape(p) + "</li>";
  return "<div class=\"box warn\"><b>What this report could not read</b><ul>" + items +
         "</ul></div>";
}

constexpr size_t kSamplesAtFirst = 4;  // the others are a click away

std::string sample(const Sample& s) {
  static constexpr struct {
    const char *kind, *label;
  } kFrames[] = {{"last", "Last frame that the network saw"},
                 {"truth", "Truth"},
                 {"prediction", "Prediction"},
                 {"flow", "Optical flow"},
                 {"error", "Error of the prediction"},
                 {"copy_error", "Error of copying the last frame"},
                 {"flow_error", "Error of optical flow"}};
  std::string figures, title = escape(s.recording);
  if (std::isfinite(s.frame)) title += ", frame " + count(s.frame);
  if (std::isfinite(s.horizon))
    title += fmt::format(", {} frame{} ahead", count(s.horizon), s.horizon == 1 ? "" : "s");
  for (const auto& [kind, label] : kFrames) {
    const std::string* image = s.image(kind);
    if (!image) continue;
    std::string note;
    const std::string name = kind;
    if (name == "prediction" || name == "error") note = significant(s.errors.mse);
    if (name == "last" || name == "copy_error") note = significant(s.errors.copy_last_mse);
    if (name == "flow" || name == "flow_error") note = significant(s.errors.flow_mse);
    figures += fmt::format(
        "<figure class=\"{0}\"><img data-kind=\"{0}\" alt=\"{1}\" "
        "src=\"data:image/png;base64,{2}\"><figcaption>{1}{3}</figcaption></figure>",
        kind, label, base64(*image), note.empty() || note == "–" ? "" : ", MSE " + note);
  }
  return fmt::format("<div class=\"sample\"><h3>{}</h3><div class=\"frames\">{}</div></div>", title,
                     figures);
}

std::string samples(const RunData& run) {
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
  std::string more;
  for (size_t i = 0; i < run.samples.size(); ++i)
    (i < kSamplesAtFirst ? html : more) += sample(run.samples[i]);
  if (!more.empty())
    html += fmt::format("<details><summary>{} more</summary>{}</details>",
                        run.samples.size() - kSamplesAtFirst, more);
  return html;
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
  std::string html = ego_curves(evals, run.steps);
  html += draw(
      {"Error on held-out recordings",
       "step",
       "mean squared error",
       {{"network", "network", held_out([](const Errors& e) { return e.mse; })},
        {"copy the last frame", "copy", held_out([](const Errors& e) { return e.copy_last_mse; })},
        {"optical flow", "flow", held_out([](const Errors& e) { return e.flow_mse; })}},
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

std::string horizons(const EvalLine& result) {
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

std::string recordings(const EvalLine& result) {
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

// Why the training waited, the longest first, and what helps; "" where that is not known.
std::string reasons_of_waiting(const Waits& w) {
  struct Reason {
    double seconds;
    const char* text;
  };
  Reason all[] = {
      {w.decoding, "for decoding (more <code>--workers</code>, or <code>--cache</code>, help)"},
      {w.indexing, "for files that were read for the first time (the catalogue spares it later)"},
      {w.copies, "for small copies on disk"},
      {w.assembling, "for clips to be put together"}};
  std::sort(std::begin(all), std::end(all), [](const Reason& a, const Reason& b) {
    return !std::isnan(a.seconds) && (std::isnan(b.seconds) || a.seconds > b.seconds);
  });
  std::string text;
  for (const Reason& r : all)
    if (r.seconds >= 0.05)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", duration(r.seconds), r.text);
  return text;
}

std::string time_and_memory(const RunData& run) {
  FinalLine f;
  if (run.final) {
    f = *run.final;
  } else {
    double wait = 0, compute = 0, eval = 0;
    const auto add = [](double* sum, double seconds) {
      if (std::isfinite(seconds)) *sum = (std::isfinite(*sum) ? *sum : 0) + seconds;
    };
    for (const StepLine& s : run.steps) {
      for (auto cause : {&Waits::indexing, &Waits::decoding, &Waits::copies, &Waits::assembling})
        add(&(f.waited_for.*cause), s.waited_for.*cause);
      if (std::isfinite(s.wait_seconds)) wait += s.wait_seconds;
      if (std::isfinite(s.compute_seconds)) compute += s.compute_seconds;
      f.elapsed_seconds = s.elapsed_seconds;
    }
    for (const EvalLine& e : run.evals)
      if (std::isfinite(e.eval_seconds)) eval += e.eval_seconds;
    if (eval > 0) f.eval_seconds = eval;
    if (wait + compute > 0) f.wait_seconds = wait, f.compute_seconds = compute;
  }
  if (!std::isfinite(f.compute_seconds) && !std::isfinite(f.elapsed_seconds)) return "";
  const double parts[3] = {f.compute_seconds, f.wait_seconds, f.eval_seconds};
  double known = 0;
  for (double p : parts) known += std::isfinite(p) ? p : 0;
  const double whole =
      std::isfinite(f.elapsed_seconds) ? std::max(f.elapsed_seconds, known) : known;
  const double rest = whole - known;
  if (!(whole > 0)) return "";
  static constexpr const char* kNames[] = {"computing", "waiting for data", "evaluation",
                                           "other: starting, checkpoints, logs"};
  std::string bar, legend;
  for (int i = 0; i < 4; ++i) {
    const double p = i < 3 ? parts[i] : rest;
    if (!std::isfinite(p)) continue;
    bar += fmt::format("<i class=\"c{}\" style=\"width:{:.2f}%\"></i>", i, 100 * p / whole);
    legend += fmt::format("<span><i class=\"swatch c{}\"></i>{} {} ({:.1f} %)</span>", i, kNames[i],
                          duration(p), 100 * p / whole);
  }
  std::string text = fmt::format("<p>{} in all", duration(whole));
  if (f.compute_seconds + f.wait_seconds > 0) {
    text += fmt::format("; while training, <b>{:.1f} %</b> of the time went into waiting for data",
                        100 * f.wait_seconds / (f.compute_seconds + f.wait_seconds));
    if (const std::string why = reasons_of_waiting(f.waited_for); !why.empty()) text += ": " + why;
  }
  text += ".";
  if (std::isfinite(f.decode_seconds))
    text += fmt::format(" Decoding took {} of processor time in processes beside the training.",
                        duration(f.decode_seconds));
  if (std::isfinite(f.peak_memory_bytes))
    text += fmt::format(" Peak memory: {}.", bytes(f.peak_memory_bytes));
  return "<h2>Where the time went</h2><div class=\"box\">" + text + "</p><div class=\"bar\">" +
         bar + "</div><div class=\"legend\">" + legend + "</div></div>";
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
      "<h2>Files given up</h2><p class=\"soft small\">Training went on without them.</p><div "
      "class=\"scroll\"><table class=\"left\">"
      "<tr><th>file</th><th>kind</th><th>reason</th></tr>{}</table></div>",
      rows);
}

std::string list_of(const std::string& title,
                    const std::vector<std::pair<std::string, std::string>>& pairs) {
  if (pairs.empty()) return "";
  std::string rows;
  for (const auto& [name, value] : pairs)
    rows += fmt::format("<tr><td>{}</td><td>{}</td></tr>", escape(name), escape(value));
  return fmt::format(
      "<details><summary>{}</summary><div class=\"scroll\"><table "
      "class=\"left\">{}</table></div></details>",
      title, rows);
}

std::string names_of(const std::string& title, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string items;
  for (const std::string& name : names) items += "<tr><td>" + escape(name) + "</td></tr>";
  return fmt::format(
      "<details><summary>{} ({})</summary><div class=\"scroll\"><table "
      "class=\"left\">{}</table></div></details>",
      title, names.size(), items);
}

std::string repeat(const RunData& run) {
  std::string html = "<h2>How to repeat this run</h2>";
  if (run.command.empty()) {
    html += "<p>The command is not known: config.json does not say.</p>";
  } else {
    std::string command;
    for (size_t i = 0; i < run.command.size(); ++i) {
      const std::string& word = run.command[i];
      // The folder of this run is taken; without --out the next one gets a free name.
      if (word == "--out") ++i;
      if (word == "--out" || word.starts_with("--out=")) continue;
      command += i == 0 && word == "dojo" ? "./dojo"
                                          : (i == 0 ? "" : " ") + shell_word(name_of_utf8(word));
    }
    html += "<pre>" + escape(command) + "</pre>";
  }
  const auto known = [](const std::string& value) {
    return value.empty() ? std::string("not known") : escape(value);
  };
  html += fmt::format("<p>Version {}, seed {}, {} thread{}.</p>", known(run.version),
                      known(run.seed), known(run.threads), run.threads == "1" ? "" : "s");
  html += "<p class=\"soft small\">";
  if (run.end_was_moved)
    html +=
        "The end of this run was moved when it was resumed. A run that has the new end from its "
        "beginning has other learning rates, and so other weights.";
  else if (run.ended_by_clock)
    html += fmt::format(
        "This run was ended by the clock: how many steps it makes, and so its learning rates and "
        "weights, depend on the machine{}. With <code>--steps</code> a run can be repeated byte "
        "for byte.",
        run.final ? fmt::format(" (here it made {})", count(run.final->step)) : "");
  else
    html +=
        "The same version, seed, files and number of threads on the same kind of processor give "
        "the same checkpoints byte for byte, and the same metrics.jsonl but for what stands under "
        "“time”.";
  html += "</p>";
  return html + list_of("Options", run.options) + list_of("Network", run.model) +
         names_of("Recordings to train on", run.train) +
         names_of("Held-out recordings", run.held_out);
}

constexpr const char* kPredictFooter =
    "Errors are mean squared errors of pixel values between 0 and 1. Copy-last repeats the last "
    "frame; optical flow moves it on as it moved before. Both need no training.";

}  // namespace
}  // namespace report

ReportPage render_report(const std::string& run_folder) {
  using namespace report;
  RunData run = read_run(run_folder);
  // The policy makes sure: a name from a file that got past the escaping could still load nothing.
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';img-src "
      "data:;style-src 'unsafe-inline';script-src 'unsafe-inline'\">"
      "<title>" +
      escape(run.folder) + " – OpenDojo</title><style>" + kStyle + "</style></head><body><main>\n";
  const EvalLine* result = run.result();
  for (const std::string& part :
       {header(run), headline(run), tiles(run), problems(run), samples(run), ego_drives(run),
        curves(run), result ? horizons(*result) : "",
        !result       ? ""
        : is_ego(run) ? ego_tables(*result)
                      : recordings(*result),
        time_and_memory(run), quarantine(run), repeat(run)}) {
    if (!part.empty()) html += part + "\n";
  }
  html += std::string("<footer>") + (is_ego(run) ? kEgoFooter : kPredictFooter) +
          "</footer></main><script>" + kScript + "</script></body></html>\n";
  return {std::move(html), std::move(run.problems)};
}

std::vector<std::string> write_report(const std::string& run_folder) {
  ReportPage report = render_report(run_folder);
  write_file_atomic(std::filesystem::path(run_folder) / "report.html", report.html);
  return std::move(report.problems);
}

}  // namespace dojo
