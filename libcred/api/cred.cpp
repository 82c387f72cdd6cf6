// The public interface, on top of the engine.

#include "cred/cred.hpp"

#include "engine/engine.hpp"

#include <new>
#include <utility>

namespace cred {

struct Library::Parts {
  Answer answer;
  std::optional<engine::Engine> engine;
};

struct Realm::Parts {
  Answer answer;
  std::optional<engine::Realm> realm;
};

namespace {

Outcome outcome_of(Code code) {
  switch (code) {
    case Code::accepted: return Outcome::accepted;
    case Code::refused: return Outcome::refused;
    case Code::usage: return Outcome::usage;
    case Code::must_change: return Outcome::must_change;
    case Code::locked: return Outcome::locked;
    case Code::not_found: return Outcome::not_found;
    case Code::conflict: return Outcome::conflict;
    case Code::configuration: return Outcome::configuration;
    case Code::unavailable: return Outcome::unavailable;
    case Code::integrity: return Outcome::integrity;
    case Code::internal: break;
  }
  return Outcome::internal;
}

Answer answer_of(const Error& error) { return {outcome_of(error.code), error.message, {}}; }

Answer accepted() { return {Outcome::accepted, {}, {}}; }

std::vector<Violation> violations_of(const std::vector<policy::Verdict>& verdicts) {
  std::vector<Violation> list;
  for (const auto* verdict : engine::violations(verdicts))
    list.push_back({verdict->rule, *verdict->violation});
  return list;
}

const char* sentence(engine::Reason reason) {
  switch (reason) {
    case engine::Reason::none: return "wrong name or password";
    case engine::Reason::expired: return "the password has expired and must be changed";
    case engine::Reason::forced: return "an administrator asks for a new password";
    case engine::Reason::compromised: return "the password may be known to others: change it";
    case engine::Reason::idle:
      return "the account was not used for too long: have its password reset";
    case engine::Reason::grace_over: return "the password expired too long ago: have it reset";
    case engine::Reason::one_time_over:
      return "the password was set for one login, whose time is over: have it reset";
    case engine::Reason::too_early: return "the password was changed too recently";
    case engine::Reason::locked: return "the account is locked";
    case engine::Reason::disabled: return "the account is disabled";
    case engine::Reason::policy: return "the policy refuses the new password";
    case engine::Reason::old_password: return "the current password is wrong";
  }
  return "";
}

Answer answer_of(const Expected<engine::Change>& change) {
  if (!change) return answer_of(change.error());
  if (change->code == Code::accepted) return accepted();
  return {outcome_of(change->code), sentence(change->reason), violations_of(change->verdicts)};
}

Secret secret_of(Password password) {
  Secret secret = Secret::copy_of(password);
  if (!secret.ok()) throw std::bad_alloc();
  return secret;
}

// Runs `work` on the realm, if there is one; nothing is thrown past this.
template <typename Parts, typename Work>
Answer on(const std::unique_ptr<Parts>& parts, Work work) noexcept {
  try {
    return parts->realm ? work(*parts->realm) : parts->answer;
  } catch (const std::bad_alloc&) {
    return {Outcome::unavailable, {}, {}};
  } catch (...) {
    return {Outcome::internal, {}, {}};
  }
}

std::chrono::sys_seconds seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace

Library::Library(std::unique_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}
Library::Library(Library&&) noexcept = default;
Library& Library::operator=(Library&&) noexcept = default;
Library::~Library() = default;
const Answer& Library::answer() const noexcept { return parts_->answer; }

Library Library::open(const std::string& path) {
  auto parts = std::make_unique<Parts>();
  const auto configuration = engine::load_configuration(path);
  auto engine = configuration
                    ? engine::Engine::open(*configuration, std::make_shared<SystemClock>())
                    : Expected<engine::Engine>(tl::make_unexpected(configuration.error()));
  if (engine) parts->engine = std::move(*engine);
  parts->answer = engine ? accepted() : answer_of(engine.error());
  return Library(std::move(parts));
}

Realm Library::realm(std::string_view name) {
  auto parts = std::make_unique<Realm::Parts>();
  parts->answer = parts_->answer;
  if (parts_->engine) {
    auto realm = parts_->engine->realm(name);
    parts->answer = realm ? accepted() : answer_of(realm.error());
    if (realm) parts->realm = std::move(*realm);
  }
  return Realm(std::move(parts));
}

Realm::Realm(std::unique_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}
Realm::Realm(Realm&&) noexcept = default;
Realm& Realm::operator=(Realm&&) noexcept = default;
Realm::~Realm() = default;
const Answer& Realm::answer() const noexcept { return parts_->answer; }

Answer Realm::authenticate(std::string_view name, Password password) noexcept {
  return on(parts_, [&](engine::Realm& realm) -> Answer {
    const auto result = realm.authenticate(name, secret_of(password));
    if (!result) return answer_of(result.error());
    if (result->code == Code::accepted) return accepted();
    return {outcome_of(result->code), sentence(result->standing.reason), {}};
  });
}

Answer Realm::change(std::string_view name, Password old_password, Password new_password) noexcept {
  return on(parts_, [&](engine::Realm& realm) {
    return answer_of(
        realm.change(name, secret_of(old_password), secret_of(new_password), {std::string(name)}));
  });
}

Answer Realm::reset(std::string_view name, Password new_password, bool must_change,
                    std::string_view actor) noexcept {
  return on(parts_, [&](engine::Realm& realm) {
    return answer_of(realm.reset(name, secret_of(new_password), must_change, {std::string(actor)}));
  });
}

Answer Realm::enrol(std::string_view name, const Person& person, Password password,
                    bool must_change, std::string_view actor) noexcept {
  return on(parts_, [&](engine::Realm& realm) {
    engine::Profile profile;
    profile.full_name = person.full_name;
    profile.email = person.email;
    return answer_of(
        realm.enrol(name, profile, secret_of(password), must_change, {std::string(actor)}));
  });
}

Answer Realm::check(std::optional<std::string_view> name, Password password) noexcept {
  return on(parts_, [&](engine::Realm& realm) -> Answer {
    const auto report =
        realm.check(name, nullptr, secret_of(password), engine::Realm::Depth::history);
    if (!report) return answer_of(report.error());
    auto violations = violations_of(report->verdicts);
    if (violations.empty()) return accepted();
    return {Outcome::refused, sentence(engine::Reason::policy), std::move(violations)};
  });
}

Answer Realm::expire(std::string_view name, std::string_view actor) noexcept {
  return on(parts_, [&](engine::Realm& realm) {
    const auto done = realm.expire(name, {std::string(actor)});
    return done ? accepted() : answer_of(done.error());
  });
}

Status Realm::status(std::string_view name) noexcept {
  Status status;
  status.answer = on(parts_, [&](engine::Realm& realm) {
    const auto found = realm.status(name);
    if (!found) return answer_of(found.error());
    status.locked = found->standing.code == Code::locked;
    status.must_change = found->standing.code == Code::must_change;
    status.set = seconds(found->standing.set_at);
    if (found->standing.due) status.due = seconds(*found->standing.due);
    status.attempts_left = found->attempts_left;
    return accepted();
  });
  return status;
}

SessionEpoch Realm::session_epoch(std::string_view name) noexcept {
  SessionEpoch epoch;
  epoch.answer = on(parts_, [&](engine::Realm& realm) {
    const auto found = realm.session_epoch(name);
    if (!found) return answer_of(found.error());
    epoch.value = *found;
    return accepted();
  });
  return epoch;
}

}  // namespace cred
