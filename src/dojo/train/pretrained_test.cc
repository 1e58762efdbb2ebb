#include "dojo/train/pretrained.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/random.h"
#include "dojo/base/test_folder.h"
#include "dojo/graph/interpreter.h"
#include "dojo/model/mae.h"
#include "dojo/model/resnet.h"
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

Graph mae() {
  const VitOptions vit{.clips = 1,
                       .frames = 4,
                       .height = 8,
                       .width = 8,
                       .patch = 4,
                       .channels = 12,
                       .layers = 1,
                       .heads = 2};
  return build_training_step("mae",
                             [vit](Builder& b) {
                               return mae_training(b, {.encoder = vit,
                                                       .masked = 0.75,
                                                       .decoder_channels = 12,
                                                       .decoder_layers = 1,
                                                       .decoder_heads = 2});
                             },
                             {});
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
  const LoadedWeights loaded = load_pretrained(*executor, names, write(folder, file));
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
  const LoadedWeights loaded = load_pretrained(*executor, names, path);
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
  const LoadedWeights loaded = load_pretrained(*executor, names, write(folder, file));
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
      load_pretrained(*executor, names, write(folder, file));
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

TEST(Pretrained, NetworksWithoutAPublishedTwinSaySo) {
  EXPECT_THROW(pretrained_names("predict"), Error);
  EXPECT_EQ(pretrained_names("r2plus1d").source, "torchvision's r2plus1d_18");
  EXPECT_EQ(pretrained_names("vit-s").in_file("head.weight"), "");
}

}  // namespace
}  // namespace dojo
