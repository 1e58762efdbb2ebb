#include "dojo/program/text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/program/test_programs.h"
#include "dojo/program/verify.h"

namespace dojo::program {
namespace {

constexpr char kCanonical[] = R"(program "all kinds" {
  nodes 4 x 4
  place [0:+4, 0:+2] at (1, 0)
  place [0:+4, 2:+2] at (4, 2) right (-1, 0) down (0, 1)
  random bits[64, 64]

  layout main {
    code at 0 size 4096
    a: bf16[64, 64] at 4096 live 0:+2 input
    w: cfloat8_1_4_3(20)[64, 64] at 12288 live 1:
    v: cfloat8_1_5_2(31)[64, 64] at 16384 output
    c: f32[64, 64] at 20480
    n: i32[16] at 36864 input output
    semaphore full[2]
    semaphore room = 2
  }

  layout dram on interfaces {
    far: bf16[1024, 64] at 0
  }

  barrier all over [0:+2:2, 1:+3] root (2, 3) fan 2

  class worker uses main {
    on [0:+2:3, 0:+4] with first = 3, sign = -1
    on [1:+2, 0:+1] with first = 0, sign = 1
    let left = max(x - 1, 0)
    let die = (x * 2 + 1) / 3 % 4
    let minus = -5 * (0 - left)
    thread 0 {
      phase
      matmul 64 x 64 x 16: c += transposed pad w[-1:+16, :] * transposed v[:, x:+16]
      matmul 32 x 2 x 4: c[0, :] = w[0:+32:2, 3:+4] * v[0:+8:0, 1]; random bits[0, :]
      vector c = move 0.0
      vector a[0, :] = multiply_add a[x + y, :], -1.5, inf
      vector n = sum_lanes c[0:+16, :]
      vector w[0, :] = add a[63, :], a[0, :]; random bits[63, :]
      idle 100
    }
    thread 2 {
      loop k < left + 1, p = x - 2 step -1 mod 8, q = 0 step 1 mod 2 {
        wait full[q] by 2*k + 1
        loop i < 3 {
          copy to node(x + 1, y): a[k + 2*i, :] = a[p, :], n = n; here room, there full[q]
        }
        copy to nodes[left:+2:2, 0:+4]: a = a; there full
        copy from node(left, -first + sign - 3): a = pad a; there room
        copy here: a = a; here full[1]
        copy from interface(2*x) of dram: a[0, :] = far[8*k, :]; here full
        copy to interface(0) of dram: far[0:+64, :] = a
        signal room by 3
        signal node(0, 0) room
        signal nodes[0:+4, y:+1] full[1] by k
        barrier all
      }
      phase
    }
  }
}
)";

TEST(ProgramText, PrintsTheCanonicalForm) {
  EXPECT_EQ(print_program(parse_program(kCanonical)), kCanonical);
}

TEST(ProgramText, ParsesWhatItPrints) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Program program = random_program(seed);
    const std::string text = print_program(program);
    ASSERT_EQ(parse_program(text), program) << text;
    ASSERT_EQ(print_program(parse_program(text)), text);
  }
}

TEST(ProgramText, TheDrawnProgramsHaveAllKindsOfInstructions) {
  std::array<int, static_cast<size_t>(Op::kEndLoop) + 1> seen{};
  for (uint64_t seed = 0; seed < 50; ++seed)
    for (const NodeClass& c : random_program(seed).classes)
      for (const Code& code : c.threads)
        for (const Instruction& i : code.instructions) ++seen[static_cast<size_t>(i.op)];
  for (const int n : seen) EXPECT_GT(n, 20);
}

TEST(ProgramText, TheExamplesPrintAndParse) {
  EXPECT_GE(examples().size(), 3u);
  for (const Example& example : examples()) {
    const Program program = parse_program(example.text, example.file);
    EXPECT_EQ(parse_program(print_program(program)), program) << example.file;
  }
}

TEST(ProgramText, TheExampleOfTheDocumentCanRun) {
  const std::string page = read_file(DOJO_SOURCE_DIR "/docs/program.md", 1 << 20);
  const size_t begin = page.find("```\n") + 4, end = page.find("```\n", begin);
  ASSERT_LT(end, page.size());
  EXPECT_EQ(problems_of(page.substr(begin, end - begin), small_machine()),
            std::vector<std::string>());
}

TEST(ProgramText, LayoutAndCommentsDoNotMatter) {
  const Program program = parse_program(
      "# a comment\nprogram\"p\"{nodes 1 x 1 layout l{code at 0 size 64 a:u8[ 4,\n2 ]at 64}class c "
      "uses l{on[0,0]thread 3{vector a[1,0:+2]=move-1# no end\n}}}");
  EXPECT_NE(print_program(program).find("vector a[1, :] = move -1.0\n"), std::string::npos);
}

