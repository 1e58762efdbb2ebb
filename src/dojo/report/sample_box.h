// Pictures of held-out clips in the report: a box for each clip, its pictures side by side.
#pragma once

#include <string>
#include <vector>

#include "dojo/report/run_data.h"

namespace dojo::report {

// One of a sample's pictures, where it has it.
struct Picture {
  const char* kind;   // of Sample::images
  const char* label;  // in words
  std::string note;   // behind the label in the caption
};

// `title` is HTML. Of the kinds "truth" and "prediction" the page's script makes a flicker.
std::string sample_box(const Sample& sample, const std::string& title,
                       const std::vector<Picture>& pictures);

// The boxes of all samples, some of them only after a click.
std::string folded_samples(const RunData& run, std::string (*box)(const Sample&));

}  // namespace dojo::report
