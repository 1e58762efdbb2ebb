#include "dojo/report/sim_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include "dojo/report/html.h"
#include "dojo/report/sim_timeline.h"

namespace dojo::report {
namespace {

constexpr size_t kLinksShown = 12;

std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "–";
}

// A share as a bar in a cell of its own.
std::string bar(double part, double whole, std::string_view colour = "var(--network)") {
  const double share = whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0;
  return fmt::format("<td class=\"share\"><i style=\"width:{:.1f}%;background:{}\"></i></td>",
                     100 * share, colour);
}

std::string table(std::string_view head, const std::string& rows, std::string_view style = "") {
  return fmt::format("<div class=\"scroll\"><table{}><tr>{}</tr>{}</table></div>",
                     style.empty() ? "" : fmt::format(" class=\"{}\"", style), head, rows);
}

}  // namespace

std::string sim_reasons(const SimStats& s) {
  std::vector<size_t> order(s.states.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return s.thread_cycles[a] > s.thread_cycles[b]; });
  const double all = std::accumulate(s.thread_cycles.begin(), s.thread_cycles.end(), 0.0);
  std::string rows;
  for (const size_t i : order)
    if (s.thread_cycles[i] > 0)
      rows += fmt::format(
          "<tr><td>{}{}</td><td>{}</td><td>{}</td>{}<td class=\"name\">{}</td></tr>",
          s.states[i].waiting ? "waiting: " : "", escape(s.states[i].title()),
          count(s.thread_cycles[i]), percent(s.thread_cycles[i], all),
          bar(s.thread_cycles[i], all, state_colour(s, i)), escape(s.states[i].meaning));
  if (rows.empty()) return "";
  return "<h2>What threads spent their time on</h2>" +
         table("<th>state</th><th>cycles of threads</th><th>share</th><th></th><th>what</th>", rows,
               "reasons");
}

std::string sim_bounds(const SimStats& s) {
  std::string rows;
  const auto row = [&](const std::string& what, const std::string& where, double cycles) {
    if (cycles <= 0) return;
    rows += fmt::format(
        "<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td>{}<td class=\"name "
        "soft\">{}</td></tr>",
        escape(what), count(cycles), percent(cycles, s.cycles), bar(cycles, s.cycles),
        escape(where));
  };
  if (const auto& f = s.formula_bound) {
    row("formula: compute", f->name, f->compute);
    row("formula: SRAM", f->name, f->sram);
    row("formula: links", f->name, f->links);
    row("formula: latency", f->name, f->latency);
  }
  for (const SimStats::Bound& b : s.bounds) row(b.what, b.where, b.cycles);
  if (rows.empty()) return "";
  double most = s.bounds.empty() ? 0 : s.bounds.front().cycles;
  if (const auto& f = s.formula_bound)
    most = std::max({most, f->compute, f->sram, f->links, f->latency});
  return fmt::format(
      "<h2>How fast it could be</h2><p>The run took {} cycles; {} of it is the largest bound. Each "
      "is what one part of the machine needs for the same work, were it never to wait for another"
      "{}.</p>{}",
      count(s.cycles), percent(most, s.cycles),
      s.formula_bound ? "; formulas are those of the library (docs/library.md)" : "",
      table("<th>bound</th><th>cycles</th><th>of the time</th><th></th><th>where</th>", rows,
            "reasons"));
}

std::string sim_critical_path(const SimStats& s) {
  if (s.critical_reasons.empty()) return "";
  const auto rows_of = [&](const std::vector<SimStats::Critical>& all) {
    std::string rows;
    for (const SimStats::Critical& c : all)
      rows +=
          fmt::format("<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td>{}</tr>", escape(c.what),
                      count(c.cycles), percent(c.cycles, s.cycles), bar(c.cycles, s.cycles));
    return rows;
  };
  constexpr std::string_view kHead = "<th>{}</th><th>cycles</th><th>of the time</th><th></th>";
  return "<h2>Critical path</h2><p>The chain of things that waited for each other, from the run’s "
         "end back to its beginning: to shorten the run, shorten one of these.</p>" +
         table(fmt::format(kHead, "what"), rows_of(s.critical_reasons), "reasons") +
         table(fmt::format(kHead, "of which instructions"), rows_of(s.critical_instructions),
               "reasons");
}

std::string sim_instructions(const SimStats& s) {
  std::string rows;
  for (const SimStats::Instruction& i : s.instructions)
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", escape(i.kind),
                        count(i.number), count(i.cycles), i.work > 0 ? count(i.work) : "");
  if (rows.empty()) return "";
  return "<h2>Instructions</h2>" +
         table(
             "<th>kind</th><th>how many</th><th>cycles of threads</th><th>work: multiply-adds, "
             "results, bytes</th>",
             rows);
}

std::string sim_links(const SimStats& s) {
  std::string rows;
  for (size_t i = 0; i < std::min(s.links.size(), kLinksShown); ++i) {
    const SimStats::Link& l = s.links[i];
    rows += fmt::format("<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td>{}<td>{}</td></tr>",
                        escape(l.link), bytes(l.bytes), percent(l.busy_cycles, s.cycles),
                        bar(l.busy_cycles, s.cycles), count(l.stalled_cycles));
  }
  if (rows.empty()) return "";
  return fmt::format(
      "<h3>The busiest of {} links</h3>{}", count(s.links_used),
      table("<th>link: from</th><th>bytes</th><th>busy</th><th></th><th>cycles waited "
            "for it, added up</th>",
            rows, "reasons"));
}

std::string sim_assumed(const SimStats& s) {
  std::string rows;
  for (const SimStats::Assumed& a : s.assumed)
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", escape(a.name),
                        escape(a.value), escape(a.meaning), escape(a.why));
  const std::string burst =
      s.burst_error
          ? fmt::format(
                " The level burst took {:.1f} % to {:+.1f} % more cycles than flit on {} other "
                "programs, at most 5 % on {} of them.",
                100 * s.burst_error->least, 100 * s.burst_error->most,
                count(s.burst_error->programs), count(s.burst_error->within_five_percent))
          : "";
  return fmt::format(
      "<h2>What this rests on</h2><p>{} published numbers of the machine, {} that follow from "
      "these, and <b>{} assumed</b> ones, which nobody has published.{}</p>{}",
      count(s.published_numbers), count(s.derived_numbers), count(s.assumed_numbers), burst,
      rows.empty()
          ? ""
          : "<details><summary>The assumed numbers</summary><div class=\"below\">" +
                table("<th>name</th><th>value</th><th>what it is</th><th>why this value</th>", rows,
                      "left") +
                "</div></details>");
}

}  // namespace dojo::report
