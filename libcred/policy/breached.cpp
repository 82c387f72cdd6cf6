#include "policy/breached.hpp"

#include "base/translate.hpp"

namespace cred::policy {

Expected<bool> is_breached(BreachFile& file, const Secret& normalised) {
  const auto prefix = breach_prefix(normalised);
  if (!prefix) return tl::make_unexpected(prefix.error());
  const auto corpus = file.current();
  if (!corpus) return tl::make_unexpected(corpus.error());
  return (*corpus)->contains(*prefix);
}

std::string Breached::requirement() const {
  return tr("Not among the passwords that leaks have made public");
}

std::optional<Violation> Breached::judge(const Candidate& candidate, const Context&) const {
  if (!value_or_throw(is_breached(*file_, candidate.text()))) return std::nullopt;
  return Violation{
      tr("it is publicly known from a leak of other people's passwords: choose another one"), {}};
}

}  // namespace cred::policy
