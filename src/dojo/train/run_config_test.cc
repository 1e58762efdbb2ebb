#include "dojo/train/run_config.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"

namespace dojo {
namespace {

TEST(RunConfig, SurvivesBeingWritten) {
  RunConfig c;
  c.options = {.folders = {"/a b/c", "/d\"e"},
               .held_out = {"kitti*"},
               .model = {.batch = 3, .frames = 4, .height = 64, .width = 96, .channels = 16},
               .interval_seconds = 0.05,
               .horizons = 2,
               .steps = 7,
               .minutes = 0.5,
               .learning_rate = 3e-4,
               .weight_decay = 0.1,
               .seed = ~uint64_t{0},
               .threads = 2,
               .workers = 3,
               .order = SamplingOrder::kUniform,
               .frame_scale = 1.25,
               .cache = CopyTier::kShortGop,
               .cache_folder = "/a b",
               .cache_gigabytes = 2.5,
               .eval_every = 11,
               .checkpoint_every = 13,
               .log_every = 17,
               .executor = "interpreter",
               .format = Format::kBF16,
               .deterministic = true,
               .without = {"fold", "fuse"},
               .segments = 6,
               .command = {"dojo", "train"}};
  c.train = {"x.mp4"};
  c.held_out = {"y.mp4", "z.mp4"};
  const RunConfig d = parse_run_config(to_json(c), "config.json");
  EXPECT_EQ(to_json(d), to_json(c));
  EXPECT_EQ(d.options.model.batch, 3);
  EXPECT_EQ(d.options.order, SamplingOrder::kUniform);
  EXPECT_EQ(d.options.format, Format::kBF16);
  EXPECT_TRUE(d.options.deterministic);
  EXPECT_EQ(d.options.without, (std::vector<std::string>{"fold", "fuse"}));
  EXPECT_EQ(d.options.segments, 6);
  EXPECT_EQ(d.options.cache, CopyTier::kShortGop);
  EXPECT_EQ(d.options.seed, ~uint64_t{0});
  EXPECT_EQ(d.options.folders[1], "/d\"e");
}

TEST(RunConfig, TheFormatOfARunFromBeforeIsF32AndOthersAreRefused) {
  RunConfig c;
  c.options.steps = 5;
  c.options.threads = 1;
  const std::string text = to_json(c), field = "\"format\": \"f32\",";
  const size_t at = text.find(field);
  ASSERT_NE(at, std::string::npos) << text;
  std::string without = text, other = text;
  without.erase(at, field.size());
  EXPECT_EQ(parse_run_config(without, "config.json").options.format, Format::kF32);
  for (const char* bad : {"f64", "u8"}) {
    other = text;
    other.replace(at, field.size(), std::string("\"format\": \"") + bad + "\",");
    EXPECT_THROW(parse_run_config(other, "config.json"), Error) << bad;
  }
}

TEST(RunConfig, OfTheTaskEgoHoldsItsNetwork) {
  RunConfig c;
  c.options.task = "ego";
  c.options.ego = {.batch = 5, .frames = 6, .height = 32, .width = 96, .channels = 8};
  c.options.steps = 5;
  c.options.threads = 1;
  const RunConfig d = parse_run_config(to_json(c), "config.json");
  EXPECT_EQ(to_json(d), to_json(c));
  EXPECT_EQ(d.options.task, "ego");
  EXPECT_EQ(d.options.ego.batch, 5);
  EXPECT_EQ(d.options.ego.frames, 6);
  std::string other = to_json(c);
  other.replace(other.find("\"ego\""), 5, "\"fly\"");
  EXPECT_THROW(parse_run_config(other, "config.json"), Error);
}

TEST(RunConfig, OfTheTaskMaeHoldsItsNetwork) {
  RunConfig c;
  c.options.task = "mae";
  c.options.mae = {.encoder = {.clips = 5, .frames = 4, .height = 32, .width = 48, .patch = 8},
                   .masked = 0.75,
                   .decoder_layers = 2};
  c.options.steps = 5;
  c.options.threads = 1;
  const RunConfig d = parse_run_config(to_json(c), "config.json");
  EXPECT_EQ(to_json(d), to_json(c));
  EXPECT_EQ(batch_of(d.options), 5);
  EXPECT_EQ(d.options.mae.encoder.clips, 5);
  EXPECT_EQ(d.options.mae.encoder.patch, 8);
  EXPECT_EQ(d.options.mae.masked, 0.75);
  EXPECT_EQ(d.options.mae.decoder_layers, 2);
  std::string other = to_json(c);
  other.replace(other.find("\"0.75\""), 6, "\"1.75\"");
  EXPECT_THROW(parse_run_config(other, "config.json"), Error);
}

TEST(RunConfig, HoldsTheTransformerOfTheTaskEgoAndItsFirstWeights) {
  RunConfig c;
  c.options.task = "ego";
  c.options.ego = ego_options(EgoNetwork::kVit);
  c.options.ego.layers = 3;
  c.options.steps = 5;
  c.options.threads = 1;
  EXPECT_EQ(to_json(c).find("\"init\""), std::string::npos);
  const std::string without = fixed_options(c.options);
  c.options.init = {.path = "/a \"b/caf\xe9.safetensors",
                    .crc32c = 0xfedcba98,
                    .taken = {"encoder.norm.bias"},
                    .kept = {"head.bias"},
                    .unused = {"mask_token", "\xe9"}};
  const RunConfig d = parse_run_config(to_json(c), "config.json");
  EXPECT_EQ(to_json(d), to_json(c));
  EXPECT_EQ(network_of(d.options), "ego-vit");
  EXPECT_EQ(d.options.ego.layers, 3);
  EXPECT_EQ(d.options.init.path, c.options.init.path);
  EXPECT_EQ(d.options.init.crc32c, 0xfedcba98);
  EXPECT_EQ(d.options.init.kept, c.options.init.kept);
  EXPECT_EQ(fixed_options(d.options), without + ", first weights fedcba98");
  for (const char* field : {"crc32c", "taken", "file"}) {
    std::string other = to_json(c);
    const std::string quoted = "\"" + std::string(field) + "\"";
    other.replace(other.find(quoted), quoted.size(), "\"x\"");
    EXPECT_THROW(parse_run_config(other, "config.json"), Error) << field;
  }
}

TEST(RunConfig, AFolderWhoseNameIsNoUtf8IsFoundAgain) {
  RunConfig c;
  c.options.steps = 5;
  c.options.threads = 1;
  c.options.folders = {"/caf\xe9 %41", "/caf\xc3\xa9 %41", "/\xe9"};
  EXPECT_EQ(parse_run_config(to_json(c), "config.json").options.folders, c.options.folders);
}

TEST(RunConfig, NumbersBeyondTheirRangeAreNamedWithTheFile) {
  RunConfig good;
  good.options.steps = 5;
  good.options.threads = 1;
  parse_run_config(to_json(good), "config.json");
  for (const auto& [what, change] : std::vector<std::pair<std::string, void (*)(RunOptions&)>>{
           {"log_every", [](RunOptions& o) { o.log_every = 0; }},
           {"threads", [](RunOptions& o) { o.threads = 0; }},
           {"workers", [](RunOptions& o) { o.workers = -1; }},
           {"minutes", [](RunOptions& o) { o.minutes = -1; }},
           {"neither steps nor minutes", [](RunOptions& o) { o.steps = 0; }}}) {
    RunConfig bad = good;
    change(bad.options);
    try {
      parse_run_config(to_json(bad), "config.json");
      ADD_FAILURE() << what;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      EXPECT_EQ(e.where(), "config.json");
      EXPECT_NE(e.message().find(what), std::string::npos) << e.message();
    }
  }
}

TEST(RunConfig, NamesThatAreNoUtf8ComeBackByteByByte) {
  RunConfig c;
  c.options.steps = 5;
  c.options.threads = 1;
  c.options.command = {"dojo", "train", "--held-out", "\xE9"};
  c.options.held_out = {"\xE9"};
  c.train = {"caf\xE8.mp4", "caf\\xe8.mp4"};
  c.held_out = {"caf\xE9.mp4"};
  c.files = {{.name = "caf\xE9.mp4", .bytes = 1000, .ends = 9, .modified_ns = 7, .frames = 30}};
  const RunConfig d = parse_run_config(to_json(c), "config.json");
  EXPECT_EQ(d.options.command, c.options.command);
  EXPECT_EQ(d.options.held_out, c.options.held_out);
  EXPECT_EQ(d.train, c.train);
  EXPECT_EQ(d.held_out, c.held_out);
  EXPECT_EQ(d.files.at(0).name, "caf\xE9.mp4");
}

TEST(RunConfig, WhatIsNoConfigurationIsAnInputErrorWithTheFile) {
  RunConfig good;
  good.options.steps = 5;
  good.options.threads = 1;
  EXPECT_NO_THROW(parse_run_config(to_json(good), "config.json"));
  std::string wrong_model = to_json(good);
  wrong_model.replace(wrong_model.find("\"channels\": \"32\""), 16, "\"channels\": \"31\"");
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[1]"), wrong_model}) {
    try {
      parse_run_config(bad, "config.json");
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput) << e.what();
      EXPECT_EQ(e.where(), "config.json") << e.what();
    }
  }
}

}  // namespace
}  // namespace dojo
