// The passes of the host executor by name, in the order in which they work: for people who want to
// see what one of them makes (pass_text.h) or to run a step without it. Help texts and
// docs/architecture.md are made of this table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/host/executor.h"

namespace dojo {

struct HostPass {
  std::string_view name, summary;
  bool HostOptions::*option;  // nullptr: there is no step without it
};

std::span<const HostPass> host_passes();

// "fold, fuse, ...": those that a step can do without, or all.
std::string host_pass_names(bool all);

// Throws Error(kConfig) that names `where` and lists the names, for a name that there is not.
const HostPass& host_pass(std::string_view name, const std::string& where);

// Switches passes off. Throws Error(kConfig) as above, also for one that a step needs.
void leave_out(const std::vector<std::string>& names, HostOptions* options,
               const std::string& where = "--without");

// The table of docs/architecture.md.
std::string host_passes_markdown();

}  // namespace dojo
