#include "dojo/video/telemetry/npy.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <string_view>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/video/telemetry/parse.h"

namespace dojo {
namespace {

template <typename T>
void convert(std::string_view bytes, std::vector<double>* values) {
  for (size_t i = 0; i < values->size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    (*values)[i] = static_cast<double>(value);
  }
}

// The text after 'key': in a Python dictionary such as {'descr': '<f8', 'shape': (3,), }.
std::string_view value_of(std::string_view dictionary, std::string_view key) {
  const size_t at = dictionary.find(key);
  if (at == std::string_view::npos) return {};
  const size_t colon = dictionary.find(':', at + key.size());
  return colon == std::string_view::npos ? std::string_view() : trim(dictionary.substr(colon + 1));
}

}  // namespace

NpyArray read_npy(const std::string& path) {
  const std::string file = read_file(path, 256 << 20);
  const std::string_view text = file;
  const auto fail = [&](const std::string& what, Category category = Category::kInput) {
    throw Error(category, what, path);
  };
  if (!text.starts_with("\x93NUMPY") || text.size() < 12) fail("no NumPy array");
  const bool version1 = text[6] == 1;
  const size_t begin = version1 ? 10 : 12;
  size_t header = 0;
  for (size_t i = begin; i-- > 8;) header = header << 8 | static_cast<uint8_t>(text[i]);
  if (text[6] < 1 || text[6] > 3 || header > text.size() - begin)
    fail("the header of the NumPy array is damaged");
  const std::string_view dictionary = text.substr(begin, header),
                         data = text.substr(begin + header);

  const std::string_view type = value_of(dictionary, "'descr'").substr(0, 5);
  const std::string_view order = value_of(dictionary, "'fortran_order'");
  if (!order.starts_with("False"))
    fail("the NumPy array is not in C order", Category::kUnsupported);
  std::string_view shape = value_of(dictionary, "'shape'");
  if (!shape.starts_with("(") || shape.find(')') == std::string_view::npos)
    fail("the NumPy array has no shape");
  shape = shape.substr(1, shape.find(')') - 1);
  NpyArray array;
  uint64_t count = 1;
  while (!trim(shape).empty()) {
    const size_t comma = std::min(shape.find(','), shape.size());
    const std::optional<double> extent = parse_number(shape.substr(0, comma));
    if (!extent || *extent < 0 || *extent > 1e9 || *extent != std::floor(*extent) ||
        array.shape.size() == 8)
      fail("the NumPy array's shape makes no sense");
    array.shape.push_back(static_cast<int64_t>(*extent));
    count *= static_cast<uint64_t>(*extent);
    if (count > file.size()) fail("the NumPy array is cut short");
    shape.remove_prefix(std::min(comma + 1, shape.size()));
  }

  const auto convert_if = [&]<typename T>(std::string_view name, T) {
    if (type != name) return false;
    if (data.size() != count * sizeof(T))
      fail(fmt::format("the NumPy array holds {} bytes, its shape says {}", data.size(),
                       count * sizeof(T)));
    array.values.resize(count);
    convert<T>(data, &array.values);
    return true;
  };
  if (!convert_if("'<f8'", double()) && !convert_if("'<f4'", float()) &&
      !convert_if("'<i8'", int64_t()) && !convert_if("'<i4'", int32_t()) &&
      !convert_if("'|u1'", uint8_t()) && !convert_if("'|b1'", uint8_t()))
    fail(fmt::format("NumPy arrays of the type {} are not read", type), Category::kUnsupported);
  return array;
}

}  // namespace dojo
