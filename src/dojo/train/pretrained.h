// First values of a network from a safetensors file: of another run, or with torchvision's or
// timm's names. The file is untrusted: all of it is checked before anything is written.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/model/pretrained.h"

namespace dojo {

struct PretrainedWeights {
  std::vector<std::string> taken;  // parameters and running statistics that have values of the file
  std::vector<std::string> kept;   // those that it does not know: they keep the values they have
  std::vector<std::string> unused;  // tensors of the file that the network has no place for
  std::map<std::string, std::vector<float>> values;  // of those that are taken
};

// For the parameters and running statistics of the graph. A kernel over images that meets one over
// clips is repeated over time and divided by the number of frames, so that a picture that does not
// move gives what it gave ("inflated", Carreira and Zisserman, 2017). Throws Error(kInput) that
// names the tensor: one that is missing, unknown, not f32, of another shape, or with a number that
// is not finite. Error(kIo) when the file cannot be read.
PretrainedWeights read_pretrained(const Graph& graph, const PretrainedNames& names,
                                  const std::string& path);

// The same for a file whose names are to be found out: a best.safetensors tells its own network and
// is checked against its checksum; another file with an encoder ("encoder.*") counts as one of mae
// where the network can use that; any other one has the names of pretrained_names(network). Also
// Error(kInput) for the state of a run, and Error(kConfig) where no file from elsewhere is known.
PretrainedWeights read_first_weights(const Graph& graph, std::string_view network,
                                     const std::string& path);

// Into parameters, their averages (step.h) and running statistics of normalisations.
void write(const PretrainedWeights& weights, Executor& executor);

}  // namespace dojo
