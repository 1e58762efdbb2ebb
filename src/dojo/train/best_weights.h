// best.safetensors, and how it changes together with last.safetensors, whose state says which step
// it belongs to:
//
//   1. write_next_best()   the new weights, as .best.safetensors.next
//   2. last.safetensors is written; its state names their step
//   3. take_next_best()    they become best.safetensors
//
// A process that is killed leaves two files that belong together, or would after step 3:
// read_best() of the resumed run makes up for it.
#pragma once

#include <cstdint>
#include <string>

#include "dojo/train/safetensors.h"

namespace dojo {

std::string best_path(const std::string& folder);

void write_next_best(const std::string& folder, const SafeTensors& weights);
void take_next_best(const std::string& folder);
void drop_next_best(const std::string& folder);  // where step 2 failed

// The best weights of a run whose state says that they are those of `step`; their metadata says it,
// too. Throws Error that says what is wrong with best.safetensors: missing, damaged, of another
// step.
SafeTensors read_best(const std::string& folder, int64_t step);

}  // namespace dojo
