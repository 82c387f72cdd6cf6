#include "engine/bring_in.hpp"

#include "audit/checkpoint.hpp"
#include "engine/account_tree.hpp"
#include "engine/grant_list.hpp"
#include "engine/reseal.hpp"
#include "engine/store_check.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sodium.h>

namespace cred::engine {
namespace {

constexpr std::size_t page = 512;

// Accounts in the order of their names, a page at a time.
class Names {
 public:
  explicit Names(store::Transaction& transaction) : transaction_(transaction) {}
  // Null after the last one.
  store::AccountRow* next() {
    if (at_ == rows_.size()) {
      rows_ = transaction_.list(after_, page);
      at_ = 0;
      if (rows_.empty()) return nullptr;
      after_ = rows_.back().name;
    }
    return &rows_[at_++];
  }

 private:
  store::Transaction& transaction_;
  std::string after_;
  std::vector<store::AccountRow> rows_;
  std::size_t at_ = 0;
};

std::uint32_t newest_number(const History& history) {
  std::uint32_t newest = 0;
  for (const auto& group : history)
    for (const auto& tag : group.tags) newest = std::max(newest, tag.number);
  return newest;
}

template <typename Tag>
void add_tags(std::vector<Tag>& tags, const std::vector<Tag>& more) {
  for (const Tag& tag : more) {
    const auto known = std::ranges::find_if(
        tags, [&](const Tag& t) { return t.number == tag.number && t.tag == tag.tag; });
    if (known == tags.end())
      tags.push_back(tag);
    else
      known->barred |= tag.barred;
  }
}

// What was used since must not come back: both, with the password that is put back as the
// newest.
History united(const History& restored, const History& newest) {
  History all = restored;
  for (const auto& group : newest) {
    const auto same = std::ranges::find_if(all, [&](const HistoryGroup& g) {
      return g.parameters == group.parameters && g.salt == group.salt;
    });
    if (same == all.end()) {
      all.push_back(group);
      continue;
    }
    add_tags(same->tags, group.tags);
    add_tags(same->similar, group.similar);
  }
  const std::uint32_t current = newest_number(restored);
  const std::uint32_t last = newest_number(all);
  if (current == last) return all;
  const auto is_current = [&](const auto& tags, const auto& tag) {
    return tag.number == current && std::ranges::any_of(tags, [&](const auto& t) {
             return t.number == current && t.tag == tag.tag;
           });
  };
  for (auto& group : all)
    for (const auto& old : restored) {
      if (!(old.parameters == group.parameters && old.salt == group.salt)) continue;
      for (auto& tag : group.tags)
        if (is_current(old.tags, tag)) tag.number = last + 1;
      for (auto& form : group.similar)
        if (is_current(old.similar, form)) form.number = last + 1;
    }
  return all;
}

// Whether the password with this number is one that must never come back.
bool is_barred(const History& history, std::uint32_t number) {
  for (const auto& group : history)
    for (const auto& tag : group.tags)
      if (tag.number == number && tag.barred) return true;
  return false;
}

bool same_row(const store::AccountRow& a, const store::AccountRow& b) {
  return a.generation == b.generation && a.credential == b.credential && a.profile == b.profile &&
         a.history == b.history;
}

Secret open_field(const vault::Vault& vault, const store::AccountRow& row, vault::Field field) {
  return value_or_throw(
      vault.open_kept({row.id, row.name, field, row.generation}, sealed_field(row, field)));
}

std::vector<store::Tombstone> erasures_of(const Newest& newest) {
  return checked_tombstones(*newest.transaction, *newest.vault, *newest.head);
}

class BringingIn {
 public:
  BringingIn(const Rebuilt& restored, store::Transaction& to, const Newest& newest,
             RestoreReport::Realm& report)
      : restored_(restored), to_(to), newest_(newest), report_(report) {}

