// What the camera of a drive sees: a software renderer with exact depth. The sky and the ground are
// cast pixel by pixel; everything else is flat faces, for which surface coordinates, inverse depth
// and edges are linear over the image, so that each row is a span and the cover of a pixel by an
// edge is exact. No GPU, no files, no state between frames.
//
//   scene::World world(scene::draw_params(seed, 30));
//   scene::Renderer renderer(world, {.height = 256, .width = 512});
//   scene::Frame frame = renderer.render(12, 0.6);  // frame number, for the noise; seconds
//
// A camera of a journey sees with a View of its own: renderer.render(12, 0.6, view).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dojo/scene/world.h"

namespace dojo::scene {

struct RenderOptions {
  int64_t height = 256, width = 512;  // pixels, 16 to 4096
  bool sensor_noise = true;
};

// Through which camera.
struct View {
  Pose pose;
  double focal_pixels = 0;
  uint32_t camera = 0;        // a number of its own for each camera of a vehicle, for the noise
  const Pose* own = nullptr;  // the body of the car whose camera it is
  bool sees_own_car = false;
};

struct Frame {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> rgb;  // [H,W,3], sRGB
  // [H,W] metres along the optical axis; infinity in the sky and on the far hills
  std::vector<float> depth;
  Truth truth;  // of a plain drive
};

class Renderer {
 public:
  // `world` must outlive the renderer.
  Renderer(const World& world, const RenderOptions& options);
  ~Renderer();

  // The same bytes for any number of threads. Uses parallel_for(); inside a parallel region it runs
  // on the caller's thread. Not thread-safe: one Renderer for each thread.
  Frame render(int64_t frame_number, double time_seconds);  // a plain drive, its one camera
  Frame render(int64_t frame_number, double time_seconds, const View& view);

  double focal_pixels() const;  // f in Pose's camera model, of a plain drive

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dojo::scene
