// The engine's door: the use cases, each on a realm. It alone knows the order of
// things: count, verify, judge, hash, seal, write.
//
// Engine and Realm are safe to use from several threads. No call keeps a Secret
// that it is given. Every call may answer unavailable (store, memory), integrity
// (a row was altered, or does not open) and internal; only further errors are
// named below.
#pragma once

#include "audit/event.hpp"
#include "audit/security_event.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/uuid.hpp"
#include "engine/backups.hpp"
#include "engine/configuration.hpp"
#include "engine/grants.hpp"
#include "engine/import.hpp"
#include "engine/records.hpp"
#include "policy/policy.hpp"
#include "store/store.hpp"
#include "vault/root_key.hpp"
#include "vault/vault.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cred::engine {

inline constexpr std::string_view system_realm = "system";
// What PAM carries (PAM_MAX_RESP_SIZE less its terminator).
inline constexpr std::size_t max_system_password_bytes = 511;

// Who asks, for the trail: "uid 0 (root)", a service's name. What is not known is empty.
struct Actor {
  std::string name;
  std::optional<std::uint32_t> uid{};
  std::string source{};
  std::string service{};
  std::string tty{};
  // By what right, of others than root: "operator by grant 7".
  std::string right{};
};

// Where a request comes from. Any part may be empty: not known.
struct Origin {
  std::string_view source{};   // attempts are counted by it: "host 192.0.2.7", "uid 1000"
  std::string_view service{};  // for the record
  std::string_view tty{};
};

// How the person, or a job of theirs, comes in.
enum class Means : std::uint8_t {
  password,
  other,  // a key, or a job that runs by itself
};

enum class Reason : std::uint8_t {
  none,
  expired,
  forced,
  compromised,
  grace_over,
  too_early,
  locked,
  disabled,
  idle,
  one_time_over,
  policy,
  old_password,
};

// The stable word for a reason, as JSON shows it.
const char* word(Reason reason) noexcept;

// Whether and until when a password may be used.
struct Standing {
  Code code = Code::accepted;  // accepted, must_change or locked
  // With `accepted`: what a password would be changed for, where none was needed.
  Reason reason = Reason::none;
  Time set_at{};
  std::optional<Time> due;  // unset: never
  bool warn = false;        // due lies within the warning period
  bool too_early = false;   // younger than min_age
};

// What an owner is told after a login.
struct LastLogin {
  std::optional<Login> login;        // unset: none is known
  std::uint32_t failures_since = 0;  // of the account, from anywhere
};

struct Authentication {
  Code code = Code::refused;  // accepted, must_change, locked, refused
  Standing standing;          // filled for the right password alone
};

// What came of setting a password.
struct Change {
  Code code = Code::refused;  // accepted, refused, locked, not_found
  Reason reason = Reason::none;
  std::vector<policy::Verdict> verdicts;  // with reason `policy`: what each rule says
};

struct Status {
  std::string name;
  Uuid id{};
  store::Generation generation = 0;
  State state = State::active;
  Profile profile;
  Standing standing;
  std::size_t passwords = 0;  // how many the account has had
  hash::Parameters parameters;
  std::string wrapped;  // the scheme of another system's hash, until the first right login
  std::uint32_t failures = 0;
  std::uint32_t attempts_left = 0;
  std::optional<Time> blocked_until;  // Time::max(): until an administrator unlocks it
  std::optional<Time> last_login;     // the last right password
  LastLogin last_session;
  std::optional<Time> exempt_until;
  std::string exempt_reason;
  std::uint64_t session_epoch = 0;  // sessions that began under a lower one should end
};

// A counter of failed attempts: of an account from one source, of an account from
// anywhere (no source), of a source (no account).
struct FailedAttempts {
  std::string account;  // empty also for names that are no account's
  std::string source;
  bool by_source = false;  // of an account from one source, `source` may be empty: not known
  std::uint32_t failures = 0;
  Time last_failure{};
  std::optional<Time> blocked_until;  // Time::max(): until an administrator forgets it
};

// A record of the trail.
struct TrailEntry {
  std::uint64_t number = 0;
  Time time{};
  std::string event;  // stable word
  Code outcome = Code::accepted;
  std::string account;  // its name today; empty: none, or it is gone
  Uuid account_id{};
  std::optional<std::uint32_t> uid;  // who acted
  // Empty also where a person was erased whom they named.
  std::string actor;
  std::string source;
  std::string service;
  std::string tty;
  std::string detail;
  bool erased = false;
  std::vector<std::byte> mac;
};

