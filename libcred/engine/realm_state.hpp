// One state of a realm, and one change to it. Whatever is read here was checked to be the
// newest that there is: nothing older than the head, the head no older than the anchor and
// than what this process saw before.
#pragma once

#include "audit/record.hpp"
#include "engine/head.hpp"
#include "engine/items.hpp"
#include "engine/realm_parts.hpp"
#include "store/store.hpp"

namespace cred::engine {

// The realm's state by its dates.
struct Dated {
  Phase phase = Phase::active;
  std::optional<Time> until;  // the next one begins
};
Dated phase_of(const Head& head, Time now);

class RealmState {
 public:
  enum class Older : std::uint8_t { refused, accepted };
  // Throws Failure (integrity) when the store is older than it was.
  RealmState(const Realm::Parts& parts, store::Access access, Older older = Older::refused);

  const Head& head() const { return head_; }
  const vault::Vault& vault() const { return *vault_; }
  store::Transaction& transaction() { return *transaction_; }

  // Throws Failure (locked) when the realm is suspended.
  void must_be_in_use() const;

  // An account or its proven absence. Throws Failure (integrity).
  std::optional<Account> find(std::string_view name);
  // The same of a realm that is suspended, too.
  std::optional<Account> find_in_any_phase(std::string_view name);
  // What a name without an account costs: what that of some account costs, chosen by a keyed
  // pseudonym of the name. Nobody's tag and salt. Nothing: the realm has no accounts.
  std::optional<hash::Verifier> stand_in(std::string_view name);
  // Of the account that was found, or of a row of `list`, which is not checked.
  Account opened(store::AccountRow row) const;
  Profile profile(const Account& account) const;
  History history(const Account& account) const;
  std::optional<Secret> document(std::string_view name, std::uint64_t generation);
  Secret open_field(const store::AccountRow& row, vault::Field field) const;
  // Throws Failure (integrity) unless the row's name is the one that it was sealed for.
  void must_be_named_rightly(const store::AccountRow& row) const;

 protected:
  const Realm::Parts& parts_;
  std::shared_ptr<const vault::Vault> vault_;
  std::unique_ptr<store::Transaction> transaction_;
  Head head_;
};

// What a record of the trail, and the event for the system's log, tell.
struct Noted {
  audit::Event event{};
  Uuid account{};
  std::string name{};  // of the account, for the log; empty: it is about none
  Actor actor{};
  std::string detail{};
  Code outcome = Code::accepted;
};

class RealmChange : public RealmState {
 public:
  // Whether the journal has the change when `commit` returns, or gets it with the next one.
  enum class Journal : std::uint8_t { at_once, later };
  explicit RealmChange(const Realm::Parts& parts, store::Access access = store::Access::write,
                       Journal journal = Journal::at_once);
  // On a store that may be older than it was.
  RealmChange(const Realm::Parts& parts, Older older);

  Head& head() { return head_; }

  // False: the name is taken. The row's bucket is filled in.
  bool insert(store::AccountRow row);
  // False: the generation is no longer `expected`.
  bool replace(store::AccountRow next, store::Generation expected);
  // Everything of it but its tombstone and the bodies of records.
  void remove(const Account& account);
  // The tombstone of an account; in realm `system` that of a realm, too, which has none yet.
  void bury(const Uuid& id);

  // A value of the realm as a whole; `generation` is the one in the head.
  void set_document(const std::string& name, std::uint64_t& generation,
                    std::span<const std::byte> plaintext);

  // A record of the trail; the log learns of it after `commit`, unless `tell` is false.
  void note(const Noted& noted, bool tell = true);
  // For the journal, in addition to what the calls above put there.
  void also(Item item) { items_.push_back(std::move(item)); }

  // This change follows the state that `stood_at`, with a number above `known`: what was
  // between them is no longer so.
  void begin_run(std::uint64_t known, std::uint64_t stood_at);

  void put_key(const store::KeyRow& key);
  void remove_key(std::uint32_t number);

  // In the store when it returns.
  void commit();

 private:
  void check_point();
  const Journal journal_ = Journal::at_once;
  const bool synced_ = true;
  bool new_run_ = false;
  std::vector<Item> items_;
  std::vector<audit::SecurityEvent> told_;
};

// The next record of the trail, and the head moves on to it.
store::AuditRow next_record(const vault::Vault& vault, Head& head, const Noted& noted, Time now);

// Numbers of records whose bodies were erased, ascending.
std::vector<std::uint64_t> erased_bodies(RealmState& state);
void set_erased_bodies(RealmChange& change, const std::vector<std::uint64_t>& numbers);
inline constexpr const char* erased_bodies_document = "erased_bodies";
std::vector<std::uint64_t> decode_erased_bodies(std::span<const std::byte> bytes);

// One of a row's three sealed fields.
const store::Blob& sealed_field(const store::AccountRow& row, vault::Field field);
// Three records sealed for a generation. The row's bucket is for the change to fill in.
store::AccountRow sealed_row(const vault::Vault& vault, const Uuid& id, std::string_view name,
                             store::Generation generation, const Secret& credential,
                             const Secret& profile, const Secret& history);
// Whatever of it another key sealed than the newest is sealed with that one, for the same
// generation. What this very call sealed may have a key that was retired since; what the
// store holds may not. Throws Failure (integrity).
enum class Sealer : std::uint8_t { this_call, unknown };
store::AccountRow resealed(const vault::Vault& vault, const store::AccountRow& row, Sealer sealer);

// The places of what counters hold.
vault::Place place_of_label(const store::Subject& subject);
vault::Place place_of_login(const Uuid& account);
// The place of a sealed body, and of a change in the journal.
vault::Place place_of_body(std::uint64_t number, const Uuid& account);
vault::Place place_of_entry(std::uint64_t number);
vault::Place place_of_head(std::uint64_t number);
vault::Place place_of_document(std::string_view name, std::uint64_t generation);
// The head of a realm that begins: the first checkpoint's key is made.
Head first_head(std::string_view realm, Time now);
// Seals a head for its row.
store::HeadRow sealed_head(const vault::Vault& vault, const Head& head);
vault::Mac mac_of(const vault::Vault& vault, const store::Tombstone& tombstone);
// What the anchor remembers of a head.
vault::Mac digest_of(const vault::Vault& vault, const Head& head);
// A realm of version 4, or one that was never used, becomes ready: keys, buckets, tree,
// head, anchor.
void prepare(const Realm::Parts& parts);
// A store that is older than it was is used from now on. Throws Failure (conflict: it is
// not).
void accept(const Realm::Parts& parts, const std::string& reason, const Actor& actor);

}  // namespace cred::engine
