// What is wrong with a camera of a rendered journey (teslacam.h): the file of one minute, or all of
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dojo {

struct CameraFault {
  enum Kind { kAbsent, kCut } kind = kAbsent;
  std::string camera;
  std::optional<int64_t> minute;  // from 0; nothing: all of them, or for a cut the last one
  double seconds = 0;             // a cut leaves so much; 0: a file of 0 bytes
};

// "left_pillar" and "left_pillar@2"; for a cut "front=12.5" and "front=12.5@0". Throws
// Error(kConfig) that names `option`.
CameraFault parse_fault(CameraFault::Kind kind, std::string_view text, const std::string& option);

}  // namespace dojo