struct TrailCheck {
  std::uint64_t records = 0;  // that are whole, from the first one that is kept
  std::uint64_t pruned = 0;   // records up to this one were forgotten on purpose
  std::optional<std::uint64_t> first_bad;
  std::string why;
  // Of the key that signs the first checkpoint: the one thing that whoever has every key
  // of today cannot have kept.
  std::string fingerprint;
};

// A data key of a realm.
struct KeyStatus {
  std::uint32_t number = 0;
  std::uint64_t id = 0;
  Time made{};
  bool seals = false;           // what is written now
  std::optional<Time> retired;  // since then it opens backups and the journal alone
  store::KeyUse uses;           // what it sealed, and is not sealed anew yet
};

struct Rotation {
  bool continued = false;      // of a key that was made before
  std::uint64_t resealed = 0;  // values, or rows of several
};

struct RootKeyStatus {
  std::string url;
  std::uint64_t id = 0;
  std::optional<Time> since;  // its file was written then; nothing for a key in no file
};

struct RootRotation {
  std::uint64_t id = 0;  // of the new key
  std::string url;
  bool continued = false;  // what a killed one had begun was finished, and nothing else
  bool configure = false;  // keys.root has to name `url` from now on
  // What could not be done beside it; empty: nothing.
  std::string warning;
};

// What a realm is, and until when.
enum class Phase : std::uint8_t {
  active,
  grace,      // expired: everything works, with warnings
  suspended,  // nothing works, everything is kept
  due,        // for erasure
};
const char* word(Phase phase) noexcept;

struct RealmStatus {
  std::string name;
  Uuid id{};
  Phase phase = Phase::active;
  std::optional<Time> until;  // the next phase begins
  bool trial = false;
  bool by_administrator = false;  // suspended by one: it does not end by itself
  std::uint64_t accounts = 0;
  std::uint64_t erased_accounts = 0;  // in realm `system` and erased realms
  std::uint64_t changes = 0;          // number of the last one
  Time changed{};
  std::uint64_t audit_records = 0;
};

// Why passwords are suspected to be known to others, and what is done about it.
struct Suspicion {
  std::string reason;
  bool lock = false;     // nobody gets in, not even to change it
  bool dry_run = false;  // changes nothing
};

struct Marked {
  std::vector<std::string> accounts;
  std::vector<std::string> unknown;  // names that are no account's
};

// What became of a password that was marked.
struct Aftermath {
  std::string account;
  std::optional<Time> marked;   // the last time; unset: before the trail begins
  std::optional<Time> changed;  // the first time since then; unset: not yet
  bool by_owner = false;        // who changed it
  bool locked = false;          // today
};

// What was erased of a person beside the account.
struct Erasure {
  Uuid account{};
  std::uint64_t bodies = 0;  // of records of the trail
  // Records of the trail's former formats that name the person: they go when the trail is
  // pruned, for the chain covers all of their bytes.
  std::uint64_t kept = 0;
};

// What is stored about a person.
struct PersonalData {
  Status status;
  std::vector<FailedAttempts> failures;
  std::vector<TrailEntry> records;
};

class Realm {
 public:
  class Parts;
  explicit Realm(std::unique_ptr<Parts> parts);
  Realm(Realm&&) noexcept;
  Realm& operator=(Realm&&) noexcept;
  ~Realm();

  const std::string& name() const;
  const policy::Policy& policy() const;

  // Checks `password` as a login does. Counts the attempt before it hashes. An
  // unknown name costs the same and answers `refused`, and so does what is no
  // password. Failures are counted for each source, so that a stranger's do not keep
  // the owner out. Errors: unavailable also when other attempts on the name did not
  // end in time.
  Expected<Authentication> authenticate(std::string_view name, const Secret& password,
                                        const Origin& origin = {});

  // Whether the account may be used now, without its password. Counts nothing. By
  // other means than a password an account is usable whose password has to be changed,
  // unless the policy has `expiry_stops_all`. Errors: not_found.
  Expected<Standing> standing(std::string_view name, Means means = Means::password);

  // Remembers that a session begins, and tells of the one before. `host` is the remote
  // one, if any; each text at most 256 bytes. Errors: not_found.
  Expected<LastLogin> begin_session(std::string_view name, const Origin& origin,
                                    std::string_view host);
  // Errors: not_found.
  Expected<LastLogin> last_login(std::string_view name);

  // The owner's change. Errors: usage (new password is none), conflict (changed
  // meanwhile).
  Expected<Change> change(std::string_view name, const Secret& old_password,
                          const Secret& new_password, const Actor& actor,
                          const Origin& origin = {});

