#include "dojo/report/sample_box.h"

#include <fmt/format.h>

#include "dojo/report/html.h"

namespace dojo::report {
namespace {

constexpr size_t kSamplesAtFirst = 4;  // the others are a click away

}  // namespace

std::string sample_box(const Sample& sample, const std::string& title,
                       const std::vector<Picture>& pictures) {
  std::string figures;
  for (const auto& [kind, label, note] : pictures)
    if (const std::string* image = sample.image(kind))
      figures += fmt::format(
          "<figure class=\"{0}\"><img data-kind=\"{0}\" alt=\"{1}\" "
          "src=\"data:image/png;base64,{2}\"><figcaption>{1}{3}</figcaption></figure>",
          kind, label, base64(*image), note);
  return fmt::format("<div class=\"sample\"><h3>{}</h3><div class=\"frames\">{}</div></div>", title,
                     figures);
}

std::string folded_samples(const RunData& run, std::string (*box)(const Sample&)) {
  std::string html, more;
  for (size_t i = 0; i < run.samples.size(); ++i)
    (i < kSamplesAtFirst ? html : more) += box(run.samples[i]);
  if (!more.empty())
    html += fmt::format("<details><summary>{} more</summary>{}</details>",
                        run.samples.size() - kSamplesAtFirst, more);
  return html;
}

}  // namespace dojo::report
