#include "engine/engine.hpp"

#include "engine/realm_parts.hpp"
#include "vault/root_key.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sodium.h>
#include <sys/stat.h>
#include <utf8proc.h>

namespace cred::engine {

struct Engine::Shared {
  Configuration configuration;
  std::shared_ptr<const Clock> clock;
  Secret root_key;
  std::unique_ptr<store::Store> store;
  std::shared_ptr<Arenas> arenas;
  audit::EventSink sink;
};

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
    case Reason::policy: return "policy";
    case Reason::old_password: return "old_password";
  }
  return "none";
}

Expected<Engine> Engine::open(const Configuration& configuration,
                              std::shared_ptr<const Clock> clock, audit::EventSink sink) {
  return at_the_door([&]() -> Expected<Engine> {
    value_or_throw(hash::self_test());
    auto shared = std::make_shared<Shared>();
    shared->configuration = configuration;
    shared->arenas =
        std::make_shared<Arenas>(configuration.memory_budget, configuration.hash.memory);
    shared->clock = std::move(clock);
    shared->sink = std::move(sink);
    shared->store = store::open(configuration.store_url);
    shared->root_key = value_or_throw(vault::load_root_key(configuration.root_key_url));
    return Engine(std::move(shared));
  });
}

namespace {

store::RealmRow new_realm(std::string_view name, const Secret& root_key) {
  store::RealmRow realm;
  realm.name = name;
  randombytes_buf(realm.id.data(), realm.id.size());
  realm.wrapped_key = value_or_throw(vault::Vault::create_data_key(root_key, realm.id));
  return realm;
}

// The store's own directory, for nobody but its owner.
void make_directory(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/'));
  if (directory.empty() || mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) return;
  throw Failure(errno == EACCES ? Code::configuration : Code::unavailable,
                "cannot create " + directory + ": " + std::strerror(errno));
}

}  // namespace

Expected<void> Engine::initialise(const Configuration& configuration) {
  return at_the_door([&]() -> Expected<void> {
    value_or_throw(hash::self_test());
    if (store::exists(configuration.store_url))
      return fail(Code::conflict, "there is a credential store at " + configuration.store_url +
                                      " already; nothing was changed");
    for (const std::string& url : {configuration.store_url, configuration.root_key_url})
      make_directory(url.substr(url.find(':') + 1));
    if (auto created = vault::create_root_key(configuration.root_key_url);
        !created && created.error().code != Code::conflict)
      return created;
    const Secret root = value_or_throw(vault::load_root_key(configuration.root_key_url));
    if (!store::create(configuration.store_url, new_realm(system_realm, root)))
      return fail(Code::conflict, "another init was faster; nothing was changed");
    return {};
  });
}

Expected<Realm> Engine::realm(std::string_view name) {
  return at_the_door([&]() -> Expected<Realm> {
    auto store = shared_->store->realm(name);
    if (!store) return fail(Code::not_found, "there is no realm '" + std::string(name) + "'");
    auto opened =
        vault::Vault::open_data_key(shared_->root_key, store->row().id, store->row().wrapped_key);
    if (!opened)
      return fail(opened.error().code, "realm " + std::string(name) + " does not open with " +
                                           shared_->configuration.root_key_url + ": " +
                                           opened.error().message);
    return Realm(std::make_unique<Realm::Parts>(std::move(store), std::move(*opened),
                                                shared_->configuration, shared_->clock,
                                                shared_->arenas, shared_->sink));
  });
}

Expected<void> Engine::add_realm(std::string_view name, const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    if (auto named = check_name(name); !named)
      return fail(Code::usage, "no realm can have this name: " + named.error().message);
    if (!shared_->store->add_realm(new_realm(name, shared_->root_key)))
      return fail(Code::conflict, "there is a realm '" + std::string(name) + "' already");
    auto added = realm(name);
    if (!added) return tl::make_unexpected(added.error());
    added->parts_->note({}, {}, audit::Event::realm_added, actor, {});
    return {};
  });
}

Expected<std::vector<std::string>> Engine::realms() {
  return at_the_door(
      [&]() -> Expected<std::vector<std::string>> { return shared_->store->realms(); });
}

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
