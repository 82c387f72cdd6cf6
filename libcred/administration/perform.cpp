#include "administration/command.hpp"
#include "administration/people.hpp"
#include "administration/sieve.hpp"
#include "administration/views.hpp"
#include "audit/checkpoint.hpp"
#include "base/hexadecimal.hpp"
#include "engine/units.hpp"

#include <algorithm>
#include <initializer_list>

namespace cred::administration {
namespace {

using engine::Operation;

// The arguments of a command, which may be anybody's bytes.
class Arguments {
 public:
  // Throws Failure (usage) for a key that is none of these, or that comes twice and is not
  // "attribute".
  Arguments(const Command& command, std::initializer_list<const char*> keys) : command_(command) {
    const auto& all = command.arguments;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string& key = all[i].first;
      const auto first =
          std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.first == key; });
      const bool known =
          std::any_of(keys.begin(), keys.end(), [&](const char* right) { return key == right; });
      if (!known || (key != "attribute" && first != all.begin() + static_cast<std::ptrdiff_t>(i)))
        throw Failure(Code::usage, std::string("'") + word(command.operation) +
                                       "' does not take this argument, or takes it once");
    }
  }

  bool has(const char* key) const { return find(key) != nullptr; }
  std::string text(const char* key) const {
    const auto* found = find(key);
    return found == nullptr ? std::string() : *found;
  }
  // Throws Failure (usage).
  std::string required(const char* key) const {
    const auto* found = find(key);
    if (found == nullptr || found->empty())
      throw Failure(Code::usage,
                    std::string("'") + word(command_.operation) + "' needs its " + key);
    return *found;
  }
  // Of "attribute", as name and value. Throws Failure (usage).
  std::vector<std::pair<std::string, std::string>> attributes() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [key, value] : command_.arguments) {
      if (key != "attribute") continue;
      const auto equals = value.find('=');
      if (equals == std::string::npos || equals == 0)
        throw Failure(Code::usage, "--attribute takes KEY=VALUE");
      all.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    }
    return all;
  }

 private:
  const std::string* find(const char* key) const {
    for (const auto& [known, value] : command_.arguments)
      if (known == key) return &value;
    return nullptr;
  }
  const Command& command_;
};

Outcome refused(const std::string& what, const std::vector<policy::Verdict>& verdicts) {
  return {
      Code::refused,
      {{"message", what + ": the password was refused"}, {"violations", violations_json(verdicts)}},
      {}};
}

// What a call of the engine gave, or its error thrown.
template <typename Value>
Value got(Expected<Value> result) {
  return value_or_throw(std::move(result));
}

Outcome nobody_reads() {
  return Outcome::failed({Code::unavailable, "nobody took the rest of the answer"});
}

Outcome list(engine::Realm& realm, const Row& row) {
  bool wanted = true;
  got(realm.list([&](const engine::Status& status) {
    wanted = row(json_of(status));
    return wanted;
  }));
  return wanted ? Outcome{} : nobody_reads();
}

Outcome show(engine::Realm& realm, const Command& command) {
  const Arguments arguments(command, {"account"});
  const auto status = got(realm.status(arguments.required("account")));
  Outcome outcome{Code::accepted, json_of(status), {}};
  if (command.operation == Operation::user_show) {
    outcome.details["profile"] = json_of(status.profile);
    outcome.details["hash"] = json_of(status.parameters);
    outcome.details["hash"]["algorithm"] = "argon2id";
    outcome.details["hash"]["wrapped"] = text_or_null(status.wrapped);
  }
  return outcome;
}

Outcome failed_attempts(engine::Realm& realm, const Command& command, const Row& row) {
  const Arguments arguments(command, {"account"});
  const std::string account = arguments.text("account");
  for (const auto& counter : got(realm.failed_attempts(
           account.empty() ? std::nullopt : std::optional<std::string_view>(account))))
    if (!row(json_of(counter))) return nobody_reads();
  return {};
}

Outcome clear_attempts(const Desk& desk, engine::Realm& realm, const Command& command) {
  const Arguments arguments(command, {"account", "source"});
  const std::string account = arguments.text("account");
  const std::string source = arguments.text("source");
  if (account.empty() == source.empty())
    return Outcome::failed({Code::usage, "give an account, or --source"});
  got(account.empty() ? realm.forget_attempts_from(source, desk.actor)
                      : realm.forget_attempts(account, desk.actor));
  return {Code::accepted,
          account.empty() ? nlohmann::json{{"source", source}}
                          : nlohmann::json{{"account", account}},
          {}};
}

