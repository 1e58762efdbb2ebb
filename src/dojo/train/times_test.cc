#include "dojo/train/times.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

TEST(Times, AreTheSumsOverTheLinesThatAreWhole) {
  const Times t = times_of(
      R"({"kind":"eval","time":{"elapsed_seconds":1,"eval_seconds":0.5}}
{"kind":"step","time":{"elapsed_seconds":3,"wait_seconds":0.25,"waited_for":{"indexing":0.125,"decoding":0.125},"compute_seconds":1,"decode_seconds":2}}
{"kind":"step","time":{"elapsed_seconds":5,"wait_seconds":0.25,"waited_for":{"decoding":0.25,"copies":[]},"compute_seconds":"x","decode_seconds":2}}
{"kind":"step","time":7}
{"kind":"final","time":{"elapsed_seconds":6,"wait_seconds":0.5,"waited_for":{"decoding":0.25},"compute_seconds":1,"eval_seconds":0.5}}
{"kind":"step","ti)");
  EXPECT_EQ(t.wait, 0.5);
  EXPECT_EQ(t.waited_for.indexing, 0.125);
  EXPECT_EQ(t.waited_for.decoding, 0.375);
  EXPECT_EQ(t.waited_for.copies, 0);
  EXPECT_EQ(t.compute, 1);
  EXPECT_EQ(t.decode, 4);
  EXPECT_EQ(t.eval, 0.5);
  EXPECT_EQ(t.elapsed, 5);
}

}  // namespace
}  // namespace dojo
