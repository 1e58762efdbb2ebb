// Pictures of a machine whose nodes, or the links that leave them, are coloured by a number. There
// are several numbers for one machine, of which the reader of the page chooses one. Colours are
// viridis (Smith and van der Walt, 2015), in which equal steps look equal, also without colours.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace dojo::report {

struct HeatMap {
  std::string name;  // "SRAM at most": a button
  std::string text;  // what it shows, as HTML
  std::string unit;  // "%"
  // By place row by row; of links four for each, in the order of kEast to kNorth below; NaN where
  // there is nothing.
  std::vector<double> values;
};

// What the maps of a machine have in common.
struct HeatPlane {
  int32_t across = 0, down = 0;       // places
  double width = 1, height = 1;       // of the whole, in any unit
  bool of_links = false;              // four values a place: to the east, west, south, north
  std::string place, nothing;         // for the pointer: "node", "no node of the program"
  std::vector<uint8_t> disabled;      // by place: not 0 where no node is live
  std::vector<double> columns, rows;  // where dies begin, in places
  std::vector<double> wide_columns, wide_rows;  // where larger parts do
};

// "" without a map.
std::string draw(const std::vector<HeatMap>& maps, const HeatPlane& plane);

}  // namespace dojo::report