  void accounts(const WorkProgress& progress) {
    std::set<Uuid> erased;
    for (const auto& tombstone : erasures_of(newest_)) erased.insert(tombstone.account);
    Names olds(to_);
    Names news(*newest_.transaction);
    auto* now = news.next();
    std::uint64_t done = 0;
    while (auto* old = olds.next()) {
      if (++done % 4096 == 0 && progress)
        progress("Bringing in what happened since", done, restored_.head.accounts);
      while (now != nullptr && now->name < old->name) now = drop(*now, news);
      if (erased.contains(old->id)) {
        (void)to_.remove(old->id);
        ++report_.erased;
        continue;
      }
      const bool there = now != nullptr && now->name == old->name && now->id == old->id;
      if (there && same_content(*old, *now)) {
        if (!same_row(*old, *now)) seal_anew(*old);
      } else {
        alter(*old, there ? now : nullptr);
      }
      if (there) now = news.next();
    }
    while (now != nullptr) now = drop(*now, news);
    report_.erased += restored_.erased.size();
  }

  void everything_else() {
    for (const auto& key : to_.keys()) to_.remove_key(key.number);
    for (const auto& key : newest_.keys) to_.put_key(key);
    for (const auto& [name, document] : newest_.transaction->documents())
      to_.set_document(name, document);
    std::set<Uuid> known;
    for (const auto& tombstone : to_.tombstones()) known.insert(tombstone.account);
    for (const auto& tombstone : erasures_of(newest_))
      if (!known.contains(tombstone.account)) to_.add_tombstone(tombstone);
    newest_.transaction->each_counter([&](const store::Counter& counter) {
      auto attempts = counter.attempts;
      // Whoever gets the name next is another.
      if (dropped_.contains(counter.subject)) {
        attempts.last_login.clear();
        attempts.since_login = 0;
        attempts.last_success = {};
      }
      to_.set_attempts(counter.subject, attempts);
      return true;
    });
    trail();
  }

 private:
  store::AccountRow* drop(const store::AccountRow& row, Names& news) {
    ++report_.dropped;
    dropped_.insert(newest_.vault->subject(row.name));
    return news.next();
  }

  // Of rows of one account. A rotation of the data key seals the same anew.
  bool same_content(const store::AccountRow& old, const store::AccountRow& now) const {
    if (same_row(old, now)) return true;
    if (old.generation != now.generation) return false;
    const auto same = [&](vault::Field field) {
      const Secret then = open_field(*restored_.vault, old, field);
      return open_field(*newest_.vault, now, field).equals(then);
    };
    return same(vault::Field::credential) && same(vault::Field::profile) &&
           same(vault::Field::history);
  }

  void seal_anew(const store::AccountRow& old) {
    const auto next = with_fields(old, [&](const vault::Place& place, store::Blob& sealed) {
      const Secret opened = value_or_throw(restored_.vault->open_kept(place, sealed));
      sealed = newest_.vault->seal(place, opened.bytes());
    });
    if (!to_.reseal(old, next))
      throw Failure(Code::internal, "an account of a scratch store was changed by others");
  }

  void alter(const store::AccountRow& old, const store::AccountRow* now) {
    const auto& vault = *restored_.vault;
    auto credential =
        value_or_throw(decode_credential(open_field(vault, old, vault::Field::credential).bytes()));
    auto history =
        value_or_throw(decode_history(open_field(vault, old, vault::Field::history).bytes()));
    auto generation = old.generation;
    if (now != nullptr) {
      const auto& newer = *newest_.vault;
      const auto since = value_or_throw(
          decode_credential(open_field(newer, *now, vault::Field::credential).bytes()));
      const auto remembered =
          value_or_throw(decode_history(open_field(newer, *now, vault::Field::history).bytes()));
      take_marks(credential, since, is_barred(remembered, newest_number(history)));
      history = united(history, remembered);
      generation = std::max(generation, now->generation);
      credential.session_epoch = std::max(credential.session_epoch, since.session_epoch);
    }
    ++credential.session_epoch;
    auto next = sealed_row(*newest_.vault, old.id, old.name, generation + 1, encode(credential),
                           open_field(vault, old, vault::Field::profile), encode(history));
    next.bucket = old.bucket;
    if (!to_.replace(next, old.generation))
      throw Failure(Code::internal, "an account of a scratch store was changed by others");
    ++report_.altered;
  }

