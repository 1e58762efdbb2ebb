#include "dojo/report/html.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string_view>
#include <utility>

namespace dojo {
namespace {

TEST(Html, EscapesMarkupAndWritesOutWhatIsNoText) {
  EXPECT_EQ(report::escape("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(report::escape("Straße 東京 🚗"), "Straße 東京 🚗");
  EXPECT_EQ(report::escape("a\xff"
                           "b\x1b"),
            "a\\xffb\\x1b");
  EXPECT_EQ(report::escape("\xc0\xaf"), "\\xc0\\xaf");    // an overlong slash
  EXPECT_EQ(report::escape("x\xe2\x82"), "x\\xe2\\x82");  // cut in the middle
  EXPECT_EQ(report::escape(std::string_view("\0", 1)), "\\x00");
}

TEST(Html, Base64AsInRfc4648) {
  const std::pair<const char*, const char*> known[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : known) EXPECT_EQ(report::base64(plain), coded);
  EXPECT_EQ(report::base64("\xff\xfe\xfd"), "//79");
}

TEST(Html, NumbersReadWell) {
  EXPECT_EQ(report::significant(0.00123456), "0.00123");
  EXPECT_EQ(report::significant(12345.6), "12,346");
  EXPECT_EQ(report::significant(0), "0");
  EXPECT_EQ(report::significant(NAN), "–");
  EXPECT_EQ(report::count(-1234567), "-1,234,567");
  EXPECT_EQ(report::count(-123), "-123");
  EXPECT_EQ(report::duration(75), "1 min 15 s");
  EXPECT_EQ(report::duration(7300), "2 h 1 min");
  EXPECT_EQ(report::bytes(1536), "1.50 KiB");
}

}  // namespace
}  // namespace dojo
