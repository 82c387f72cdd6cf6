// A root key's passphrase or PIN: from the terminal, or from standard input.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <map>
#include <optional>
#include <string>

namespace cred::cli {

class RootSecrets {
 public:
  // From now on lines of standard input are the answers, the first to what is asked first.
  // It is read at once, before a command reads a password from there. Errors: usage.
  Expected<void> take_first_line();
  bool can_ask() const;
  // What was asked for before has its answer still; a new passphrase is typed twice, but
  // stands in one line. Errors: usage (no terminal, interrupted, no line).
  Expected<Secret> answer(const std::string& prompt);

 private:
  Expected<Secret> next_line();
  bool from_stdin_ = false;
  std::optional<Secret> first_line_;
  std::string last_prompt_;
  std::map<std::string, Secret> answers_;
};

}  // namespace cred::cli
