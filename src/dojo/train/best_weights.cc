#include "dojo/train/best_weights.h"

#include <fmt/format.h>

#include <filesystem>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/train/checkpoint.h"

namespace dojo {
namespace {

std::string next_path(const std::string& folder) { return folder + "/.best.safetensors.next"; }

SafeTensors read_of_step(const std::string& path, int64_t step) {
  SafeTensors weights = read_checkpoint(path);
  if (const std::string& of = metadata(weights, "step", path); of != fmt::format("{}", step))
    throw Error(Category::kInput,
                fmt::format("the weights are of step {}, the best ones of step {}", of, step),
                path);
  return weights;
}

}  // namespace

std::string best_path(const std::string& folder) { return folder + "/best.safetensors"; }

void write_next_best(const std::string& folder, const SafeTensors& weights) {
  write_checkpoint(next_path(folder), weights);
}

void take_next_best(const std::string& folder) {
  rename_file(next_path(folder), best_path(folder));
}

void drop_next_best(const std::string& folder) {
  std::error_code ignored;
  remove_leftovers_of(next_path(folder));
  std::filesystem::remove(next_path(folder), ignored);
}

SafeTensors read_best(const std::string& folder, int64_t step) {
  bool next = false;
  try {
    read_of_step(next_path(folder), step);
    next = true;
  } catch (const Error& error) {  // mostly: there is none
    if (error.category() == Category::kIo && std::filesystem::exists(next_path(folder))) throw;
  }
  if (next)
    take_next_best(folder);
  else
    drop_next_best(folder);
  return read_of_step(best_path(folder), step);
}

}  // namespace dojo
