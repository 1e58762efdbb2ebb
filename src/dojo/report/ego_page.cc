#include "dojo/report/ego_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dojo/report/chart.h"
#include "dojo/report/html.h"

namespace dojo::report {
namespace {

constexpr size_t kRecordingsAtFirst = 2;  // the others are a click away
constexpr const char* kBaseline = "predicting the mean";

// How a signal is told to people; errors and values are multiplied by `scale`.
struct Look {
  std::string name, unit;
  double scale = 1;
};

Look look_of(const std::string& signal) {
  if (signal == "speed_mps") return {"speed", "m/s"};
  if (signal == "yaw_rate_radps") return {"yaw rate", "degrees/s", 180 / M_PI};
  if (signal == "steering_wheel_deg") return {"steering wheel angle", "degrees"};
  return {signal, ""};
}

std::string with_unit(double value, const Look& look) {
  return significant(value * look.scale) + " " + escape(look.unit);
}

// Better than the mean, but no better than before training, is bad too.
const char* judge_signal(const SignalErrors& e) {
  const double over = e.over_mean();
  return over < 1 && !e.learned() ? "bad" : judge(over);
}

std::string cells(const SignalErrors& e) {
  const Look look = look_of(e.signal);
  return fmt::format(
      "<td class=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
      judge_signal(e), ratio(e.over_mean()), with_unit(e.mae, look),
      significant(e.mean_mae * look.scale), significant(e.rmse * look.scale),
      significant(e.mean_rmse * look.scale), count(e.clips));
}

constexpr const char* kHeads =
    "<th>network / mean</th><th>network, mean absolute error</th><th>predict-the-mean</th>"
    "<th>network, root mean square</th><th>predict-the-mean</th><th>clips</th>";

std::string table(const char* title, const char* what, const SignalErrorsBy& groups) {
  std::string rows;
  for (const auto& [name, signals] : groups)
    for (const SignalErrors& e : signals)
      rows += fmt::format("<tr><td class=\"name\">{}</td><td class=\"name\">{}</td>{}</tr>",
                          escape(name), escape(look_of(e.signal).name), cells(e));
  if (rows.empty()) return "";
  return fmt::format(
      "<h2>{}</h2><div class=\"scroll\"><table><tr><th>{}</th><th>signal</th>{}</tr>{}"
      "</table></div>",
      title, what, kHeads, rows);
}

// The answers over the truth, of all recordings.
std::string cloud(const RunData& run, const std::string& signal) {
  const Look look = look_of(signal);
  std::vector<Point> points;
  double low = INFINITY, high = -INFINITY;
  for (const Answers& a : run.answers)
    for (const Answers::Signal& s : a.signals) {
      if (s.name != signal) continue;
      for (size_t i = 0; i < s.truth.size(); ++i) {
        const Point p{s.truth[i] * look.scale, s.network[i] * look.scale};
        if (!std::isfinite(p.x) || !std::isfinite(p.y)) continue;
        points.push_back(p);
        low = std::min(low, p.x);
        high = std::max(high, p.x);
      }
    }
  if (points.empty()) return "";
  return draw({"Held-out clips: " + look.name,
               "telemetry, " + look.unit,
               "network, " + look.unit,
               {{"no error", "copy", {{low, low}, {high, high}}},
                {"a clip", "network", std::move(points), /*scattered=*/true}},
               false});
}

std::string over_time(const Answers& a, const Answers::Signal& s) {
  const Look look = look_of(s.name);
  std::vector<Point> truth, network;
  for (size_t i = 0; i < a.seconds.size(); ++i) {
    truth.push_back({a.seconds[i], s.truth[i] * look.scale});
    network.push_back({a.seconds[i], s.network[i] * look.scale});
  }
  return draw(
      {look.name,
       "seconds",
       look.unit,
       {{"telemetry", "copy", std::move(truth)}, {"network", "network", std::move(network)}},
       false});
}

}  // namespace

std::string ego_headline(const EvalLine& result) {
  if (result.signals.empty()) return "What the network tells of held-out recordings is not known.";
  std::string text = "On held-out recordings the network tells";
  for (size_t i = 0; i < result.signals.size(); ++i) {
    const SignalErrors& e = result.signals[i];
    const Look look = look_of(e.signal);
    text += fmt::format(
        "{} {} to within {} on average, {}", i == 0 ? "" : ";", escape(look.name),
        with_unit(e.mae, look),
        i == 0 ? compared(e.over_mean(), kBaseline)
               : fmt::format("<b class=\"{}\">{} ×</b>", judge_signal(e), ratio(e.over_mean())));
  }
  text += ".";
  std::string not_learned;
  for (const SignalErrors& e : result.signals)
    if (!e.learned())
      not_learned += (not_learned.empty() ? "" : ", ") + escape(look_of(e.signal).name);
  if (!not_learned.empty())
    text += " <b class=\"bad\">Not learned:</b> " + not_learned + ", no better than " + kBaseline +
            " or than the untrained network.";
  return text;
}

std::string ego_tiles(const EvalLine& result) {
  std::string html;
  for (const SignalErrors& e : result.signals) {
    const Look look = look_of(e.signal);
    html += tile(with_unit(e.mae, look), fmt::format("{}: error, {} × {}", escape(look.name),
                                                     ratio(e.over_mean()), kBaseline));
  }
  return html;
}

std::string ego_curves(const std::vector<const EvalLine*>& evals) {
  if (evals.empty() || evals.back()->signals.empty()) return "";
  static constexpr const char* kStyles[] = {"network", "flow", "copy"};
  Chart held_out{"Held-out error over predicting the mean",
                 "step",
                 "ratio (1: as good as the mean)",
                 {},
                 true};
  for (const SignalErrors& signal : evals.back()->signals) {
    Series series{look_of(signal.signal).name, kStyles[held_out.series.size() % 3], {}};
    for (const EvalLine* e : evals)
      for (const SignalErrors& of : e->signals)
        if (of.signal == signal.signal) series.points.push_back({e->step, of.over_mean()});
    held_out.series.push_back(std::move(series));
  }
  return draw(held_out);
}

std::string ego_tables(const EvalLine& result) {
  return table("Held-out clips", "of", {{"all", result.signals}}) +
         table("By camera", "camera", result.signals_by_camera) +
         table("Held-out recordings", "recording", result.signals_by_recording);
}

std::string ego_drives(const RunData& run) {
  if (run.answers.empty()) return "";
  std::string clouds;
  for (const Answers::Signal& s : run.answers[0].signals) clouds += cloud(run, s.name);
  std::string html =
      "<h2>What the network says, and what was</h2><div class=\"charts\">" + clouds + "</div>";
  // What most people look out of first.
  std::vector<const Answers*> order;
  for (const Answers& a : run.answers) order.push_back(&a);
  std::stable_partition(order.begin(), order.end(),
                        [](const Answers* a) { return a->camera == "front"; });
  std::string more;
  for (size_t i = 0; i < order.size(); ++i) {
    const Answers& a = *order[i];
    std::string charts;
    for (const Answers::Signal& s : a.signals) charts += over_time(a, s);
    if (charts.empty()) continue;
    (i < kRecordingsAtFirst ? html : more) += fmt::format(
        "<h3 class=\"below\">{}</h3><div class=\"charts\">{}</div>", escape(a.recording), charts);
  }
  if (!more.empty())
    html += fmt::format("<details><summary>{} more recordings</summary>{}</details>",
                        run.answers.size() - kRecordingsAtFirst, more);
  return html;
}

}  // namespace dojo::report
