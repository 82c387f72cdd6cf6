#include "engine/engine.hpp"

#include "engine/engine_shared.hpp"
#include "engine/realm_state.hpp"
#include "engine/root_rotation.hpp"
#include "vault/root_key.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sodium.h>
#include <sys/stat.h>
#include <utf8proc.h>

namespace cred::engine {

const char* word(Reason reason) noexcept {
  switch (reason) {
    case Reason::none: break;
    case Reason::expired: return "expired";
    case Reason::forced: return "forced";
    case Reason::compromised: return "compromised";
    case Reason::grace_over: return "grace_over";
    case Reason::too_early: return "too_early";
    case Reason::locked: return "locked";
    case Reason::disabled: return "disabled";
    case Reason::idle: return "idle";
    case Reason::one_time_over: return "one_time_over";
    case Reason::policy: return "policy";
    case Reason::old_password: return "old_password";
  }
  return "none";
}

Expected<Engine> Engine::open(const Configuration& configuration,
                              std::shared_ptr<const Clock> clock, audit::EventSink sink,
                              const vault::AskSecret& ask) {
  return at_the_door([&]() -> Expected<Engine> {
    return open_with(nullptr, configuration, std::move(clock), std::move(sink), ask);
  });
}

Engine Engine::open_with(std::shared_ptr<RootKey> root, const Configuration& configuration,
                         std::shared_ptr<const Clock> clock, audit::EventSink sink,
                         const vault::AskSecret& ask) {
  const auto argon2id = value_or_throw(hash::implementation());
  auto shared = std::make_shared<Shared>();
  shared->configuration = configuration;
  shared->configuration.fill_in_directories();
  shared->arenas = std::make_shared<Arenas>(configuration.memory_budget, configuration.hash.memory);
  shared->clock = std::move(clock);
  shared->sink = std::move(sink);
  if (shared->sink && !argon2id.fault.empty()) {
    audit::SecurityEvent event;
    event.time = shared->clock->now();
    event.event = "trouble";
    event.outcome = word(Code::internal);
    event.detail = argon2id.fault;
    shared->sink(event);
  }
  shared->store = store::open(configuration.store_url);
  // After the store: nobody types a passphrase for one that does not open.
  if (!root)
    root = std::make_shared<RootKey>(configuration.root_key_url, ask,
                                     shared->configuration.backup_directory);
  shared->root_key = std::move(root);
  Engine engine(std::move(shared));
  engine.finish_root_rotation_at_opening();
  return engine;
}

namespace {

struct NewRealm {
  store::RealmRow row;
  std::vector<store::KeyRow> keys;
  store::HeadRow head;
  HeadCopy first;
};

NewRealm new_realm(std::string_view name, const Secret& root_key, Time now,
                   std::optional<Time> trial_until) {
  NewRealm made;
  made.row.name = name;
  randombytes_buf(made.row.id.data(), made.row.id.size());
  const auto keys = vault::create_keys(root_key, made.row.id);
  for (const auto& key : keys) made.keys.push_back({key.number, key.wrapped, now, std::nullopt});
  Head head = first_head(name, now);
  head.trial = trial_until.has_value();
  head.expires = trial_until;
  const Secret copy = encode(head, Seed::without);
  made.first.record.assign(copy.bytes().begin(), copy.bytes().end());
  made.head = sealed_head(value_or_throw(vault::Vault::open(root_key, made.row.id, keys)), head);
  return made;
}

// The store's own directory, for nobody but its owner.
void make_directory(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/'));
  if (directory.empty() || mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) return;
  throw Failure(errno == EACCES ? Code::configuration : Code::unavailable,
                "cannot create " + directory + ": " + std::strerror(errno));
}

}  // namespace

Expected<void> Engine::initialise(const Configuration& configuration, const vault::AskSecret& ask) {
  return at_the_door([&]() -> Expected<void> {
    value_or_throw(hash::self_test());
    if (store::exists(configuration.store_url))
      return fail(Code::conflict, "there is a credential store at " + configuration.store_url +
                                      " already; nothing was changed");
    for (const std::string& url : {configuration.store_url, configuration.root_key_url})
      if (const auto path = url.substr(url.find(':') + 1);
          path.starts_with('/') && !store::is_shared(url))
        make_directory(path);
    auto key = vault::create_root_key(configuration.root_key_url, ask);
    if (!key && key.error().code == Code::conflict)
      key = vault::load_root_key(configuration.root_key_url, ask);
    Configuration whole = configuration;
    whole.fill_in_directories();
    // Read once, for a person may have typed what it is made of.
    const auto root = std::make_shared<RootKey>(
        configuration.root_key_url, value_or_throw(std::move(key)), ask, whole.backup_directory);
    const auto realm = new_realm(system_realm, *root->get(), SystemClock().now(), std::nullopt);
    if (!store::create(configuration.store_url, realm.row, realm.keys, realm.head))
      return fail(Code::conflict, "another init was faster; nothing was changed");
    // Journal and anchor have their places before a service that may make no directories.
    auto engine = open_with(root, configuration, std::make_shared<SystemClock>(), {}, ask);
    auto made = engine.realm(system_realm);
    if (!made) return tl::make_unexpected(made.error());
    return {};
  });
}

// A realm of version 4 gets keys that it can rotate. Throws Failure.
std::vector<store::KeyRow> upgraded_keys(store::RealmStore& realm, RootKey& root) {
  auto keys = realm.keys();
  if (keys.size() != 1 || keys.front().number != 1) return keys;
  const auto wrapped_by = value_or_throw(vault::key_id_of(keys.front().wrapped));
  const auto transaction = realm.begin(store::Access::write);
  keys = transaction->keys();
  if (keys.size() != 1 || transaction->head()) return keys;
  const auto upgraded = value_or_throw(vault::upgrade_keys(
      {1, keys.front().wrapped, false}, *root.matching(wrapped_by), realm.row().id));
  for (const auto& key : upgraded)
    transaction->put_key({key.number, key.wrapped, keys.front().made, std::nullopt});
  keys = transaction->keys();
  transaction->commit();
  return keys;
}

std::shared_ptr<RealmKeys> Engine::Shared::keys_of(store::RealmStore& realm) {
  const std::lock_guard lock(mutex);
  auto& known = keys[realm.row().id];
  if (!known)
    known = std::make_shared<RealmKeys>(root_key, realm.row().id, upgraded_keys(realm, *root_key));
  return known;
}

std::unique_ptr<Realm::Parts> Engine::Shared::parts_of(std::string_view name) {
  auto realm = store->realm(name);
  if (!realm) throw Failure(Code::not_found, "there is no realm '" + std::string(name) + "'");
  std::shared_ptr<RealmKeys> realm_keys;
  try {
    realm_keys = keys_of(*realm);
  } catch (const Failure& failure) {
    throw Failure(failure.error().code, "realm " + std::string(name) + " does not open with " +
                                            configuration.root_key_url + ": " +
                                            failure.error().message);
  }
  return std::make_unique<Realm::Parts>(std::move(realm), std::move(realm_keys), configuration,
                                        clock, arenas, sink);
}

Expected<Realm> Engine::realm(std::string_view name) {
  return at_the_door([&]() -> Expected<Realm> {
    auto parts = shared_->parts_of(name);
    if (!parts->keys->prepared) {
      try {
        prepare(*parts);
        (void)RealmState(*parts, store::Access::read);
      } catch (const Failure& failure) {
        if (failure.error().code != Code::integrity) throw;
        auto noticed =
            parts->event(audit::word(audit::Event::rollback_noticed), Code::integrity, "");
        noticed.detail = failure.error().message;
        parts->tell(noticed);
        if (!shared_->configuration.accept_rollbacks) throw;
        accept(*parts, "[store] on_rollback is \"report\"", {"libcred"});
      }
      if (name == system_realm) shared_->bury_earlier_realms(*parts);
      parts->keys->prepared = true;
    }
    return Realm(std::move(parts));
  });
}

Expected<void> Engine::accept_rollback(std::string_view name, const std::string& reason,
                                       const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    if (auto given = check_reason(reason); !given) return given;
    accept(*shared_->parts_of(name), reason, actor);
    return {};
  });
}

