// Putting the store back to how it was.

#include "engine/backup_parts.hpp"
#include "engine/account_tree.hpp"
#include "engine/bring_in.hpp"
#include "engine/engine_shared.hpp"
#include "engine/realm_state.hpp"
#include "engine/rebuild.hpp"
#include "engine/reseal.hpp"
#include "engine/root_rotation.hpp"
#include "engine/scratch_file.hpp"
#include "engine/store_check.hpp"
#include "engine/units.hpp"

#include <algorithm>
#include <unistd.h>

namespace cred::engine {
namespace {

// A realm of the store that is in use.
struct LiveRealm {
  std::unique_ptr<store::RealmStore> store;
  std::unique_ptr<store::Transaction> transaction;
  std::vector<store::KeyRow> keys;
  std::shared_ptr<const vault::Vault> vault;
  Head head;
};

struct Live {
  std::unique_ptr<store::Store> store;
  std::map<Uuid, LiveRealm> realms;
  std::map<Uuid, Time> erased;
};

LiveRealm look_at(std::unique_ptr<store::RealmStore> realm, RootKey& root) {
  LiveRealm live;
  live.store = std::move(realm);
  const auto& row = live.store->row();
  live.transaction = live.store->begin(store::Access::read);
  live.keys = live.transaction->keys();
  const auto head = live.transaction->head();
  if (live.keys.empty() || !head)
    throw Failure(Code::integrity, "the keys or the head of realm " + row.name + " are missing");
  const auto wrapped_by = value_or_throw(vault::key_id_of(live.keys.front().wrapped));
  live.vault = std::make_shared<const vault::Vault>(value_or_throw(
      vault::Vault::open(*root.matching(wrapped_by), row.id, wrapped_keys(live.keys))));
  const Secret opened = value_or_throw(live.vault->open(place_of_head(head->number), head->record));
  live.head = value_or_throw(decode_head(opened.bytes()));
  if (live.head.number != head->number || live.head.realm != row.name)
    throw Failure(Code::integrity, "the head of realm " + row.name + " is another's");
  return live;
}

class Restoring {
 public:
  Restoring(Configuration configuration, std::shared_ptr<const Clock> clock, audit::EventSink sink,
            RestoreRequest request, Actor actor, WorkProgress progress,
            std::shared_ptr<RootKey> root, std::function<Engine()> open_restored)
      : configuration_(std::move(configuration)),
        clock_(std::move(clock)),
        sink_(std::move(sink)),
        request_(std::move(request)),
        actor_(std::move(actor)),
        progress_(std::move(progress)),
        root_(std::move(root)),
        open_restored_(std::move(open_restored)),
        directory_(configuration_.backup_directory),
        path_(configuration_.store_url.substr(configuration_.store_url.find(':') + 1)),
        at_(request_.at.value_or(Time::max())) {}

  RestoreReport run() {
    if (store::is_shared(configuration_.store_url))
      throw Failure(Code::configuration,
                    "a backup is restored into a file: name one in [store] url (sqlite:), and "
                    "bring it to the server with credctl store copy");
    // What it puts in place is wrapped with the root key of now.
    const auto lock = lock_root(configuration_.store_url, store::Holding::shared);
    ScratchFile file(path_ + ".restoring", "a restore");
    const ScratchFile newer_file(path_ + ".restoring-newest", "a restore");
    look_at_live();
    auto restored = rebuild(file, at_, !live_ && at_ == Time::max());
    report_.backup = chosen_;

    // From here on nobody else writes.
    std::unique_ptr<store::Exchange> exchange;
    if (live_ && !request_.dry_run) {
      exchange = store::begin_exchange(configuration_.store_url, file.path());
      open_live(*live_);
    } else if (live_) {
      open_live(*live_);
    }
    std::optional<Rebuilding> newest;
    const std::string chosen = chosen_;
    if (!live_ && at_ != Time::max()) newest = rebuild(newer_file, Time::max(), true);
    chosen_ = chosen;
    end(restored, newest ? &*newest : nullptr);
    newest.reset();
    restored = {};
    if (request_.dry_run) return std::move(report_);

    if (live_) {
      live_->realms.clear();
      exchange->finish();
      exchange.reset();
      live_->store.reset();
    } else {
      const std::string suffix = ".damaged-" + print_time(clock_->now());
      if (store_is_there_) report_.moved_aside.push_back(path_ + suffix);
      store::move_into_place(configuration_.store_url, file.path(), suffix);
      file.keep();
    }
    report_.in_place = true;
    afterwards();
    return std::move(report_);
  }

