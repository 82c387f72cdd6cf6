// An environment variable that is set, or missing, while this lives.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace cred::test {

class Environment {
 public:
  // A null value removes the variable.
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }

 private:
  void set(const char* value) const {
    if (value == nullptr)
      (void)unsetenv(name_);
    else
      (void)setenv(name_, value, 1);
  }
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace cred::test
