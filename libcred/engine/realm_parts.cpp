#include "engine/realm_parts.hpp"

#include "base/bytes.hpp"
#include "engine/ageing.hpp"
#include "engine/realm_state.hpp"
#include "hash/foreign.hpp"
#include "policy/near_copy.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>
#include <unistd.h>
#include <sodium.h>

namespace cred::engine {

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

// A canonical form must never have the tag of a password that looks like it: no
// password begins with this byte, which is not UTF-8.
constexpr std::byte form_mark{0xff};

Secret marked(const Secret& form) {
  Secret bytes(form.size() + 1);
  if (!bytes.ok()) throw Failure(Code::unavailable, "no memory for a password");
  bytes.writable()[0] = form_mark;
  std::memcpy(bytes.uchars() + 1, form.uchars(), form.size());
  return bytes;
}

}  // namespace

Realm::Parts::Parts(std::unique_ptr<store::RealmStore> realm_store,
                    std::shared_ptr<RealmKeys> realm_keys, const Configuration& configuration,
                    std::shared_ptr<const Clock> the_clock, std::shared_ptr<Arenas> the_arenas,
                    audit::EventSink the_sink)
    : store(std::move(realm_store)),
      keys(std::move(realm_keys)),
      has_journal(!store->shared()),
      journals(configuration.journal_directory),
      journal(journals + "/" + to_string(store->row().id), store->row().id),
      anchor(configuration.anchor_directory + "/" + to_string(store->row().id)),
      policy(configuration.policy_of(store->row().name).options),
      parameters(configuration.hash),
      limits(configuration.attempts),
      clock(std::move(the_clock)),
      arenas(std::move(the_arenas)),
      host(host_name()),
      sink(std::move(the_sink)) {
  limits.max_failures = policy.options().max_failures;
  limits.lockout = policy.options().lockout;
}

// No name contains this byte, so no name's subject is that of a name and a source.
constexpr char between{'\0'};

store::Subject Realm::Parts::source_subject(std::string_view source) const {
  return vault()->subject(between + std::string(source));
}

AttemptCounter Realm::Parts::attempts(std::string_view name, std::string_view source) const {
  Subjects subjects{vault()->subject(name),
                    vault()->subject(std::string(name) + between + std::string(source)),
                    std::nullopt};
  if (!source.empty()) subjects.source = source_subject(source);
  return {*store, *clock, limits, subjects};
}

vault::Place place_of_label(const store::Subject& subject) {
  vault::Place place;
  std::memcpy(place.account.data(), subject.data(), place.account.size());
  place.field = vault::Field::label;
  return place;
}

store::Blob Realm::Parts::label(const store::Subject& subject, std::string_view name,
                                std::string_view source) const {
  store::Blob plain(name.size() + source.size() + 8);
  Writer writer(plain);
  writer.text(name);
  writer.text(source);
  return vault()->seal(place_of_label(subject), plain);
}

Realm::Parts::Label Realm::Parts::open_label(const store::Counter& counter) const {
  // Counted before labels were kept, or as a lease of a killed process.
  if (counter.attempts.label.empty()) return {};
  const Secret plain =
      value_or_throw(vault()->open_kept(place_of_label(counter.subject), counter.attempts.label));
  Reader reader(plain.bytes());
  Label label{std::string(reader.text()), std::string(reader.text())};
  if (!reader.finished()) throw Failure(Code::integrity, "the label of a counter is malformed");
  return label;
}

void Account::marked_by(const Head& head) {
  realm_epoch = head.session_epoch;
  for (const Wave& wave : head.waves) {
    if (credential.set_at > wave.before) continue;
    suspected = true;
    locked_by_mark |= wave.lock && credential.unlocked_at < wave.at;
  }
}

State Account::state() const {
  return locked_by_mark && credential.state == State::active ? State::locked : credential.state;
}

