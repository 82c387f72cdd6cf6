// A rule asks one question of a candidate password and says what to do about it.
#pragma once

#include "base/secret.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cred::policy {

// A password to be judged; `text` is its normalised form.
class Candidate {
 public:
  explicit Candidate(const Secret& text);
  // The password's code points.
  std::span<const std::int32_t> points() const;
  // The same, case folded and without marks.
  std::span<const std::int32_t> folded() const;

 private:
  Secret points_;
  Secret folded_;
};

// What the rules may know of the account. Views live as long as the caller's data.
struct Context {
  std::string_view login;
  std::string_view full_name;
  const Secret* old_password = nullptr;  // normalised; null: not known
};

struct Verdict {
  std::string rule;                      // stable id
  std::string requirement;               // what the rule asks for
  std::optional<std::string> violation;  // what to do; unset: passed
};

class Rule {
 public:
  Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;
  virtual ~Rule() = default;
  virtual std::string id() const = 0;
  virtual std::string requirement() const = 0;
  // False where the context lacks what the question is about; then it is not asked.
  virtual bool applies(const Context&) const { return true; }
  // A sentence that tells a person what to do, or nothing when the rule is kept.
  // It names no part of the password and no personal datum.
  virtual std::optional<std::string> judge(const Candidate&, const Context&) const = 0;
};

}  // namespace cred::policy
