// Setting a password: enrolment, the owner's change, an administrator's reset.

#include "engine/realm_parts.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

Change refusal(Code code, Reason reason) { return {code, reason, {}}; }

bool refused(const std::vector<policy::Verdict>& verdicts) { return !violations(verdicts).empty(); }

// Judges, then looks into the history, which costs a hash: only for a password
// that keeps the other rules. On acceptance its tag is in `history`.
std::vector<policy::Verdict> judge(const Realm::Parts& parts, const Secret& password,
                                   const policy::Context& context, History& history) {
  auto verdicts = parts.policy.judge(password, context).verdicts;
  if (refused(verdicts)) return verdicts;
  const bool used_before = parts.remember(history, password);
  if (parts.policy.options().history > 0) verdicts.push_back(policy::history_verdict(used_before));
  return verdicts;
}

Expected<Change> write(const Realm::Parts& parts, const Account& account, const Secret& password,
                       const policy::Context& context, Credential next, audit::Event event,
                       const Actor& actor) {
  History history = parts.history(account);
  auto verdicts = judge(parts, password, context, history);
  if (refused(verdicts)) return Change{Code::refused, Reason::policy, std::move(verdicts)};
  next.verifier = parts.make_verifier(password);
  next.set_at = parts.clock->now();
  if (!parts.replace(account, next, history, event, actor))
    return fail(Code::conflict, "the account was changed meanwhile; nothing was changed here");
  return Change{Code::accepted, Reason::none, std::move(verdicts)};
}

bool is_date(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (const std::size_t i : {0U, 1U, 2U, 3U, 5U, 6U, 8U, 9U})
    if (text[i] < '0' || text[i] > '9') return false;
  year = std::stoi(text.substr(0, 4));
  month = static_cast<unsigned>(std::stoi(text.substr(5, 2)));
  day = static_cast<unsigned>(std::stoi(text.substr(8, 2)));
  return std::chrono::year_month_day{std::chrono::year(year), std::chrono::month(month),
                                     std::chrono::day(day)}
      .ok();
}

bool plain(const std::string& text) {
  return text.size() <= max_profile_text &&
         (text.empty() || policy::normalise(Secret::copy_of(text.data(), text.size())).has_value());
}

Expected<void> check_profile(const Profile& p) {
  const bool texts = plain(p.full_name) && plain(p.email) && plain(p.phone) &&
                     std::all_of(p.attributes.begin(), p.attributes.end(), [](const auto& a) {
                       return !a.first.empty() && plain(a.first) && plain(a.second);
                     });
  if (!texts || p.attributes.size() > max_attributes)
    return fail(Code::usage,
                "a profile takes UTF-8 texts of at most 1,024 bytes without control characters, "
                "and at most 64 attributes");
  if (!p.birth_date.empty() && !is_date(p.birth_date))
    return fail(Code::usage, "the birth date must be a date written YYYY-MM-DD");
  return {};
}

}  // namespace

Expected<Change> Realm::change(std::string_view name, const Secret& old_password,
                               const Secret& new_password, const Actor& actor) {
  return at_the_door([&]() -> Expected<Change> {
    auto password = parts_->acceptable_password(new_password);
    if (!password) return tl::make_unexpected(password.error());
    const auto authentication = authenticate(name, old_password);
    if (!authentication) return tl::make_unexpected(authentication.error());
    if (authentication->code == Code::refused) return refusal(Code::refused, Reason::old_password);
    if (authentication->code == Code::locked)
      return refusal(Code::locked, authentication->standing.reason);
    if (authentication->standing.too_early) return refusal(Code::refused, Reason::too_early);

    const auto account = parts_->find(name);
    if (!account) return refusal(Code::refused, Reason::old_password);
    // Between the check and this read somebody else may have set another password.
    if (account->credential.set_at != authentication->standing.set_at)
      return fail(Code::conflict, "the account was changed meanwhile; nothing was changed here");
    if (const auto now = parts_->standing(account->credential); now.code == Code::locked)
      return refusal(Code::locked, now.reason);
    const Profile profile = parts_->profile(*account);
    const auto old = policy::normalise(old_password);
    const policy::Context context{account->row.name, profile.full_name, old ? &*old : nullptr};
    Credential next = account->credential;
    next.demand = Demand::none;
    next.set_by_owner = true;
    return write(*parts_, *account, *password, context, next, audit::Event::changed, actor);
  });
}

