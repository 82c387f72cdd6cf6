// A stored row: the sealed envelope, and the records that are inside it.

#include "engine/grants.hpp"
#include "engine/head.hpp"
#include "engine/items.hpp"
#include "engine/records.hpp"
#include "vault/vault.hpp"

#include <cstdint>
#include <cstdlib>

using namespace cred;

namespace {

const vault::Vault& the_vault() {
  static const vault::Vault vault = [] {
    const Secret root(32);
    const Uuid realm{};
    const auto keys = vault::create_keys(root, realm);
    return value_or_throw(vault::Vault::open(root, realm, keys));
  }();
  return vault;
}

template <typename Record>
void round_trip(const Expected<Record>& record) {
  if (record) (void)engine::encode(*record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  // Nobody without the key can make bytes that open.
  if (the_vault().open({}, bytes)) std::abort();
  round_trip(engine::decode_credential(bytes));
  round_trip(engine::decode_profile(bytes));
  round_trip(engine::decode_history(bytes));
  round_trip(engine::decode_login(bytes));
  if (const auto grants = engine::decode_grants(bytes)) {
    const auto again = engine::encode(*grants);
    if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  }
  if (const auto head = engine::decode_head(bytes)) (void)engine::encode(*head, engine::Seed::with);
  // One byte string for each row: what was read is written as it was.
  if (const auto item = engine::decode_item(bytes)) {
    std::vector<std::byte> again;
    engine::encode(*item, again);
    if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  }
  (void)engine::decode_items(bytes);
  return 0;
}
