// A rule asks one question of a candidate password and says what to do about it.
#pragma once

#include "base/secret.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cred::policy {

// A password to be judged; `text` is its normalised form.
class Candidate {
 public:
  explicit Candidate(const Secret& text);
  // UTF-8, as normalised. The candidate must not outlive what it was made of.
  const Secret& text() const { return *text_; }
  // The password's code points.
  std::span<const std::int32_t> points() const;
  // The same, case folded and without marks.
  std::span<const std::int32_t> folded() const;

 private:
  const Secret* text_;
  Secret points_;
  Secret folded_;
};

// What the rules may know of the account. Views live as long as the caller's data.
struct Context {
  std::string_view login;
  std::string_view full_name;
  const Secret* old_password = nullptr;  // normalised; null: not known
  std::string_view email{};
  std::string_view phone{};
  std::string_view birth_date{};               // YYYY-MM-DD
  std::vector<std::string_view> attributes{};  // values of the profile's free attributes
  std::string_view host{};                     // this machine's name
  std::string_view realm{};
};

// What a message speaks of, for programs: {"least", "8"}. Never a part of the
// password nor a personal datum.
using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Violation {
  std::string sentence;  // what to do, in the user's language
  Parameters parameters{};
};

struct Verdict {
  std::string rule;                        // stable id
  std::string requirement;                 // what the rule asks for, in the user's language
  std::optional<std::string> violation{};  // what to do; unset: passed
  Parameters parameters{};                 // of the violation
};

// Rules are asked from several threads at once.
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
  // It names no part of the password and no personal datum. Throws Failure when a
  // file that the rule needs cannot be used; the message names the file.
  virtual std::optional<Violation> judge(const Candidate&, const Context&) const = 0;
};

}  // namespace cred::policy
