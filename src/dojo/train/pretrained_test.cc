#include "dojo/train/pretrained.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/random.h"
#include "dojo/base/test_folder.h"
#include "dojo/graph/interpreter.h"
#include "dojo/model/ego.h"
#include "dojo/model/mae.h"
#include "dojo/model/resnet.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/model_metadata.h"
#include "dojo/train/safetensors.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

Graph resnet() {
  return build_training_step("resnet",
                             [](Builder& b) {
                               return resnet18_clip_training(
                                   b,
                                   {.images = 1, .height = 32, .width = 32, .first_channels = 4});
                             },
                             {});
}

const MaeOptions kMae{.encoder = {.clips = 1,
                                  .frames = 4,
                                  .height = 8,
                                  .width = 8,
                                  .patch = 4,
                                  .channels = 12,
                                  .layers = 1,
                                  .heads = 2},
                      .masked = 0.75,
                      .decoder_channels = 12,
                      .decoder_layers = 1,
                      .decoder_heads = 2};
// Clips of another size: places are told by fixed numbers.
const EgoOptions kEgo{.network = EgoNetwork::kVit,
                      .batch = 1,
                      .frames = 6,
                      .height = 8,
                      .width = 16,
                      .channels = 12,
                      .patch = 4,
                      .layers = 1,
                      .heads = 2};

Graph mae() {
  return build_training_step("mae", [](Builder& b) { return mae_training(b, kMae); }, {});
}

Graph ego_vit() {
  return build_training_step("ego", [](Builder& b) { return ego_training(b, kEgo, {}); }, {});
}

Tensor tensor(const std::string& name, Shape shape) {
  Tensor t{name, {Format::kF32, std::move(shape)}, {}};
  Random random(1, stream_id(name));
  for (int64_t i = 0; i < t.type.num_elements(); ++i) {
    const float x = static_cast<float>(random.normal());
    const auto* bytes = reinterpret_cast<const std::byte*>(&x);
    t.data.insert(t.data.end(), bytes, bytes + sizeof x);
  }
  return t;
}

std::vector<float> numbers(const Tensor& t) {
  std::vector<float> values(t.data.size() / sizeof(float));
  std::memcpy(values.data(), t.data.data(), t.data.size());
  return values;
}

// What the library would store for the network: our tensors under its names, and a classifier.
SafeTensors file_for(const Graph& graph, const PretrainedNames& names) {
  SafeTensors file;
  for (const Input& input : graph.inputs) {
    const std::string& name = graph.value(input.value).name;
    if (input.role != Role::kParameter && name.find(".running_") == std::string::npos) continue;
    const std::string in_file = names.in_file(name);
    if (!in_file.empty()) file.tensors.push_back(tensor(in_file, graph.type(input.value).shape));
  }
  file.tensors.push_back(tensor(std::string(names.unused[0]) + "weight", {10, 4}));
  return file;
}

std::string write(const TestFolder& folder, const SafeTensors& file) {
  const std::string path = folder / "pretrained.safetensors";
  write_safetensors(path, file);
  return path;
}

PretrainedWeights load(Executor& executor, const PretrainedNames& names, const std::string& path) {
  PretrainedWeights weights = read_pretrained(executor.graph(), names, path);
  write(weights, executor);
  return weights;
}

Tensor& find(SafeTensors& file, const std::string& name) {
  for (Tensor& t : file.tensors)
    if (t.name == name) return t;
  ADD_FAILURE() << name;
  return file.tensors[0];
}

TEST(Pretrained, EachTensorGoesToTheParameterOfItsNameAndToItsAverage) {
  const TestFolder folder;
  const Graph graph = resnet();
  const PretrainedNames names = pretrained_names("resnet18-clip");
  const SafeTensors file = file_for(graph, names);
  const auto executor = make_interpreter(graph);
  initialize_training(*executor, 1);
  const PretrainedWeights loaded = load(*executor, names, write(folder, file));
  EXPECT_EQ(std::ssize(loaded.taken), std::ssize(file.tensors) - 1);
  EXPECT_TRUE(loaded.kept.empty());
  EXPECT_EQ(loaded.unused, (std::vector<std::string>{"fc.weight"}));
  for (const Tensor& t : file.tensors) {
    if (t.name == "fc.weight") continue;
    EXPECT_EQ(executor->read_f32(t.name), numbers(t)) << t.name;
    if (graph.find_input(average_name(t.name))) {
      EXPECT_EQ(executor->read_f32(average_name(t.name)), numbers(t)) << t.name;
    }
  }
  EXPECT_NE(graph.find_input("layer2.0.downsample.1.running_var"), nullptr);
  EXPECT_NE(graph.find_input("layer2.0.downsample.0.weight.ema"), nullptr);
}

