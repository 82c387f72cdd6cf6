#include "engine/store_copy.hpp"

#include "engine/account_tree.hpp"
#include "engine/engine_shared.hpp"
#include "engine/realm_state.hpp"
#include "engine/store_check.hpp"
#include "store/driver.hpp"

#include <algorithm>
#include <functional>
#include <map>

namespace cred::engine {
namespace {

constexpr std::size_t page = 1000;

// No realm has such a head: what has it does not open, and is a copy under way.
constexpr std::uint64_t under_way = 0;

// Accounts in the order of their names, a page at a time.
class Names {
 public:
  // Asked for the transaction of now at each page.
  explicit Names(std::function<store::Transaction&()> transaction)
      : transaction_(std::move(transaction)) {}
  // Null after the last one.
  const store::AccountRow* here() {
    if (at_ == rows_.size() && !ended_) {
      rows_ = transaction_().list(after_, page);
      at_ = 0;
      ended_ = rows_.empty();
      if (!ended_) after_ = rows_.back().name;
    }
    return at_ == rows_.size() ? nullptr : &rows_[at_];
  }
  void next() { ++at_; }

 private:
  std::function<store::Transaction&()> transaction_;
  std::string after_;
  std::vector<store::AccountRow> rows_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

bool same(const store::AccountRow& a, const store::AccountRow& b) {
  return a.id == b.id && a.generation == b.generation && a.bucket == b.bucket &&
         a.credential == b.credential && a.profile == b.profile && a.history == b.history;
}

bool same(const store::Attempts& a, const store::Attempts& b) {
  return a.failures == b.failures && a.last_failure == b.last_failure &&
         a.blocked_until == b.blocked_until && a.last_success == b.last_success &&
         a.name == b.name && a.label == b.label && a.since_login == b.since_login &&
         a.last_login == b.last_login;
}

bool same(const store::AuditRow& a, const store::AuditRow& b) {
  return a.number == b.number && a.record == b.record && a.mac == b.mac && a.body == b.body &&
         (a.body.empty() || a.account == b.account);
}

// Makes the copy of a realm equal to what is copied, and counts what was not.
class Equalling {
 public:
  Equalling(store::Transaction& from, store::RealmStore& copy, const WorkProgress& progress,
            const std::string& name, std::uint64_t total)
      : from_(from),
        copy_(copy),
        progress_(progress),
        what_("Copying realm " + name),
        total_(total),
        to_(copy.begin(store::Access::write)) {}

  void all() {
    accounts();
    trail();
    counters();
    small_ones();
  }
  void commit() { to_->commit(); }
  std::uint64_t written() const { return written_; }

 private:
  void accounts() {
    // Names change hands: what goes away makes room first.
    std::vector<Uuid> gone;
    std::vector<store::AccountRow> changed;
    Names source([this]() -> store::Transaction& { return from_; });
    Names copied([this]() -> store::Transaction& { return *to_; });
    for (;;) {
      const auto* wanted = source.here();
      const auto* there = copied.here();
      if (wanted == nullptr && there == nullptr) break;
      if (there != nullptr && (wanted == nullptr || there->name < wanted->name)) {
        gone.push_back(there->id);
        copied.next();
        continue;
      }
      const bool has = there != nullptr && there->name == wanted->name;
      if (!has || !same(*wanted, *there)) {
        if (has) gone.push_back(there->id);
        changed.push_back(*wanted);
      }
      if (has) copied.next();
      source.next();
      count();
      // The copy is read further on than what is written here.
      if (changed.size() == page) put(gone, changed);
    }
    put(gone, changed);
  }

  void put(std::vector<Uuid>& gone, std::vector<store::AccountRow>& changed) {
    for (const Uuid& id : gone) (void)to_->remove(id);
    for (const auto& row : changed) {
      // It may stand under another name still.
      (void)to_->remove(row.id);
      if (!to_->insert(row)) throw Failure(Code::integrity, "two accounts have the same name");
    }
    written_ += gone.size() + changed.size();
    gone.clear();
    changed.clear();
    keep();
  }
  // Whoever is interrupted goes on from here.
  void keep() {
    to_->commit();
    to_ = copy_.begin(store::Access::write);
  }

