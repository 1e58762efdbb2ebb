// A plain driver for a fuzz entry, for compilers without libFuzzer: runs it on each seed file and
// on ITERATIONS mutations of them, the same ones each time.
//
//   PROGRAM ITERATIONS FOLDER_OF_SEEDS
//
// A mutation flips, deletes, repeats or copies pieces, or puts in numbers that like to overflow.
// An input that crashes is left in "crash.bin" in the working directory.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "dojo/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

std::string mutate(std::string text, const std::vector<std::string>& seeds, dojo::Random& random) {
  static const char* const kPieces[] = {"0",          "-1",    "1",       "9223372036854775807",
                                        "4294967296", "inf",   "-inf",    "1e308",
                                        "nan",        "%",     "\"",      "[",
                                        "]",          "(",     ")",       ",",
                                        ";",          "=",     "_",       "}",
                                        "{",          "f32[]", "u8[1,1]", "\\x",
                                        "#"};
  for (int64_t n = 1 + random.below(4); n > 0; --n) {
    const auto at = static_cast<size_t>(random.below(std::ssize(text) + 1));
    const auto length = static_cast<size_t>(1 + random.below(random.chance(0.8) ? 8 : 200));
    const std::string& other = seeds[static_cast<size_t>(random.below(std::ssize(seeds)))];
    const auto from = static_cast<size_t>(random.below(std::ssize(other) + 1));
    switch (random.below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length));
        break;
      case 3:
        text.insert(at, other.substr(from, length));
        break;
      case 4:
        text.insert(at, kPieces[random.below(std::ssize(kPieces))]);
        break;
      case 5:  // another number in place of one
        if (const size_t digit = text.find_first_of("0123456789", at); digit != std::string::npos)
          text.replace(digit, 1, kPieces[random.below(8)]);
        break;
    }
  }
  return text;
}

// What runs now, for the handler.
const std::string* g_input = nullptr;

void save_input(int signal) {
  const int file = open("crash.bin", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (write(file, g_input->data(), g_input->size()) < 0) _exit(1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const std::string& input) {
  g_input = &input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s ITERATIONS FOLDER_OF_SEEDS\n", argv[0]);
    return 2;
  }
  for (int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS}) std::signal(signal, save_input);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[2])) files.push_back(entry);
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds;
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    run(seeds.back());
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds in %s\n", argv[2]);
    return 2;
  }
  const int64_t iterations = std::atoll(argv[1]);
  for (int64_t i = 0; i < iterations; ++i) {
    dojo::Random random(0, dojo::stream_id("mutate"), static_cast<uint64_t>(i));
    run(mutate(seeds[static_cast<size_t>(random.below(std::ssize(seeds)))], seeds, random));
  }
  std::printf("%zu seeds and %lld mutations: no crash\n", seeds.size(),
              static_cast<long long>(iterations));
  return 0;
}
