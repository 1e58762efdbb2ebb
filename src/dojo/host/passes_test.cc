#include "dojo/host/passes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "dojo/base/error.h"

namespace dojo {
namespace {

TEST(HostPasses, AreWhatTheDocumentSays) {
  std::ifstream file(DOJO_SOURCE_DIR "/docs/architecture.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  const std::string begin = "<!-- begin: dojo graph passes --markdown -->\n";
  const size_t from = page.find(begin), to = page.find("<!-- end -->");
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  EXPECT_EQ(page.substr(from + begin.size(), to - from - begin.size()), host_passes_markdown())
      << "put the output of `dojo graph passes --markdown` into docs/architecture.md";
}

TEST(HostPasses, EachSwitchIsThatOfOnePass) {
  for (const HostPass& pass : host_passes()) {
    if (!pass.option) continue;
    HostOptions options;
    leave_out({std::string(pass.name)}, &options);
    for (const HostPass& other : host_passes()) {
      if (!other.option) continue;
      EXPECT_EQ(options.*other.option, other.name != pass.name) << pass.name;
    }
  }
}

TEST(HostPasses, ANameThatThereIsNotIsAnErrorThatListsThem) {
  HostOptions options;
  try {
    leave_out({"fold", "fuze"}, &options);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kConfig);
    EXPECT_EQ(e.message(), "there is no pass \"fuze\"");
    EXPECT_EQ(e.where(), "--without");
    for (const HostPass& pass : host_passes())
      EXPECT_NE(e.hint().find(pass.name), std::string::npos) << e.hint();
  }
}

TEST(HostPasses, OneThatAStepNeedsCannotBeLeftOut) {
  HostOptions options;
  try {
    leave_out({"lower"}, &options);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kConfig);
    EXPECT_EQ(e.message(), "there is no step without the pass lower");
    EXPECT_NE(e.hint().find("fuse"), std::string::npos);
    EXPECT_EQ(e.hint().find("lower"), std::string::npos);
  }
}

}  // namespace
}  // namespace dojo
