// cred.h: the calls that answer at once. submit.cpp has those that do not.

#include "api/handles.hpp"

#include "base/translate.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <unistd.h>

using namespace cred;
using namespace cred::api;

namespace cred::api {

Secret secret_of(const void* password, std::size_t length) {
  if (password == nullptr && length != 0) throw Failure(Code::usage, "a password is NULL");
  // What is too long stays so; no more of it is needed to say so.
  length = std::min(length, max_password_bytes + 1);
  Secret secret = Secret::copy_of(static_cast<const char*>(password), length);
  if (!secret.ok()) throw std::bad_alloc();
  return secret;
}

Origin origin_of(const cred_origin* origin) {
  const auto given = known(origin, sizeof(cred_origin));
  return {text_or_empty(given.host), text_or_empty(given.service), text_or_empty(given.terminal),
          text_or_empty(given.actor)};
}

Person person_of(const cred_person* person) {
  const auto given = known(person, sizeof(cred_person));
  return {text_or_empty(given.full_name), text_or_empty(given.email),
          text_or_empty(given.birth_date), text_or_empty(given.phone)};
}

namespace {

std::int64_t seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::int64_t seconds(const std::optional<Time>& time) {
  if (!time) return CRED_NO_TIME;
  return *time == Time::max() ? std::numeric_limits<std::int64_t>::max() : seconds(*time);
}

audit::EventSink sink_of(cred_event_function function, void* context) {
  if (function == nullptr) return {};
  return [function, context](const audit::SecurityEvent& event) {
    const auto text = [](const std::string& value) {
      return value.empty() ? nullptr : value.c_str();
    };
    cred_event told{};
    told.size = sizeof told;
    told.time = seconds(event.time);
    told.event = event.event.c_str();
    told.outcome = event.outcome.c_str();
    told.realm = text(event.realm);
    told.account = text(event.account);
    told.actor = text(event.actor);
    told.source = text(event.source);
    told.service = text(event.service);
    told.terminal = text(event.tty);
    told.reason = text(event.reason);
    told.detail = text(event.detail);
    function(context, &told);
  };
}

// Whether this process has no right to a file that a URL names.
bool forbidden(const std::string& url) {
  const auto colon = url.find(':');
  if (colon == std::string::npos || url.compare(colon, 2, ":/") != 0) return false;
  return faccessat(AT_FDCWD, url.c_str() + colon + 1, R_OK, AT_EACCESS) != 0 && errno == EACCES;
}

Answer open(const cred_options& options, cred_library& library) {
  if (options.access > CRED_ACCESS_CREDD || options.reserved != 0)
    return failed({Code::usage, "the options ask for what this version of libcred does not have"});
  find_catalogs();
  library.configuration = text_or_empty(options.configuration);
  auto configuration = engine::load_configuration(library.configuration);
  if (!configuration) return failed(std::move(configuration).error());
  library.socket = configuration->broker_socket;
  library.hashes = std::max(1U, configuration->memory_budget / configuration->hash.memory);
  if (options.access == CRED_ACCESS_CREDD) return accepted();
  auto engine = engine::Engine::open(*configuration, std::make_shared<SystemClock>(),
                                     sink_of(options.on_event, options.event_context));
  if (engine) {
    library.engine = std::move(*engine);
    return accepted();
  }
  const bool may = !forbidden(configuration->store_url) && !forbidden(configuration->root_key_url);
  if (options.access == CRED_ACCESS_BEST && !may) return accepted();
  return failed(std::move(engine).error());
}

// A call on an account.
template <typename Work>
cred_code on(cred_realm* realm, const char* name, const cred_origin* origin, cred_answer** answer,
             Work work) noexcept {
  return at_the_boundary(answer, [&] {
    auto& accounts = *required(realm).accounts;
    return work(accounts, required(name, "name"), origin_of(origin));
  });
}

}  // namespace
}  // namespace cred::api