  void trail() {
    const auto first = from_.audit(0, 1);
    const auto oldest = to_->audit(0, 1);
    if (!oldest.empty() && (first.empty() || oldest.front().number < first.front().number))
      to_->prune_audit(first.empty() ? oldest.front().number : first.front().number - 1);
    for (std::uint64_t after = 0;;) {
      const auto wanted = from_.audit(after, page);
      const auto there = to_->audit(after, page);
      if (wanted.empty()) {
        if (there.empty()) return;
        throw Failure(Code::conflict, "the copy has records of the trail that the store has not");
      }
      for (std::size_t i = 0; i < wanted.size(); ++i, count()) {
        if (i < there.size() && same(there[i], wanted[i])) continue;
        ++written_;
        if (i >= there.size())
          to_->append_audit(wanted[i]);
        else if (there[i].number == wanted[i].number && there[i].mac == wanted[i].mac &&
                 there[i].record == wanted[i].record)
          to_->set_audit_body(wanted[i].number, wanted[i].body);  // erased, or sealed anew
        else
          throw Failure(Code::conflict, "the copy has another trail than the store");
      }
      keep();
      after = wanted.back().number;
    }
  }

  void counters() {
    std::vector<store::Counter> wanted;
    std::map<store::Subject, store::Attempts> there;
    to_->each_counter([&](const store::Counter& counter) {
      there.emplace(counter.subject, counter.attempts);
      return true;
    });
    from_.each_counter([&](const store::Counter& counter) {
      const auto known = there.find(counter.subject);
      if (known == there.end() || !same(known->second, counter.attempts)) wanted.push_back(counter);
      if (known != there.end()) there.erase(known);
      return true;
    });
    for (const auto& [subject, attempts] : there) to_->remove_attempts(subject);
    for (const auto& counter : wanted) to_->set_attempts(counter.subject, counter.attempts);
    written_ += there.size() + wanted.size();
  }

  void small_ones() {
    const auto keys = from_.keys();
    for (const auto& key : to_->keys())
      if (std::ranges::find(keys, key.number, &store::KeyRow::number) == keys.end())
        to_->remove_key(key.number);
    for (const auto& key : keys) to_->put_key(key);
    const auto checkpoints = to_->checkpoints();
    for (const auto& row : from_.checkpoints())
      if (std::ranges::find(checkpoints, row.number, &store::CheckpointRow::number) ==
          checkpoints.end())
        to_->append_checkpoint(row);
    for (const auto& [name, document] : from_.documents()) to_->set_document(name, document);
    const auto tombstones = to_->tombstones();
    for (const auto& row : from_.tombstones())
      if (std::ranges::find(tombstones, row.account, &store::Tombstone::account) ==
          tombstones.end())
        to_->add_tombstone(row);
  }

  void count() {
    if (++done_ % page == 0 && progress_) progress_(what_.c_str(), done_, total_);
  }

  store::Transaction& from_;
  store::RealmStore& copy_;
  const WorkProgress& progress_;
  const std::string what_;
  const std::uint64_t total_;
  std::unique_ptr<store::Transaction> to_;
  std::uint64_t done_ = 0;
  std::uint64_t written_ = 0;
};

class Copying {
 public:
  Copying(const Configuration& configuration, std::string from, std::string to,
          const WorkProgress& progress, const vault::AskSecret& ask)
      : configuration_(configuration),
        from_url_(std::move(from)),
        to_url_(std::move(to)),
        progress_(progress),
        from_(store::open(from_url_)),
        root_(std::make_shared<RootKey>(configuration.root_key_url, ask,
                                        configuration.backup_directory)) {}

  CopyReport run() {
    // Nobody exchanges the key that both are wrapped with.
    const auto lock = store::lock(from_url_, store::Purpose::root_key, store::Holding::shared,
                                  store::Waiting::yes);
    open_copy();
    for (const auto& name : from_->realms()) {
      Pass one = hold(name, store::Access::read);
      equalise(one);
    }
    const auto began = std::chrono::steady_clock::now();
    auto held = hold_all();
    for (auto& one : held) equalise(one);
    for (const auto& erased : from_->erased_realms())
      to_->add_erased_realm(erased.account, erased.erased);
    for (auto& one : held) finish(one);
    report_.switch_time =
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
    return std::move(report_);
  }

 private:
  // A state of a realm that stays as it is while this lives.
  struct Pass {
    std::unique_ptr<Realm::Parts> parts;
    std::unique_ptr<RealmState> state;
    store::HeadRow head;
  };

  std::unique_ptr<Realm::Parts> parts_of(store::Store& store, const std::string& name) const {
    auto realm = store.realm(name);
    if (!realm) throw Failure(Code::not_found, "realm " + name + " is gone; try again");
    const Uuid id = realm->row().id;
    auto keys = std::make_shared<RealmKeys>(root_, id, realm->keys());
    return std::make_unique<Realm::Parts>(std::move(realm), std::move(keys), configuration_,
                                          std::make_shared<SystemClock>(), nullptr,
                                          audit::EventSink{});
  }

