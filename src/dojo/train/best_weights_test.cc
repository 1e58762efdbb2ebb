#include "dojo/train/best_weights.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

class BestWeights : public testing::Test {
 protected:
  static SafeTensors weights(int64_t step) {
    SafeTensors content;
    content.metadata["step"] = std::to_string(step);
    return content;
  }
  std::string refusal(int64_t step) {
    try {
      read_best(folder_, step);
    } catch (const Error& e) {
      EXPECT_EQ(e.where(), best_path(folder_));
      return e.message();
    }
    return "";
  }
  bool next_is_there() { return fs::exists(folder_ / ".best.safetensors.next"); }

  const TestFolder own_;
  const fs::path folder_ = own_.path();
};

TEST_F(BestWeights, AreThoseThatWereTaken) {
  write_next_best(folder_, weights(10));
  take_next_best(folder_);
  EXPECT_FALSE(next_is_there());
  EXPECT_EQ(read_best(folder_, 10).metadata.at("step"), "10");
}

TEST_F(BestWeights, AreTakenByTheResumedRunIfTheStateNamesThem) {
  write_next_best(folder_, weights(10));
  take_next_best(folder_);
  write_next_best(folder_, weights(20));  // killed here, or after the state was written
  EXPECT_EQ(read_best(folder_, 20).metadata.at("step"), "20");
  EXPECT_FALSE(next_is_there());
}

TEST_F(BestWeights, StayIfTheStateDoesNotKnowTheNextOnes) {
  write_next_best(folder_, weights(10));
  take_next_best(folder_);
  write_next_best(folder_, weights(20));
  EXPECT_EQ(read_best(folder_, 10).metadata.at("step"), "10");
  EXPECT_FALSE(next_is_there());
}

TEST_F(BestWeights, ThatAreMissingDamagedOrOfAnotherStepAreRefused) {
  EXPECT_NE(refusal(10).find("No such file"), std::string::npos);
  write_next_best(folder_, weights(10));
  take_next_best(folder_);
  EXPECT_EQ(refusal(11), "the weights are of step 10, the best ones of step 11");
  std::string bytes = read_file(best_path(folder_));
  const size_t ten = bytes.find("\"10\"");
  ASSERT_NE(ten, std::string::npos);
  bytes[ten + 2] = '1';
  write_file_atomic(best_path(folder_), bytes);
  EXPECT_NE(refusal(11).find("checksum"), std::string::npos);
}

}  // namespace
}  // namespace dojo
