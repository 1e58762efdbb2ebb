#include "dojo/report/sim_timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "dojo/report/html.h"
#include "dojo/report/png.h"

namespace dojo::report {
namespace {

// Mid tones, which can be told from each other on light and on dark: work in blue and green, other
// things in grey, waiting in warm colours.
struct StateColour {
  std::string_view state;
  Colour colour;
};
constexpr StateColour kColours[] = {
    {"matrix", {31, 119, 210}}, {"vector", {22, 160, 133}}, {"other", {127, 140, 150}},
    {"idle", {176, 186, 194}},  {"unit", {160, 110, 200}},  {"semaphore", {230, 140, 30}},
    {"barrier", {205, 60, 50}}, {"phase", {225, 100, 150}}, {"list_engine", {205, 175, 20}}};
constexpr Colour kUnknown = {90, 90, 90}, kLinks = {31, 119, 210};

constexpr size_t kLaneHeight = 36, kTallHeight = 96;
constexpr size_t kOpenLanes = 16;  // of chosen nodes; more are folded away

Colour colour_of(const SimStats& s, size_t state) {
  for (const StateColour& c : kColours)
    if (c.state == s.states[state].name) return c.colour;
  return kUnknown;
}

// States from the bottom of a lane to its top: first those that are no waiting.
std::vector<size_t> stacked(const SimStats& s) {
  std::vector<size_t> order;
  for (const StateColour& c : kColours)
    for (size_t i = 0; i < s.states.size(); ++i)
      if (s.states[i].name == c.state) order.push_back(i);
  for (size_t i = 0; i < s.states.size(); ++i)
    if (std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
  return order;
}

double cycles_in_bin(const SimStats& s, size_t bin) {
  return std::clamp(s.cycles - static_cast<double>(bin) * s.bin_cycles, 1.0, s.bin_cycles);
}

// One column of pixels a bin: of the threads' cycles in it, how many went into what.
std::string lane_picture(const SimStats& s, const std::vector<std::vector<double>>& timeline,
                         size_t height) {
  std::vector<double> threads(s.bins);  // that were running
  for (const std::vector<double>& state : timeline)
    for (size_t b = 0; b < s.bins; ++b) threads[b] += state[b] / cycles_in_bin(s, b);
  const double most = *std::max_element(threads.begin(), threads.end());
  if (most <= 0) return "";
  std::vector<Colour> palette = {{0, 0, 0, 0}};
  Picture picture(s.bins, height);
  std::vector<double> below(s.bins);
  for (const size_t state : stacked(s)) {
    palette.push_back(colour_of(s, state));
    for (size_t b = 0; b < s.bins; ++b) {
      const double above = below[b] + timeline[state][b] / cycles_in_bin(s, b) / most;
      const auto pixel = [&](double share) {
        return std::min(static_cast<size_t>(std::lround(share * static_cast<double>(height))),
                        height);
      };
      for (size_t y = pixel(below[b]); y < pixel(above); ++y)
        picture.at(b, height - 1 - y) = static_cast<uint8_t>(palette.size() - 1);
      below[b] = above;
    }
  }
  return png_address(picture, palette);
}

std::string lane(const std::string& name, const std::string& picture, const char* style = "") {
  if (picture.empty()) return "";
  return fmt::format("<div class=\"lane{}\"><span>{}</span><img alt=\"{}\" src=\"{}\"></div>",
                     style, escape(name), escape(name), picture);
}

std::string lanes(const SimStats& s, const std::vector<SimStats::Lane>& all) {
  std::string html;
  for (const SimStats::Lane& l : all)
    html += lane(l.name, lane_picture(s, l.timeline, kLaneHeight));
  return html;
}

std::string links_lane(const SimStats& s) {
  if (s.link_busy_cycles.empty()) return "";
  const double most =
      *std::max_element(s.link_busy_cycles.begin(), s.link_busy_cycles.end()) / s.bin_cycles;
  if (most <= 0) return "";
  Picture picture(s.bins, kLaneHeight);
  for (size_t b = 0; b < s.bins; ++b) {
    const double share = std::min(1.0, s.link_busy_cycles[b] / cycles_in_bin(s, b) / most);
    const auto pixels = static_cast<size_t>(std::lround(share * kLaneHeight));
    for (size_t y = 0; y < pixels; ++y) picture.at(b, kLaneHeight - 1 - y) = 1;
  }
  const Colour palette[] = {{0, 0, 0, 0}, kLinks};
  return lane(fmt::format("links, at most {} busy at a time", significant(most)),
              png_address(picture, palette));
}

std::string legend(const SimStats& s) {
  std::string html;
  for (const size_t state : stacked(s))
    if (s.thread_cycles[state] > 0)
      html += fmt::format("<span><i class=\"swatch\" style=\"background:{}\"></i>{}{}</span>",
                          state_colour(s, state), s.states[state].waiting ? "waiting: " : "",
                          escape(s.states[state].title()));
  return "<div class=\"legend\">" + html + "</div>";
}

std::string axis(const SimStats& s) {
  const double end = static_cast<double>(s.bins) * s.bin_cycles;
  std::string time = count(end) + " cycles";
  if (std::isfinite(s.clock_hz) && s.clock_hz > 0)
    time += fmt::format(", {} µs", significant(end / s.clock_hz * 1e6));
  return fmt::format("<div class=\"lane axis soft small\"><span></span><div>0<b>{}</b></div></div>",
                     time);
}

}  // namespace

std::string state_colour(const SimStats& s, size_t state) {
  const Colour c = colour_of(s, state);
  return fmt::format("#{:02x}{:02x}{:02x}", c.red, c.green, c.blue);
}

std::string sim_timeline(const SimStats& s) {
  if (s.bins == 0) return "";
  const std::string all = lane("all threads", lane_picture(s, s.timeline, kTallHeight), " tall") +
                          links_lane(s) + axis(s);
  const std::string of_classes =
      s.classes.size() > 1 ? "<h3>Classes of nodes</h3>" + lanes(s, s.classes) : "";
  std::string of_nodes = lanes(s, s.threads);
  if (!of_nodes.empty())
    of_nodes =
        s.threads.size() <= kOpenLanes
            ? "<h3>Threads of chosen nodes</h3>" + of_nodes
            : fmt::format("<details><summary>Threads of chosen nodes ({})</summary>{}</details>",
                          s.threads.size(), of_nodes);
  return fmt::format(
      "<h2>Over time</h2><p>What threads spent their time on, from the left to the right; the "
      "height "
      "is the share of them that have not ended. A column is {} cycle{}.</p><div class=\"box "
      "lanes\">{}{}{}{}</div>",
      count(s.bin_cycles), s.bin_cycles == 1 ? "" : "s", legend(s), all, of_classes, of_nodes);
}

}  // namespace dojo::report
