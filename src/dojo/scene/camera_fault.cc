#include "dojo/scene/camera_fault.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "dojo/base/error.h"

namespace dojo {

CameraFault parse_fault(CameraFault::Kind kind, std::string_view text, const std::string& option) {
  CameraFault fault{.kind = kind};
  const auto wrong = [&] {
    throw Error(Category::kConfig, fmt::format("'{}'", text), option,
                kind == CameraFault::kAbsent
                    ? "give CAMERA or CAMERA@MINUTE, for example back@2"
                    : "give CAMERA=SECONDS or CAMERA=SECONDS@MINUTE, for example back=12.5");
  };
  const auto number = [&](std::string_view digits, auto& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || !(value >= 0)) wrong();
  };
  std::string_view rest = text;
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    int64_t minute = 0;
    number(rest.substr(at + 1), minute);
    fault.minute = minute;
    rest = rest.substr(0, at);
  }
  const size_t equals = rest.find('=');
  if ((equals != std::string_view::npos) != (kind == CameraFault::kCut)) wrong();
  if (kind == CameraFault::kCut) number(rest.substr(equals + 1), fault.seconds);
  if (fault.seconds > 3600) wrong();
  fault.camera = std::string(rest.substr(0, equals));
  if (fault.camera.empty()) wrong();
  return fault;
}

}  // namespace dojo
