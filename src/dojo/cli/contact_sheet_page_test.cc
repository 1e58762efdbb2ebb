#include "dojo/cli/contact_sheet_page.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

bool has(const std::string& page, const std::string& text) {
  return page.find(text) != std::string::npos;
}

SheetCard card(const std::string& name) {
  return {.name = name,
          .camera = "front",
          .facts = "160x96 · h264",
          .telemetry = "a <tt>.csv",
          .signals = "speed <em>",
          .use = "train",
          .remarks = {},
          .pictures = {{.frame = 5, .seconds = 0.5, .png = "abc", .width = 16, .height = 9}}};
}

TEST(ContactSheetPage, NamesAndReasonsAreShownEscaped) {
  ContactSheet sheet{.title = "<script>", .cards = {card("caf\xe9 <b>\n.mp4")}, .alone = {0}};
  sheet.cards[0].remarks = {"cut <i>here"};
  sheet.cards[0].pictures.push_back({.frame = 6, .seconds = 0.6, .problem = "<u> is damaged"});
  sheet.not_usable = {"<img src=x> (input): no video"};
  const std::string page = page_of(sheet);
  for (const char* raw : {"<script", "<tt>", "<em>", "<b>", "<i>here", "<u>", "<img src=x"})
    EXPECT_FALSE(has(page, raw)) << raw;
  for (const char* text : {"caf\\xe9 &lt;b&gt;\\x0a.mp4", "cut &lt;i&gt;here",
                           "&lt;u&gt; is damaged", "&lt;img src=x&gt; (input): no video"})
    EXPECT_TRUE(has(page, text)) << text;
  EXPECT_TRUE(has(page, "src=\"data:image/png;base64,YWJj\""));
}

TEST(ContactSheetPage, CamerasOfADriveAreColumnsAndAMissingFileLeavesItsPlace) {
  const size_t none = SheetDrive::kNone;
  ContactSheet sheet{.cards = {card("front 1"), card("front 2"), card("left 2"), card("alone")},
                     .drives = {{.name = "a drive", .cameras = {"front", "left"}}},
                     .alone = {3}};
  sheet.drives[0].rows = {{0, none}, {1, 2}};
  const std::string page = page_of(sheet);
  size_t at = 0;
  for (const char* next : {"a drive", "repeat(2,", "<h3>front</h3><h3>left</h3>", "front 1",
                           "no file", "front 2", "left 2", "Other recordings", "alone"}) {
    at = page.find(next, at);
    ASSERT_NE(at, std::string::npos) << next;
  }
}

TEST(ContactSheetPage, RecordingsWithoutRoomAreCounted) {
  EXPECT_TRUE(has(page_of({.left_out = 7}), "7 more recordings are not on this sheet"));
  EXPECT_FALSE(has(page_of({}), "more recording"));
}

}  // namespace
}  // namespace dojo
