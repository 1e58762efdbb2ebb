#include "dojo/numerics/test_formats.h"

#include <fmt/format.h>

namespace dojo {

std::vector<NamedFormat> all_formats(int max_bits) {
  std::vector<NamedFormat> formats;
  for (FloatKind kind : kFloatKinds) {
    if (!has_bias(kind)) {
      formats.push_back({std::string(name(kind)), float_format(kind)});
    } else {
      for (int bias = 0; bias <= kMaxBias; ++bias)
        formats.push_back({fmt::format("{}, bias {}", name(kind), bias), float_format(kind, bias)});
    }
  }
  // What the white paper leaves open of it.
  FloatFormat uhp = float_format(FloatKind::kUhp);
  uhp.top = TopExponent::kInfinityAndNan;
  formats.push_back({"uhp with infinity", uhp});
  std::erase_if(formats, [&](const NamedFormat& f) { return f.format.bits() > max_bits; });
  return formats;
}

std::vector<NamedFormat> as_written_formats(int max_bits) {
  std::vector<NamedFormat> formats = all_formats(max_bits);
  std::erase_if(formats,
                [](const NamedFormat& f) { return f.format.top != TopExponent::kNumbers; });
  for (NamedFormat& f : formats) {
    f.name += ", subnormal numbers as written";
    f.format.subnormals = Subnormals::kAsWritten;
  }
  return formats;
}

}  // namespace dojo
