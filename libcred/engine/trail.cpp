// Reading the trail, and whether it is whole.

#include "audit/checkpoint.hpp"
#include "base/bytes.hpp"
#include "engine/realm_state.hpp"
#include "engine/trail_rows.hpp"

#include <map>
#include <set>
#include <sodium.h>

namespace cred::engine {
namespace {

// The names of accounts, looked up once each.
class Names {
 public:
  explicit Names(store::Transaction& transaction) : transaction_(transaction) {}
  const std::string& of(const Uuid& account) {
    const auto [known, first] = names_.try_emplace(account);
    if (first && account != Uuid{})
      if (const auto row = transaction_.find(account)) known->second = row->name;
    return known->second;
  }

 private:
  store::Transaction& transaction_;
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
    Names names(state.transaction());
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
  Verification(RealmState& state, const Uuid& realm) : state_(state), realm_(realm) {}

  TrailCheck run(const std::function<void(std::uint64_t)>& progress) {
    const Head& head = state_.head();
    check_.fingerprint = audit::fingerprint(head.genesis);
    if (!checkpoints_hold()) return check_;
    for (const std::uint64_t number : erased_bodies(state_)) erased_.insert(number);
    number_ = head.audit_pruned;
    if (number_ > 0) {
      const auto base = macs_.find(number_);
      if (base == macs_.end()) {
        bad(number_ + 1, "the checkpoint before it is missing");
        return check_;
      }
      mac_.assign(base->second.begin(), base->second.end());
    }
    each_row(state_.transaction(), number_, [&](const store::AuditRow& row) {
      const bool good = holds(row);
      if (good && progress) progress(check_.records);
      return good;
    });
    if (!check_.first_bad && number_ != head.audit_number)
      bad(number_ + 1, "it is missing: the trail was cut off");
    if (!check_.first_bad && number_ > 0 &&
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
    for (const auto& row : state_.transaction().checkpoints()) {
      auto checkpoint = audit::decode_checkpoint(row.record);
      if (!checkpoint) return bad(row.number, "the checkpoint after it is malformed");
      macs_[checkpoint->number] = checkpoint->mac;
      checkpoints.push_back(*checkpoint);
    }
    const auto next = audit::check_sequence(checkpoints, realm_, state_.head().genesis);
    const std::uint64_t first = state_.head().audit_pruned + 1;
    if (!next) return bad(first, "the signed checkpoints of the trail were altered");
    if (*next != state_.head().public_key)
      return bad(first, "signed checkpoints of the trail are missing");
    return true;
  }

  bool holds(const store::AuditRow& row) {
    if (row.number != number_ + 1) return bad(number_ + 1, "it is missing");
    const auto expected = state_.vault().audit_mac(audit::chained(row.number, mac_, row.record));
    if (row.mac.size() != expected.size() ||
        sodium_memcmp(row.mac.data(), expected.data(), expected.size()) != 0)
      return bad(row.number, "it was altered, or the one before it was");
    const auto record = audit::decode(row.record);
    if (!record) return bad(row.number, "it is no record");
    const auto signed_mac = macs_.find(row.number);
    if (signed_mac != macs_.end() && signed_mac->second != expected)
      return bad(row.number, "a signed checkpoint tells of another one");
    if (record->has_body() && row.body.empty() && erased_.count(row.number) == 0)
      return bad(row.number, "its body is missing");
    if (record->has_body() && !row.body.empty()) {
      const auto body = state_.vault().open(place_of_body(row.number, row.account), row.body);
      if (!body || row.account != record->account ||
          audit::digest(body->bytes()) != record->body_digest)
        return bad(row.number, "its body was altered");
    }
    mac_ = row.mac;
    number_ = row.number;
    ++check_.records;
    return true;
  }

  RealmState& state_;
  const Uuid realm_;
  TrailCheck check_;
  std::map<std::uint64_t, audit::ChainMac> macs_;
  std::set<std::uint64_t> erased_;
  std::uint64_t number_ = 0;
  store::Blob mac_;
};

}  // namespace

Expected<TrailCheck> Realm::verify_trail(const std::function<void(std::uint64_t)>& progress) {
  return at_the_door([&]() -> Expected<TrailCheck> {
    RealmState state(*parts_, store::Access::read);
    return Verification(state, parts_->store->row().id).run(progress);
  });
}

}  // namespace cred::engine