  // `barred`: the password that comes back was suspected since.
  void take_marks(Credential& credential, const Credential& since, bool barred) {
    const bool marked = since.demand == Demand::compromised || barred;
    if (marked && credential.demand != Demand::compromised) ++report_.compromised;
    if (since.demand == Demand::compromised && since.state == State::locked &&
        credential.state == State::active)
      credential.state = State::locked;
    if (marked) credential.demand = Demand::compromised;
    if (since.set_at <= credential.set_at) return;
    ++report_.changed;
    if (credential.demand != Demand::compromised) credential.demand = Demand::forced;
  }

  void trail() {
    const Head& then = restored_.head;
    const Head& now = *newest_.head;
    store::Transaction& from = *newest_.transaction;
    // Bodies may have been sealed anew with other keys.
    bool continues = now.keys_version == then.keys_version &&
                     now.audit_number >= then.audit_number && now.audit_pruned <= then.audit_number;
    if (continues && then.audit_number > now.audit_pruned) {
      const auto last = from.audit(then.audit_number - 1, 1);
      continues = last.size() == 1 && last.front().number == then.audit_number &&
                  last.front().mac.size() == then.audit_mac.size() &&
                  std::ranges::equal(last.front().mac, then.audit_mac);
    }
    std::uint64_t after = continues ? then.audit_number : 0;
    if (continues) {
      to_.prune_audit(now.audit_pruned);
      if (now.erased_bodies != then.erased_bodies)
        if (const auto document = from.document(erased_bodies_document)) {
          const Secret numbers = value_or_throw(newest_.vault->open_kept(
              place_of_document(erased_bodies_document, now.erased_bodies), document->sealed));
          for (const std::uint64_t number : decode_erased_bodies(numbers.bytes()))
            to_.set_audit_body(number, {});
        }
      // The backup's and the journal's may have been sealed with keys that are retired since.
      seal_bodies_anew(to_, *newest_.vault, *restored_.vault);
    } else {
      to_.prune_audit(then.audit_number);
    }
    for (;;) {
      const auto rows = from.audit(after, page);
      if (rows.empty()) break;
      after = rows.back().number;
      for (const auto& row : rows) to_.append_audit(row);
    }
    to_.remove_checkpoints();
    for (const auto& checkpoint : from.checkpoints()) to_.append_checkpoint(checkpoint);
  }

