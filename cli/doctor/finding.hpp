// What is wrong with an installation, and the command that mends it.
#pragma once

#include "base/code.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cred::doctor {

enum class Severity : std::uint8_t {
  error,    // somebody gets in who must not, or nobody, or data is or will be lost
  warning,  // it works today
  note,     // to be known; nothing is wrong
};

constexpr const char* word(Severity severity) noexcept {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::note: break;
  }
  return "note";
}

struct Finding {
  std::string check;  // "permissions", "pam"
  Severity severity = Severity::error;
  std::string message;  // what is wrong, and where
  std::string mend;     // a command, or what to do by hand
  // integrity: something was altered or put back. Nothing else is told apart.
  Code code = Code::refused;
};

// The findings of one subject.
class Report {
 public:
  Report(std::vector<Finding>& findings, std::string check)
      : findings_(findings), check_(std::move(check)) {}

  void error(std::string message, std::string mend, Code code = Code::refused) {
    add(Severity::error, std::move(message), std::move(mend), code);
  }
  void warning(std::string message, std::string mend) {
    add(Severity::warning, std::move(message), std::move(mend), Code::refused);
  }
  void note(std::string message, std::string mend) {
    add(Severity::note, std::move(message), std::move(mend), Code::refused);
  }

 private:
  void add(Severity severity, std::string message, std::string mend, Code code) {
    findings_.push_back({check_, severity, std::move(message), std::move(mend),
                         code == Code::integrity ? code : Code::refused});
  }
  std::vector<Finding>& findings_;
  const std::string check_;
};

}  // namespace cred::doctor
