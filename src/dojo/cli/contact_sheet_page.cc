#include "dojo/cli/contact_sheet_page.h"

#include <fmt/format.h>

#include "dojo/base/text.h"
#include "dojo/report/html.h"

namespace dojo {
namespace {

constexpr const char* kSheetStyle = R"css(
main{max-width:1500px}
.cards,.cameras{display:grid;gap:12px;align-items:start}
.cards{grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr))}
.cameras{margin-top:10px}
.cameras>h3{margin:0}
.sample h3{font-size:14px;margin-bottom:6px}
.sample{margin:0;min-width:0;padding:10px 12px;overflow-wrap:anywhere}
.sample p{font-size:13px;margin:6px 0 0;overflow-wrap:anywhere}
.sample .bad{color:var(--bad)}
.four{display:grid;grid-template-columns:repeat(2,minmax(0,160px));gap:6px}
.four figure{margin:0;min-width:0}
.four img{display:block;max-width:100%;height:auto;border-radius:3px;background:#000}
.four figcaption{font-size:12px;color:var(--soft);overflow-wrap:anywhere}
.none{border:1px dashed var(--rule);border-radius:8px;padding:10px 12px}
ul{padding-left:20px;overflow-wrap:anywhere}
)css";

std::string shown(const std::string& text) { return report::escape(one_line(text)); }

std::string list_of(const std::vector<std::string>& lines) {
  std::string items;
  for (const std::string& line : lines) items += "<li>" + shown(line) + "</li>";
  return items.empty() ? "" : "<ul class=\"small\">" + items + "</ul>";
}

std::string figure(const SheetPicture& p) {
  const std::string caption = fmt::format("frame {}, {:.1f} s", p.frame, p.seconds);
  if (p.png.empty())
    return fmt::format(
        "<figure class=\"none\"><figcaption>{}<br><span class=\"bad\">{}</span></figcaption>"
        "</figure>",
        caption, shown(p.problem));
  return fmt::format(
      "<figure><img alt=\"{0}\" width=\"{1}\" height=\"{2}\" src=\"data:image/png;base64,{3}\">"
      "<figcaption>{0}</figcaption></figure>",
      caption, p.width, p.height, report::base64(p.png));
}

std::string card_of(const SheetCard& card) {
  std::string html = fmt::format("<h3>{}</h3><div class=\"four\">", shown(card.name));
  for (const SheetPicture& p : card.pictures) html += figure(p);
  html += fmt::format("</div><p>{}{}</p><p class=\"soft\">{}</p>",
                      card.camera.empty() ? "" : shown(card.camera) + " · ", shown(card.use),
                      shown(card.facts));
  if (!card.telemetry.empty())
    html += fmt::format("<details class=\"small\"><summary>telemetry: {}</summary>{}</details>",
                        shown(card.telemetry), shown(card.signals));
  for (const std::string& remark : card.remarks)
    html += "<p class=\"bad\">" + shown(remark) + "</p>";
  return html;
}

std::string drive_of(const ContactSheet& sheet, const SheetDrive& drive) {
  std::string html = fmt::format("<section><h2>{}</h2>", shown(drive.name));
  if (!drive.event.empty()) html += "<p class=\"soft\">event: " + shown(drive.event) + "</p>";
  html += list_of(drive.messages);
  html += fmt::format(
      "<div class=\"scroll\"><div class=\"cameras\" "
      "style=\"grid-template-columns:repeat({},minmax(215px,1fr));max-width:{}px\">",
      drive.cameras.size(), 370 * drive.cameras.size());
  for (const std::string& camera : drive.cameras) html += "<h3>" + shown(camera) + "</h3>";
  for (const std::vector<size_t>& row : drive.rows)
    for (const size_t at : row)
      html += at == SheetDrive::kNone
                  ? "<div class=\"none soft small\">no file</div>"
                  : "<div class=\"sample\">" + card_of(sheet.cards.at(at)) + "</div>\n";
  return html + "</div></div></section>\n";
}

}  // namespace

std::string page_of(const ContactSheet& sheet) {
  std::string html = report::page_begin(one_line(sheet.title), kSheetStyle);
  html += fmt::format("<header><h1>{}</h1><p class=\"soft\">{}</p></header>\n", shown(sheet.title),
                      shown(sheet.summary));
  for (const SheetDrive& drive : sheet.drives) html += drive_of(sheet, drive);
  if (!sheet.alone.empty()) {
    html += fmt::format("<section>{}<div class=\"cards\">\n",
                        sheet.drives.empty() ? "" : "<h2>Other recordings</h2>");
    for (const size_t at : sheet.alone)
      html += "<div class=\"sample\">" + card_of(sheet.cards.at(at)) + "</div>\n";
    html += "</div></section>\n";
  }
  if (sheet.left_out > 0)
    html += fmt::format(
        "<p class=\"box warn\">{} more recording{} not on this sheet, which has "
        "room for {}.</p>\n",
        sheet.left_out, sheet.left_out == 1 ? " is" : "s are", sheet.cards.size());
  if (!sheet.not_usable.empty())
    html +=
        "<section><h2>Files that cannot be used</h2>" + list_of(sheet.not_usable) + "</section>\n";
  if (!sheet.skipped.empty()) html += "<footer>" + shown(sheet.skipped) + "</footer>\n";
  return html + "</main></body></html>\n";
}

}  // namespace dojo
