// Setting a password: enrolment, the owner's change, an administrator's reset.

#include "engine/realm_parts.hpp"
#include "engine/units.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

// How long a password opens an account that an administrator set for one login.
constexpr auto one_time_validity = std::chrono::hours(72);

Change refusal(Code code, Reason reason) { return {code, reason, {}}; }

void remember(const Realm::Parts& parts, History& history, const Secret& password,
              std::vector<policy::Verdict>& verdicts, hash::Verifier* verifier) {
  const auto memory = parts.remember(history, password, verifier);
  const auto& options = parts.policy.options();
  if (options.history == 0 && !memory.barred) return;
  verdicts.push_back(policy::history_verdict(memory.used_before));
  if (options.history_similar || memory.barred)
    verdicts.push_back(policy::similar_verdict(memory.similar && !memory.used_before));
}

void refuse_without_data(const Realm::Parts& parts, const policy::Report& report) {
  if (report.data_failures.empty() ||
      parts.policy.options().on_data_failure == policy::OnDataFailure::accept)
    return;
  const Error& first = report.data_failures.front();
  throw Failure(first.code, first.message);
}

// Judges, then looks into the history, which costs hashes: only for a password that keeps
// the other rules. On acceptance its tag is in `history`, and `verifier` is its own.
policy::Report judge(const Realm::Parts& parts, const Secret& password,
                     const policy::Context& context, History& history, hash::Verifier& verifier) {
  auto report = parts.policy.judge(password, context);
  if (!report.refused()) remember(parts, history, password, report.verdicts, &verifier);
  return report;
}

// What the trail says of lists and corpora that cannot be used; as configured, no
// password is set then.
void answer_for(const Realm::Parts& parts, const policy::Report& report, const Uuid& account,
                std::string_view name, const Actor& actor) {
  for (const auto& failure : report.data_failures)
    parts.note(account, name, audit::Event::data_unusable, actor, failure.message);
  refuse_without_data(parts, report);
}

// The history does not know the password that another system hashed. The owner tells it;
// where an administrator sets a new one, the hash is kept to know it by.
void remember_foreign(const Realm::Parts& parts, const Account& account, History& history,
                      const Secret* old_password) {
  const auto& verifier = account.credential.verifier;
  if (verifier.recipe.empty()) return;
  if (old_password != nullptr) {
    (void)parts.remember(history, *old_password, nullptr);
    return;
  }
  std::uint32_t newest = 0;
  for (const auto& group : history)
    for (const auto& tag : group.tags) newest = std::max(newest, tag.number);
  history.push_back(group_of(verifier, newest + 1));
}

Expected<Change> write(const Realm::Parts& parts, const Account& account, const Secret& password,
                       const policy::Context& context, Credential next, audit::Event event,
                       const Actor& actor) {
  History history = parts.history(account);
  remember_foreign(parts, account, history, context.old_password);
  if (account.compromised()) parts.bar_newest(history, context.old_password);
  auto report = judge(parts, password, context, history, next.verifier);
  answer_for(parts, report, account.row.id, account.row.name, actor);
  if (report.refused()) {
    auto refused = parts.event(audit::word(event), Code::refused, account.row.name);
    refused.actor = actor.name;
    refused.reason = word(Reason::policy);
    parts.tell(refused);
    return Change{Code::refused, Reason::policy, std::move(report.verdicts)};
  }
  next.set_at = parts.clock->now();
  if (!parts.replace(account, next, history, event, actor))
    return fail(Code::conflict, "the account was changed meanwhile; nothing was changed here");
  return Change{Code::accepted, Reason::none, std::move(report.verdicts)};
}

bool plain(const std::string& text) {
  return text.size() <= max_profile_text &&
         (text.empty() || policy::normalise(Secret::copy_of(text.data(), text.size())).has_value());
}

}  // namespace

Expected<void> check_profile(const Profile& p) {
  const bool texts = plain(p.full_name) && plain(p.email) && plain(p.phone) &&
                     std::all_of(p.attributes.begin(), p.attributes.end(), [](const auto& a) {
                       return !a.first.empty() && plain(a.first) && plain(a.second);
                     });
  if (!texts || p.attributes.size() > max_attributes)
    return fail(Code::usage,
                "a profile takes UTF-8 texts of at most 1,024 bytes without control characters, "
                "and at most 64 attributes");
  if (!p.birth_date.empty() && !parse_date(p.birth_date))
    return fail(Code::usage, "the birth date must be a date written YYYY-MM-DD");
  return {};
}

