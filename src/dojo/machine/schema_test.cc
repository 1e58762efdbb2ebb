#include "dojo/machine/schema.h"

#include <gtest/gtest.h>

#include <set>

#include "dojo/machine/unit.h"

namespace dojo::machine {
namespace {

TEST(Schema, EachFieldIsThereOnceAndSaysWhatItIs) {
  for (const Level level : kLevels) {
    std::set<std::string> paths;
    for (const Field& f : fields_of(level)) {
      EXPECT_TRUE(paths.insert(f.path).second) << f.path;
      EXPECT_FALSE(f.meaning.empty()) << f.path;
      EXPECT_LE(f.least, f.most) << f.path;
      EXPECT_EQ(f.words.empty(), f.kind != Field::Kind::kWord) << f.path;
      const bool number = f.kind != Field::Kind::kWord && f.kind != Field::Kind::kPlaces;
      EXPECT_EQ(parse_unit(f.unit).has_value(), number) << f.path;
    }
  }
}

TEST(Schema, NoFieldHasTheNameOfAGroup) {
  for (const Level level : kLevels)
    for (const Field& f : fields_of(level))
      for (const Field& other : fields_of(level))
        EXPECT_FALSE(other.path.starts_with(f.path + "/")) << f.path << " and " << other.path;
}

}  // namespace
}  // namespace dojo::machine