// The one that was given, or one that is made here; it is to be changed unless root set it.
struct NewPassword {
  Secret made{};
  const Secret* it = nullptr;
  bool must_change = true;
};

NewPassword new_password(const Desk& desk, engine::Realm& realm, const Arguments& arguments,
                         const std::string& account, const engine::Profile& profile,
                         const Secret* given) {
  NewPassword password;
  const bool generate = arguments.has("generate");
  if (generate)
    password.made = got(realm.generate(account, profile));
  else if (given == nullptr)
    throw Failure(Code::usage, "there is no password");
  password.it = generate ? &password.made : given;
  password.must_change = !desk.holds_key || generate || arguments.has("must_change");
  return password;
}

Outcome reset(const Desk& desk, engine::Realm& realm, const Command& command, const Secret* given) {
  const Arguments arguments(command, {"account", "must_change", "generate"});
  const std::string account = arguments.required("account");
  const auto status = got(realm.status(account));
  auto password = new_password(desk, realm, arguments, account, status.profile, given);
  const auto changed = got(realm.reset(account, *password.it, password.must_change, desk.actor));
  if (changed.code == Code::refused)
    return refused("the password of " + account + " is unchanged", changed.verdicts);
  return {Code::accepted,
          {{"account", account}, {"must_change", password.must_change}},
          std::move(password.made)};
}

Outcome add(const Desk& desk, engine::Realm& realm, const Command& command, const Secret* given) {
  const Arguments arguments(command, {"account", "full_name", "email", "birth_date", "phone",
                                      "attribute", "must_change", "generate"});
  const std::string account = arguments.required("account");
  got(engine::check_name(account));
  engine::Profile profile;
  profile.full_name = arguments.text("full_name");
  profile.email = arguments.text("email");
  profile.birth_date = arguments.text("birth_date");
  profile.phone = arguments.text("phone");
  for (const auto& [key, value] : arguments.attributes()) profile.attributes[key] = value;
  auto password = new_password(desk, realm, arguments, account, profile, given);
  const auto added =
      got(realm.enrol(account, profile, *password.it, password.must_change, desk.actor));
  if (added.code == Code::refused) return refused(account + " was not added", added.verdicts);
  return {Code::accepted, {{"account", account}}, std::move(password.made)};
}

void alter(const Arguments& a, engine::Profile& profile) {
  const auto one = [&](const char* key, std::string& text) {
    if (a.has(key)) text = a.text(key);
  };
  one("full_name", profile.full_name);
  one("email", profile.email);
  one("birth_date", profile.birth_date);
  one("phone", profile.phone);
  for (const auto& [key, value] : a.attributes())
    if (value.empty())
      profile.attributes.erase(key);
    else
      profile.attributes[key] = value;
}

Outcome set(const Desk& desk, engine::Realm& realm, const Command& command) {
  const Arguments a(command, {"account", "full_name", "email", "birth_date", "phone", "attribute",
                              "exempt_until", "no_exemption", "reason"});
  const std::string account = a.required("account");
  const bool exempts = a.has("exempt_until") || a.has("no_exemption");
  const bool alters = a.has("full_name") || a.has("email") || a.has("birth_date") ||
                      a.has("phone") || a.has("attribute");
  if (!alters && !exempts)
    return Outcome::failed({Code::usage, "nothing to set; see credctl user set --help"});
  (void)a.attributes();
  Time until{};
  if (a.has("exempt_until")) {
    const auto day = engine::parse_date(a.text("exempt_until"));
    if (!day)
      return Outcome::failed({Code::usage, "--exempt-until takes a date written YYYY-MM-DD"});
    until = *day + std::chrono::days(1);  // the day itself is still exempt
    if (until <= SystemClock().now())
      return Outcome::failed(
          {Code::usage, "--exempt-until is in the past; --no-exemption ends one"});
  }
  if (exempts) got(realm.exempt(account, until, a.text("reason"), desk.actor));
  if (alters)
    got(realm.set_profile(
        account, [&](engine::Profile& profile) { alter(a, profile); }, desk.actor));
  return {Code::accepted, {{"account", account}}, {}};
}

