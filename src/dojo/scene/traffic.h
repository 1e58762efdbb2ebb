// Who else drives on a journey: a car ahead and one behind that stop and go as ours does, cars on
// the other lanes, and cars that cross in front of us while we wait. All are functions of time;
// nobody drives through anybody else. Thread-safe after construction.
#pragma once

#include <vector>

#include "dojo/scene/itinerary.h"
#include "dojo/scene/object.h"
#include "dojo/scene/road.h"

namespace dojo::scene {

class Traffic {
 public:
  // `road` and `itinerary` must outlive it.
  Traffic(const DriveParams& params, const Road& road, const Itinerary& itinerary);

  // The cars and their shadows within sight of ours.
  std::vector<Object> cars(double time_seconds) const;

 private:
  struct Look {
    int kind = 0;
    Vec3 paint;
    uint32_t seed = 0;
  };
  struct Flowing {  // with the traffic of its lane
    double start;   // where on the schedule it is at time 0, seconds
    double d;
    int direction;  // 1 ours, -1 oncoming
    Look look;
  };
  struct Crossing {
    double s, middle_seconds, speed;  // when it passes the middle of our road
    int direction;                    // 1: from our right to our left
    Look look;
  };
  Look draw_look(Random& random) const;
  double way_at(double schedule) const;
  double schedule_at(double s) const;
  bool near_at(double s, double t, double metres) const;
  void place(std::vector<Object>& cars, double x, double y, double heading, const Look& look,
             bool braking, float opacity) const;

  DriveParams params_;
  const Road& road_;
  const Itinerary& itinerary_;
  std::vector<double>
      schedule_;  // seconds at each metre from the road's begin, for who never stops
  std::vector<Flowing> flowing_;
  std::vector<Crossing> crossing_;
  Look ahead_, behind_;
};

}  // namespace dojo::scene
