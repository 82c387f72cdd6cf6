// Reading the trail, and whether it is whole.

#include "audit/checkpoint.hpp"
#include "base/bytes.hpp"
#include "engine/realm_state.hpp"
#include "engine/trail_check.hpp"
#include "engine/trail_rows.hpp"

#include <map>
#include <sodium.h>

namespace cred::engine {
namespace {

// The names of accounts, looked up once each.
class Names {
 public:
  explicit Names(RealmState& state) : state_(state) {}
  const std::string& of(const Uuid& account) {
    const auto [known, first] = names_.try_emplace(account);
    if (first && account != Uuid{})
      if (const auto row = state_.transaction().find(account); row && is_right(*row))
        known->second = row->name;
    return known->second;
  }

 private:
  // Records are not shown under a name that somebody wrote into the database.
  bool is_right(const store::AccountRow& row) const {
    return at_the_door([&]() -> Expected<void> {
             state_.must_be_named_rightly(row);
             return {};
           })
        .has_value();
  }

  RealmState& state_;
  std::map<Uuid, std::string> names_;
};

TrailEntry entry_of(const vault::Vault& vault, const store::AuditRow& row) {
  const auto record = value_or_throw(audit::decode(row.record));
  TrailEntry entry;
  entry.number = row.number;
  entry.time = record.time;
  entry.event = audit::word(record.event);
  entry.outcome = record.outcome;
  entry.account_id = record.account;
  entry.uid = record.uid;
  entry.actor = record.actor;
  entry.detail = record.detail;
  if (record.has_body() && row.body.empty()) {
    entry.erased = true;
  } else if (record.has_body()) {
    const Secret opened =
        value_or_throw(vault.open(place_of_body(row.number, row.account), row.body));
    const auto body = value_or_throw(audit::decode_body(opened.bytes()));
    entry.actor = body.actor;
    entry.source = body.source;
    entry.service = body.service;
    entry.tty = body.tty;
    entry.detail = body.detail;
  }
  entry.mac = row.mac;
  return entry;
}

}  // namespace

Expected<void> Realm::trail(std::uint64_t after,
                            const std::function<bool(const TrailEntry&)>& visit) {
  return at_the_door([&]() -> Expected<void> {
    RealmState state(*parts_, store::Access::read);
    Names names(state);
    // What stands before that was put there by somebody else.
    after = std::max(after, state.head().audit_pruned);
    each_row(state.transaction(), after, [&](const store::AuditRow& row) {
      auto entry = entry_of(state.vault(), row);
      entry.account = names.of(entry.account_id);
      return visit(entry);
    });
    return {};
  });
}

namespace {

// Goes through the trail as its head tells of it.
class Verification {
 public:
  Verification(store::Transaction& transaction, const vault::Vault& vault, const Head& head,
               const Uuid& realm, const TrailTerms& terms)
      : transaction_(transaction), vault_(vault), head_(head), realm_(realm), terms_(terms) {}

  TrailCheck run(const std::function<void(std::uint64_t)>& progress) {
    const Head& head = head_;
    check_.fingerprint = audit::fingerprint(head.genesis);
    check_.pruned = head.audit_pruned;
    if (!checkpoints_hold()) return check_;
    number_ = head.audit_pruned;
    if (number_ > 0) {
      const auto base = macs_.find(number_);
      if (base == macs_.end()) {
        bad(number_ + 1, "the checkpoint before it is missing");
        return check_;
      }
      mac_.assign(base->second.begin(), base->second.end());
      const auto first = transaction_.audit(0, 1);
      if (!first.empty() && first.front().number <= number_) {
        bad(first.front().number, "it was pruned, and one was put in its place");
        return check_;
      }
    }
    const std::uint64_t last = terms_.up_to.value_or(head.audit_number);
    each_row(transaction_, number_, [&](const store::AuditRow& row) {
      const bool good = holds(row);
      if (good && progress) progress(check_.records);
      return good && row.number != terms_.up_to;
    });
    if (!check_.first_bad && number_ != last)
      bad(number_ + 1, "it is missing: the trail was cut off");
    if (!check_.first_bad && !terms_.up_to && number_ > 0 &&
        (mac_.size() != head.audit_mac.size() ||
         sodium_memcmp(mac_.data(), head.audit_mac.data(), mac_.size()) != 0))
      bad(number_, "it is another one than the head tells of");
    return check_;
  }

