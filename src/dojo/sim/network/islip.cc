#include "dojo/sim/network/islip.h"

#include <algorithm>

namespace dojo::sim {

Islip::Islip(int inputs, int outputs, int rounds)
    : rounds_(rounds),
      asks_(static_cast<size_t>(inputs) * static_cast<size_t>(outputs)),
      input_pointer_(static_cast<size_t>(inputs)),
      output_pointer_(static_cast<size_t>(outputs)),
      output_of_(static_cast<size_t>(inputs)),
      input_of_(static_cast<size_t>(outputs)) {}

const std::vector<int>& Islip::allocate() {
  const int inputs = static_cast<int>(output_of_.size()),
            outputs = static_cast<int>(input_of_.size());
  std::fill(output_of_.begin(), output_of_.end(), -1);
  std::fill(input_of_.begin(), input_of_.end(), -1);
  for (int round = 0; round < rounds_; ++round) {
    std::vector<int> offered_to(input_of_.size(), -1);
    for (int out = 0; out < outputs; ++out) {
      if (input_of_[static_cast<size_t>(out)] >= 0) continue;
      for (int i = 0; i < inputs; ++i) {
        const int in = (output_pointer_[static_cast<size_t>(out)] + i) % inputs;
        if (!asks_[index(in, out)] || output_of_[static_cast<size_t>(in)] >= 0) continue;
        offered_to[static_cast<size_t>(out)] = in;
        break;
      }
    }
    for (int in = 0; in < inputs; ++in) {
      for (int i = 0; i < outputs; ++i) {
        const int out = (input_pointer_[static_cast<size_t>(in)] + i) % outputs;
        if (offered_to[static_cast<size_t>(out)] != in) continue;
        output_of_[static_cast<size_t>(in)] = out;
        input_of_[static_cast<size_t>(out)] = in;
        if (round == 0) {
          output_pointer_[static_cast<size_t>(out)] = (in + 1) % inputs;
          input_pointer_[static_cast<size_t>(in)] = (out + 1) % outputs;
        }
        break;
      }
    }
  }
  std::fill(asks_.begin(), asks_.end(), 0);
  return output_of_;
}

}  // namespace dojo::sim