Expected<Change> Realm::change(std::string_view name, const Secret& old_password,
                               const Secret& new_password, const Actor& actor,
                               const Origin& origin) {
  return at_the_door([&]() -> Expected<Change> {
    auto password = parts_->acceptable_password(new_password);
    if (!password) return tl::make_unexpected(password.error());
    const auto authentication = authenticate(name, old_password, origin);
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
    if (const auto now = parts_->standing(*account); now.code == Code::locked)
      return refusal(Code::locked, now.reason);
    const Profile profile = parts_->profile(*account);
    const auto old = policy::normalise(old_password);
    const auto context = parts_->context(account->row.name, profile, old ? &*old : nullptr);
    Credential next = account->credential;
    next.demand = Demand::none;
    next.set_by_owner = true;
    next.one_time_until = {};
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
    const auto context = parts_->context(account->row.name, profile, nullptr);
    Credential next = account->credential;
    next.demand = must_change ? Demand::forced : Demand::none;
    next.set_by_owner = false;
    ++next.session_epoch;
    next.one_time_until = must_change ? parts_->clock->now() + one_time_validity : Time{};
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
    Credential credential;
    auto report = judge(*parts_, *password, parts_->context(name, profile, nullptr), history,
                        credential.verifier);
    answer_for(*parts_, report, Uuid{}, name, actor);
    if (report.refused()) return Change{Code::refused, Reason::policy, std::move(report.verdicts)};
    credential.set_at = parts_->clock->now();
    credential.demand = must_change ? Demand::forced : Demand::none;
    if (must_change) credential.one_time_until = credential.set_at + one_time_validity;
    Profile dated = profile;
    dated.created_at = credential.set_at;
    if (!parts_->insert(name, credential, dated, history, actor)) return exists();
    return Change{Code::accepted, Reason::none, std::move(report.verdicts)};
  });
}

Expected<Change> Realm::enrol_known(std::string_view name, const Profile& profile,
                                    const Secret& known, const Actor& actor) {
  return at_the_door([&]() -> Expected<Change> {
    if (auto named = check_name(name); !named) return tl::make_unexpected(named.error());
    if (auto right = check_profile(profile); !right) return tl::make_unexpected(right.error());
    auto password = parts_->acceptable_password(known);
    if (!password) return tl::make_unexpected(password.error());
    const auto exists = [&] {
      return fail(Code::conflict, "there is an account of that name already");
    };
    // Before anything costly: this is asked at each login.
    if (parts_->store->begin(store::Access::read)->find(name)) return exists();

    const auto report = parts_->policy.judge(*password, parts_->context(name, profile, nullptr));
    for (const auto& failure : report.data_failures)
      parts_->note({}, name, audit::Event::data_unusable, actor, failure.message);
    History history;
    Credential credential;
    (void)parts_->remember(history, *password, &credential.verifier);
    credential.set_at = parts_->clock->now();
    credential.set_by_owner = true;
    if (report.refused()) credential.demand = Demand::forced;
    Profile dated = profile;
    dated.created_at = credential.set_at;
    if (!parts_->insert(name, credential, dated, history, actor)) return exists();
    if (!report.refused()) return Change{Code::accepted, Reason::none, report.verdicts};
    return Change{Code::must_change, Reason::policy, report.verdicts};
  });
}

Expected<policy::Report> Realm::check(std::optional<std::string_view> name,
                                      const Secret* old_password, const Secret& password,
                                      Depth depth) {
  return at_the_door([&]() -> Expected<policy::Report> {
    const auto normalised = parts_->acceptable_password(password);
    if (!normalised) return tl::make_unexpected(normalised.error());
    std::optional<Account> account;
    Profile profile;
    if (name) {
      account = parts_->find(*name);
      if (!account) return fail(Code::not_found, "there is no such account");
      profile = parts_->profile(*account);
    }
    std::optional<Secret> old;
    if (old_password != nullptr)
      if (auto normal = policy::normalise(*old_password)) old = std::move(*normal);
    const auto context = parts_->context(name.value_or(""), profile, old ? &*old : nullptr);
    auto report = parts_->policy.judge(*normalised, context);
    refuse_without_data(*parts_, report);
    report.strength = policy::estimate(*normalised, context);
    if (account && depth == Depth::history && parts_->policy.options().history > 0) {
      History history = parts_->history(*account);
      remember(*parts_, history, *normalised, report.verdicts, nullptr);
    }
    return report;
  });
}

Expected<Secret> Realm::generate(std::string_view name, const Profile& profile) {
  return at_the_door([&]() -> Expected<Secret> {
    auto generated = parts_->policy.generate(parts_->context(name, profile, nullptr));
    if (!generated) return tl::make_unexpected(generated.error());
    return std::move(generated->password);
  });
}

}  // namespace cred::engine
