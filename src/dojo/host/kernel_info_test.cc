#include "dojo/host/kernel_info.h"

#include <gtest/gtest.h>

#include "dojo/graph/text.h"
#include "dojo/host/executor.h"

namespace dojo::host {
namespace {

// The bytes and FLOP of all kernels of this kind.
struct Work {
  double bytes = 0, flop = 0;
};
Work work_of(const std::string& body, const std::string& op) {
  const auto executor = make_host_executor(parse_graph("graph \"g\" {\n" + body + "}\n"));
  KernelTimes times;
  executor->note_times(&times);
  Work work;
  for (const KernelInfo& kernel : times.kernels()) {
    if (kernel.op != op) continue;
    work.bytes += kernel.bytes;
    work.flop += kernel.flop;
  }
  return work;
}

TEST(KernelInfo, BytesAreThoseOfOperandsAndResultsNotOfScratchMemory) {
  const Work product = work_of(
      "data %a: f32[8,16]\ndata %b: f32[16,4]\n%y: f32[8,4] = MatMul(%a, %b)\noutput y %y\n",
      "MatMul");
  EXPECT_EQ(product.bytes, 4 * (8 * 16 + 16 * 4 + 8 * 4));
  EXPECT_EQ(product.flop, 2 * 8 * 16 * 4);
  // By Winograd's way or oneDNN's, whose result is brought into its order behind it.
  const Work gradient = work_of(
      "data %x: f32[1,64,32,64]\ndata %dy: f32[1,64,32,64]\n%dw: f32[64,64,3,3] = "
      "ConvWeightGrad(%x, %dy; kernel_shape=[3,3], pads=[1,1,1,1])\noutput dw %dw\n",
      "ConvWeightGrad");
  EXPECT_EQ(gradient.bytes, 4.0 * (2 * 64 * 32 * 64 + 64 * 64 * 9));
  const Work pool = work_of(
      "data %x: f32[1,16,8,8]\n%y: f32[1,16,4,4] = MaxPool(%x; kernel_shape=[2,2], strides=[2,2])\n"
      "output y %y\n",
      "MaxPool");
  EXPECT_EQ(pool.bytes, 4 * 16 * (64 + 16 + 16));  // and where the maxima were
}

}  // namespace
}  // namespace dojo::host
