#include "dojo/train/quarantine_list.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "dojo/base/file.h"
#include "dojo/base/text.h"
#include "dojo/train/json.h"

namespace dojo {

void list_quarantined(const std::string& folder, const std::vector<Quarantined>& files) {
  const std::string path = folder + "/quarantine.jsonl";
  const bool exists = std::filesystem::exists(path);
  const std::string before = exists ? read_file(path) : "";
  std::set<std::string> seen;
  std::istringstream lines(before);
  for (std::string line; std::getline(lines, line);) seen.insert(line);
  std::string text = before;
  if (!text.empty() && text.back() != '\n') text += '\n';
  for (const Quarantined& q : files) {
    const std::string line = dump(nlohmann::ordered_json{
        {"path", to_utf8(q.path)}, {"category", q.category}, {"reason", one_line(q.reason)}});
    if (seen.insert(line).second) text += line + "\n";
  }
  if (!exists || text != before) write_file_atomic(path, text);
}

}  // namespace dojo