  // An administrator's reset; the policy holds for it too. Errors: as `change`,
  // not_found.
  Expected<Change> reset(std::string_view name, const Secret& new_password, bool must_change,
                         const Actor& actor);

  // A new account. Errors: usage (name, profile or password), conflict (exists).
  Expected<Change> enrol(std::string_view name, const Profile& profile, const Secret& password,
                         bool must_change, const Actor& actor);

  // The same of a password that another system has just found right: one that the policy
  // refuses is taken all the same, answered with `must_change`, and has to be changed. It is
  // its owner's. Errors: as `enrol`.
  Expected<Change> enrol_known(std::string_view name, const Profile& profile,
                               const Secret& password, const Actor& actor);

  // New accounts with the hashes of another system, in one change; the first right login of
  // each replaces its hash. Nothing can be judged, since no password is known. What each came
  // to, in their order; repeated, nothing is done twice. Errors: usage (too many), locked.
  Expected<std::vector<Imported>> import_accounts(std::span<const ImportedAccount> accounts,
                                                  bool dry_run, const Actor& actor);

  // Every account with its hash, in the order of names, for another system; `what` is for the
  // trail, which knows before the first is told. `visit` answers false to stop.
  Expected<void> export_credentials(const std::string& what, const Actor& actor,
                                    const std::function<bool(const ExportedCredential&)>& visit);

  // What the policy says of a password, changing nothing. With a known name, its
  // names are looked for, and with `history` its earlier passwords too, at the cost
  // of some hashes. Errors: usage (no password), not_found; with
  // `on_data_failure = "refuse"` what a list or corpus gives that cannot be used.
  enum class Depth : std::uint8_t { rules, history };
  Expected<policy::Report> check(std::optional<std::string_view> name, const Secret* old_password,
                                 const Secret& password, Depth depth);

  // A password that the policy accepts for the account-to-be.
  Expected<Secret> generate(std::string_view name, const Profile& profile);

  // Alters an account's profile. `alter_profile` may be called again when somebody
  // else was faster. Errors: not_found, usage (a value that is none).
  Expected<void> set_profile(std::string_view name,
                             const std::function<void(Profile&)>& alter_profile,
                             const Actor& actor);
  // Until then the password does not expire; a time in the past ends an exemption.
  // At most a year. Errors: not_found, usage (too long, or no reason).
  Expected<void> exempt(std::string_view name, Time until, const std::string& reason,
                        const Actor& actor);
  // Suspected compromise: from now on the password only lets its owner change it, or
  // nothing at all with `lock`. Errors: not_found, usage (no reason).
  Expected<void> compromise(std::string_view name, const std::string& reason, bool lock,
                            const Actor& actor);

  // The same for several at once: all of them, or none where a name is unknown, unless
  // `skip_unknown`. Errors: usage (no reason; more than fit into one change).
  Expected<Marked> compromise_list(const std::vector<std::string>& names,
                                   const Suspicion& suspicion, bool skip_unknown,
                                   const Actor& actor);
  // Every password of the realm that was set before `before`, or so far. The accounts are
  // named by a dry run alone. Errors: usage (no reason; in the future; too many such marks).
  Expected<Marked> compromise_before(std::optional<Time> before, const Suspicion& suspicion,
                                     const Actor& actor);
  // The accounts that were marked since then, in the order of names.
  Expected<std::vector<Aftermath>> compromised(std::optional<Time> since);

  // An account, and what the trail and the journal say of its owner. An erasure that was
  // killed is completed, too. Errors: not_found, conflict (more bodies than one realm can
  // list).
  Expected<Erasure> erase(std::string_view name, const Actor& actor);
  // Completes erasures that were killed.
  Expected<void> finish_erasures();
  // What is stored about a person, for the person. Errors: not_found.
  Expected<PersonalData> export_person(std::string_view name, const Actor& actor);
  // Errors: not_found.
  Expected<std::uint64_t> session_epoch(std::string_view name);

  // Errors: not_found.
  Expected<void> expire(std::string_view name, const Actor& actor);
  // Locks or disables an active account, or makes such a one active again; then its
  // failures are forgotten too. Errors: not_found, conflict (it is neither `from`
  // nor `to`; any account can be disabled).
  Expected<void> set_state(std::string_view name, State from, State to, const Actor& actor);
  Expected<Status> status(std::string_view name);

  // Counters with failures: of one account, or of all names and sources, the latest
  // 10,000 first. Errors: not_found.
  Expected<std::vector<FailedAttempts>> failed_attempts(std::optional<std::string_view> name);
  // Forgets the failures of an account from everywhere, or those of a source, with
  // the delays they brought. Errors: not_found.
  Expected<void> forget_attempts(std::string_view name, const Actor& actor);
  Expected<void> forget_attempts_from(const std::string& source, const Actor& actor);

