#include "many_accounts.hpp"

#include "engine/account_tree.hpp"
#include "engine/realm_keys.hpp"
#include "engine/realm_state.hpp"

#include <cstdio>
#include <sodium.h>

namespace cred::bench {

using namespace engine;

std::string account_name(std::size_t number) {
  char name[32];
  (void)std::snprintf(name, sizeof name, "user%09zu", number);
  return name;
}

namespace {

store::AccountRow account(const vault::Vault& vault, std::size_t number,
                          const hash::Verifier& verifier, Time now) {
  store::AccountRow row;
  randombytes_buf(row.id.data(), row.id.size());
  row.name = account_name(number);
  row.generation = 1;
  row.bucket = AccountTree::bucket_of(vault, row.name);
  Credential credential;
  credential.verifier = verifier;
  credential.set_at = now;
  Profile profile;
  profile.full_name = "Quentin Zebrowski";
  profile.email = row.name + "@example.org";
  HistoryGroup group;
  group.parameters = credential.verifier.parameters;
  group.tags.push_back({1, false, {}});
  const auto seal = [&](vault::Field field, const Secret& record) {
    return vault.seal({row.id, row.name, field, row.generation}, record.bytes());
  };
  row.credential = seal(vault::Field::credential, encode(credential));
  row.profile = seal(vault::Field::profile, encode(profile));
  row.history = seal(vault::Field::history, encode(History{group}));
  return row;
}

}  // namespace

void fill(const Configuration& configuration, std::size_t accounts, const hash::Verifier& verifier,
          Time now) {
  const auto store = store::open(configuration.store_url);
  auto realm = store->realm("system");
  const Uuid id = realm->row().id;
  const auto root = std::make_shared<RootKey>(configuration.root_key_url);
  const RealmKeys keys(root, id, realm->keys());
  const auto vault = keys.vault();
  const auto to = realm->begin(store::Access::write);
  Head head = value_or_throw(
      decode_head(value_or_throw(vault->open(place_of_head(1), to->head()->record)).bytes()));
  for (std::size_t i = 0; i < accounts; ++i) {
    const auto row = account(*vault, i, verifier, now);
    if (!to->insert(row)) throw Failure(Code::conflict, "there are accounts already");
    Noted noted;
    noted.event = audit::Event::enrolled;
    noted.account = row.id;
    noted.actor.name = "bench";
    to->append_audit(next_record(*vault, head, noted, now));
  }
  head.tree = AccountTree(*vault, *to).build();
  head.accounts = accounts;
  // The journal begins anew here: one entry with all accounts would be too large.
  const std::uint64_t stood_at = head.number;
  head.number += 2;
  const Secret copy = encode(head, Seed::without);
  const std::vector<Item> items{RunBegins{stood_at},
                                HeadCopy{{copy.bytes().begin(), copy.bytes().end()}}};
  to->set_head(sealed_head(*vault, head));
  to->add_outbox({head.number, now, vault->seal(place_of_entry(head.number), encode(items))});
  to->commit();
}

}  // namespace cred::bench
