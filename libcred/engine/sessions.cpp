// Logins as their owners are told of them: when and from where the last one was.

#include "engine/realm_state.hpp"

namespace cred::engine {

vault::Place place_of_login(const Uuid& account) {
  vault::Place place;
  place.account = account;
  place.field = vault::Field::login;
  return place;
}

LastLogin Realm::Parts::last_login(const Uuid& account, const store::Attempts& attempts) const {
  LastLogin last{std::nullopt, attempts.since_login};
  if (attempts.last_login.empty()) return last;
  const Secret record =
      value_or_throw(vault()->open_kept(place_of_login(account), attempts.last_login));
  last.login = value_or_throw(decode_login(record.bytes()));
  return last;
}

Expected<LastLogin> Realm::last_login(std::string_view name) {
  return at_the_door([&]() -> Expected<LastLogin> {
    const auto account = parts_->find(name);
    if (!account) return fail(Code::not_found, "there is no such account");
    const auto transaction = parts_->store->begin(store::Access::read);
    return parts_->last_login(account->row.id,
                              transaction->attempts(parts_->vault()->subject(name)));
  });
}

Expected<LastLogin> Realm::begin_session(std::string_view name, const Origin& origin,
                                         std::string_view host) {
  return at_the_door([&]() -> Expected<LastLogin> {
    const auto account = parts_->find(name);
    if (!account) return fail(Code::not_found, "there is no such account");
    const Login login{parts_->clock->now(), std::string(host), std::string(origin.tty),
                      std::string(origin.service)};
    const auto sealed =
        parts_->vault()->seal(place_of_login(account->row.id), encode(login).bytes());
    LastLogin last;
    {
      // A login that a power cut takes back is told of no more; nobody is let in by it.
      const auto transaction = parts_->store->begin(store::Access::write_behind);
      if (!transaction->find(account->row.id))
        return fail(Code::not_found, "the account was erased meanwhile");
      const auto subject = parts_->vault()->subject(name);
      transaction->hold(std::span(&subject, 1));
      auto attempts = transaction->attempts(subject);
      last = parts_->last_login(account->row.id, attempts);
      attempts.since_login = 0;
      attempts.last_login = sealed;
      transaction->set_attempts(subject, attempts);
      transaction->commit();
    }
    auto event = parts_->event("session", Code::accepted, name);
    event.source = origin.source;
    event.service = origin.service;
    event.tty = origin.tty;
    parts_->tell(event);
    return last;
  });
}

Expected<std::uint64_t> Realm::session_epoch(std::string_view name) {
  return at_the_door([&]() -> Expected<std::uint64_t> {
    const auto account = parts_->find(name);
    if (!account) return fail(Code::not_found, "there is no account '" + std::string(name) + "'");
    return account->session_epoch();
  });
}

}  // namespace cred::engine