TEST(ProgramText, SourceLinesNameEachInstruction) {
  SourceLines lines;
  const Program program = parse_program(kCanonical, "f", &lines);
  ASSERT_EQ(lines.instructions.size(), 1u);
  for (size_t t = 0; t < kNumThreads; ++t)
    ASSERT_EQ(lines.instructions[0][t].size(), program.classes[0].threads[t].instructions.size());
  EXPECT_EQ(to_string(program, site(ClassId{0}, 2, 1), &lines),
            "f:42: class worker, thread 2: wait full[q] by 2*k + 1");
  EXPECT_EQ(to_string(program, site(ClassId{0}, 2, 2)), "class worker, thread 2: loop i < 3");
  EXPECT_EQ(to_string(program, {Site::Kind::kAllocation, 1}, &lines), "f:10: layout main, w");
  EXPECT_EQ(to_string(program, {Site::Kind::kPlacement, 1}, &lines), "f:4: place 2");
}

struct Bad {
  const char* text;   // behind the head below, from line 2 on
  const char* where;  // line:column
  const char* message;
};

// A whole program around what is wrong.
std::string whole(std::string_view text) {
  return fmt::format("program \"p\" {{ nodes 4 x 2 random r[8]\n{}", text);
}
std::string in_layout(std::string_view text) {
  return whole(fmt::format("layout l {{\n{}\n}} }}", text));
}
std::string in_thread(std::string_view text) {
  return whole(fmt::format(
      "layout l {{ a: bf16[8, 8] at 0 f: f32[8] at 128 w: shp(3)[8] at 256 semaphore s semaphore "
      "m[2] }} layout d on interfaces {{ e: bf16[8, 8] at 0 }} layout o {{ b: bf16[8] at 0 "
      "semaphore "
      "t }}\nclass c uses l {{ on [0:+4, 0:+2] with g = 1 let h = x / 2 thread 0 {{\n{}\n}} }} }}",
      text));
}

void expect_bad(const std::string& text, const Bad& bad) {
  try {
    parse_program(text, "f");
    ADD_FAILURE() << "parsed: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput) << text;
    EXPECT_EQ(error.where(), std::string("f:") + bad.where) << text << error.what();
    EXPECT_NE(error.message().find(bad.message), std::string::npos) << text << error.what();
  }
}

TEST(ProgramText, ARegionCanStandAlone) {
  EXPECT_EQ(parse_region("3,0"), (Region{{3}, {0}}));
  EXPECT_EQ(parse_region("0:+4:2, 1:+3"), (Region{{0, 4, 2}, {1, 3}}));
  for (const char* text : {"", "3", "3,", "-1,0", "3,0,0", "0:+0,0", "[3,0]", "65536,0"})
    EXPECT_THROW(parse_region(text), Error) << text;
}

