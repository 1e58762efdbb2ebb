#include "dojo/report/time_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dojo/report/html.h"

namespace dojo::report {
namespace {

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

// What the final line would say, as far as the lines before it tell.
FinalLine sums_of(const RunData& run) {
  FinalLine f;
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
  return f;
}

}  // namespace

std::string time_and_memory(const RunData& run) {
  const FinalLine f = run.final ? *run.final : sums_of(run);
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

}  // namespace dojo::report