 private:
  struct Rebuilding {
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Rebuild> rebuild;
  };

  // Whether the store that there is may tell what happened since; `report_.live` says why not.
  void look_at_live() {
    store_is_there_ = access(path_.c_str(), F_OK) == 0;
    try {
      Live live;
      live.store = store::open(configuration_.store_url);
      open_live(live);
      for (auto& [id, realm] : live.realms) {
        const Realm::Parts parts(live.store->realm(realm.store->row().name),
                                 std::make_shared<RealmKeys>(root_, id, realm.keys), configuration_,
                                 clock_, nullptr, sink_);
        journal::make_directory(parts.journals);
        parts.store->sync();
        parts.write_journal({realm.head.number, digest_of(*realm.vault, realm.head)});
        std::optional<std::uint64_t> last;
        try {
          last = parts.journal.lock().last();
        } catch (const Failure& failure) {
          // What is to be restored may lie before the damage.
          if (failure.error().code != Code::integrity) throw;
        }
        if (last && *last > realm.head.number)
          throw Failure(Code::integrity, "realm " + realm.head.realm + " of it ends with change " +
                                             std::to_string(realm.head.number) +
                                             ", and the journal has " + std::to_string(*last));
        const auto now = look_at(live.store->realm(realm.head.realm), *root_);
        (void)AccountTree(*now.vault, *now.transaction).check_all(now.head.tree);
        (void)checked_tombstones(*now.transaction, *now.vault, now.head);
      }
      if (live.realms.empty()) throw Failure(Code::integrity, "there is no realm in it");
      live_ = std::move(live);
    } catch (const Failure& failure) {
      // One that is busy, say, may be whole.
      if (store_is_there_ && failure.error().code != Code::integrity) throw;
      report_.live = failure.error().message;
    }
  }

  void open_live(Live& live) {
    live.realms.clear();
    const auto rows = live.store->erased_realms();
    std::vector<store::Tombstone> tombstones;
    for (const auto& name : live.store->realms()) {
      auto realm = live.store->realm(name);
      if (!realm) continue;
      const Uuid id = realm->row().id;
      auto& known = live.realms[id] = look_at(std::move(realm), *root_);
      if (name == system_realm)
        // Before heads had format 2 nothing vouched for realms that were erased.
        tombstones = known.head.oldest_key == 0
                         ? rows
                         : checked_tombstones(*known.transaction, *known.vault, known.head);
      known.transaction.reset();  // there may be many realms
    }
    live.erased.clear();
    for (const auto& realm : vouched_for(rows, tombstones).realms)
      live.erased[realm.account] = realm.erased;
  }

  // From the newest backup that leads there.
  Rebuilding rebuild(const ScratchFile& file, Time at, bool counters) {
    auto backups = directory_.list(manifest_keys(*root_));
    std::ranges::reverse(backups);
    std::optional<Error> trouble;
    for (const auto& backup : backups) {
      if (request_.from && backup.name != *request_.from) continue;
      if (!backup.manifest) {
        if (request_.from) throw Failure(backup.manifest.error());
        if (!trouble) trouble = backup.manifest.error();
        continue;
      }
      const auto& realms = backup.manifest->realms;
      if (std::ranges::any_of(realms, [&](const auto& realm) { return realm.time > at; })) {
        if (request_.from)
          throw Failure(Code::usage, "backup " + backup.name + " is of a later time than " +
                                         print_time(at) + ": take an earlier one, or none");
        continue;
      }
      file.clear();
      Rebuilding made;
      made.store = store::create_scratch(file.path());
      Rebuild::Terms terms;
      terms.journals = configuration_.journal_directory;
      terms.counters = counters;
      terms.accept_damage = request_.accept_damage;
      if (live_) {
        for (const auto& [id, realm] : live_->realms) terms.known_keys[id] = realm.keys;
        for (const auto& [id, erased] : live_->erased) terms.erased_realms.insert(id);
      }
      made.rebuild = std::make_unique<Rebuild>(root_, *made.store, std::move(terms), progress_);
      try {
        made.rebuild->load(directory_, backup);
        made.rebuild->replay(at);
        made.rebuild->check();
        chosen_ = backup.name;
        return made;
      } catch (const Failure& failure) {
        if (failure.error().code != Code::conflict || request_.from) throw;
        if (!trouble) trouble = failure.error();
      }
    }
    if (request_.from && !trouble)
      throw Failure(Code::not_found,
                    "there is no backup " + *request_.from + " in " + directory_.path());
    if (trouble) throw Failure(*trouble);
    throw Failure(Code::not_found,
                  "no backup in " + directory_.path() + " is " +
                      (request_.at ? "as old as " + print_time(*request_.at) : "there") +
                      "; credctl backup list shows them");
  }

