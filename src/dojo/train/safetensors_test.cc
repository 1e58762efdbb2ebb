#include "dojo/train/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "dojo/base/error.h"
#include "dojo/base/random.h"

namespace dojo {
namespace {

std::string file_of(std::string header, size_t data_bytes, std::optional<uint64_t> length = {}) {
  const uint64_t n = length.value_or(header.size());
  std::string file(reinterpret_cast<const char*>(&n), 8);
  return file + header + std::string(data_bytes, '\1');
}

SafeTensors parse(const std::string& file) {
  return parse_safetensors(std::as_bytes(std::span(file)), "a.safetensors");
}

SafeTensors example() {
  SafeTensors s;
  s.metadata = {{"step", "12"}, {"task", "predict"}};
  s.tensors.push_back({"b", {Format::kF32, {2, 3}}, std::vector<std::byte>(24, std::byte{7})});
  s.tensors.push_back({"a", {Format::kU8, {5}}, std::vector<std::byte>(5, std::byte{9})});
  s.tensors.push_back({"scalar", {Format::kI32, {}}, std::vector<std::byte>(4, std::byte{1})});
  s.tensors.push_back({"half", {Format::kBF16, {3}}, std::vector<std::byte>(6, std::byte{3})});
  s.tensors.push_back({"empty", {Format::kF32, {0, 4}}, {}});
  return s;
}

TEST(SafeTensors, ReadingGivesWhatWasWritten) {
  const SafeTensors s = example();
  const std::vector<std::byte> bytes = serialize_safetensors(s);
  const SafeTensors t = parse_safetensors(bytes, "x");
  EXPECT_EQ(t.metadata, s.metadata);
  ASSERT_EQ(t.tensors.size(), s.tensors.size());
  for (size_t i = 0; i < s.tensors.size(); ++i) {
    EXPECT_EQ(t.tensors[i].name, s.tensors[i].name);
    EXPECT_EQ(t.tensors[i].type, s.tensors[i].type);
    EXPECT_EQ(t.tensors[i].data, s.tensors[i].data);
  }
  EXPECT_EQ(serialize_safetensors(t), bytes);
  EXPECT_EQ(bytes.size() % 8, (24 + 5 + 4 + 6) % 8);  // the header is padded to 8 bytes
}

TEST(SafeTensors, TensorsAreSortedByTheirOffsets) {
  const auto t = parse(file_of(R"({"y":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},
      "x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})",
                               5));
  ASSERT_EQ(t.tensors.size(), 2u);
  EXPECT_EQ(t.tensors[0].name, "x");
  EXPECT_EQ(t.tensors[1].name, "y");
}

struct Hostile {
  const char* what;
  std::string file;
  const char* message;  // a part of it, with the value seen
};

TEST(SafeTensors, HostileFilesAreRefusedWithFileAndValue) {
  const std::vector<Hostile> table = {
      {"empty file", "", "0 bytes"},
      {"seven bytes", "1234567", "7 bytes"},
      {"header length 2^63", file_of("{}", 0, uint64_t{1} << 63), "9223372036854775808"},
      {"header length 2^64-1", file_of("{}", 0, ~uint64_t{0}), "18446744073709551615"},
      {"header one byte longer than the file", file_of("{}", 0, 3), "3 bytes in a file of 10"},
      {"empty header", file_of("", 0), "not JSON: line 1"},
      {"broken JSON", file_of("{\"a\":", 0), "not JSON: line 1"},
      {"a list", file_of("[]", 0), "no JSON object"},
      {"deep nesting", file_of(R"({"a":{"b":{"c":{}}}})", 0), "nested too deeply"},
      {"lists in lists",
       file_of("{\"a\":{\"shape\":" + std::string(3000000, '[') + std::string(3000000, ']') + "}}",
               0),
       "nested too deeply"},
      {"a tensor that is a number", file_of(R"({"a":1})", 0), "has no dtype"},
      {"no shape", file_of(R"({"a":{"dtype":"U8","data_offsets":[0,0]}})", 0), "no shape"},
      {"an extra field",
       file_of(R"({"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}})", 1), "other than"},
      {"unknown dtype", file_of(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", 8),
       "\"F64\""},
      {"negative dimension",
       file_of(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1), "-1"},
      {"fractional dimension",
       file_of(R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1), "1.0"},
      {"dimension beyond 64 bits",
       file_of(R"({"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,1]}})", 1),
       "e+19"},
      {"product overflows",
       file_of(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
       "overflows"},
      {"product overflows to zero bytes",
       file_of(R"({"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}})", 0),
       "overflows"},
      {"offsets beyond the file",
       file_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 3), "[0, 4) in 3"},
      {"offsets backwards", file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}})", 3),
       "[2, 1)"},
      {"huge offset",
       file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551615,0]}})", 3),
       "18446744073709551615"},
      {"size differs from shape",
       file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
       "4 bytes instead of 8"},
      {"overlap",
       file_of(
           R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]}})",
           5),
       "begins at offset 2"},
      {"gap",
       file_of(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
           3),
       "begins at offset 2"},
      {"trailing bytes", file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 4),
       "3 bytes follow"},
      {"a tensor twice",
       file_of(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
           2),
       "\"a\" twice"},
      {"metadata twice", file_of(R"({"__metadata__":{"k":"1","k":"2"}})", 0), "\"k\" twice"},
      {"metadata that is no text", file_of(R"({"__metadata__":{"k":1}})", 0), "\"k\" is no text"},
      {"metadata that is a list", file_of(R"({"__metadata__":[]})", 0), "no JSON object"},
  };
  for (const Hostile& h : table) {
    try {
      parse(h.file);
      ADD_FAILURE() << h.what << " was accepted";
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput) << h.what;
      EXPECT_EQ(e.where(), "a.safetensors") << h.what;
      EXPECT_NE(e.message().find(h.message), std::string::npos) << h.what << ": " << e.message();
    }
  }
}

TEST(SafeTensors, EveryCutIsRefused) {
  const std::vector<std::byte> bytes = serialize_safetensors(example());
  for (size_t n = 0; n < bytes.size(); ++n)
    EXPECT_THROW(parse_safetensors(std::span(bytes).first(n), "x"), Error) << n;
}

TEST(SafeTensors, FlippedBitsGiveATensorSetOrAnInputError) {
  const std::vector<std::byte> good = serialize_safetensors(example());
  Random random(1, stream_id("safetensors flips"));
  for (int i = 0; i < 5000; ++i) {
    std::vector<std::byte> bytes = good;
    for (int flips = 0; flips <= i % 4; ++flips)
      bytes[static_cast<size_t>(random.below(static_cast<int64_t>(bytes.size())))] ^=
          std::byte(1 << random.below(8));
    try {
      const SafeTensors s = parse_safetensors(bytes, "x");
      int64_t total = 0;
      for (const Tensor& t : s.tensors) {
        EXPECT_EQ(t.type.num_bytes(), static_cast<int64_t>(t.data.size()));
        total += t.type.num_bytes();
      }
      EXPECT_EQ(total, 39);
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
    }
  }
}

TEST(SafeTensors, AMissingFileIsAnIoError) {
  try {
    read_safetensors("no/such/file.safetensors");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kIo);
  }
}

}  // namespace
}  // namespace dojo