 private:
  bool bad(std::uint64_t number, const char* why) {
    check_.first_bad = number;
    check_.why = why;
    return false;
  }

  bool checkpoints_hold() {
    std::vector<audit::Checkpoint> checkpoints;
    for (const auto& row : transaction_.checkpoints()) {
      auto checkpoint = audit::decode_checkpoint(row.record);
      if (!checkpoint || checkpoint->number != row.number)
        return bad(row.number, "the checkpoint after it is malformed");
      macs_[checkpoint->number] = checkpoint->mac;
      checkpoints.push_back(*checkpoint);
    }
    const auto next = audit::check_sequence(checkpoints, realm_, head_.genesis);
    const std::uint64_t first = head_.audit_pruned + 1;
    if (!next) return bad(first, "the signed checkpoints of the trail were altered");
    if (*next != head_.public_key) return bad(first, "signed checkpoints of the trail are missing");
    return true;
  }

  bool holds(const store::AuditRow& row) {
    if (row.number != number_ + 1) return bad(number_ + 1, "it is missing");
    const auto expected = vault_.audit_mac(audit::chained(row.number, mac_, row.record));
    if (row.mac.size() != expected.size() ||
        sodium_memcmp(row.mac.data(), expected.data(), expected.size()) != 0)
      return bad(row.number, "it was altered, or the one before it was");
    const auto record = audit::decode(row.record);
    if (!record) return bad(row.number, "it is no record");
    const auto signed_mac = macs_.find(row.number);
    if (signed_mac != macs_.end() && signed_mac->second != expected)
      return bad(row.number, "a signed checkpoint tells of another one");
    if (record->has_body() && row.body.empty() && !terms_.bodies_may_lack &&
        terms_.erased_bodies.count(row.number) == 0)
      return bad(row.number, "its body is missing");
    if (!row.body.empty() && !terms_.kept && terms_.erased_bodies.count(row.number) > 0)
      return bad(row.number, "its body was erased and is back");
    if (record->has_body() && !row.body.empty()) {
      // A retired key proves nothing of what is in use.
      const auto key = vault::key_id_of(row.body);
      const bool retired = !key || vault_.is_retired(*key);
      const auto body = vault_.open_kept(place_of_body(row.number, row.account), row.body, buffer_);
      if (!body || (retired && !terms_.kept) || row.account != record->account ||
          audit::digest(*body) != record->body_digest)
        return bad(row.number, "its body was altered");
    }
    mac_ = row.mac;
    number_ = row.number;
    ++check_.records;
    return true;
  }

  store::Transaction& transaction_;
  const vault::Vault& vault_;
  const Head& head_;
  const Uuid realm_;
  const TrailTerms& terms_;
  Secret buffer_;
  TrailCheck check_;
  std::map<std::uint64_t, audit::ChainMac> macs_;
  std::uint64_t number_ = 0;
  store::Blob mac_;
};

}  // namespace

TrailCheck check_trail(store::Transaction& transaction, const vault::Vault& vault, const Head& head,
                       const Uuid& realm, const TrailTerms& terms,
                       const std::function<void(std::uint64_t)>& progress) {
  return Verification(transaction, vault, head, realm, terms).run(progress);
}

Expected<TrailCheck> Realm::verify_trail(const std::function<void(std::uint64_t)>& progress) {
  return at_the_door([&]() -> Expected<TrailCheck> {
    RealmState state(*parts_, store::Access::read);
    TrailTerms terms;
    for (const std::uint64_t number : erased_bodies(state)) terms.erased_bodies.insert(number);
    return check_trail(state.transaction(), state.vault(), state.head(), parts_->store->row().id,
                       terms, progress);
  });
}

}  // namespace cred::engine
