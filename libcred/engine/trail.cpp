// Reading the trail, and whether it is whole.

#include "engine/realm_parts.hpp"

#include <map>
#include <sodium.h>

namespace cred::engine {
namespace {

constexpr std::size_t page = 1024;

// Every row in its order, a page at a time: a trail may be longer than memory. `visit`
// answers false to stop.
template <typename Visit>
void each_row(const Realm::Parts& parts, Visit visit) {
  std::uint64_t after = 0;
  for (;;) {
    const auto rows = parts.store->begin(store::Access::read)->audit(after, page);
    for (const auto& row : rows)
      if (!visit(row)) return;
    if (rows.size() < page) return;
    after = rows.back().number;
  }
}

// The names of accounts, looked up once each.
class Names {
 public:
  explicit Names(const Realm::Parts& parts) : parts_(parts) {}
  const std::string& of(const Uuid& account) {
    const auto [known, first] = names_.try_emplace(account);
    if (first && account != Uuid{})
      if (const auto row = parts_.store->begin(store::Access::read)->find(account))
        known->second = row->name;
    return known->second;
  }

 private:
  const Realm::Parts& parts_;
  std::map<Uuid, std::string> names_;
};

}  // namespace

Expected<void> Realm::trail(const std::function<bool(const TrailEntry&)>& visit) {
  return at_the_door([&]() -> Expected<void> {
    Names names(*parts_);
    each_row(*parts_, [&](const store::AuditRow& row) {
      const auto record = value_or_throw(audit::decode(row.record));
      return visit({row.number, record.time, audit::word(record.event), names.of(record.account),
                    record.account, record.actor, record.detail});
    });
    return {};
  });
}

Expected<TrailCheck> Realm::verify_trail(const std::function<void(std::uint64_t)>& progress) {
  return at_the_door([&]() -> Expected<TrailCheck> {
    TrailCheck check;
    store::Blob mac;
    const auto bad = [&](std::uint64_t number, const char* why) {
      check.first_bad = number;
      check.why = why;
      return false;
    };
    each_row(*parts_, [&](const store::AuditRow& row) {
      if (row.number != check.records + 1) return bad(check.records + 1, "it is missing");
      const auto expected = parts_->vault.audit_mac(audit::chained(row.number, mac, row.record));
      if (row.mac.size() != expected.size() ||
          sodium_memcmp(row.mac.data(), expected.data(), expected.size()) != 0)
        return bad(row.number, "it was altered, or the one before it was");
      if (!audit::decode(row.record)) return bad(row.number, "it is no record");
      mac = row.mac;
      ++check.records;
      if (progress) progress(check.records);
      return true;
    });
    return check;
  });
}

}  // namespace cred::engine
