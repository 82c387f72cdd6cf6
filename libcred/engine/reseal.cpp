#include "engine/reseal.hpp"

#include "base/bytes.hpp"
#include "engine/realm_state.hpp"

namespace cred::engine {
namespace {

constexpr std::size_t page = 256;

class Anew {
 public:
  Anew(store::Transaction& to, const vault::Vault& vault, const vault::Vault& before)
      : to_(to), vault_(vault), before_(before), prefix_(prefix_of(vault)) {}

  void accounts() {
    for (std::string after;;) {
      const auto rows = to_.list_sealed_by_others(prefix_, after, page);
      if (rows.empty()) return;
      after = rows.back().name;
      for (const auto& row : rows)
        (void)to_.reseal(row, with_fields(row, [&](const vault::Place& place, store::Blob& sealed) {
                           seal(place, sealed);
                         }));
    }
  }

  void bodies() {
    for (std::uint64_t after = 0;;) {
      const auto rows = to_.bodies_sealed_by_others(prefix_, after, page);
      if (rows.empty()) return;
      after = rows.back().number;
      for (auto row : rows) {
        seal(place_of_body(row.number, row.account), row.body);
        to_.set_audit_body(row.number, row.body);
      }
    }
  }

  void documents() {
    for (auto& [name, document] : to_.documents()) {
      seal(place_of_document(name, document.generation), document.sealed);
      to_.set_document(name, document);
    }
  }

  void counters() {
    for (store::Subject after{};;) {
      const auto found = to_.sealed_counters(after, page);
      if (found.empty()) break;
      after = found.back().subject;
      for (const auto& counter : found) {
        if (counter.label.empty()) continue;
        auto next = counter;
        seal(place_of_label(counter.subject), next.label);
        (void)to_.reseal(counter, next);
      }
    }
    // A counter does not know whose last login it holds: accounts do.
    for (std::string after;;) {
      const auto rows = to_.list(after, page);
      if (rows.empty()) return;
      after = rows.back().name;
      for (const auto& row : rows) {
        const auto subject = vault_.subject(row.name);
        const auto attempts = to_.attempts(subject);
        if (attempts.last_login.empty()) continue;
        const store::SealedCounter counter{subject, attempts.label, attempts.last_login};
        auto next = counter;
        seal(place_of_login(row.id), next.last_login);
        (void)to_.reseal(counter, next);
      }
    }
  }

 private:
  void seal(const vault::Place& place, store::Blob& sealed) const {
    if (vault_.sealed_by_newest(sealed)) return;
    auto opened = vault_.open_kept(place, sealed);
    if (!opened) opened = before_.open_kept(place, sealed);
    sealed = vault_.seal(place, value_or_throw(std::move(opened)).bytes());
  }

  store::Transaction& to_;
  const vault::Vault& vault_;
  const vault::Vault& before_;
  const store::Blob prefix_;
};

}  // namespace

store::Blob prefix_of(const vault::Vault& vault) {
  store::Blob prefix(1 + sizeof(vault::KeyId));
  Writer w(prefix);
  w.u8(vault::sealed_format);
  w.u64(vault.newest_id());
  return prefix;
}

void seal_anew(store::Transaction& to, const vault::Vault& vault, const vault::Vault& before) {
  bool others = false;
  for (const auto& use : to.key_uses()) others |= use.key != vault.newest_id();
  if (!others) return;
  Anew anew(to, vault, before);
  anew.accounts();
  anew.bodies();
  anew.documents();
  anew.counters();
}

void seal_bodies_anew(store::Transaction& to, const vault::Vault& vault,
                      const vault::Vault& before) {
  Anew(to, vault, before).bodies();
}

}  // namespace cred::engine