  // The records of the trail after number `after`, in their order. `visit` answers false to
  // stop.
  Expected<void> trail(std::uint64_t after, const std::function<bool(const TrailEntry&)>& visit);
  // Whether each record is there and has the MAC that the ones before it give, up to the last
  // one that the realm's head tells of, with the signed checkpoints between them. `progress`
  // gets the number of records so far.
  Expected<TrailCheck> verify_trail(const std::function<void(std::uint64_t)>& progress = {});
  Expected<RealmStatus> realm_status();
  // Nothing works until `resume`; everything is kept. Errors: conflict (is so already, or it
  // is realm `system`).
  Expected<void> suspend(const std::string& reason, const Actor& actor);
  // Ends a suspension and an expiry; a trial becomes a usual realm.
  Expected<void> resume(const Actor& actor);
  // From `when` on 30 days of grace, then 30 suspended, then `maintain` erases the realm.
  Expected<void> expire_realm(Time when, const Actor& actor);

  // A new data key, or with one under way the rest of it; everything is sealed with it when
  // this returns, and the ones before are retired. Logins and changes go on. Killed at any
  // point, the next call continues. Errors: conflict (repeat it).
  enum class Begin : std::uint8_t { if_none_is_under_way, only_left };
  Expected<Rotation> rotate_data_key(const Actor& actor, const WorkProgress& progress = {},
                                     Begin begin = Begin::if_none_is_under_way);
  // Keys that were retired before then, for good: what they sealed in backups and the journal
  // is lost. How many.
  Expected<std::size_t> destroy_retired_keys(Time before, const Actor& actor);
  Expected<std::vector<KeyStatus>> key_status();

  // Forgets records older than `before`, as far as signed checkpoints allow; how many. What is
  // left can be verified as before.
  Expected<std::uint64_t> prune_trail(Time before, const Actor& actor);
  // For the trail: `actor` asked for what it may not. `what` holds no secret.
  Expected<void> note_refusal(const Actor& actor, const std::string& what);
  // For the trail: what `actor` did or saw by a role. `account` may be empty, and is left
  // out where there is none of the name.
  Expected<void> note_use(audit::Event event, std::string_view account, const Actor& actor,
                          const std::string& what, Code outcome = Code::accepted);

  // A role for a while: it ends by itself. No later than `latest_end`, where that is given.
  // Errors: usage (no holder, too long, no reason), conflict (256 are in force).
  Expected<Grant> add_grant(const std::string& holder, Role role, Duration time,
                            const std::string& reason, const Actor& actor,
                            std::optional<Time> latest_end = std::nullopt);
  // Those in force.
  Expected<std::vector<Grant>> grants();
  // All of a holder; how many. Errors: not_found.
  Expected<std::size_t> remove_grants(const std::string& holder, const Actor& actor);
  // Takes those out whose time is over; how many.
  Expected<std::size_t> end_grants();

  // Every account in the order of names. `visit` answers false to stop.
  Expected<void> list(const std::function<bool(const Status&)>& visit);

 private:
  friend class Engine;
  // False: others sealed values with the old key meanwhile.
  bool finish_rotation(const Actor& actor, const WorkProgress& progress, Rotation& rotation);
  std::unique_ptr<Parts> parts_;
};

struct HeadCopy;
class RootKey;

class Engine {
 public:
  // Opens store and root key. `sink` learns of every security event; `ask` as
  // vault::load_root_key has it, here and below. A rotation of the root key that was killed
  // is finished. Errors: configuration (permissions included), and of the root key.
  static Expected<Engine> open(const Configuration& configuration,
                               std::shared_ptr<const Clock> clock, audit::EventSink sink = {},
                               const vault::AskSecret& ask = {});
  // Creates root key, store and realm `system`. A key that is there without a
  // store is used. Errors: conflict (a store exists), configuration.
  static Expected<void> initialise(const Configuration& configuration,
                                   const vault::AskSecret& ask = {});

  RootKeyStatus root_key_status() const;
  // Wraps the keys of all realms with another root key: a fresh one in the same file, or the
  // one that `to` names, which is created where there is none. The old one is kept, sealed
  // with the new one, for backups. Errors: usage (`to` is needed for a key that is in no
  // file), conflict (it is the same key; keys were changed meanwhile), configuration, what
  // `ask` answered.
  Expected<RootRotation> rotate_root_key(const std::optional<std::string>& to,
                                         const vault::AskSecret& ask, const Actor& actor);

