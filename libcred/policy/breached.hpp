// Rule 4: a password that leaks have made public is no password.
#pragma once

#include "policy/breach_corpus.hpp"
#include "policy/rule.hpp"

namespace cred::policy {

// Looks candidates up in a corpus.
class Breached final : public Rule {
 public:
  explicit Breached(std::shared_ptr<BreachFile> file) : file_(std::move(file)) {}
  std::string id() const override { return "breach"; }
  std::string requirement() const override;
  std::optional<Violation> judge(const Candidate&, const Context&) const override;

 private:
  std::shared_ptr<BreachFile> file_;
};

// Whether a normalised password is in the corpus. Errors: as BreachCorpus.
Expected<bool> is_breached(BreachFile& file, const Secret& normalised);

}  // namespace cred::policy
