// First values of a network from a safetensors file with torchvision's or timm's names. The file is
// untrusted: all of it is checked before anything is written.
#pragma once

#include <string>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/model/pretrained.h"

namespace dojo {

struct LoadedWeights {
  std::vector<std::string> taken;  // parameters and running statistics that have values of the file
  std::vector<std::string> kept;   // those that it does not know: they have the values as before
  std::vector<std::string> unused;  // tensors of the file that the network has no place for
};

// Writes parameters, their averages (step.h) and running statistics of normalisations. A kernel
// over images that meets one over clips is repeated over time and divided by the number of frames,
// so that a picture that does not move gives what it gave ("inflated", Carreira and Zisserman,
// 2017). Throws Error(kInput) that names the tensor: one that is missing, unknown, not f32, of
// another shape, or with a number that is not finite. Error(kIo) when the file cannot be read.
LoadedWeights load_pretrained(Executor& executor, const PretrainedNames& names,
                              const std::string& path);

}  // namespace dojo