extern "C" {

const char* cred_version(void) { return CRED_VERSION; }

const char* cred_code_word(cred_code code) { return word(static_cast<Code>(code)); }

cred_code cred_answer_code(const cred_answer* answer) {
  return answer != nullptr ? code_of(answer->code) : CRED_UNAVAILABLE;
}

const char* cred_answer_message(const cred_answer* answer) {
  return answer != nullptr ? answer->message.c_str() : "out of memory";
}

const char* cred_answer_reason(const cred_answer* answer) {
  return engine::word(answer != nullptr ? answer->reason : engine::Reason::none);
}

int64_t cred_answer_due(const cred_answer* answer) {
  return answer != nullptr ? seconds(answer->due) : CRED_NO_TIME;
}

int cred_answer_warn(const cred_answer* answer) { return answer != nullptr && answer->warn; }

size_t cred_answer_violations(const cred_answer* answer) {
  return answer != nullptr ? answer->violations.size() : 0;
}

const char* cred_answer_rule(const cred_answer* answer, size_t number) {
  return number < cred_answer_violations(answer) ? answer->violations[number].rule.c_str()
                                                 : nullptr;
}

const char* cred_answer_advice(const cred_answer* answer, size_t number) {
  return number < cred_answer_violations(answer) ? answer->violations[number].advice.c_str()
                                                 : nullptr;
}

void cred_answer_free(cred_answer* answer) { delete answer; }

cred_code cred_open(const cred_options* options, cred_library** library, cred_answer** answer) {
  return at_the_boundary(answer, [&] {
    required(library) = nullptr;
    auto opened = std::make_unique<cred_library>();
    Answer said = open(known(options, sizeof(cred_options)), *opened);
    if (said.code == Code::accepted) *library = opened.release();
    return said;
  });
}

void cred_close(cred_library* library) { delete library; }

uint32_t cred_access(const cred_library* library) {
  return library == nullptr || library->engine ? CRED_ACCESS_STORE : CRED_ACCESS_CREDD;
}

cred_code cred_realm_open(cred_library* library, const char* name, cred_realm** realm,
                          cred_answer** answer) {
  return at_the_boundary(answer, [&] {
    required(realm) = nullptr;
    auto& from = required(library);
    auto opened = std::make_unique<cred_realm>();
    opened->name = required(name, "name of a realm");
    if (from.engine) {
      auto found = from.engine->realm(opened->name);
      if (!found) return failed(std::move(found).error());
      opened->accounts = store_accounts(std::move(*found));
    } else {
      opened->accounts = credd_accounts(from.socket, from.configuration, opened->name);
    }
    *realm = opened.release();
    return accepted();
  });
}

void cred_realm_close(cred_realm* realm) { delete realm; }

cred_code cred_authenticate(cred_realm* realm, const char* name, const void* password,
                            size_t length, const cred_origin* origin, cred_answer** answer) {
  return on(realm, name, origin, answer,
            [&](Accounts& accounts, const auto& who, const auto& from) {
              return accounts.authenticate(who, secret_of(password, length), from);
            });
}

cred_code cred_check(cred_realm* realm, const char* name, const void* password, size_t length,
                     const cred_origin* origin, cred_answer** answer) {
  return at_the_boundary(answer, [&] {
    std::optional<std::string> who;
    if (name != nullptr) who = name;
    return required(realm).accounts->check(who, secret_of(password, length), origin_of(origin));
  });
}

cred_code cred_enrol(cred_realm* realm, const char* name, const cred_person* person,
                     const void* password, size_t length, int must_change,
                     const cred_origin* origin, cred_answer** answer) {
  return on(realm, name, origin, answer,
            [&](Accounts& accounts, const auto& who, const auto& from) {
              return accounts.enrol(who, person_of(person), secret_of(password, length),
                                    must_change != 0, from);
            });
}

cred_code cred_change(cred_realm* realm, const char* name, const void* old_password,
                      size_t old_length, const void* new_password, size_t new_length,
                      const cred_origin* origin, cred_answer** answer) {
  return on(realm, name, origin, answer,
            [&](Accounts& accounts, const auto& who, const auto& from) {
              return accounts.change(who, secret_of(old_password, old_length),
                                     secret_of(new_password, new_length), from);
            });
}

cred_code cred_reset(cred_realm* realm, const char* name, const void* password, size_t length,
                     int must_change, const cred_origin* origin, cred_answer** answer) {
  return on(realm, name, origin, answer,
            [&](Accounts& accounts, const auto& who, const auto& from) {
              return accounts.reset(who, secret_of(password, length), must_change != 0, from);
            });
}

cred_code cred_get_status(cred_realm* realm, const char* name, cred_status* status,
                          cred_answer** answer) {
  return at_the_boundary(answer, [&] {
    const std::size_t size = size_of(&required(status), sizeof(cred_status));
    const Status found = required(realm).accounts->status(required(name, "name"));
    if (found.answer.code != Code::accepted) return found.answer;
    cred_status told{};
    told.size = size;
    told.state = found.state ? static_cast<std::uint32_t>(*found.state) : CRED_UNKNOWN;
    told.standing = static_cast<std::uint32_t>(found.standing.code);
    told.reason = engine::word(found.standing.reason);
    told.set = found.state ? seconds(found.standing.set_at) : CRED_NO_TIME;
    told.due = seconds(found.standing.due);
    told.last_login = seconds(found.last_login);
    told.blocked_until = seconds(found.blocked_until);
    told.failures = found.failures.value_or(CRED_UNKNOWN);
    told.attempts_left = found.attempts_left.value_or(CRED_UNKNOWN);
    told.session_epoch = found.session_epoch;
    std::memset(status, 0, size);
    std::memcpy(status, &told, std::min(size, sizeof told));
    return found.answer;
  });
}

cred_code cred_session_epoch(cred_realm* realm, const char* name, uint64_t* epoch,
                             cred_answer** answer) {
  return at_the_boundary(answer, [&] {
    auto& place = required(epoch);
    auto found = required(realm).accounts->session_epoch(required(name, "name"));
    place = found.value;
    return std::move(found.answer);
  });
}

cred_code cred_expire(cred_realm* realm, const char* name, const cred_origin* origin,
                      cred_answer** answer) {
  return on(realm, name, origin, answer,
            [&](Accounts& accounts, const auto& who, const auto& from) {
              return accounts.expire(who, from);
            });
}

cred_code cred_compromise(cred_realm* realm, const char* name, const char* reason, int lock,
                          const cred_origin* origin, cred_answer** answer) {
  return on(realm, name, origin, answer,
            [&](Accounts& accounts, const auto& who, const auto& from) {
              return accounts.compromise(who, required(reason, "reason"), lock != 0, from);
            });
}

cred_code cred_scan(cred_realm* realm, const char* name, const void* text, size_t length,
                    const char* message, const cred_origin* origin, cred_answer** answer) {
  return on(realm, name, origin, answer,
            [&](Accounts& accounts, const auto& who, const auto& from) {
              if (text == nullptr && length > 0) throw Failure(Code::usage, "no text was given");
              const auto* bytes = length > 0 ? static_cast<const char*>(text) : "";
              return accounts.scan(who, {bytes, length}, required(message, "message"), from);
            });
}

}  // extern "C"
