#include "dojo/report/repeat_page.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "dojo/base/text.h"
#include "dojo/report/html.h"

namespace dojo::report {
namespace {

std::string list_of(const std::string& title,
                    const std::vector<std::pair<std::string, std::string>>& pairs) {
  if (pairs.empty()) return "";
  std::string rows;
  for (const auto& [name, value] : pairs)
    rows += fmt::format("<tr><td>{}</td><td>{}</td></tr>", escape(name), escape(value));
  return fmt::format(
      "<details><summary>{}</summary><div class=\"scroll\"><table "
      "class=\"left\">{}</table></div></details>",
      title, rows);
}

std::string names_of(const std::string& title, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string items;
  for (const std::string& name : names) items += "<tr><td>" + escape(name) + "</td></tr>";
  return fmt::format(
      "<details><summary>{} ({})</summary><div class=\"scroll\"><table "
      "class=\"left\">{}</table></div></details>",
      title, names.size(), items);
}

}  // namespace

std::string how_to_repeat(const RunData& run) {
  std::string html = "<h2>How to repeat this run</h2>";
  if (run.command.empty()) {
    html += "<p>The command is not known: config.json does not say.</p>";
  } else {
    std::string command;
    for (size_t i = 0; i < run.command.size(); ++i) {
      const std::string& word = run.command[i];
      // The folder of this run is taken; without --out the next one gets a free name.
      if (word == "--out") ++i;
      if (word == "--out" || word.starts_with("--out=")) continue;
      command += i == 0 && word == "dojo" ? "./dojo"
                                          : (i == 0 ? "" : " ") + shell_word(name_of_utf8(word));
    }
    html += "<pre>" + escape(command) + "</pre>";
  }
  const auto known = [](const std::string& value) {
    return value.empty() ? std::string("not known") : escape(value);
  };
  html += fmt::format("<p>Version {}, seed {}, {} thread{}.</p>", known(run.version),
                      known(run.seed), known(run.threads), run.threads == "1" ? "" : "s");
  html += "<p class=\"soft small\">";
  if (run.end_was_moved)
    html +=
        "The end of this run was moved when it was resumed. A run that has the new end from its "
        "beginning has other learning rates, and so other weights.";
  else if (run.ended_by_clock)
    html += fmt::format(
        "A run with --minutes is ended by the clock: how many steps it makes, and so its learning "
        "rates and "
        "weights, depend on the machine{}. With <code>--steps</code> a run can be repeated byte "
        "for byte.",
        run.final ? fmt::format(" (here it made {})", count(run.final->step)) : "");
  else
    html +=
        "The same version, seed, files, number of threads and algorithms on the same kind of "
        "processor give the same checkpoints byte for byte, and the same metrics.jsonl but for "
        "what stands under “time”. Algorithms are the same on one machine once they were timed; "
        "with <code>--deterministic</code> they do not depend on timing.";
  html += "</p>";
  return html + list_of("Options", run.options) + list_of("Network", run.model) +
         names_of("Recordings to train on", run.train) +
         names_of("Held-out recordings", run.held_out);
}

}  // namespace dojo::report
