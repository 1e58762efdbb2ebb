// The JSON form of a machine description, docs/machine.md. One file describes one level and names
// the file of what its grid is made of, or holds its description itself:
//
//   {
//     "level": "die",
//     "title": "D1",
//     "part": "d1_node.json",
//     "sources": {"EET": {"title": "EE Times Europe, November 2021", "url": "https://..."}},
//     "grid": {
//       "columns": {"value": 20, "unit": "columns", "status": "assumed", "source": "18 x 20 ..."},
//       ...
//     },
//     "published": {
//       "nodes": {"value": 354, "unit": "nodes", "status": "published", "source": "EET"}
//     }
//   }
//
// The text may come from anybody.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/machine/parameter.h"

namespace dojo::machine {

struct Source {
  std::string title, url;
  friend bool operator==(const Source&, const Source&) = default;
};

// What one file says of one level.
struct Description {
  Level level = Level::kNode;
  std::string title;  // "D1"
  std::string about;  // a sentence or a few, or ""
  std::string file;
  std::vector<Parameter> parameters;      // in the order of the schema
  std::vector<Parameter> published;       // totals, by their names in total.h
  std::map<std::string, Source> sources;  // by the keys that parameters name
  std::string part_file;                  // as it is written, or "" where `part` is
  std::unique_ptr<Description> part;      // written inside; above a node one of the two is there
};

// Throws Error(kInput) with the file, the path in it and the value seen for what is missing,
// unknown, there twice, of another type, or has a unit that does not fit. Whether values are in
// their limits and sources are known is for verify.h, when all levels are there.
Description parse_description(std::string_view text, const std::string& file);

}  // namespace dojo::machine
