// What a run learned, as pictures: RUN/samples/samples.json and PNG files beside it. Next-frame
// examples spread over the held-out recordings, then one sequence of predictions that are fed back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/train/evaluate.h"

namespace dojo {

struct SampleOptions {
  int64_t examples = 12;
  int64_t horizons = 4;  // of the sequence
};

// Of every task: what shows clips names them in samples.json, a list of objects with "images"
// {kind: file}.

// Makes the folder. Removes an earlier samples.json in it and the pictures that it names; other
// files stay. Throws Error(kIo).
void begin_samples(const std::string& folder);

// Clips to show: the recordings in turn, within each evenly spaced.
std::vector<size_t> clips_to_show(const HeldOutSet& set, int64_t wanted);

// Of the task predict. `evaluator` holds the weights to show. Throws Error(kIo).
void write_samples(const std::string& folder, Evaluator& evaluator,
                   const SampleOptions& options = {});

}  // namespace dojo
