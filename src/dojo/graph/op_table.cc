#include "dojo/graph/op_table.h"

#include "dojo/graph/op.h"

namespace dojo {

std::string ops_markdown() {
  std::string text = "| op | operands; attributes: meaning | gradient |\n|---|---|---|\n";
  for (const OpDef* def : all_ops()) {
    std::string summary;
    for (char c : def->summary) {
      if (c == '|' || c == '*' || c == '<') summary += '\\';
      summary += c;
    }
    text += "| " + std::string(def->name) + " | " + summary + " | " +
            (def->gradient ? "yes" : "no") + " |\n";
  }
  return text;
}

}  // namespace dojo