TEST(Pretrained, ACountOfBatchesIsLeftOutWhateverItsFormat) {
  const Graph graph = resnet();
  const PretrainedNames names = pretrained_names("resnet18-clip");
  const auto bytes = serialize_safetensors(file_for(graph, names));
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  std::string header(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  const size_t data = bytes.size() - 8 - length;
  header = header.substr(0, header.rfind('}')) +
           fmt::format(R"(,"bn1.num_batches_tracked":{{"dtype":"I64","shape":[],)"
                       R"("data_offsets":[{},{}]}}}})",
                       data, data + 8);
  length = header.size();
  std::string text(reinterpret_cast<const char*>(&length), 8);
  text += header;
  text.append(reinterpret_cast<const char*>(bytes.data()) + (bytes.size() - data), data);
  text.append(8, '\3');
  const TestFolder folder;
  const std::string path = folder / "pretrained.safetensors";
  write_file_atomic(path, text);
  const auto executor = make_interpreter(graph);
  const PretrainedWeights loaded = load(*executor, names, path);
  EXPECT_EQ(loaded.unused.size(), 2u);
  EXPECT_THROW(read_safetensors(path), Error);
}

TEST(Pretrained, AKernelOverImagesIsSpreadOverTime) {
  const TestFolder folder;
  const Graph graph = mae();
  const PretrainedNames names = pretrained_names("mae");
  SafeTensors file = file_for(graph, names);
  find(file, "patch_embed.proj.weight") = tensor("patch_embed.proj.weight", {12, 3, 4, 4});
  const auto executor = make_interpreter(graph);
  initialize_training(*executor, 1);
  const std::vector<float> token = executor->read_f32("mask_token");
  const PretrainedWeights loaded = load(*executor, names, write(folder, file));
  const std::vector<float> ours = executor->read_f32("encoder.patch_embed.proj.weight");
  const std::vector<float> theirs = numbers(find(file, "patch_embed.proj.weight"));
  ASSERT_EQ(ours.size(), 2 * theirs.size());
  for (size_t i = 0; i < ours.size(); ++i)
    ASSERT_EQ(ours[i], theirs[i / 32 * 16 + i % 16] / 2) << i;
  EXPECT_EQ(executor->read_f32("encoder.blocks.0.attn.qkv.weight"),
            numbers(find(file, "blocks.0.attn.qkv.weight")));
  EXPECT_EQ(executor->read_f32("mask_token"), token);
  EXPECT_NE(std::find(loaded.kept.begin(), loaded.kept.end(), "decoder.head.weight"),
            loaded.kept.end());
}

TEST(Pretrained, AHostileFileIsRefusedByTheTensorsNameAndChangesNothing) {
  const TestFolder folder;
  const Graph graph = resnet();
  const PretrainedNames names = pretrained_names("resnet18-clip");
  const auto executor = make_interpreter(graph);
  initialize_training(*executor, 1);
  const std::vector<float> before = executor->read_f32("conv1.weight");
  const std::string victim = "layer1.1.conv2.weight";
  struct Row {
    const char* what;
    std::function<void(SafeTensors&)> harm;
    const char* message;
  };
  const std::vector<Row> rows = {
      {"missing",
       [&](SafeTensors& f) {
         std::erase_if(f.tensors, [&](const Tensor& t) { return t.name == victim; });
       },
       "there is no tensor \"layer1.1.conv2.weight\""},
      {"another name", [&](SafeTensors& f) { find(f, victim).name = "layer1.1.conv3.weight"; },
       "there is no tensor \"layer1.1.conv2.weight\""},
      {"one more",
       [&](SafeTensors& f) { f.tensors.push_back(tensor("layer5.0.conv1.weight", {2})); },
       "tensor \"layer5.0.conv1.weight\" has no place"},
      {"transposed",
       [&](SafeTensors& f) {
         find(f, victim) = tensor(victim, {3, 3, 4, 4});
       },
       "tensor \"layer1.1.conv2.weight\" is [3,3,4,4], the network has [4,4,3,3]"},
      {"of fewer dimensions",
       [&](SafeTensors& f) {
         find(f, victim) = tensor(victim, {4, 4, 3});
       },
       "tensor \"layer1.1.conv2.weight\" is [4,4,3]"},
      {"integers", [&](SafeTensors& f) { find(f, victim).type.format = Format::kI32; },
       "tensor \"layer1.1.conv2.weight\" is i32[4,4,3,3], not f32"},
      {"not a number",
       [&](SafeTensors& f) {
         const float nan = std::numeric_limits<float>::quiet_NaN();
         std::memcpy(find(f, victim).data.data() + 20, &nan, sizeof nan);
       },
       "tensor \"layer1.1.conv2.weight\" has the value nan at element 5"},
      {"infinite",
       [&](SafeTensors& f) {
         const float inf = -std::numeric_limits<float>::infinity();
         std::memcpy(find(f, victim).data.data(), &inf, sizeof inf);
       },
       "tensor \"layer1.1.conv2.weight\" has the value -inf at element 0"},
  };
  for (const Row& row : rows) {
    SafeTensors file = file_for(graph, names);
    row.harm(file);
    try {
      load(*executor, names, write(folder, file));
      ADD_FAILURE() << row.what << ": accepted";
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput) << row.what;
      EXPECT_NE(e.message().find(row.message), std::string::npos)
          << row.what << ": " << e.message();
      EXPECT_NE(e.hint().find("torchvision's resnet18"), std::string::npos) << e.hint();
    }
    EXPECT_EQ(executor->read_f32("conv1.weight"), before) << row.what;
  }
}

