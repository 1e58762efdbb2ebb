#include "dojo/report/sim_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <vector>

#include "dojo/report/html.h"
#include "dojo/report/page_style.h"
#include "dojo/report/sim_maps.h"
#include "dojo/report/sim_roofline.h"
#include "dojo/report/sim_stats.h"
#include "dojo/report/sim_style.h"
#include "dojo/report/sim_tables.h"
#include "dojo/report/sim_timeline.h"

namespace dojo::report {
namespace {

// The button that is down shows the picture and the text of its number.
std::string style() {
  std::string css = kSimStyle;
  for (int i = 1; i <= kMostMaps; ++i)
    css += fmt::format(
        ".pick>input:nth-of-type({0}):checked~.stage "
        "img:nth-of-type({0}),.pick>input:nth-of-type({0}"
        "):checked~.says p:nth-of-type({0}){{display:block}}\n",
        i);
  return css;
}

std::string time(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  if (seconds < 1e-6) return significant(seconds * 1e9, 4) + " ns";
  if (seconds < 1e-3) return significant(seconds * 1e6, 4) + " µs";
  if (seconds < 1) return significant(seconds * 1e3, 4) + " ms";
  return significant(seconds, 4) + " s";
}

std::string speed(double flops_per_second) {
  if (!std::isfinite(flops_per_second)) return "–";
  if (flops_per_second < 1e12) return significant(flops_per_second * 1e-9) + " GFLOP/s";
  if (flops_per_second < 1e15) return significant(flops_per_second * 1e-12) + " TFLOP/s";
  return significant(flops_per_second * 1e-15) + " PFLOP/s";
}

std::string header(const SimStats& s) {
  return fmt::format(
      "<header><h1>{}{}</h1><p class=\"soft small\">simulated · {} · level {} · {} values · {} "
      "nodes "
      "· OpenDojo {}</p></header>",
      escape(s.program),
      s.done ? "<span class=\"badge good\">finished</span>"
             : "<span class=\"badge bad\">never ends</span>",
      escape(s.machine), escape(s.level), s.values ? "with" : "without", count(s.nodes),
      escape(s.version));
}

// "Of their time threads spent 61 % in matrix; they waited 30 %, most of it for semaphore."
std::string where_time_went(const SimStats& s) {
  const double all = std::accumulate(s.thread_cycles.begin(), s.thread_cycles.end(), 0.0);
  if (!(all > 0)) return "";
  double waiting = 0;
  size_t most = 0;
  for (size_t i = 0; i < s.states.size(); ++i) {
    if (!s.states[i].waiting) continue;
    waiting += s.thread_cycles[i];
    if (!s.states[most].waiting || s.thread_cycles[i] > s.thread_cycles[most]) most = i;
  }
  if (!(waiting > 0)) return " Its threads never waited.";
  return fmt::format(" Its threads waited <b>{:.0f} %</b> of their time, most of it for: {}.",
                     100 * waiting / all, escape(s.states[most].title()));
}

std::string headline(const SimStats& s) {
  const std::string length =
      std::isfinite(s.seconds)
          ? fmt::format("<b>{}</b>, {} cycles", time(s.seconds), count(s.cycles))
          : fmt::format("<b>{} cycles</b> of a level that has no time", count(s.cycles));
  std::string text =
      s.done ? fmt::format("The program took {}.", length)
             : fmt::format("<b class=\"bad\">Threads wait for ever</b>, after {}.", length);
  if (s.flops_per_second > 0 && s.peak_flops_per_second > 0)
    text +=
        fmt::format(" Its matrix units did {}, <b>{:.1f} %</b> of what its nodes have at most.",
                    speed(s.flops_per_second), 100 * s.flops_per_second / s.peak_flops_per_second);
  return "<p class=\"headline\">" + text + where_time_went(s) + "</p>";
}

std::string tiles(const SimStats& s) {
  std::string html = tile(count(s.cycles), "cycles") + tile(time(s.seconds), "at the nodes’ clock");
  if (s.flops > 0) html += tile(speed(s.flops_per_second), "of the matrix units");
  html += tile(bytes(s.sram_peak_bytes),
               fmt::format("of {} SRAM of a node, at most", bytes(s.sram_bytes)));
  if (!s.links.empty() && s.cycles > 0)
    html += tile(fmt::format("{:.0f} %", 100 * s.links.front().busy_cycles / s.cycles),
                 "of the time the busiest link was busy");
  html += tile(count(s.assumed_numbers), "assumed numbers that it rests on");
  return "<div class=\"tiles\">" + html + "</div>";
}

std::string waiting_for_ever(const SimStats& s) {
  if (s.waiting.empty()) return "";
  std::string items;
  for (const SimStats::Waiting& w : s.waiting)
    items += fmt::format("<li>{}: {} node{}, first ({}, {}), since cycle {}: {}{}{}</li>",
                         escape(w.where), count(w.nodes), w.nodes == 1 ? "" : "s", count(w.x),
                         count(w.y), count(w.since_cycle), escape(w.what),
                         w.who.empty() ? "" : "; ", escape(w.who));
  return "<div class=\"box warn\"><b>Who waits for whom</b><ul>" + items + "</ul></div>";
}

}  // namespace

std::string sim_page(const std::string& folder) {
  const SimStats s = read_sim_stats((std::filesystem::path(folder) / "stats.json").string());
  std::string html = page_begin(s.program + " on " + s.machine + " – OpenDojo", style(),
                                /*scripts=*/true);
  for (const std::string& part :
       {header(s), headline(s), tiles(s), waiting_for_ever(s), sim_node_maps(s), sim_link_maps(s),
        sim_links(s), sim_timeline(s), sim_reasons(s), sim_critical_path(s), sim_bounds(s),
        sim_roofline(s), sim_instructions(s), sim_assumed(s)}) {
    if (!part.empty()) html += part + "\n";
  }
  return html +
         "<footer>Written by dojo report from stats.json; docs/simulator.md says what is simulated "
         "and how. The machine’s instruction set and timing were never published: times are those "
         "of "
         "a model, which docs/machine.md describes.</footer></main><script>" +
         kScript + kSimScript + "</script></body></html>\n";
}

}  // namespace dojo::report
