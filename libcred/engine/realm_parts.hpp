// What the use cases share: a realm's keys, policy and store, and the steps that
// several of them take.
#pragma once

#include "audit/record.hpp"
#include "engine/arenas.hpp"
#include "engine/attempts.hpp"
#include "engine/engine.hpp"
#include "engine/head.hpp"
#include "engine/realm_keys.hpp"
#include "hash/password_hash.hpp"
#include "journal/anchor.hpp"
#include "journal/journal.hpp"
#include "vault/vault.hpp"

namespace cred::engine {

class RealmState;

// An account's row with its credential opened. The other fields are opened when
// they are needed.
struct Account {
  store::AccountRow row;
  Credential credential;
  // What marks of the whole realm add to the credential's own.
  bool suspected = false;
  bool locked_by_mark = false;
  std::uint32_t realm_epoch = 0;

  void marked_by(const Head& head);
  bool compromised() const { return suspected || credential.demand == Demand::compromised; }
  State state() const;
  std::uint64_t session_epoch() const {
    return std::uint64_t{credential.session_epoch} + realm_epoch;
  }
};

class Realm::Parts {
 public:
  Parts(std::unique_ptr<store::RealmStore> realm_store, std::shared_ptr<RealmKeys> realm_keys,
        const Configuration& configuration, std::shared_ptr<const Clock> the_clock,
        std::shared_ptr<Arenas> the_arenas, audit::EventSink the_sink);

  const std::unique_ptr<store::RealmStore> store;
  const std::shared_ptr<RealmKeys> keys;
  // Not of a store that machines share: no machine's journal could have every change.
  const bool has_journal;
  const std::string journals;  // the directory of those of all realms
  mutable journal::Journal journal;
  mutable journal::Anchor anchor;
  const policy::Policy policy;
  const hash::Parameters parameters;
  AttemptLimits limits;
  const std::shared_ptr<const Clock> clock;
  const std::shared_ptr<Arenas> arenas;
  const std::string host;  // this machine's name
  const audit::EventSink sink;

  std::shared_ptr<const vault::Vault> vault() const { return keys->vault(); }

  // Throws Failure (integrity) when the head is older than the anchor or than what this
  // process saw.
  void must_be_newest(const Head& head, const vault::Vault& vault,
                      const std::optional<journal::Mark>& mark, std::uint64_t seen) const;
  // What waits for the journal, up to this change, is in it when this returns, and the
  // anchor knows. A journal that cannot be written costs no change that the store has: it
  // waits, and the log tells of it. Without a journal: the anchor alone.
  void write_journal(const journal::Mark& mark) const;
  // The anchor alone, of a change that is on disk.
  void advance_anchor(const journal::Mark& mark) const;
  // The same for all that a state shows, records of logins too, which a power cut might take
  // from the store: they are synced first, for neither may be ahead of it.
  void write_journal_of(const RealmState& state) const;

  // `source` may be empty: not known.
  AttemptCounter attempts(std::string_view name, std::string_view source = {}) const;
  store::Subject source_subject(std::string_view source) const;
  // What a counter stands for, for those who may see it. A name that is no account's
  // may be a password typed in the wrong place: it is left out.
  store::Blob label(const store::Subject& subject, std::string_view name,
                    std::string_view source) const;
  struct Label {
    std::string name;
    std::string source;
  };
  Label open_label(const store::Counter& counter) const;

  std::optional<Account> find(std::string_view name) const;
  Profile profile(const Account& account) const;
  History history(const Account& account) const;

  // Seals the three fields for the row's next generation and writes them with an
  // audit record, if the row's generation is still the one that was read. False:
  // it is not.
  bool replace(const Account& account, const Credential& credential, const History& history,
               audit::Event event, const Actor& actor, const std::string& detail = {}) const;
  // The same for a profile alone.
  bool replace(const Account& account, const Profile& profile, const Actor& actor) const;
  // An event that changes no account. `name` may be empty: it is about none.
  void note(const Uuid& account, std::string_view name, audit::Event event, const Actor& actor,
            const std::string& detail) const;
  // An event for the system's log, to be filled in and told.
  audit::SecurityEvent event(const char* what, Code outcome, std::string_view name) const;
  void tell(const audit::SecurityEvent& event) const;
  // Seals a new account. False: the name is taken.
  bool insert(std::string_view name, const Credential& credential, const Profile& profile,
              const History& history, const Actor& actor) const;

  Standing standing(const Account& account, Means means = Means::password) const;
  // The same for a password, with the last login known already.
  Standing standing(const Account& account, Time last_login) const;
  LastLogin last_login(const Uuid& account, const store::Attempts& attempts) const;
  // What the rules may know. The views are into the arguments and this object.
  policy::Context context(std::string_view name, const Profile& profile,
                          const Secret* old_password) const;

  // What a password is compared with: the account's, or for a name without one, one that costs
  // what some account's does.
  hash::Verifier verifier_of(std::string_view name, std::optional<Account>& account) const;
  // What an account costs beside its hash, for names without one: a credential is opened and
  // read.
  void open_in_vain(std::string_view name) const;
  // However many others change the account meanwhile: a password that was replaced by then is
  // not the one that is known. One that is marked already stays as it is.
  void mark_compromised(Account account, const std::string& reason, const Actor& actor) const;

  hash::Verifier make_verifier(const Secret& password) const;
  // `arena` is exchanged for a larger one where the verifier asks for it.
  bool matches(const Secret& password, const hash::Verifier& verifier, Arenas::Lent& arena) const;

  // What the history says of a password, at the cost of one hash for each group and,
  // where near copies are refused, one more for each of its canonical forms. Adds its
  // tags to `history`, so that what was checked is what is remembered. With `verifier` the
  // password's new one is made as well: none of these hashes waits for another.
  struct Memory {
    bool used_before = false;
    bool similar = false;
    bool barred = false;  // it, or what looks like it, was suspected to be known
  };
  Memory remember(History& history, const Secret& password, hash::Verifier* verifier) const;
  // The newest password of a history never comes back, nor what looks like it: by the forms
  // that the history has, or those of `password`, which is that one, if it is at hand.
  void bar_newest(History& history, const Secret* password) const;

  // What is no password of this realm. Errors: usage.
  Expected<Secret> acceptable_password(const Secret& raw) const;

 private:
  Secret open_field(const store::AccountRow& row, vault::Field field) const;
  std::vector<Wiped<std::byte>> foreign_digests(const History& history,
                                                const Secret& password) const;
  // On as many cores as are idle and have memory.
  void hash_all(std::span<const hash::Task> tasks) const;
};

// A password of another system in the history.
HistoryGroup group_of(const hash::Verifier& verifier, std::uint32_t number);
// A random UUID (RFC 9562 §5.4).
Uuid new_account_id();

// What may be a sentence for the trail. Errors: usage.
Expected<void> check_reason(const std::string& reason);
// What may be a profile. Errors: usage.
Expected<void> check_profile(const Profile& profile);

// Turns what is thrown below into the Error of the call.
template <typename Work>
auto at_the_door(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const Failure& failure) {
    return tl::make_unexpected(failure.error());
  } catch (const std::bad_alloc&) {
    return fail(Code::unavailable, "out of memory");
  } catch (const std::exception& error) {
    return fail(Code::internal, error.what());
  }
}

}  // namespace cred::engine
