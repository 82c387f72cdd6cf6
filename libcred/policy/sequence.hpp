// Runs: one character again and again, or neighbours of the alphabet and the keyboard.
#pragma once

#include "policy/rule.hpp"

namespace cred::policy {

// At most `most` times the same character in a row, as it is typed.
class MaxRepeat final : public Rule {
 public:
  explicit MaxRepeat(std::uint32_t most) : most_(most) {}
  std::string id() const override { return "max_repeat"; }
  std::string requirement() const override;
  std::optional<Violation> judge(const Candidate&, const Context&) const override;

 private:
  std::uint32_t most_;
};

// At most `most` neighbours in a row, up or down: of the alphabet (abcd), the digits
// (4321), or a row of letters on an English or German keyboard (qwer, zuio). Case and
// marks are ignored.
class MaxSequence final : public Rule {
 public:
  explicit MaxSequence(std::uint32_t most) : most_(most) {}
  std::string id() const override { return "max_sequence"; }
  std::string requirement() const override;
  std::optional<Violation> judge(const Candidate&, const Context&) const override;

 private:
  std::uint32_t most_;
};

}  // namespace cred::policy