  // No head, no entry of the journal and no anchor had this number; one is left out, so that
  // the journal shows a new run.
  std::uint64_t next_number(const Uuid& realm, std::uint64_t known) const {
    std::uint64_t last = known;
    const std::string name = to_string(realm);
    try {
      journal::Journal journal(configuration_.journal_directory + "/" + name, realm);
      journal::make_directory(configuration_.journal_directory);
      last = std::max(last, journal.lock().last().value_or(0));
      if (const auto mark = journal::Anchor(configuration_.anchor_directory + "/" + name).read())
        last = std::max(last, mark->number);
    } catch (const Failure& failure) {
      if (failure.error().code != Code::integrity) throw;
    }
    return last + 2;
  }

  Noted noted(const std::string& what) const {
    Noted noted;
    noted.event = audit::Event::restored;
    noted.actor = actor_;
    noted.detail = what;
    return noted;
  }

  // The newest state of a realm, held while it is read.
  struct Held {
    LiveRealm live;
    std::unique_ptr<store::RealmStore> store;
    std::unique_ptr<store::Transaction> transaction;
    Newest newest;
  };

  void hold(Held& held, const std::string& name, const Uuid& id, Rebuilding* newer) const {
    if (newer == nullptr) {
      held.live = look_at(live_->store->realm(name), *root_);
      const LiveRealm& live = held.live;
      held.newest = {live.store->row(), live.keys, live.vault, &live.head, live.transaction.get()};
      return;
    }
    const Rebuilt& realm = newer->rebuild->realms().at(id);
    held.store = newer->store->realm(name);
    held.transaction = held.store->begin(store::Access::read);
    held.newest = {realm.row, held.transaction->keys(), realm.vault, &realm.head,
                   held.transaction.get()};
  }

  void end(Rebuilding& restored, Rebuilding* newer) {
    store::Store& scratch = *restored.store;
    auto& realms = restored.rebuild->realms();
    std::map<Uuid, std::string> newest;
    std::map<Uuid, Time> erased;
    if (live_) {
      for (const auto& [id, realm] : live_->realms) newest[id] = realm.head.realm;
      erased = live_->erased;
    } else if (newer != nullptr) {
      for (const auto& [id, realm] : newer->rebuild->realms()) newest[id] = realm.row.name;
      for (const auto& [id, tombstone] : newer->rebuild->erased_realms())
        erased[id] = tombstone.erased;
    }
    for (const auto& [id, when] : erased) {
      if (realms.erase(id) != 0) (void)scratch.erase_realm(id, when);
      scratch.add_erased_realm(id, when);
    }
    for (auto& [id, realm] : realms) {
      Held held;
      const bool there = newest.contains(id);
      if (there) hold(held, realm.row.name, id, newer);
      finish_realm(scratch, realm, there ? &held.newest : nullptr);
    }
    for (const auto& [id, name] : newest) {
      if (realms.contains(id)) continue;
      Held held;
      hold(held, name, id, newer);
      keep_realm(scratch, held.newest);
    }
  }

  void finish_realm(store::Store& scratch, const Rebuilt& realm, const Newest* newest) {
    RestoreReport::Realm report;
    report.name = realm.row.name;
    report.time = realm.head.time;
    report.changes = realm.changes;
    const auto store = scratch.realm(realm.row.name);
    const auto to = store->begin(store::Access::write);
    if (newest != nullptr) bring_in(realm, *to, *newest, report, progress_);
    const Head& head = newest != nullptr ? *newest->head : realm.head;
    const auto& vault = newest != nullptr ? *newest->vault : *realm.vault;
    Ending ending{&head, next_number(realm.row.id, head.number), clock_->now(),
                  noted("to " + print_time(realm.head.time) + ", change " +
                        std::to_string(realm.head.number) + ", from backup " + chosen_)};
    // What comes from a store that is in use opens with the keys that it has.
    if (!live_) seal_anew(*to, vault, *realm.vault);
    heads_[realm.row.id] = end_mark(realm.row.id, vault, *to, ending, report);
    to->commit();
    report_.realms.push_back(report);
  }