std::optional<Account> Realm::Parts::find(std::string_view name) const {
  return RealmState(*this, store::Access::read).find(name);
}

Secret Realm::Parts::open_field(const store::AccountRow& row, vault::Field field) const {
  const auto keyring = vault();
  const store::Blob& sealed = sealed_field(row, field);
  const auto id = vault::key_id_of(sealed);
  if (id && keyring->is_retired(*id)) {
    // A rotation ended since the row was read: it is sealed anew there.
    RealmState state(*this, store::Access::read);
    const auto now = state.find_in_any_phase(row.name);
    if (!now || now->row.id != row.id || now->row.generation != row.generation)
      throw Failure(Code::conflict, "the account was changed meanwhile; try again");
    return state.open_field(now->row, field);
  }
  return value_or_throw(keyring->open({row.id, row.name, field, row.generation}, sealed));
}

Profile Realm::Parts::profile(const Account& account) const {
  return value_or_throw(decode_profile(open_field(account.row, vault::Field::profile).bytes()));
}

History Realm::Parts::history(const Account& account) const {
  return value_or_throw(decode_history(open_field(account.row, vault::Field::history).bytes()));
}

const store::Blob& sealed_field(const store::AccountRow& row, vault::Field field) {
  return field == vault::Field::credential ? row.credential
         : field == vault::Field::profile  ? row.profile
                                           : row.history;
}

store::AccountRow sealed_row(const vault::Vault& vault, const Uuid& id, std::string_view name,
                             store::Generation generation, const Secret& credential,
                             const Secret& profile, const Secret& history) {
  const auto seal = [&](vault::Field field, const Secret& record) {
    return vault.seal({id, name, field, generation}, record.bytes());
  };
  return {id,
          std::string(name),
          generation,
          seal(vault::Field::credential, credential),
          seal(vault::Field::profile, profile),
          seal(vault::Field::history, history),
          0};
}

audit::SecurityEvent Realm::Parts::event(const char* what, Code outcome,
                                         std::string_view name) const {
  audit::SecurityEvent event;
  event.time = clock->now();
  event.event = what;
  event.outcome = word(outcome);
  event.realm = store->row().name;
  event.account = name;
  return event;
}

void Realm::Parts::tell(const audit::SecurityEvent& event) const {
  if (sink) sink(event);
}

bool Realm::Parts::replace(const Account& account, const Credential& credential,
                           const History& history, audit::Event event, const Actor& actor,
                           const std::string& detail) const {
  const store::Generation expected = account.row.generation;
  auto next =
      sealed_row(*vault(), account.row.id, account.row.name, expected + 1, encode(credential),
                 open_field(account.row, vault::Field::profile), encode(history));
  RealmChange change(*this);
  // Marked with the whole realm while a new one was judged: it was judged too mildly.
  Account marked = account;
  marked.marked_by(change.head());
  if (marked.suspected && !account.suspected && credential.set_at != account.credential.set_at)
    return false;
  if (!change.replace(std::move(next), expected)) return false;
  change.note({event, account.row.id, account.row.name, actor, detail});
  change.commit();
  return true;
}

bool Realm::Parts::replace(const Account& account, const Profile& profile,
                           const Actor& actor) const {
  const store::Generation expected = account.row.generation;
  auto next = sealed_row(*vault(), account.row.id, account.row.name, expected + 1,
                         encode(account.credential), encode(profile),
                         open_field(account.row, vault::Field::history));
  RealmChange change(*this);
  if (!change.replace(std::move(next), expected)) return false;
  change.note({audit::Event::profile_set, account.row.id, account.row.name, actor, {}});
  change.commit();
  return true;
}

void Realm::Parts::note(const Uuid& account, std::string_view name, audit::Event event,
                        const Actor& actor, const std::string& detail) const {
  RealmChange change(*this);
  const Code outcome = event == audit::Event::request_refused ? Code::refused : Code::accepted;
  change.note({event, account, std::string(name), actor, detail, outcome});
  change.commit();
}

