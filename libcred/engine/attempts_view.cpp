// What an administrator sees, and forgets, of failed attempts.

#include "engine/realm_parts.hpp"

namespace cred::engine {
namespace {

constexpr std::size_t most_shown = 10'000;

FailedAttempts shown(const Realm::Parts& parts, const store::Counter& counter) {
  const auto label = parts.open_label(counter);
  const auto& attempts = counter.attempts;
  FailedAttempts failed;
  failed.account = label.name;
  failed.source = label.source;
  failed.by_source = attempts.name.has_value();
  failed.failures = attempts.failures;
  failed.last_failure = attempts.last_failure;
  if (attempts.blocked_until > parts.clock->now()) failed.blocked_until = attempts.blocked_until;
  return failed;
}

}  // namespace

Expected<std::vector<FailedAttempts>> Realm::failed_attempts(std::optional<std::string_view> name) {
  return at_the_door([&]() -> Expected<std::vector<FailedAttempts>> {
    const auto transaction = parts_->store->begin(store::Access::read);
    std::vector<store::Counter> counters;
    if (name) {
      if (!transaction->find(*name))
        return fail(Code::not_found, "there is no account '" + std::string(*name) + "'");
      const auto subject = parts_->vault()->subject(*name);
      counters = transaction->sources_of(subject);
      counters.insert(counters.begin(), {subject, transaction->attempts(subject)});
    } else {
      counters = transaction->failing(most_shown);
    }
    std::vector<FailedAttempts> all;
    for (const auto& counter : counters) {
      if (counter.attempts.failures == 0) continue;
      all.push_back(shown(*parts_, counter));
      if (name) all.back().account = *name;
    }
    return all;
  });
}

Expected<void> Realm::forget_attempts(std::string_view name, const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    const auto account = parts_->find(name);
    if (!account) return fail(Code::not_found, "there is no account '" + std::string(name) + "'");
    parts_->attempts(name).forget();
    parts_->note(account->row.id, name, audit::Event::attempts_cleared, actor, {});
    return {};
  });
}

Expected<void> Realm::forget_attempts_from(const std::string& source, const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    {
      const auto transaction = parts_->store->begin(store::Access::write);
      const auto subject = parts_->source_subject(source);
      transaction->hold(std::span(&subject, 1));
      if (transaction->attempts(subject).failures == 0)
        return fail(Code::not_found, "no failures are counted from '" + source + "'");
      transaction->set_attempts(subject, {});
      transaction->commit();
    }
    parts_->note({}, {}, audit::Event::attempts_cleared, actor, source);
    return {};
  });
}

}  // namespace cred::engine