// What a run of the network leaves, with random weights.
std::string best_of(const TestFolder& folder, const Graph& graph,
                    std::map<std::string, std::string> metadata) {
  const auto executor = make_interpreter(graph);
  initialize_training(*executor, 5);
  SafeTensors best = averaged_tensors(*executor);
  best.metadata = std::move(metadata);
  const std::string path = folder / "best.safetensors";
  write_checkpoint(path, std::move(best));
  return path;
}

std::string best_of_mae(const TestFolder& folder) {
  return best_of(folder, mae(), to_metadata(TrainedMae{.model = kMae}));
}

std::string message_of(const std::function<void()>& action, Category category = Category::kInput) {
  try {
    action();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), category) << e.what();
    return e.message();
  }
  ADD_FAILURE() << "there was no error";
  return "";
}

TEST(FirstWeights, AnEncoderOfTheTaskMaeIsTakenForEgo) {
  const TestFolder folder;
  const std::string path = best_of_mae(folder);
  const auto executor = make_interpreter(ego_vit());
  initialize_training(*executor, 1);
  const std::vector<float> pair = executor->read_f32("pair.weight");
  const PretrainedWeights weights = read_first_weights(executor->graph(), "ego-vit", path);
  write(weights, *executor);
  EXPECT_EQ(weights.taken.size(), 16u);
  EXPECT_EQ(weights.kept, (std::vector<std::string>{"pair.weight", "pair.bias", "together.weight",
                                                    "together.bias", "head.weight", "head.bias"}));
  EXPECT_NE(std::find(weights.unused.begin(), weights.unused.end(), "mask_token"),
            weights.unused.end());
  const SafeTensors file = read_safetensors(path);
  for (const std::string& name : weights.taken) {
    EXPECT_TRUE(name.starts_with("encoder."));
    EXPECT_EQ(executor->read_f32(name), numbers(*file.find(name))) << name;
    EXPECT_EQ(executor->read_f32(average_name(name)), numbers(*file.find(name))) << name;
  }
  EXPECT_EQ(executor->read_f32("pair.weight"), pair);
}