TEST(ProgramText, BadProgramsHaveLineAndColumn) {
  const Bad cases[] = {
      {"", "2:1", "the end instead of place, random, layout, barrier, class or '}'"},
      {"nonsense", "2:1", "\"nonsense\" instead of place, random"},
      {"} x", "2:3", "\"x\" instead of the end"},
      {"\x01", "2:1", "\"\\x01\" instead of"},
      {"place [0:+4, 0] (1, 1)", "2:17", "\"(\" instead of \"at\""},
      {"place [0:+5, 0] at (1, 1)", "2:1", "0:+5:1 leaves the grid, which has 4 there"},
      {"place [0:+2:2, 0] at (1, 1)", "2:1", "a place with a step other than 1"},
      {"place [0:+0, 0] at (1, 1)", "2:11", "\"0\" instead of a count"},
      {"place [0:+4, 0] at (1, 99999999999)", "2:24", "\"99999999999\" instead of a row"},
      {"random r[4]", "2:1", "the random r is there twice"},
      {"random q[0]", "2:10", "\"0\" instead of a dimension"},
      {"random q[1,1,1,1,1,1,1]", "2:22", "\"1\" instead of ']'"},
      {"random q[68719476736, 2]", "2:1", "more than 68719476736 elements"},
      {"random q[68719476736]", "2:1", "more than 2^34"},
      {"barrier b over [0:+4, 0] root (0, 1)", "2:1", "the root (0, 1) of the barrier b is not in"},
      {"barrier b over [0:+4, 0] root (0, 0) fan 65", "2:42", "instead of a fan"},
      {"layout l on nodes", "2:13", "\"nodes\" instead of \"interfaces\""},
      {"layout l { } layout l { } }", "2:14", "the layout l is there twice"},
      {"layout 9 { }", "2:8", "\"9\" instead of the name of a layout"},
      {"layout l { } class c uses k", "2:27", "\"k\" instead of a layout"},
      {"layout d on interfaces { } class c uses d { }", "2:28", "the layout d is of interfaces"},
      {"layout l { } class c uses l { } }", "2:33", "the class c is on no node"},
      {"layout l { } class c uses l { on [0, 0] with g = 1 on [1, 0] } }", "2:52",
       "other arguments than in the region before"},
      {"layout l { } class c uses l { let h = 1 on [1, 0] with g = 1 } }", "2:41", "behind a let"},
      {"layout l { } class c uses l { let x = 1 } }", "2:31", "the name x has a meaning"},
      {"layout l { } class c uses l { let h = h } }", "2:39", "\"h\" instead of a number, x, y"},
      {"layout l { } class c uses l { let h = ((((((((((((((((((1)))))))))))))))))) } }", "2:56",
       "instead of fewer parentheses"},
      {"layout l { } class c uses l { thread 4 { } } }", "2:38", "\"4\" instead of a thread"},
      {"layout l { } class c uses l { thread 1 { } thread 1 { } } }", "2:44",
       "thread 1 is there twice"},
  };
  for (const Bad& bad : cases) expect_bad(whole(bad.text), bad);
  expect_bad("program \"p\" { nodes 0 x 1", {"", "1:21", "\"0\" instead of columns"});
  expect_bad("program \"p\" { nodes 65535 x 65535 }", {"", "1:9", "a grid of 65535 x 65535 nodes"});
  expect_bad("program p", {"", "1:9", "\"p\" instead of the program's name in quotes"});
  expect_bad("program \"p", {"", "1:9", "the string has no end"});
  expect_bad("program \"\" { nodes 1 x 1", {"", "1:9", "the name of a program is"});
}

TEST(ProgramText, BadLayoutsHaveLineAndColumn) {
  const Bad cases[] = {
      {"a: f64[2] at 0", "3:4", "\"f64\" instead of a number format"},
      {"a: bf16 at 0", "3:9", "\"at\" instead of '['"},
      {"a: shp[2] at 0", "3:7", "\"[\" instead of '('"},
      {"a: shp(64)[2] at 0", "3:8", "\"64\" instead of a bias"},
      {"a: bf16(3)[2] at 0", "3:8", "\"(\" instead of '['"},
      {"a: bf16[2]", "4:1", "\"}\" instead of \"at\""},
      {"a: bf16[2] at -1", "3:15", "\"-\" instead of an address"},
      {"a: bf16[2] at 0\na: bf16[2] at 64", "4:1", "the allocation a is there twice"},
      {"a: bf16[2] at 0 live 3", "4:1", "\"}\" instead of ':'"},
      {"a: bf16[2] at 0 live 3:+0", "3:25", "\"0\" instead of a number of phases"},
      {"code at 0 size 0", "3:16", "\"0\" instead of a size"},
      {"code at 0 size 64 code at 64 size 64", "3:19", "code has its place already"},
      {"semaphore s[257]", "3:13", "\"257\" instead of a number of counters"},
      {"semaphore s[200] semaphore t[57]", "3:18", "200 and 57 counters"},
      {"semaphore s = 1 semaphore s", "3:17", "the semaphore s is there twice"},
      {"node: bf16[2] at 0", "3:1", "the name node has a meaning of its own"},
      {"1x: bf16[2] at 0", "3:1", "\"1x\" is not a number"},
      {"a: bf16[2.5] at 0", "3:9", "\"2.5\" instead of a dimension"},
      {"a: bf16[99999999999999999999] at 0", "3:9", "out of range"},
  };
  for (const Bad& bad : cases) expect_bad(in_layout(bad.text), bad);
}

