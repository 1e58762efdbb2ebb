// The centre line of the road that a drive follows. Its heading is a sum of waves, and of the turns
// of a journey: closed forms, so that curvature is exact.
//
//      s: metres along the centre line     d: metres to the left of it
//
// Thread-safe after construction.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dojo/scene/waves.h"

namespace dojo::scene {

// A change of the road's heading by `angle` radians, left positive, over `length` metres from
// `begin`: 6 u^5 - 15 u^4 + 10 u^3 of it after the share u, so that the curvature has no jump. Its
// largest curvature is 1.875 * angle / length.
struct Turn {
  double begin = 0, length = 30, angle = 0;
  bool junction = false;  // where roads meet; else a bend
  double end() const { return begin + length; }
};

// The centre line at one s.
struct RoadPoint {
  float x, y, tangent_x, tangent_y, curvature;
};

class Road {
 public:
  // `swing` scales the waves; with a mean speed of `speed_mps` each of them asks for at most 1.2
  // m/s2 to the side. Without turns the heading stays within +-70 degrees of the x axis. `turns`
  // ascend and do not overlap; the road must not come back to within 130 m of itself.
  Road(uint64_t seed, double swing, double speed_mps, double length_m,
       std::vector<Turn> turns = {});
  RoadPoint at(double s) const;  // linear between points 0.5 m apart; held at the ends
  double heading(double s) const;
  double curvature(double s) const;        // the slope of heading()
  double curvature_slope(double s) const;  // the slope of curvature()

  // The place on the road of a point near it; a pure function of (x, y). With turns, |d| > 1000 for
  // points that are farther than 64 m from the road.
  void to_road(float x, float y, float& s, float& d) const;
  double begin() const { return kBegin; }
  double end() const { return end_; }
  std::array<double, 2> exact(double s) const;  // smooth to double precision, for the camera's path
  const std::vector<Turn>& turns() const { return turns_; }
  bool turns_near(double s, double metres) const;

 private:
  static constexpr double kBegin = -150, kStep = 0.5;
  // For roads with turns: which s is nearest to each cell of a grid. Tiles of cells, where the road
  // comes near.
  static constexpr int kCell = 4, kTileCells = 16, kTile = kCell * kTileCells;  // metres
  void fill_tiles();
  const Turn* turn_before(double s, double& turned) const;

  std::vector<Wave> waves_;
  std::vector<Turn> turns_;
  std::vector<double> turned_;  // the sum of the angles before turn i
  std::vector<RoadPoint> points_;
  std::vector<std::array<double, 2>> exact_;
  std::vector<float> s_of_x_;  // each metre
  std::vector<std::array<float, kTileCells * kTileCells>> tiles_;
  std::vector<int32_t> tile_at_;  // [tiles_y, tiles_x] index into tiles_, or -1
  int tiles_x_ = 0, tiles_y_ = 0;
  float tiles_left_ = 0, tiles_low_ = 0;
  double end_;
};

}  // namespace dojo::scene