  void keep_realm(store::Store& scratch, const Newest& late) {
    RestoreReport::Realm report;
    report.name = late.row.name;
    report.time = late.head->time;
    report.kept = true;
    const Secret record = encode(*late.head, Seed::without);
    if (!scratch.add_realm(late.row, late.keys,
                           {late.head->number, {record.bytes().begin(), record.bytes().end()}}))
      throw Failure(Code::conflict, "two realms have the name " + late.row.name);
    const auto store = scratch.realm(late.row.name);
    const auto to = store->begin(store::Access::write);
    copy_realm(late, *to);
    Ending ending{
        late.head, next_number(late.row.id, late.head->number), clock_->now(),
        noted("it came later and stayed as it was; the others are from backup " + chosen_)};
    if (!live_) seal_anew(*to, *late.vault, *late.vault);
    heads_[late.row.id] = end_mark(late.row.id, *late.vault, *to, ending, report);
    to->commit();
    report_.realms.push_back(report);
  }

  static journal::Mark end_mark(const Uuid& id, const vault::Vault& vault, store::Transaction& to,
                                const Ending& ending, RestoreReport::Realm& report) {
    const Head head = end_restore(id, vault, to, ending, report);
    return {head.number, digest_of(vault, head)};
  }

  // Nothing can be appended to one; a backup follows, so that no later moment needs it.
  void replace_damaged_journal(const Uuid& realm) {
    const std::string path = configuration_.journal_directory + "/" + to_string(realm);
    try {
      journal::Journal journal(path, realm);
      (void)journal.lock().last();
      journal.read(0, [](const journal::Entry&) { return true; });
      return;
    } catch (const Failure& failure) {
      if (failure.error().code != Code::integrity) throw;
    }
    const std::string aside = path + ".damaged-" + print_time(clock_->now());
    if (std::rename(path.c_str(), aside.c_str()) != 0)
      throw Failure(Code::unavailable, "cannot rename the damaged journal " + path);
    report_.moved_aside.push_back(aside);
  }

  // The restored store is in place, whatever fails now.
  void afterwards() {
    try {
      for (const auto& [id, mark] : heads_) replace_damaged_journal(id);
      for (const auto& [id, mark] : heads_)
        journal::Anchor(configuration_.anchor_directory + "/" + to_string(id)).force(mark);
      auto engine = open_restored_();
      // Its first step brings the journals up to date.
      report_.fresh_backup = value_or_throw(engine.create_backup(actor_, progress_, chosen_)).name;
    } catch (const Failure& failure) {
      report_.warning = failure.error().message;
    }
    if (!sink_) return;
    for (const auto& realm : report_.realms) {
      audit::SecurityEvent event;
      event.time = clock_->now();
      event.event = audit::word(audit::Event::restored);
      event.outcome = word(Code::accepted);
      event.realm = realm.name;
      event.actor = actor_.name;
      event.detail = "to " + print_time(realm.time) + " from backup " + chosen_;
      sink_(event);
    }
  }

  const Configuration configuration_;
  const std::shared_ptr<const Clock> clock_;
  const audit::EventSink sink_;
  const RestoreRequest request_;
  const Actor actor_;
  const WorkProgress progress_;
  const std::shared_ptr<RootKey> root_;
  const std::function<Engine()> open_restored_;
  const backup::Directory directory_;
  const std::string path_;
  const Time at_;
  bool store_is_there_ = false;
  std::optional<Live> live_;
  std::string chosen_;
  std::map<Uuid, journal::Mark> heads_;
  RestoreReport report_;
};

}  // namespace

Expected<RestoreReport> Engine::restore(const Configuration& given,
                                        std::shared_ptr<const Clock> clock, audit::EventSink sink,
                                        const RestoreRequest& request, const Actor& actor,
                                        const WorkProgress& progress, const vault::AskSecret& ask) {
  return at_the_door([&]() -> Expected<RestoreReport> {
    Configuration configuration = given;
    configuration.fill_in_directories();
    const auto root =
        std::make_shared<RootKey>(configuration.root_key_url, ask, configuration.backup_directory);
    const auto open_restored = [&] { return open_with(root, configuration, clock, sink, ask); };
    return Restoring(configuration, clock, sink, request, actor, progress, root, open_restored)
        .run();
  });
}

}  // namespace cred::engine