TEST(FirstWeights, TheSameNetworkIsTakenWhole) {
  const TestFolder folder;
  const auto executor = make_interpreter(mae());
  const PretrainedWeights weights =
      read_first_weights(executor->graph(), "mae", best_of_mae(folder));
  EXPECT_TRUE(weights.kept.empty());
  EXPECT_TRUE(weights.unused.empty());
  EXPECT_TRUE(weights.values.contains("decoder.head.bias"));
}

// As another program writes the same tensors.
TEST(FirstWeights, AFileOfAnotherProgramIsKnownByItsNames) {
  const TestFolder folder;
  SafeTensors plain = read_safetensors(best_of_mae(folder));
  plain.metadata.clear();
  const Graph graph = ego_vit();
  EXPECT_EQ(read_first_weights(graph, "ego-vit", write(folder, plain)).taken.size(), 16u);

  const SafeTensors timm = file_for(graph, pretrained_names("ego-vit"));
  const PretrainedWeights weights = read_first_weights(graph, "ego-vit", write(folder, timm));
  EXPECT_EQ(weights.taken.size(), 16u);
  EXPECT_EQ(weights.values.at("encoder.norm.bias"), numbers(*timm.find("norm.bias")));
  EXPECT_NE(
      message_of([&] { read_first_weights(graph, "ego", write(folder, timm)); }, Category::kConfig)
          .find("the network ego"),
      std::string::npos);
}

TEST(FirstWeights, WhatDoesNotFitIsRefused) {
  const TestFolder folder;
  const Graph graph = ego_vit();
  const std::string path = best_of_mae(folder);
  const SafeTensors good = read_safetensors(path);
  const auto message = [&](const std::function<void(SafeTensors&)>& harm) {
    SafeTensors file = good;
    file.metadata.erase("crc32c");
    harm(file);
    return message_of([&] { read_first_weights(graph, "ego-vit", write(folder, file)); });
  };
  const std::string victim = "encoder.blocks.0.attn.qkv.weight";
  const auto names = [&](const std::string& text, const char* words) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
    EXPECT_NE(text.find(victim), std::string::npos) << text;
  };
  names(message([&](SafeTensors& f) {
          std::erase_if(f.tensors, [&](const Tensor& t) { return t.name == victim; });
        }),
        "there is no tensor");
  names(message([&](SafeTensors& f) {
          find(f, victim) = tensor(victim, {12, 36});
        }),
        "is [12,36], the network has [36,12]");
  names(message([&](SafeTensors& f) {
          const float nan = std::numeric_limits<float>::quiet_NaN();
          std::memcpy(find(f, victim).data.data() + 4, &nan, sizeof nan);
        }),
        "has the value nan at element 1");
  EXPECT_EQ(message([](SafeTensors& f) {
              f.tensors.push_back(tensor("encoder.blocks.1.norm1.bias", {12}));
            }),
            "tensor \"encoder.blocks.1.norm1.bias\" has no place in the network");
  EXPECT_NE(message([](SafeTensors& f) { f.metadata["task"] = "predict"; }).find("predict"),
            std::string::npos);
  EXPECT_NE(message([](SafeTensors& f) { f.metadata["task"] = "fly"; }).find("fly"),
            std::string::npos);
  EXPECT_NE(message([](SafeTensors& f) { f.metadata["state"] = "{}"; }).find("state of a"),
            std::string::npos);
  // A flipped bit of what would not even be taken.
  SafeTensors flipped = good;
  find(flipped, "mask_token").data[0] ^= std::byte{1};
  EXPECT_NE(message_of([&] {
              read_first_weights(graph, "ego-vit", write(folder, flipped));
            }).find("checksum"),
            std::string::npos);
}

TEST(Pretrained, NetworksWithoutAPublishedTwinSaySo) {
  EXPECT_THROW(pretrained_names("predict"), Error);
  EXPECT_EQ(pretrained_names("r2plus1d").source, "torchvision's r2plus1d_18");
  EXPECT_EQ(pretrained_names("vit-s").in_file("head.weight"), "");
}

}  // namespace
}  // namespace dojo
