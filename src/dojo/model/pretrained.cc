#include "dojo/model/pretrained.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

namespace dojo {
namespace {

// What is ours behind the encoder.
const std::vector<std::string_view> kBehindMae = {"encoder_to_decoder.", "mask_token", "decoder."},
                                    kBehindEgo = {"pair.", "together.", "head."};

bool begins_with_one(std::string_view name, const std::vector<std::string_view>& list) {
  return std::any_of(list.begin(), list.end(),
                     [&](std::string_view begin) { return name.starts_with(begin); });
}

}  // namespace

std::string PretrainedNames::in_file(std::string_view name) const {
  if (begins_with_one(name, own)) return {};
  DOJO_CHECK(name.starts_with(prefix));
  return std::string(name.substr(prefix.size()));
}

bool PretrainedNames::is_unused(std::string_view name_in_file) const {
  return begins_with_one(name_in_file, unused) ||
         std::any_of(unused_endings.begin(), unused_endings.end(),
                     [&](std::string_view end) { return name_in_file.ends_with(end); });
}

PretrainedNames pretrained_names(std::string_view network) {
  // Classifiers, and PyTorch's count of batches, an i64.
  const std::vector<std::string_view> counters = {".num_batches_tracked"};
  if (network == "resnet18-clip") return {"torchvision's resnet18", "", {}, {"fc."}, counters};
  if (network == "r2plus1d") return {"torchvision's r2plus1d_18", "", {}, {"fc."}, counters};
  // Our tokens have no class token, and positions of their own.
  const std::vector<std::string_view> of_images = {"cls_token", "pos_embed", "head.", "fc_norm."};
  constexpr std::string_view kTimm = "timm's vit_small_patch16";
  if (network == "vit-s") return {kTimm, "", {"head."}, of_images, {}};
  if (network == "mae") return {kTimm, "encoder.", kBehindMae, of_images, {}};
  if (network == "ego-vit") return {kTimm, "encoder.", kBehindEgo, of_images, {}};
  throw Error(Category::kConfig,
              fmt::format("no other program's weights are known for the network {}", network), "",
              "resnet18-clip, r2plus1d, vit-s, mae and ego-vit can start from such files");
}

PretrainedNames own_names(std::string_view network, std::string_view of_file) {
  if (network == of_file) return {"the same network", "", {}, {}, {}};
  if (network == "ego-vit" && of_file == "mae")
    return {"an encoder of the task mae", "", kBehindEgo, kBehindMae, {}};
  if (network == "mae" && of_file == "ego-vit")
    return {"an encoder of the task ego with the network vit", "", kBehindMae, kBehindEgo, {}};
  throw Error(Category::kInput,
              fmt::format("these are weights of the network {}, of which {} can take none", of_file,
                          network),
              "", "give a file of the same network; mae and ego-vit take each other's encoder");
}

}  // namespace dojo
