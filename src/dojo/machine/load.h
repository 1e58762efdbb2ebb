// Finds a machine by name or file and reads all its levels.
//
//   const Machine die = load_machine("d1_die");             // one that the program has in it
//   const Machine mine = load_machine("studies/tile.json");
//   const Machine part = load_machine("exapod:tile");       // one of its tiles
//   const Machine mesh = load_machine("booksim_mesh", {{"die/grid/columns", "32"}});
//
// The files of the repository's folder machines/ are compiled into the program, so that it works
// wherever it is copied. A `part` in a file of the user's is looked for beside that file, then
// among those.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dojo/machine/machine.h"

namespace dojo::machine {

// Another value for one parameter. It counts as assumed.
struct Change {
  std::string name;   // "die/edge/latency"
  std::string value;  // "150 ns", "12" in the unit that the file has, or a word
};

// `name`: of a built-in machine, or a path, which has a slash or ends in ".json"; with ":die" or
// another level behind it, one of its parts. Throws
// Error(kInput) for what is wrong in a file, with file, path in it and value; Error(kConfig) for a
// name that there is not, and for changes that cannot be made.
Machine load_machine(const std::string& name, const std::vector<Change>& changes = {});

// The same of a text, whose parts are built-in ones or written inside.
Machine parse_machine(std::string_view text, const std::string& file);

// The file that load_machine(name) reads first; "" for a built-in machine.
std::string machine_file(const std::string& name);

// Each a "NAME=VALUE" as on the command line. Throws Error(kConfig).
std::vector<Change> parse_changes(const std::vector<std::string>& texts);

std::vector<std::string> built_in_machines();  // "booksim_mesh", "d1_die", ... by name

}  // namespace dojo::machine
