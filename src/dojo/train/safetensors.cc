#include "dojo/train/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/json.h"
#include "dojo/train/json.h"

namespace dojo {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // for writing: tensors in the order of their data

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format's own reader
constexpr std::string_view kMetadata = "__metadata__";

static_assert(std::endian::native == std::endian::little,
              "tensors are stored as they lie in memory");

[[noreturn]] void fail(std::string message, std::string_view where) {
  throw Error(Category::kInput, std::move(message), std::string(where),
              "the file is damaged or no safetensors file; use another one");
}

std::string_view dtype_name(Format format) {
  switch (format) {
    case Format::kF32:
      return "F32";
    case Format::kBF16:
      return "BF16";
    case Format::kI32:
      return "I32";
    case Format::kU8:
      return "U8";
  }
  DOJO_CHECK(false);
  return "";
}

Format parse_dtype(const std::string& dtype, const std::string& name, std::string_view where) {
  for (Format f : {Format::kF32, Format::kBF16, Format::kI32, Format::kU8})
    if (dtype == dtype_name(f)) return f;
  throw Error(Category::kInput, fmt::format("tensor \"{}\" has dtype \"{}\"", name, dtype),
              std::string(where), "F32, BF16, I32 and U8 are read; convert it to one of them");
}

// Parses the header and refuses what JSON libraries let pass: a name that occurs twice.
Json parse_header(std::string_view text, std::string_view where) {
  std::vector<std::set<std::string>> names;
  int lists = 0;  // within one another, at this place
  const auto watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) {
      if (names.size() >= 2) fail("the header is nested too deeply", where);
      names.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      names.pop_back();
    } else if (event == Json::parse_event_t::array_start) {
      if (++lists > 1) fail("the header is nested too deeply", where);
    } else if (event == Json::parse_event_t::array_end) {
      --lists;
    } else if (event == Json::parse_event_t::key) {
      const std::string& name = value.get_ref<const std::string&>();
      if (!names.back().insert(name).second)
        fail(fmt::format("the header has the name \"{}\" twice", name), where);
    }
    return true;
  };
  try {
    Json header = Json::parse(text, watch);
    if (!header.is_object()) fail("the header is no JSON object", where);
    return header;
  } catch (const Json::exception& e) {
    fail("the header is " + json_problem(e, text), where);
  }
}

uint64_t unsigned_integer(const Json& value, std::string_view what, const std::string& name,
                          std::string_view where) {
  if (!value.is_number_unsigned())
    fail(fmt::format("tensor \"{}\" has {} {}, which is no size", name, what, value.dump()), where);
  return value.get<uint64_t>();
}

struct Entry {
  Tensor tensor;
  uint64_t begin = 0, end = 0;
  bool wanted = true;
};

Entry parse_entry(const std::string& name, const Json& json, uint64_t data_bytes,
                  std::string_view where, bool wanted) {
  const auto field = [&](const char* key) -> const Json& {
    if (!json.is_object() || !json.contains(key))
      fail(fmt::format("tensor \"{}\" has no {}", name, key), where);
    return json[key];
  };
  if (json.is_object() && json.size() > 3)
    fail(fmt::format("tensor \"{}\" has fields other than dtype, shape and data_offsets", name),
         where);
  if (!field("dtype").is_string())
    fail(fmt::format("tensor \"{}\" has a dtype that is no text", name), where);
  if (!field("shape").is_array())
    fail(fmt::format("tensor \"{}\" has a shape that is no list", name), where);
  if (!field("data_offsets").is_array() || json["data_offsets"].size() != 2)
    fail(fmt::format("tensor \"{}\" has data_offsets that are no pair", name), where);

  Entry entry;
  entry.tensor.name = name;
  entry.wanted = wanted;
  entry.begin = unsigned_integer(json["data_offsets"][0], "the offset", name, where);
  entry.end = unsigned_integer(json["data_offsets"][1], "the offset", name, where);
  if (entry.begin > entry.end || entry.end > data_bytes)
    fail(fmt::format("tensor \"{}\" has offsets [{}, {}) in {} bytes of data", name, entry.begin,
                     entry.end, data_bytes),
         where);
  if (!wanted) return entry;
  entry.tensor.type.format = parse_dtype(json["dtype"].get<std::string>(), name, where);
  uint64_t bytes = static_cast<uint64_t>(size_bytes(entry.tensor.type.format));
  for (const Json& d : json["shape"]) {
    const uint64_t n = unsigned_integer(d, "the dimension", name, where);
    if (n > static_cast<uint64_t>(INT64_MAX) || __builtin_mul_overflow(bytes, n, &bytes) ||
        bytes > static_cast<uint64_t>(INT64_MAX))
      fail(fmt::format("tensor \"{}\" has shape {}, which overflows", name, json["shape"].dump()),
           where);
    entry.tensor.type.shape.push_back(static_cast<int64_t>(n));
  }
  if (entry.end - entry.begin != bytes)
    fail(fmt::format("tensor \"{}\" of {} has {} bytes instead of {}", name,
                     to_string(entry.tensor.type), entry.end - entry.begin, bytes),
         where);
  return entry;
}