Expected<Change> Realm::reset(std::string_view name, const Secret& new_password, bool must_change,
                              const Actor& actor) {
  return at_the_door([&]() -> Expected<Change> {
    auto password = parts_->acceptable_password(new_password);
    if (!password) return tl::make_unexpected(password.error());
    const auto account = parts_->find(name);
    if (!account) return fail(Code::not_found, "there is no such account");
    const Profile profile = parts_->profile(*account);
    const policy::Context context{account->row.name, profile.full_name, nullptr};
    Credential next = account->credential;
    next.demand = must_change ? Demand::forced : Demand::none;
    next.set_by_owner = false;
    return write(*parts_, *account, *password, context, next, audit::Event::reset, actor);
  });
}

Expected<Change> Realm::enrol(std::string_view name, const Profile& profile,
                              const Secret& new_password, bool must_change, const Actor& actor) {
  return at_the_door([&]() -> Expected<Change> {
    if (auto named = check_name(name); !named) return tl::make_unexpected(named.error());
    if (auto right = check_profile(profile); !right) return tl::make_unexpected(right.error());
    auto password = parts_->acceptable_password(new_password);
    if (!password) return tl::make_unexpected(password.error());
    const auto exists = [&] {
      return fail(Code::conflict, "there is an account of that name already");
    };
    if (parts_->store->begin(store::Access::read)->find(name)) return exists();

    History history;
    auto verdicts = judge(*parts_, *password, {name, profile.full_name, nullptr}, history);
    if (refused(verdicts)) return Change{Code::refused, Reason::policy, std::move(verdicts)};
    Credential credential;
    credential.verifier = parts_->make_verifier(*password);
    credential.set_at = parts_->clock->now();
    credential.demand = must_change ? Demand::forced : Demand::none;
    Profile dated = profile;
    dated.created_at = credential.set_at;
    if (!parts_->insert(name, credential, dated, history, actor)) return exists();
    return Change{Code::accepted, Reason::none, std::move(verdicts)};
  });
}

Expected<std::vector<policy::Verdict>> Realm::check(std::optional<std::string_view> name,
                                                    const Secret* old_password,
                                                    const Secret& password, Depth depth) {
  return at_the_door([&]() -> Expected<std::vector<policy::Verdict>> {
    const auto normalised = parts_->acceptable_password(password);
    if (!normalised) return tl::make_unexpected(normalised.error());
    policy::Context context;
    std::optional<Account> account;
    Profile profile;
    if (name) {
      account = parts_->find(*name);
      if (!account) return fail(Code::not_found, "there is no such account");
      profile = parts_->profile(*account);
      context.login = *name;
      context.full_name = profile.full_name;
    }
    std::optional<Secret> old;
    if (old_password != nullptr)
      if (auto normal = policy::normalise(*old_password)) old = std::move(*normal);
    context.old_password = old ? &*old : nullptr;
    auto verdicts = parts_->policy.judge(*normalised, context).verdicts;
    if (account && depth == Depth::history && parts_->policy.options().history > 0) {
      History history = parts_->history(*account);
      verdicts.push_back(policy::history_verdict(parts_->remember(history, *normalised)));
    }
    return verdicts;
  });
}

Expected<Secret> Realm::generate(std::string_view name, const Profile& profile) {
  return at_the_door([&]() -> Expected<Secret> {
    return parts_->policy.generate({name, profile.full_name, nullptr});
  });
}

}  // namespace cred::engine
