// quarantine.jsonl: the files that a run gave up or found damaged, a JSON object a line.
#pragma once

#include <string>
#include <vector>

#include "dojo/video/recording.h"

namespace dojo {

// Makes FOLDER/quarantine.jsonl, or adds the files that are not in it; the lines of earlier
// sessions stay. Throws Error(kIo).
void list_quarantined(const std::string& folder, const std::vector<Quarantined>& files);

}  // namespace dojo
