// Fuzz entry of the safetensors reader and of the state in last.safetensors: any bytes either are
// an Error of the category input, or a set of tensors that is written and read back to itself.
// Built with mutate.cc for ctest; with clang also: -fsanitize=fuzzer,address instead of mutate.cc.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "dojo/base/error.h"
#include "dojo/train/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  dojo::SafeTensors content;
  std::optional<dojo::LoopState> state;
  try {
    content = dojo::parse_safetensors(std::as_bytes(std::span(data, size)), "fuzz");
    if (const auto text = content.metadata.find("state"); text != content.metadata.end())
      state = dojo::parse_loop_state(text->second, "fuzz");
  } catch (const dojo::Error& error) {
    if (error.category() != dojo::Category::kInput || error.where().empty()) {
      std::fprintf(stderr, "an error of the wrong kind: %s\n", error.what());
      std::abort();
    }
  }
  const auto bytes = dojo::serialize_safetensors(content);
  if (dojo::serialize_safetensors(dojo::parse_safetensors(bytes, "again")) != bytes) {
    std::fprintf(stderr, "written and read back to something else\n");
    std::abort();
  }
  if (!state) return 0;
  const std::string json = dojo::to_json(*state);
  if (dojo::to_json(dojo::parse_loop_state(json, "again")) != json) {
    std::fprintf(stderr, "the state is written and read back to something else\n");
    std::abort();
  }
  return 0;
}