TEST(ProgramText, BadInstructionsHaveLineAndColumn) {
  const Bad cases[] = {
      {"jump", "4:1", "\"jump\" instead of matmul, vector"},
      {"vector f move 1", "4:10", "\"move\" instead of '='"},
      {"vector f = mov 1", "4:12", "\"mov\" instead of an operation"},
      {"vector f = add 1", "4:1", "1 operands of add, which takes 2"},
      {"vector f = add 1, 2, 3, 4", "4:25", "\"4\" instead of the end"},
      {"vector f = sum_rows 1", "4:1", "sum_rows of a constant"},
      {"vector f = move 1e99", "4:17", "beyond f32"},
      {"vector f = move 1e", "4:17", "without an exponent"},
      {"vector f = move -f", "4:18", "\"f\" instead of a number"},
      {"vector f = move q", "4:17", "\"q\" instead of an allocation"},
      {"vector f = move b", "4:17", "\"b\" instead of an allocation"},
      {"vector f = move f[0:+4]", "4:1", "move of 4 elements to 8"},
      {"vector f = move a[0]", "4:1", "1 indices for 2 dimensions"},
      {"vector f = move a[0,0:+0]", "4:24", "\"0\" instead of a count"},
      {"vector f = move pad f", "4:1", "f cannot be padded here"},
      {"vector f = sum_rows a[0:+3, 0:+3]", "4:1", "sum_rows of 9 elements to 8"},
      {"vector f = move f; bits", "4:20", "\"bits\" instead of \"random\""},
      {"vector f = move f; random q", "4:27", "\"q\" instead of a random"},
      {"vector f = move f; random r[0:+4]", "4:1", "4 random elements of r for 8 results"},
      {"matmul 8 x 1 x 8: f += a * f", "4:1", "a factor is f32"},
      {"matmul 8 x 1 x 8: f += a * a", "4:1", "the right factor has 64 elements, not 8 x 1"},
      {"matmul 8 x 8: a", "4:13", "\":\" instead of \"x\""},
      {"matmul 8 x 8 x 0: a", "4:16", "\"0\" instead of a size"},
      {"matmul 8 x 8 x 8: a * a", "4:21", "\"*\" instead of '='"},
      {"copy a = a", "4:6", "\"a\" instead of to, from or here"},
      {"copy to here: a = a", "4:9", "\"here\" instead of node, nodes or interface"},
      {"copy here: a = f", "4:1", "a is bf16, f is f32; a transfer converts nothing"},
      {"copy here: a = a[0, :]", "4:1", "8 elements to 64"},
      {"copy here: a = a; there s", "5:1", "instead of no signal to there"},
      {"copy here: a = a; s", "4:19", "\"s\" instead of here or there"},
      {"copy to node(0, 0): a = a; here s, here s", "4:41", "\"s\" instead of one semaphore"},
      {"copy from nodes[0:+2, 0]: a = a", "4:1", "a transfer from several nodes"},
      {"copy to interface(0): e = a", "4:21", "\":\" instead of of and a layout"},
      {"copy to interface(0) of l: a = a", "4:1", "the layout l is of nodes"},
      {"copy to node(0, 0) of d: e = a", "4:1", "the layout d is of interfaces"},
      {"copy to interface(0) of d: e = a; there s", "4:41", "\"s\" instead of a semaphore"},
      {"copy to node(0, 0) of o: a = a", "4:26", "\"a\" instead of an allocation"},
      {"copy to node(z, 0): a = a", "4:14", "\"z\" instead of x, y, an argument or a counter"},
      {"copy to node(1 2): a = a", "4:16", "\"2\" instead of ','"},
      {"signal interface(0) of d s", "4:26", "\"s\" instead of a semaphore"},
      {"signal node(0, 0) of o s", "4:24", "\"s\" instead of a semaphore"},
      {"wait t", "4:6", "\"t\" instead of a semaphore"},
      {"wait s by", "5:1", "\"}\" instead of a number or a variable"},
      {"wait s by 1.5", "4:11", "\"1.5\" instead of a number or a variable"},
      {"wait s by x*x", "4:13", "\"x\" instead of a number"},
      {"wait s by 99999999999999*x", "4:11", "instead of a number"},
      {"wait s by 9999999999*x", "4:1", "the factor 9999999999 is too large"},
      {"barrier b", "4:9", "\"b\" instead of a barrier"},
      {"loop k < 2 { phase }", "4:14", "a phase in a loop"},
      {"loop k < 2 { loop k < 2 { } }", "4:14", "the name k is taken"},
      {"loop g < 2 { }", "4:1", "the name g is taken"},
      {"loop x < 2 { }", "4:1", "the name x has a meaning"},
      {"loop k < 2 { loop i < k { } }", "4:14", "the counter of a loop where only x, y"},
      {"loop k < 2 { } idle k", "4:21", "\"k\" instead of x, y"},
      {"loop k < 2, c = 0 step 1 mod 0 { }", "4:30", "\"0\" instead of a modulus"},
      {"loop k < 2 {", "5:6", "the end instead of place"},
      {"loop a < 1 { loop b < 1 { loop d < 1 { loop e < 1 { loop i < 1 { loop j < 1 { loop k < 1 { "
       "loop n < 1 { loop m < 1 {",
       "4:105", "more than 8 loops in each other"},
  };
  for (const Bad& bad : cases) expect_bad(in_thread(bad.text), bad);
}

}  // namespace
}  // namespace dojo::program
