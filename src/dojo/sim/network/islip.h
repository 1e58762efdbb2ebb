// iSLIP (McKeown 1999) as BookSim2 writes it: each output offers itself to the first asking input
// at or after its pointer; each input takes the first offer at or after its own pointer. Pointers
// move past a pair that was made in the first round, and else stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dojo::sim {

// Slow and obvious: the oracle, and for any size.
class Islip {
 public:
  Islip(int inputs, int outputs, int rounds);

  void ask(int input, int output) { asks_[index(input, output)] = 1; }
  // Matches what was asked for and forgets it. Returns the output of each input, or -1.
  const std::vector<int>& allocate();

 private:
  size_t index(int input, int output) const {
    return static_cast<size_t>(input) * output_pointer_.size() + static_cast<size_t>(output);
  }

  int rounds_;
  std::vector<uint8_t> asks_;  // [input * outputs + output]
  std::vector<int> input_pointer_, output_pointer_;
  std::vector<int> output_of_, input_of_;
};

}  // namespace dojo::sim