  const Rebuilt& restored_;
  store::Transaction& to_;
  const Newest& newest_;
  RestoreReport::Realm& report_;
  std::set<store::Subject> dropped_;
};

// The seed was lost with the store: what the checkpoints say is said again, by a key that
// begins anew.
void sign_anew(const Uuid& realm, store::Transaction& to, Head& head) {
  const auto old = to.checkpoints();
  to.remove_checkpoints();
  head.seed = value_or_throw(audit::new_seed());
  head.genesis = value_or_throw(audit::public_key_of(head.seed));
  head.public_key = head.genesis;
  head.checkpoint_epoch = audit::first_epoch;
  for (const auto& row : old) {
    const auto checkpoint = value_or_throw(audit::decode_checkpoint(row.record));
    auto made = value_or_throw(audit::sign(realm, checkpoint.number, checkpoint.mac,
                                           checkpoint.time, head.checkpoint_epoch, head.seed));
    to.append_checkpoint({checkpoint.number, audit::encode(made.checkpoint)});
    ++head.checkpoint_epoch;
    head.public_key = made.checkpoint.next_public_key;
    head.seed = std::move(made.next_seed);
  }
}

}  // namespace

void bring_in(const Rebuilt& restored, store::Transaction& to, const Newest& newest,
              RestoreReport::Realm& report, const WorkProgress& progress) {
  BringingIn bringing(restored, to, newest, report);
  bringing.accounts(progress);
  bringing.everything_else();
}

void copy_realm(const Newest& newest, store::Transaction& to) {
  store::Transaction& from = *newest.transaction;
  Names names(from);
  while (auto* row = names.next()) (void)to.insert(*row);
  for (std::uint64_t after = 0;;) {
    const auto rows = from.audit(after, page);
    if (rows.empty()) break;
    after = rows.back().number;
    for (const auto& row : rows) to.append_audit(row);
  }
  for (const auto& checkpoint : from.checkpoints()) to.append_checkpoint(checkpoint);
  for (const auto& [name, document] : from.documents()) to.set_document(name, document);
  for (const auto& tombstone : erasures_of(newest)) to.add_tombstone(tombstone);
  from.each_counter([&](const store::Counter& counter) {
    to.set_attempts(counter.subject, counter.attempts);
    return true;
  });
}

namespace {

// The number of the next grant, or 0 where none is left.
std::uint64_t grants_in(const vault::Vault& vault, store::Transaction& to, const Head& head) {
  if (head.grants == 0) return 0;
  const auto document = to.document(grants_document);
  if (!document) return 1;
  const auto opened =
      vault.open_kept(place_of_document(grants_document, document->generation), document->sealed);
  const auto list = opened ? decode_grants(opened->bytes()) : tl::make_unexpected(opened.error());
  if (!list) return 1;
  return list->grants.empty() ? 0 : list->next;
}

}  // namespace

Head end_restore(const Uuid& realm, const vault::Vault& vault, store::Transaction& to,
                 const Ending& ending, RestoreReport::Realm& report) {
  Head head = value_or_throw(decode_head(encode(*ending.newest, Seed::with).bytes()));
  std::vector<Item> items{RunBegins{0}};
  const auto note = [&](const Noted& noted) {
    auto row = next_record(vault, head, noted, ending.now);
    to.append_audit(row);
    items.emplace_back(std::move(row));
  };
  if (head.seed.empty()) {
    const std::string before = audit::fingerprint(head.genesis);
    sign_anew(realm, to, head);
    report.new_checkpoints = true;
    note({audit::Event::trail_started,
          {},
          {},
          ending.noted.actor,
          "the key for the next checkpoint was lost with the store; the trail goes on under " +
              audit::fingerprint(head.genesis) + ", before it was " + before});
  }
  note(ending.noted);
  if (const auto in_force = grants_in(vault, to, head); in_force != 0) {
    // Some of them may have been taken back since.
    note({.event = audit::Event::grant_ended,
          .actor = ending.noted.actor,
          .detail = "the restore ended every grant"});
    head.grants = ending.number;
    store::Document document{head.grants,
                             vault.seal(place_of_document(grants_document, head.grants),
                                        encode(GrantList{in_force, {}}))};
    to.set_document(grants_document, document);
    items.emplace_back(NamedDocument{grants_document, std::move(document)});
  }
  head.number = ending.number;
  head.time = std::max(head.time, ending.now);
  ++head.keys_version;
  head.tree = AccountTree(vault, to).build();
  head.accounts = to.accounts();
  report.accounts = head.accounts;
  to.set_head(sealed_head(vault, head));
  const Secret copy = encode(head, Seed::without);
  items.emplace_back(HeadCopy{{copy.bytes().begin(), copy.bytes().end()}});
  to.clear_outbox(ending.number);
  to.add_outbox({head.number, head.time, vault.seal(place_of_entry(head.number), encode(items))});
  head.seed = {};
  return head;
}

}  // namespace cred::engine