  // Errors: not_found.
  Expected<Realm> realm(std::string_view name);
  // A realm with a data key of its own. Errors: conflict (exists), usage (name).
  Expected<void> add_realm(std::string_view name, const Actor& actor, bool trial = false);
  // The names of all, in their order.
  Expected<std::vector<std::string>> realms();
  // The store of a realm is older than it was, or another one, and is to be used all the
  // same. Errors: not_found, conflict (it is neither), usage (no reason).
  Expected<void> accept_rollback(std::string_view name, const std::string& reason,
                                 const Actor& actor);
  // Everything of a realm: accounts, trail, keys, journal. Its id stays, so that no backup
  // brings it back. Errors: not_found, conflict (realm `system`).
  Expected<void> erase_realm(std::string_view name, const Actor& actor);
  // What is due, in all realms: what phases and retention ask for, and what was left
  // undone. Each line says what was done; trouble is among them, with its code.
  struct Done {
    std::string realm;
    std::string what;
    Code code = Code::accepted;
  };
  Expected<std::vector<Done>> maintain(const Actor& actor);

  // All realms as they are now, in one sealed file with a signed manifest, whatever is changed
  // meanwhile. Older backups and parts of the journals that no kept backup needs go by the
  // configured retention. `restored_from` is for the manifest. Errors: unavailable,
  // configuration, integrity.
  Expected<BackupInfo> create_backup(const Actor& actor, const WorkProgress& progress = {},
                                     const std::string& restored_from = {});
  // Puts the store in place as it was, with what must not be undone brought in: erasures,
  // marks, the trail, changed passwords (docs/running.md). Needs no store that opens; where
  // there is one, nobody else writes to it at the end, and it stays as it was unless this
  // succeeds. Errors: not_found (no backup), conflict (none leads there, or another restore
  // is under way), integrity (a damaged backup or journal), unavailable, configuration.
  static Expected<RestoreReport> restore(const Configuration& configuration,
                                         std::shared_ptr<const Clock> clock, audit::EventSink sink,
                                         const RestoreRequest& request, const Actor& actor,
                                         const WorkProgress& progress = {},
                                         const vault::AskSecret& ask = {});

  // For a service: has memory ready for `most` hashes at once, as far as the budget goes, and
  // leaves in it what a hash leaves until `wipe_memory` is called, so that the answer is out
  // before. That is to be soon.
  void keep_memory(std::size_t most);
  // Wipes the memory that no hash is lent, if it was last used at least `age` ago.
  void wipe_memory(std::chrono::milliseconds age = {});

 private:
  struct Shared;
  // With a root key that was read already; without one it is read after the store is opened.
  static Engine open_with(std::shared_ptr<RootKey> root, const Configuration& configuration,
                          std::shared_ptr<const Clock> clock, audit::EventSink sink,
                          const vault::AskSecret& ask);
  bool finish_root_rotation(const Actor& actor, RootRotation& rotation);
  void finish_root_rotation_at_opening();
  RootRotation renew_root_key(const Actor& actor);
  RootRotation move_root_key(const std::string& url, const vault::AskSecret& ask,
                             const Actor& actor);
  void exchange_root_key(const Secret& next, const std::string& url, const Actor& actor,
                         RootRotation& rotation);
  void tell_of_root_key(vault::KeyId id, const Actor& actor, bool maybe_told,
                        RootRotation& rotation);
  void prune_backups();
  void register_realm(const store::RealmRow& row, const std::vector<store::KeyRow>& keys,
                      const HeadCopy& first);
  explicit Engine(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  std::shared_ptr<Shared> shared_;
};

// The backups that there are, oldest first. Needs no store. Errors: configuration, unavailable.
Expected<std::vector<BackupInfo>> list_backups(const Configuration& configuration,
                                               const vault::AskSecret& ask = {});
// Restores a backup, or the newest, into a scratch store beside it, opens every record and
// compares counts and digests. Needs no store. Errors: not_found, integrity, unavailable.
Expected<BackupInfo> verify_backup(const Configuration& configuration,
                                   const std::optional<std::string>& name,
                                   const WorkProgress& progress = {},
                                   const vault::AskSecret& ask = {});

// What may be a login name: 1 to 64 bytes of UTF-8, no control character, space,
// '/' or ':', no leading '-' or '+', not "." or "..". Errors: usage.
Expected<void> check_name(std::string_view name);

// The refusals among verdicts.
std::vector<const policy::Verdict*> violations(const std::vector<policy::Verdict>& verdicts);

}  // namespace cred::engine
