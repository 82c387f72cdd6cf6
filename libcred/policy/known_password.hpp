// A password that many people use, or that the administrator bans, is no password.
#pragma once

#include "policy/characters.hpp"
#include "policy/options.hpp"
#include "policy/rule.hpp"
#include "policy/word_list.hpp"

#include <memory>
#include <vector>

namespace cred::policy {

// Looks in the list that ships, in `banned_words` and in the files of `banned_lists`,
// for the whole password and with Match::core also for what remains of it without
// affixes, leetspeak, separators and repetition, if that has four letters or more.
class KnownPassword final : public Rule {
 public:
  explicit KnownPassword(const Options& options);
  std::string id() const override { return "banned"; }
  std::string requirement() const override;
  std::optional<Violation> judge(const Candidate&, const Context&) const override;

 private:
  const Match match_;
  const WordList words_;
  std::vector<std::unique_ptr<WordListFile>> files_;
};

}  // namespace cred::policy
