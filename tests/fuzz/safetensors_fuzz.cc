// Fuzz entry of the safetensors reader and of what checkpoints say in their metadata, the state of
// a run or its network: any bytes are an Error of the category input, or what is written and read
// back to itself.
// Built with mutate.cc for ctest; with clang also: -fsanitize=fuzzer,address instead of mutate.cc.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "dojo/base/error.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/model_metadata.h"

namespace {

using dojo::SafeTensors;

void insist(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s is written and read back to something else\n", what);
  std::abort();
}

// What read() returns, or nothing where it throws the Error that it should.
template <typename Read>
auto read_or_refuse(const Read& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const dojo::Error& error) {
    if (error.category() == dojo::Category::kInput && !error.where().empty()) return std::nullopt;
    std::fprintf(stderr, "an error of the wrong kind: %s\n", error.what());
    std::abort();
  }
}

template <typename Trained>
void check_network(const SafeTensors& content,
                   Trained (*trained_of)(const SafeTensors&, const std::string&)) {
  const auto trained = read_or_refuse([&] { return trained_of(content, "fuzz"); });
  if (!trained) return;
  SafeTensors written;
  written.metadata = to_metadata(*trained);
  insist(to_metadata(trained_of(written, "again")) == written.metadata, "the network");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto content = read_or_refuse(
      [&] { return dojo::parse_safetensors(std::as_bytes(std::span(data, size)), "fuzz"); });
  if (!content) return 0;
  const auto bytes = dojo::serialize_safetensors(*content);
  insist(dojo::serialize_safetensors(dojo::parse_safetensors(bytes, "again")) == bytes, "the file");
  check_network(*content, dojo::trained_model_of);
  check_network(*content, dojo::trained_ego_of);
  check_network(*content, dojo::trained_mae_of);
  const auto text = content->metadata.find("state");
  if (text == content->metadata.end()) return 0;
  const auto state = read_or_refuse([&] { return dojo::parse_loop_state(text->second, "fuzz"); });
  if (!state) return 0;
  const std::string json = dojo::to_json(*state);
  insist(dojo::to_json(dojo::parse_loop_state(json, "again")) == json, "the state");
  return 0;
}
