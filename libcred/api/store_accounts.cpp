// The public calls on top of the engine.

#include "api/accounts.hpp"

#include <utility>

namespace cred::api {
namespace {

Answer answer_of(Code code, const engine::Standing& standing) {
  Answer answer = accepted();
  answer.code = code;
  answer.due = standing.due;
  answer.warn = standing.warn;
  if (code == Code::accepted) return answer;
  answer.reason = standing.reason;
  answer.message = sentence(code, standing.reason);
  return answer;
}

std::vector<Violation> violations_of(const std::vector<policy::Verdict>& verdicts) {
  std::vector<Violation> list;
  for (const auto* verdict : engine::violations(verdicts))
    list.push_back({verdict->rule, *verdict->violation});
  return list;
}

Answer answer_of(Expected<engine::Change> change) {
  if (!change) return failed(std::move(change).error());
  if (change->code == Code::accepted) return accepted();
  Answer answer = accepted();
  answer.code = change->code;
  answer.reason = change->reason;
  answer.message = sentence(change->code, change->reason);
  answer.violations = violations_of(change->verdicts);
  return answer;
}

Answer answer_of(Expected<void> done) {
  return done ? accepted() : failed(std::move(done).error());
}

std::string source_of(const Origin& origin) {
  return origin.host.empty() ? std::string() : "host " + origin.host;
}

engine::Actor actor_of(const Origin& origin, const std::string& own_name) {
  engine::Actor actor;
  actor.name = origin.actor.empty() ? own_name : origin.actor;
  actor.source = source_of(origin);
  actor.service = origin.service;
  actor.tty = origin.terminal;
  return actor;
}

class StoreAccounts final : public Accounts {
 public:
  explicit StoreAccounts(engine::Realm realm) : realm_(std::move(realm)) {}

  Answer authenticate(const std::string& name, const Secret& password,
                      const Origin& origin) override {
    const std::string source = source_of(origin);
    auto result = realm_.authenticate(name, password, {source, origin.service, origin.terminal});
    return result ? answer_of(result->code, result->standing) : failed(std::move(result).error());
  }

  Answer check(const std::optional<std::string>& name, const Secret& password,
               const Origin&) override {
    auto report = realm_.check(name, nullptr, password, engine::Realm::Depth::history);
    if (!report) return failed(std::move(report).error());
    Answer answer = accepted();
    answer.violations = violations_of(report->verdicts);
    if (answer.violations.empty()) return answer;
    answer.code = Code::refused;
    answer.reason = engine::Reason::policy;
    answer.message = sentence(answer.code, answer.reason);
    return answer;
  }

  Answer enrol(const std::string& name, const Person& person, const Secret& password,
               bool must_change, const Origin& origin) override {
    engine::Profile profile;
    profile.full_name = person.full_name;
    profile.email = person.email;
    profile.birth_date = person.birth_date;
    profile.phone = person.phone;
    return answer_of(realm_.enrol(name, profile, password, must_change, actor_of(origin, {})));
  }

  Answer change(const std::string& name, const Secret& old_password, const Secret& new_password,
                const Origin& origin) override {
    const std::string source = source_of(origin);
    return answer_of(realm_.change(name, old_password, new_password, actor_of(origin, name),
                                   {source, origin.service, origin.terminal}));
  }

  Answer reset(const std::string& name, const Secret& password, bool must_change,
               const Origin& origin) override {
    return answer_of(realm_.reset(name, password, must_change, actor_of(origin, {})));
  }

  Answer expire(const std::string& name, const Origin& origin) override {
    return answer_of(realm_.expire(name, actor_of(origin, {})));
  }

  Answer compromise(const std::string& name, const std::string& reason, bool lock,
                    const Origin& origin) override {
    return answer_of(realm_.compromise(name, reason, lock, actor_of(origin, {})));
  }

  Answer scan(const std::string& name, std::string_view text, const std::string& message,
              const Origin& origin) override {
    const auto scan = realm_.scan(name, text, message, actor_of(origin, {}));
    if (!scan) return failed(scan.error());
    if (!scan->found) return accepted();
    return failed({Code::refused, "the password stands in the message: it has to be changed"});
  }

  Status status(const std::string& name) override {
    Status status;
    auto found = realm_.status(name);
    if (!found) {
      status.answer = failed(std::move(found).error());
      return status;
    }
    status.answer = accepted();
    status.state = found->state;
    status.standing = found->standing;
    status.last_login = found->last_login;
    status.blocked_until = found->blocked_until;
    status.failures = found->failures;
    status.attempts_left = found->attempts_left;
    status.session_epoch = found->session_epoch;
    return status;
  }

  Epoch session_epoch(const std::string& name) override {
    auto found = realm_.session_epoch(name);
    if (!found) return {failed(std::move(found).error()), 0};
    return {accepted(), *found};
  }

 private:
  engine::Realm realm_;
};

}  // namespace

std::unique_ptr<Accounts> store_accounts(engine::Realm realm) {
  return std::make_unique<StoreAccounts>(std::move(realm));
}

}  // namespace cred::api
