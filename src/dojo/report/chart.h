// Line charts as inline SVG: axes with units, logarithmic ones where that is asked for (of y also
// only where values span more than a factor of 3), colours from the page's CSS, and the numbers as
// data for the page's hover script.
#pragma once

#include <string>
#include <vector>

namespace dojo::report {

struct Point {
  double x, y;
  std::string label = {};  // beside the dot, where there is room
};

struct Series {
  std::string name;
  std::string style;  // CSS class: "network", "copy", "flow", "plain"; becomes "line-network"
  std::vector<Point>
      points;  // ascending in x; points without a number, or with one beyond 1e300, are left out
  bool scattered = false;  // dots without a line; of many some are left out, in any order of x
};

struct Chart {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  bool log_y = false;  // used only if all values are positive
  bool log_x = false;  // the same
};

// "" if there is no point. Series with many points are thinned to means of neighbours.
std::string draw(const Chart& chart);

}  // namespace dojo::report