Uuid new_account_id() {
  Uuid id{};
  randombytes_buf(id.data(), id.size());
  id[6] = (id[6] & std::byte{0x0f}) | std::byte{0x40};
  id[8] = (id[8] & std::byte{0x3f}) | std::byte{0x80};
  return id;
}

bool Realm::Parts::insert(std::string_view name, const Credential& credential,
                          const Profile& profile, const History& history,
                          const Actor& actor) const {
  const Uuid id = new_account_id();
  auto row =
      sealed_row(*vault(), id, name, 1, encode(credential), encode(profile), encode(history));
  RealmChange change(*this);
  change.must_be_in_use();
  if (!change.insert(std::move(row))) return false;
  change.note({audit::Event::enrolled, id, std::string(name), actor, {}});
  change.commit();
  return true;
}

policy::Context Realm::Parts::context(std::string_view name, const Profile& profile,
                                      const Secret* old_password) const {
  policy::Context context;
  context.login = name;
  context.full_name = profile.full_name;
  context.old_password = old_password;
  context.email = profile.email;
  context.phone = profile.phone;
  context.birth_date = profile.birth_date;
  for (const auto& attribute : profile.attributes) context.attributes.push_back(attribute.second);
  context.host = host;
  context.realm = store->row().name;
  return context;
}

Standing Realm::Parts::standing(const Account& account, Means means) const {
  const bool counts = policy.options().max_idle.has_value();
  Standing s = standing(account, counts ? store->begin(store::Access::read)
                                              ->attempts(vault()->subject(account.row.name))
                                              .last_success
                                        : Time{});
  // Expiry is the password's matter alone; what locks the account is everybody's.
  if (means == Means::other && !policy.options().expiry_stops_all &&
      (s.code == Code::must_change || s.reason == Reason::grace_over))
    s.code = Code::accepted;
  return s;
}

Standing Realm::Parts::standing(const Account& account, Time last_login) const {
  const Credential& c = account.credential;
  const policy::Options& o = policy.options();
  const Time now = clock->now();
  Standing s;
  s.set_at = c.set_at;
  s.too_early = now >= c.set_at && now < c.set_at + o.min_age && c.demand == Demand::none &&
                !account.suspected;
  s.due = due(o, c, account.row.id);
  s.warn = s.due && now < *s.due && now >= *s.due - o.warn;
  const bool aged = s.due && now >= *s.due;
  const bool exempt = now < c.exempt_until;
  const bool outlived = c.one_time_until != Time{} && now >= c.one_time_until;
  if (const State state = account.state(); state != State::active) {
    s.code = Code::locked;
    s.reason = state == State::locked ? Reason::locked : Reason::disabled;
  } else if (outlived) {
    s.code = Code::locked;
    s.reason = Reason::one_time_over;
  } else if (o.max_idle && now >= std::max(c.set_at, last_login) + *o.max_idle) {
    s.code = Code::locked;
    s.reason = Reason::idle;
  } else if (aged && o.grace && now >= *s.due + *o.grace) {
    s.code = Code::locked;
    s.reason = Reason::grace_over;
  } else if (account.compromised() || c.demand == Demand::forced) {
    s.code = Code::must_change;
    s.reason = account.compromised() ? Reason::compromised : Reason::forced;
  } else if (aged || (c.demand == Demand::expired && !exempt)) {
    s.code = Code::must_change;
    s.reason = Reason::expired;
  }
  return s;
}

// Sealing takes what opening takes.
void Realm::Parts::open_in_vain(std::string_view name) const {
  Credential nobodys;
  nobodys.verifier.parameters = parameters;
  const Secret record = encode(nobodys);
  (void)vault()->seal({{}, name, vault::Field::credential, 1}, record.bytes());
  (void)decode_credential(record.bytes());
}