Outcome set_state(const Desk& desk, engine::Realm& realm, const Command& command,
                  engine::State from, engine::State to) {
  const std::string account = Arguments(command, {"account"}).required("account");
  got(realm.set_state(account, from, to, desk.actor));
  return {Code::accepted, {{"account", account}}, {}};
}

Outcome expire(const Desk& desk, engine::Realm& realm, const Command& command) {
  const std::string account = Arguments(command, {"account"}).required("account");
  got(realm.expire(account, desk.actor));
  return {Code::accepted, {{"account", account}}, {}};
}

Outcome compromise(const Desk& desk, engine::Realm& realm, const Command& command) {
  const Arguments arguments(command, {"account", "reason", "lock", "dry_run"});
  const std::string account = arguments.required("account");
  const engine::Suspicion suspicion{arguments.text("reason"), arguments.has("lock"),
                                    arguments.has("dry_run")};
  const auto marked = got(realm.compromise_list({account}, suspicion, false, desk.actor));
  if (!marked.unknown.empty())
    return Outcome::failed({Code::not_found, "there is no account '" + account + "'"});
  if (suspicion.dry_run)
    return {Code::accepted,
            {{"dry_run", true},
             {"count", marked.accounts.size()},
             {"accounts", marked.accounts},
             {"unknown", marked.unknown}},
            {}};
  return {Code::accepted, {{"account", account}, {"locked", suspicion.lock}}, {}};
}

Outcome show_trail(engine::Realm& realm, const Command& command, const Row& row) {
  const Arguments a(command, {"since", "until", "account", "event", "outcome"});
  const auto sieve = got(Sieve::of(
      {a.text("since"), a.text("until"), a.text("account"), a.text("event"), a.text("outcome")}));
  bool wanted = true;
  got(realm.trail(0, [&](const engine::TrailEntry& entry) {
    if (!sieve.passes(entry)) return true;
    auto object = json_of(entry);
    if (command.operation == Operation::audit_export) {
      // For formats that tell more of the time.
      object["milliseconds"] = entry.time.time_since_epoch().count();
      object["mac"] = hexadecimal(entry.mac);
    }
    wanted = row(object);
    return wanted;
  }));
  return wanted ? Outcome{} : nobody_reads();
}

Outcome verify_trail(const Desk& desk, engine::Realm& realm, const Command& command) {
  const Arguments arguments(command, {"fingerprint"});
  std::optional<audit::PublicKey> noted;
  if (const auto text = arguments.text("fingerprint"); !text.empty())
    noted = got(audit::parse_fingerprint(text));
  const auto check = got(realm.verify_trail(desk.progress));
  Outcome outcome;
  outcome.details = {{"records", check.records},
                     {"pruned", check.pruned},
                     {"fingerprint", check.fingerprint},
                     {"first_bad", check.first_bad ? nlohmann::json(*check.first_bad) : nullptr}};
  const auto bad = [&](const std::string& message) {
    outcome.code = Code::integrity;
    outcome.details["message"] = message;
  };
  const std::string trail = "the trail of realm " + desk.realm;
  if (check.first_bad)
    bad(trail + " is whole up to record " + std::to_string(check.pruned + check.records) +
        "; the first bad one is " + std::to_string(*check.first_bad) + ": " + check.why);
  else if (noted && audit::fingerprint(*noted) != check.fingerprint)
    bad(trail +
        " begins with another key than the one that was written down: its "
        "fingerprint is " +
        check.fingerprint);
  return outcome;
}

Outcome erase(const Desk& desk, engine::Realm& realm, const Command& command) {
  const std::string account = Arguments(command, {"account"}).required("account");
  const auto erased = got(realm.erase(account, desk.actor));
  return {Code::accepted,
          {{"id", to_string(erased.account)},
           {"records_emptied", erased.bodies},
           {"records_kept", erased.kept}},
          {}};
}

Outcome export_person(const Desk& desk, engine::Realm& realm, const Command& command) {
  const std::string account = Arguments(command, {"account"}).required("account");
  return {Code::accepted, json_of(got(realm.export_person(account, desk.actor)), desk.realm), {}};
}

