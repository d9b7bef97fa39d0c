// The collection as a program, on both machines:
//
//     bugs --list                  the names
//     bugs --device                the machine, as JSON
//     bugs NAME wrong|fixed        runs one of the two kernels. Ends with 0 if the output is right, with 1 if it is
//                                  wrong, with 2 if the emulator has a finding or the GPU an error
//     bugs --record FILE           on the emulator: in how many schedules each wrong kernel is found, as JSON

#include <cstdio>
#include <exception>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "emulator/tests/bugs/collection.h"
#include "gpu/device.h"
#include "gpu/error.h"

namespace {

constexpr int right = 0, wrong_value = 1, stopped = 2, misused = 64;

int run(const bugs::Bug& bug, bool fixed) {
  bugs::Outcome worst;
  gpu::for_each_schedule([&] {
    const bugs::Outcome outcome = bugs::run(fixed ? bug.fixed : bug.wrong);
    if (!outcome.finding.empty()) throw gpu::Error(outcome.message);
    if (worst.wrong.empty()) worst = outcome;
  });
  std::cout << (worst.wrong.empty() ? "the output is right" : worst.wrong) << '\n';
  return worst.wrong.empty() ? right : wrong_value;
}

void print_device() {
  const gpu::Device device = gpu::device();
  std::cout << "{\"gpu\": " << std::quoted(device.name) << ", \"driver\": " << std::quoted(device.driver)
            << ", \"cuda\": " << std::quoted(device.runtime) << "}\n";
}

void record(const std::string& path) {
  const std::string json = bugs::record();
  std::ofstream file(path);
  if (!(file << json).flush()) throw gpu::Error(path + " cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words == std::vector<std::string>{"--list"}) {
      for (const bugs::Bug* const bug : bugs::all()) std::cout << bug->name << '\n';
      return right;
    }
    if (words == std::vector<std::string>{"--device"}) return print_device(), right;
    if (words.size() == 2 && words[0] == "--record") return record(words[1]), right;
    if (words.size() == 2 && (words[1] == "wrong" || words[1] == "fixed")) {
      for (const bugs::Bug* const bug : bugs::all()) {
        if (words[0] == bug->name) return run(*bug, words[1] == "fixed");
      }
    }
  } catch (const std::exception& error) {
    std::cout << error.what() << '\n';
    return stopped;
  }
  std::cerr << "usage: bugs --list | --device | --record FILE | NAME wrong|fixed, NAME being one of --list\n";
  return misused;
}
