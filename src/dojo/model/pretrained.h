// First values from files that other people trained: which tensor of a file belongs to which
// parameter or running statistic of a network of this folder. Our networks have the names and
// shapes of torchvision's resnet18 and r2plus1d_18 and of timm's vit_small_patch16 models; what
// differs is said here. Reading the files: train/pretrained.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dojo {

struct PretrainedNames {
  std::string_view source;  // whose names these are, for messages: "torchvision's resnet18"
  std::string_view prefix;  // of ours: "encoder." in "encoder.blocks.0.norm1.weight"
  // Ours that the file does not have, by their beginnings: they keep the values that they have.
  std::vector<std::string_view> own;
  // Tensors of the file that nothing of ours takes, by their beginnings and by their ends.
  std::vector<std::string_view> unused, unused_endings;

  // The name in the file; empty for what is our own.
  std::string in_file(std::string_view name) const;
  bool is_unused(std::string_view name_in_file) const;
};

// For "resnet18-clip", "r2plus1d", "vit-s", "mae" and "ego-vit". Throws Error(kConfig) for another
// network.
PretrainedNames pretrained_names(std::string_view network);

// Of files with our own names: of a network that has the same parameters all are taken, of "mae"
// and "ego-vit" the encoder, each from the other's file. Both are names of networks (networks.h).
// Throws Error(kInput) where one network has nothing of the other's.
PretrainedNames own_names(std::string_view network, std::string_view of_file);

}  // namespace dojo