Outcome list_grants(engine::Realm& realm, const Row& row) {
  for (const auto& grant : got(realm.grants()))
    if (!row(json_of(grant))) return nobody_reads();
  return {};
}

Outcome add_grant(const Desk& desk, engine::Realm& realm, const Command& command) {
  const Arguments arguments(command, {"holder", "role", "for", "reason"});
  const std::string holder = arguments.required("holder");
  const auto role = got(engine::parse_role(arguments.required("role")));
  const auto time = engine::parse_duration(arguments.required("for"));
  if (!time) return Outcome::failed({Code::usage, "--for takes a time with its unit, such as 2h"});
  if (engine::is_holder(holder) && !is_there(holder))
    return Outcome::failed({Code::not_found, holder.starts_with('@')
                                                 ? "there is no group '" + holder.substr(1) + "'"
                                                 : "there is no user '" + holder + "'"});
  return {Code::accepted,
          json_of(got(realm.add_grant(holder, role, *time, arguments.text("reason"), desk.actor,
                                      desk.latest_end))),
          {}};
}

Outcome remove_grants(const Desk& desk, engine::Realm& realm, const Command& command) {
  const std::string holder = Arguments(command, {"holder"}).required("holder");
  const auto removed = got(realm.remove_grants(holder, desk.actor));
  return {Code::accepted, {{"holder", holder}, {"removed", removed}}, {}};
}

Outcome dispatch(const Desk& desk, engine::Realm& realm, const Command& command,
                 const Secret* password, const Row& row) {
  using engine::State;
  switch (command.operation) {
    case Operation::user_list: return list(realm, row);
    case Operation::user_show:
    case Operation::status: return show(realm, command);
    case Operation::attempts_show: return failed_attempts(realm, command, row);
    case Operation::realm_show: return {Code::accepted, json_of(got(realm.realm_status())), {}};
    case Operation::passwd: return reset(desk, realm, command, password);
    case Operation::user_unlock:
      return set_state(desk, realm, command, State::locked, State::active);
    case Operation::attempts_clear: return clear_attempts(desk, realm, command);
    case Operation::user_add: return add(desk, realm, command, password);
    case Operation::user_set: return set(desk, realm, command);
    case Operation::user_lock: return set_state(desk, realm, command, State::active, State::locked);
    case Operation::user_disable:
      return set_state(desk, realm, command, State::active, State::disabled);
    case Operation::user_enable:
      return set_state(desk, realm, command, State::disabled, State::active);
    case Operation::expire: return expire(desk, realm, command);
    case Operation::compromise: return compromise(desk, realm, command);
    case Operation::audit_show:
    case Operation::audit_export: return show_trail(realm, command, row);
    case Operation::audit_verify: return verify_trail(desk, realm, command);
    case Operation::user_erase: return erase(desk, realm, command);
    case Operation::user_export: return export_person(desk, realm, command);
    case Operation::grant_list: return list_grants(realm, row);
    case Operation::grant_add: return add_grant(desk, realm, command);
    case Operation::grant_remove: return remove_grants(desk, realm, command);
    case Operation::realm_suspend:
      got(realm.suspend(Arguments(command, {"reason"}).text("reason"), desk.actor));
      return {Code::accepted, {{"realm", desk.realm}}, {}};
    case Operation::realm_resume:
      got(realm.resume(desk.actor));
      return {Code::accepted, {{"realm", desk.realm}}, {}};
  }
  return Outcome::failed({Code::internal, "an operation that nobody performs"});
}

}  // namespace

std::string_view Command::argument(std::string_view key) const {
  for (const auto& [known, value] : arguments)
    if (known == key) return value;
  return {};
}

std::string_view rows_of(Operation operation) noexcept {
  switch (operation) {
    case Operation::user_list: return "accounts";
    case Operation::attempts_show: return "attempts";
    case Operation::audit_show:
    case Operation::audit_export: return "records";
    case Operation::grant_list: return "grants";
    default: return {};
  }
}

Outcome perform(const Desk& desk, const Command& command, const Secret* password, const Row& row) {
  try {
    auto realm = got(desk.engine.realm(desk.realm));
    return dispatch(desk, realm, command, password, row);
  } catch (const Failure& failure) {
    return Outcome::failed(failure.error());
  }
}

}  // namespace cred::administration
