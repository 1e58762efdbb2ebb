#include "dojo/model/motion.h"

#include "dojo/base/check.h"

namespace dojo {
namespace {

constexpr int64_t kFineRadius = 2, kRadius = 3;
constexpr int64_t shifts(int64_t radius) { return (2 * radius + 1) * (2 * radius + 1); }

}  // namespace

MotionEncoder::Level::Level(Builder& b, std::string_view name, int64_t in, int64_t out)
    : conv(b, name, in, out, {.stride = 2}),
      norm(b, std::string(name) + "_norm", out, kNormGroups) {}

ValueId MotionEncoder::Level::operator()(Builder& b, ValueId x) const {
  return gelu(b, norm(b, conv(b, x)));
}

MotionEncoder::MotionEncoder(Builder& b, std::string_view name, int64_t channels)
    : MotionEncoder(b.scope(name), b, channels) {}

MotionEncoder::MotionEncoder(const Builder::Scope&, Builder& b, int64_t c)
    : channels_(c),
      half_(b, "half", 3, c),
      quarter_(b, "quarter", c, 2 * c),
      eighth_(b, "eighth", 2 * c, 3 * c),
      fine_(b, "fine", shifts(kFineRadius), 2 * c, {.stride = 2}),
      merge_(b, "merge", 4 * c + shifts(kRadius), 4 * c, {.stride = 2}),
      mix_(b, "mix", 4 * c + shifts(kRadius), 4 * c),
      block_(b, "block", 4 * c),
      sixteenth_(b, "sixteenth", 4 * c, 6 * c) {}

ValueId MotionEncoder::operator()(Builder& b, const std::vector<ValueId>& frames) const {
  DOJO_CHECK(frames.size() >= 2);
  // All frames in one batch, time outermost, so that pairs are slices.
  const int64_t batch = b.shape(frames[0])[0];
  const int64_t pairs = batch * static_cast<int64_t>(frames.size() - 1);
  const ValueId half = half_(b, b.add(b.concat(frames, 0), -0.5));
  const ValueId quarter = quarter_(b, half), eighth = eighth_(b, quarter);
  const auto later = [&](ValueId x) { return b.slice(x, 0, batch, batch + pairs); };
  const auto matches = [&](ValueId x, int64_t radius) {
    return matching(b, later(x), b.slice(x, 0, 0, pairs), radius);
  };
  const ValueId fine = gelu(b, fine_(b, matches(half, kFineRadius)));
  ValueId x = b.concat({fine, matches(quarter, kRadius), later(quarter)}, 1);
  x = gelu(b, merge_(b, x));
  x = gelu(b, mix_(b, b.concat({x, matches(eighth, kRadius)}, 1)));
  return sixteenth_(b, block_(b, x));
}

}  // namespace dojo