// Without its keys nobody could read the journal of a realm that no backup holds yet.
void Engine::register_realm(const store::RealmRow& row, const std::vector<store::KeyRow>& keys,
                            const HeadCopy& first) {
  const auto register_of_all = value_or_throw(realm(system_realm));
  RealmChange change(*register_of_all.parts_);
  change.also(AddedRealm{row, keys, first});
  change.commit();
}

Expected<void> Engine::add_realm(std::string_view name, const Actor& actor, bool trial) {
  constexpr auto trial_period = std::chrono::days(30);
  return at_the_door([&]() -> Expected<void> {
    if (auto named = check_name(name); !named)
      return fail(Code::usage, "no realm can have this name: " + named.error().message);
    const Time now = shared_->clock->now();
    // Its keys must not be left behind by a rotation of the root key.
    const auto lock = lock_root(shared_->configuration.store_url, store::Holding::shared);
    const auto there = shared_->store->keys();
    if (there.empty()) return fail(Code::integrity, "there is no key in the store");
    const auto root =
        shared_->root_key->matching(value_or_throw(vault::key_id_of(there.front().second.wrapped)));
    const auto made =
        new_realm(name, *root, now, trial ? std::optional<Time>(now + trial_period) : std::nullopt);
    if (!shared_->store->add_realm(made.row, made.keys, made.head))
      return fail(Code::conflict, "there is a realm '" + std::string(name) + "' already");
    register_realm(made.row, made.keys, made.first);
    auto added = realm(name);
    if (!added) return tl::make_unexpected(added.error());
    added->parts_->note({}, {}, audit::Event::realm_added, actor, trial ? "for a trial" : "");
    return {};
  });
}