  void open_copy() {
    if (!store::exists(to_url_)) {
      const auto system = from_->realm(system_realm);
      if (!system) throw Failure(Code::integrity, "there is no realm system in " + from_url_);
      (void)store::create(to_url_, system->row(), system->keys(), {under_way, {}});
    }
    to_ = store::open(to_url_);
    const auto system = to_->realm(system_realm);
    const auto head = system ? system->begin(store::Access::read)->head() : std::nullopt;
    if (!head || head->number != under_way)
      throw Failure(Code::conflict,
                    "there is a credential store at " + to_url_ + " already; nothing was changed");
  }

  Pass hold(const std::string& name, store::Access access) const {
    Pass one;
    one.parts = parts_of(*from_, name);
    one.state = std::make_unique<RealmState>(*one.parts, access);
    const auto head = one.state->transaction().head();
    if (!head) throw Failure(Code::integrity, "the head of realm " + name + " is missing");
    one.head = *head;
    return one;
  }

  // Nobody writes from here on. A file has one writer at a time, whatever the realm.
  std::vector<Pass> hold_all() const {
    std::vector<Pass> held;
    auto names = from_->realms();
    (void)std::partition(names.begin(), names.end(),
                         [](const auto& name) { return name == system_realm; });
    for (const auto& name : names)
      held.push_back(hold(name, held.empty() || store::is_shared(from_url_) ? store::Access::write
                                                                            : store::Access::read));
    // Realm system comes last: with its head the copy is one that can be used.
    std::ranges::reverse(held);
    return held;
  }

  void equalise(Pass& one) {
    auto& from = one.state->transaction();
    const auto& row = one.parts->store->row();
    auto copy = to_->realm(row.name);
    if (copy && copy->row().id != row.id)
      throw Failure(Code::conflict, "the copy has another realm " + row.name);
    if (!copy) {
      (void)to_->add_realm(row, from.keys(), {under_way, {}});
      copy = to_->realm(row.name);
    }
    const auto& known = one.state->head();
    Equalling equalling(from, *copy, progress_, row.name, known.accounts + known.audit_number);
    equalling.all();
    equalling.commit();
    written_[row.name] += equalling.written();
  }

  // The last of it: everything is compared with what the head says, and opened.
  void finish(Pass& one) {
    const std::string& name = one.parts->store->row().name;
    const auto copied = parts_of(*to_, name);
    {
      const auto to = copied->store->begin(store::Access::write);
      if (AccountTree(one.state->vault(), *to).build() != one.state->head().tree)
        throw Failure(Code::integrity,
                      "the accounts of realm " + name + " are not those that its head tells of");
      to->set_head(one.head);
      check(*to, one);
      to->commit();
    }
    RealmState state(*copied, store::Access::read);
    CopiedRealm told{name, check_store(state), state.head().audit_number, written_[name],
                     state.head().number};
    report_.realms.push_back(std::move(told));
  }

  // The end of the trail, which is chained to all that is before it.
  static void check(store::Transaction& to, const Pass& one) {
    const auto& head = one.state->head();
    if (head.audit_number == 0 || head.audit_number == head.audit_pruned) return;
    const auto last = to.last_audit();
    if (!last || last->number != head.audit_number ||
        !std::ranges::equal(last->mac, head.audit_mac))
      throw Failure(Code::integrity, "the trail of the copy does not end as the head says");
  }

  const Configuration& configuration_;
  const std::string from_url_;
  const std::string to_url_;
  const WorkProgress& progress_;
  std::unique_ptr<store::Store> from_;
  std::unique_ptr<store::Store> to_;
  std::shared_ptr<RootKey> root_;
  std::map<std::string, std::uint64_t> written_;
  CopyReport report_;
};

}  // namespace

Expected<CopyReport> copy_store(const Configuration& configuration, const std::string& from,
                                const std::string& to, const WorkProgress& progress,
                                const vault::AskSecret& ask) {
  return at_the_door([&]() -> Expected<CopyReport> {
    if (from == to) return fail(Code::usage, "a store cannot be copied to where it is");
    Configuration whole = configuration;
    whole.fill_in_directories();
    return Copying(whole, from, to, progress, ask).run();
  });
}

Expected<std::string> server_tables() {
  return at_the_door([]() -> Expected<std::string> { return store::postgres_driver().ddl(); });
}

}  // namespace cred::engine