hash::Verifier Realm::Parts::verifier_of(std::string_view name,
                                         std::optional<Account>& account) const {
  RealmState state(*this, store::Access::read);
  account = state.find(name);
  if (account) return account->credential.verifier;
  if (auto other = state.stand_in(name)) return *other;
  open_in_vain(name);
  hash::Verifier nobodys;
  nobodys.parameters = parameters;
  return nobodys;
}

void Realm::Parts::mark_compromised(Account account, const std::string& reason,
                                    const Actor& actor) const {
  const Time set_at = account.credential.set_at;
  while (!account.compromised()) {
    Credential next = account.credential;
    next.demand = Demand::compromised;
    ++next.session_epoch;
    if (replace(account, next, history(account), audit::Event::compromised, actor, reason)) return;
    auto again = find(account.row.name);
    if (!again || again->credential.set_at != set_at) return;
    account = std::move(*again);
  }
}

hash::Verifier Realm::Parts::make_verifier(const Secret& password) const {
  Arenas::Lent arena(*arenas, parameters.memory);
  return value_or_throw(hash::make_verifier(password, parameters, *arena));
}

bool Realm::Parts::matches(const Secret& password, const hash::Verifier& verifier,
                           Arenas::Lent& arena) const {
  const std::uint32_t needed = hash::working_memory(verifier);
  if (needed > arena.kib()) arena.exchange(needed);
  return value_or_throw(hash::matches(password, verifier, *arena));
}

void Realm::Parts::hash_all(std::span<const hash::Task> tasks) const {
  std::uint32_t most = 0;
  for (const auto& task : tasks) most = std::max(most, task.parameters.memory);
  const std::size_t at_once =
      std::min<std::size_t>(tasks.size(), std::max(1U, std::thread::hardware_concurrency()));
  Arenas::Lent lent(*arenas, most);
  Arenas::Spare spare(*arenas, most, at_once - 1);
  std::vector<hash::Arena*> all{&*lent};
  for (auto& arena : spare.arenas()) all.push_back(&arena);
  value_or_throw(hash::argon2id(tasks, all));
}

// What other systems made of a password, for each of their hashes in the history; empty: it
// cannot have been this one.
std::vector<Wiped<std::byte>> Realm::Parts::foreign_digests(const History& history,
                                                            const Secret& password) const {
  std::vector<Wiped<std::byte>> digests;
  for (const auto& group : history) {
    if (group.recipe.empty()) continue;
    const Arenas::Lent lent(*arenas,
                            hash::working_memory({group.parameters, {}, {}, group.recipe}));
    digests.push_back(value_or_throw(hash::derive(password, group.recipe)));
  }
  return digests;
}

