// Rows as the journal and backups hold them: one item for each, in a form that is the same
// for every kind of store. docs/formats/items.md
#pragma once

#include "store/store.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace cred::engine {

// What an account leaves of itself where it was erased: enough for the tree.
struct ErasedRow {
  store::Member member;
};
struct RemovedAccount {
  Uuid account{};
};
struct RemovedKey {
  std::uint32_t number = 0;
};
struct NamedDocument {
  std::string name;
  store::Document document;
};
// A head without its seed, encoded.
struct HeadCopy {
  store::Blob record;
};
// Bodies of the trail's records that are gone.
struct RemovedBodies {
  std::vector<std::uint64_t> numbers;
};
// Records of the trail up to this one are gone.
struct PrunedTrail {
  std::uint64_t up_to = 0;
};

// The first item of an entry whose number does not follow on the one before it: which state
// it continues from. 0: one that no entry leads to, which a later backup holds.
struct RunBegins {
  std::uint64_t after = 0;
};
// In the journal of realm `system`: a realm was made. Its keys are wrapped by the root key,
// and with them its own journal opens.
struct AddedRealm {
  store::RealmRow row;
  std::vector<store::KeyRow> keys;
  HeadCopy head;
};
// In the journal of realm `system`, and in backups: a realm was erased, and stays so.
struct ErasedRealm {
  Uuid realm{};
  Time erased{};
};

using Item = std::variant<store::RealmRow, HeadCopy, store::KeyRow, RemovedKey, store::AccountRow,
                          ErasedRow, RemovedAccount, store::AuditRow, RemovedBodies, PrunedTrail,
                          store::CheckpointRow, NamedDocument, store::Tombstone, store::Counter,
                          RunBegins, AddedRealm, ErasedRealm>;

// Appends to `bytes`.
void encode(const Item& item, std::vector<std::byte>& bytes);
// One item that fills all of `bytes`. Errors: integrity.
Expected<Item> decode_item(std::span<const std::byte> bytes);

// Several, each behind its length: an entry of the journal.
std::vector<std::byte> encode(const std::vector<Item>& items);
Expected<std::vector<Item>> decode_items(std::span<const std::byte> bytes);

}  // namespace cred::engine