// REQUIRES: file_bytes >= 8.
void check_header_bytes(uint64_t header_bytes, uint64_t file_bytes, std::string_view where) {
  if (header_bytes > std::min<uint64_t>(kMaxHeaderBytes, file_bytes - sizeof header_bytes))
    fail(fmt::format("the header is said to have {} bytes in a file of {}", header_bytes,
                     file_bytes),
         where);
}

// All before the data.
std::string preamble(const SafeTensors& content) {
  OrderedJson header = OrderedJson::object();
  if (!content.metadata.empty()) header[std::string(kMetadata)] = content.metadata;
  uint64_t offset = 0;
  for (const Tensor& t : content.tensors) {
    DOJO_CHECK_EQ(t.type.num_bytes(), static_cast<int64_t>(t.data.size()));
    DOJO_CHECK(t.name != kMetadata && !header.contains(t.name));
    header[t.name] = {{"dtype", dtype_name(t.type.format)},
                      {"shape", t.type.shape},
                      {"data_offsets", {offset, offset + t.data.size()}}};
    offset += t.data.size();
  }
  // Bytes that are no UTF-8 (a path in the metadata) become U+FFFD: the file stays readable.
  std::string text = dump(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // aligns the data
  const uint64_t header_bytes = text.size();
  return std::string(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes) + text;
}

}  // namespace

const Tensor* SafeTensors::find(std::string_view name) const {
  for (const Tensor& t : tensors)
    if (t.name == name) return &t;
  return nullptr;
}

SafeTensors parse_safetensors(std::span<const std::byte> file, std::string_view where,
                              const WantedTensor& wanted) {
  uint64_t header_bytes = 0;
  if (file.size() < sizeof header_bytes)
    fail(fmt::format("the file has {} bytes, fewer than the 8 of a header length", file.size()),
         where);
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  check_header_bytes(header_bytes, file.size(), where);
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + sizeof header_bytes,
                              header_bytes);
  const std::span<const std::byte> data = file.subspan(sizeof header_bytes + header_bytes);

  SafeTensors result;
  std::vector<Entry> entries;
  const Json header = parse_header(text, where);
  for (const auto& [name, json] : header.items()) {
    if (name != kMetadata) {
      entries.push_back(parse_entry(name, json, data.size(), where, !wanted || wanted(name)));
      continue;
    }
    if (!json.is_object()) fail("__metadata__ is no JSON object", where);
    for (const auto& [key, value] : json.items()) {
      if (!value.is_string()) fail(fmt::format("the metadata \"{}\" is no text", key), where);
      result.metadata[key] = value.get<std::string>();
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t end = 0;
  for (Entry& e : entries) {
    if (e.begin != end)
      fail(fmt::format("tensor \"{}\" begins at offset {}, but the data before it ends at {}",
                       e.tensor.name, e.begin, end),
           where);
    end = e.end;
    if (!e.wanted) continue;
    const auto bytes = data.subspan(e.begin, e.end - e.begin);
    e.tensor.data.assign(bytes.begin(), bytes.end());
    result.tensors.push_back(std::move(e.tensor));
  }
  if (end != data.size())
    fail(fmt::format("{} bytes follow the last tensor", data.size() - end), where);
  return result;
}

std::vector<std::byte> serialize_safetensors(const SafeTensors& content) {
  const std::string begin = preamble(content);
  const auto bytes = std::as_bytes(std::span(begin));
  std::vector<std::byte> file(bytes.begin(), bytes.end());
  for (const Tensor& t : content.tensors) file.insert(file.end(), t.data.begin(), t.data.end());
  return file;
}

SafeTensors read_safetensors(const std::string& path, const WantedTensor& wanted) {
  // A file of another kind may be huge: its first bytes mostly tell.
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) {
    uint64_t header_bytes = 0;
    std::ifstream file(path, std::ios::binary);
    if (file.read(reinterpret_cast<char*>(&header_bytes), sizeof header_bytes))
      check_header_bytes(header_bytes, std::filesystem::file_size(path), path);
  }
  const std::string bytes = read_file(path);
  return parse_safetensors(std::as_bytes(std::span(bytes)), path, wanted);
}

// Piece by piece: a second copy of a large network need not fit into memory.
void write_safetensors(const std::string& path, const SafeTensors& content) {
  AtomicFile file(path);
  file.write(preamble(content));
  for (const Tensor& t : content.tensors) file.write(t.data);
  file.commit();
}

}  // namespace dojo