Realm::Parts::Memory Realm::Parts::remember(History& history, const Secret& password,
                                            hash::Verifier* verifier) const {
  const auto& options = policy.options();
  std::uint32_t newest = 0;
  bool current = false;
  for (const auto& group : history) {
    current |= group.parameters == parameters && group.recipe.empty();
    for (const auto& tag : group.tags) newest = std::max(newest, tag.number);
  }
  if (!current) {
    HistoryGroup group;
    group.parameters = parameters;
    randombytes_buf(group.salt.data(), group.salt.size());
    history.push_back(std::move(group));
  }
  bool forms_count = options.history_similar;
  for (const auto& group : history)
    forms_count |= std::any_of(group.similar.begin(), group.similar.end(),
                               [](const SimilarTag& form) { return form.barred; });
  std::vector<Secret> forms;
  if (forms_count)
    for (const Secret& form : policy::skeletons(password)) forms.push_back(marked(form));

  using Tag = std::array<std::byte, hash::tag_bytes>;
  std::vector<Tag> made(history.size() * (1 + forms.size()));
  std::vector<hash::Task> tasks;
  const auto digests = foreign_digests(history, password);
  auto digest = digests.begin();
  for (const auto& group : history) {
    if (!group.recipe.empty()) {
      tasks.push_back({*digest++, group.salt, group.parameters, made[tasks.size()]});
      continue;
    }
    tasks.push_back({password.bytes(), group.salt, group.parameters, made[tasks.size()]});
    for (const Secret& form : forms)
      tasks.push_back({form.bytes(), group.salt, group.parameters, made[tasks.size()]});
  }
  if (verifier != nullptr) {
    *verifier = hash::salted(parameters);
    tasks.push_back({password.bytes(), verifier->salt, parameters, verifier->tag});
  }
  hash_all(tasks);

  Memory memory;
  // Every tag is compared, so that time does not tell which one it was.
  const auto found = [&](const auto& tags, const auto& tag) {
    bool known = false;
    for (const auto& earlier : tags) {
      const bool same = sodium_memcmp(earlier.tag.data(), tag.data(), earlier.tag.size()) == 0;
      known |= same && (earlier.barred || newest - earlier.number < options.history);
      memory.barred |= same && earlier.barred;
    }
    return known;
  };
  auto tag = made.begin();
  digest = digests.begin();
  for (auto& group : history) {
    if (!group.recipe.empty()) {
      if (!digest->empty()) memory.used_before |= found(group.tags, *tag);
      ++digest;
      ++tag;
      continue;
    }
    const bool add = group.parameters == parameters;
    memory.used_before |= found(group.tags, *tag);
    if (add) group.tags.push_back({newest + 1, false, *tag});
    ++tag;
    std::vector<SimilarTag> similar;
    for (std::size_t form = 0; form < forms.size(); ++form, ++tag) {
      memory.similar |= found(group.similar, *tag);
      similar.push_back({newest + 1, false, {}});
      std::memcpy(similar.back().tag.data(), tag->data(), SimilarTag::bytes);
    }
    // Nobody keeps what is switched off, but for what must never come back.
    if (!options.history_similar)
      std::erase_if(group.similar, [](const SimilarTag& form) { return !form.barred; });
    if (add) group.similar.insert(group.similar.end(), similar.begin(), similar.end());
  }
  return memory;
}

void Realm::Parts::bar_newest(History& history, const Secret* password) const {
  std::uint32_t newest = 0;
  for (const auto& group : history)
    for (const auto& tag : group.tags) newest = std::max(newest, tag.number);
  for (auto& group : history) {
    for (auto& tag : group.tags) tag.barred |= tag.number == newest;
    bool forms = false;
    for (auto& form : group.similar) {
      form.barred |= form.number == newest;
      forms |= form.number == newest;
    }
    const bool has_it = std::any_of(group.tags.begin(), group.tags.end(),
                                    [&](const HistoryTag& tag) { return tag.number == newest; });
    // Another system's hash knows the password alone.
    if (forms || !has_it || password == nullptr || !group.recipe.empty()) continue;
    // The policy keeps no forms; of this one it has to.
    std::vector<Secret> skeletons;
    for (const Secret& form : policy::skeletons(*password)) skeletons.push_back(marked(form));
    if (skeletons.empty()) continue;
    std::vector<std::array<std::byte, hash::tag_bytes>> tags(skeletons.size());
    std::vector<hash::Task> tasks;
    for (const Secret& form : skeletons)
      tasks.push_back({form.bytes(), group.salt, group.parameters, tags[tasks.size()]});
    hash_all(tasks);
    for (const auto& tag : tags) {
      group.similar.push_back({newest, true, {}});
      std::memcpy(group.similar.back().tag.data(), tag.data(), SimilarTag::bytes);
    }
  }
}

Expected<Secret> Realm::Parts::acceptable_password(const Secret& raw) const {
  if (store->row().name == system_realm && raw.size() > max_system_password_bytes)
    return fail(Code::usage,
                "the password is longer than 511 bytes, which is all that PAM carries");
  return policy::normalise(raw);
}

}  // namespace cred::engine
