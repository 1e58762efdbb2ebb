#include "dojo/model/options.h"

#include <gtest/gtest.h>

#include <utility>

#include "dojo/model/ego.h"
#include "dojo/model/predict.h"

namespace dojo {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

// A network, options of it that are not the default ones, and entries that make no sense in it.
struct Predict {
  using Options = PredictOptions;
  static Options options() {
    return {
        .frames = 4, .height = 16, .width = 32, .channels = 8, .levels = {4, 2}, .rounds = {2, 1}};
  }
  static Options from(const ModelMetadata& metadata) { return predict_options_from(metadata); }
  inline static const Entries kSenseless = {{"height", "18"}, {"levels", "8,2"},
                                            {"levels", ""},   {"levels", "4,2,"},
                                            {"rounds", "2"},  {"rounds", "2,99999999999999999999"}};
};
struct Ego {
  using Options = EgoOptions;
  static Options options() { return {.frames = 3, .height = 32, .width = 48, .channels = 8}; }
  static Options from(const ModelMetadata& metadata) { return ego_options_from(metadata); }
  inline static const Entries kSenseless = {{"height", "24"}};
};

template <typename Network>
class NetworkOptions : public testing::Test {};
using Networks = testing::Types<Predict, Ego>;
TYPED_TEST_SUITE(NetworkOptions, Networks);

TYPED_TEST(NetworkOptions, SurviveAsMetadata) {
  const auto o = TypeParam::options();
  ModelMetadata metadata = to_metadata(o);
  EXPECT_EQ(metadata.count("batch"), 0u);
  const auto read = TypeParam::from(metadata);
  EXPECT_EQ(to_metadata(read), metadata);
  EXPECT_EQ(read.frames, o.frames);
  EXPECT_EQ(read.height, o.height);
  EXPECT_EQ(read.width, o.width);
  EXPECT_EQ(read.channels, o.channels);
}

TYPED_TEST(NetworkOptions, ThatMakeNoSenseInAFileAreAnInputError) {
  Entries senseless = {{"frames", "1"},  {"frames", "99999999999999999999"},
                       {"width", "-32"}, {"channels", "12"},
                       {"channels", ""}, {"channels", "x"},
                       {"frames", "3,9"}};
  senseless.insert(senseless.end(), TypeParam::kSenseless.begin(), TypeParam::kSenseless.end());
  for (const auto& [key, value] : senseless) {
    ModelMetadata metadata = to_metadata(TypeParam::options());
    metadata[key] = value;
    try {
      TypeParam::from(metadata);
      ADD_FAILURE() << key << "=" << value;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput) << key << "=" << value;
    }
  }
  for (const auto& [key, value] : to_metadata(TypeParam::options())) {
    ModelMetadata metadata = to_metadata(TypeParam::options());
    metadata.erase(key);
    EXPECT_THROW(TypeParam::from(metadata), Error) << key;
  }
}

TYPED_TEST(NetworkOptions, ThatMakeNoSenseFromAUserAreAConfigError) {
  const auto refusal = [](auto change) {
    auto o = TypeParam::options();
    change(o);
    try {
      check(o);
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kConfig);
      return e.message();
    }
    return std::string();
  };
  EXPECT_EQ(refusal([](auto&) {}), "");
  EXPECT_EQ(refusal([](auto& o) { o.batch = 0; }), "batch is 0");
  EXPECT_EQ(refusal([](auto& o) { o.batch = 4097; }), "batch is 4097");
  EXPECT_EQ(refusal([](auto& o) { o.frames = 17; }), "17 input frames");
  EXPECT_EQ(refusal([](auto& o) { o.channels = 0; }), "0 channels");
  EXPECT_EQ(refusal([](auto& o) { o.height = 0, o.width = 32; }), "size is 0x32");
  EXPECT_EQ(refusal([](auto& o) { o.height = 32, o.width = 16400; }), "size is 32x16400");
}

}  // namespace
}  // namespace dojo
