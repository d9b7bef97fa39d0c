#pragma once

#include <stdexcept>
#include <string>

#pragma GCC visibility push(default)

namespace emulator {

/// A broken rule. what() is the whole message; name() is stable and has a page, docs/findings/<name>.md.
class Finding : public std::runtime_error {
 public:
  Finding(std::string name, const std::string& message) : std::runtime_error(message), name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace emulator

#pragma GCC visibility pop