Expected<std::vector<std::string>> Engine::realms() {
  return at_the_door(
      [&]() -> Expected<std::vector<std::string>> { return shared_->store->realms(); });
}

void Engine::keep_memory(std::size_t most) { shared_->arenas->wipe_later(most); }

void Engine::wipe_memory(std::chrono::milliseconds age) { shared_->arenas->wipe(age); }

Realm::Realm(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Realm::Realm(Realm&&) noexcept = default;
Realm& Realm::operator=(Realm&&) noexcept = default;
Realm::~Realm() = default;

const std::string& Realm::name() const { return parts_->store->row().name; }
const policy::Policy& Realm::policy() const { return parts_->policy; }

Expected<void> check_name(std::string_view name) {
  constexpr std::size_t longest = 64;
  const auto wrong = [](const char* what) {
    return fail(Code::usage, std::string("the account name ") + what);
  };
  if (name.empty()) return wrong("is empty");
  if (name.size() > longest) return wrong("is longer than 64 bytes");
  if (name == "." || name == "..") return wrong("is a directory");
  if (name.front() == '-' || name.front() == '+') return wrong("begins with '-' or '+'");
  const auto* next = reinterpret_cast<const utf8proc_uint8_t*>(name.data());
  auto left = static_cast<utf8proc_ssize_t>(name.size());
  while (left > 0) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(next, left, &c);
    if (used <= 0) return wrong("is not valid UTF-8");
    const auto category = utf8proc_category(c);
    if (c == '/' || c == ':' || category == UTF8PROC_CATEGORY_CC ||
        (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP))
      return wrong("contains '/', ':', a space or a control character");
    next += used;
    left -= used;
  }
  return {};
}

std::vector<const policy::Verdict*> violations(const std::vector<policy::Verdict>& verdicts) {
  std::vector<const policy::Verdict*> found;
  for (const auto& verdict : verdicts)
    if (verdict.violation) found.push_back(&verdict);
  return found;
}

}  // namespace cred::engine
