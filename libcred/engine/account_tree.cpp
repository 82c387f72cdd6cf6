#include "engine/account_tree.hpp"

#include "base/bytes.hpp"

#include <array>
#include <map>
#include <sodium.h>
#include <tuple>

namespace cred::engine {
namespace {

// Level 0 is the root; each node has 64 children, the lowest ones have buckets.
constexpr std::uint32_t levels = 3;
constexpr std::uint32_t bits = 6;
constexpr std::size_t children = std::size_t{1} << bits;
constexpr std::size_t digest_bytes = sizeof(vault::Digest);
constexpr std::size_t node_bytes = children * digest_bytes;

[[noreturn]] void altered() {
  throw Failure(Code::integrity,
                "the accounts are not those that the realm's head tells of: rows were altered, "
                "removed or put back");
}

// Which node of a level leads to a bucket, and by which child.
std::uint32_t position_of(std::uint32_t level, std::uint32_t bucket) {
  return bucket >> (bits * (levels - level));
}
std::size_t child_of(std::uint32_t level, std::uint32_t bucket) {
  return position_of(level + 1, bucket) & (children - 1);
}

std::span<const std::byte> child(const store::Blob& node, std::size_t index) {
  return std::span(node).subspan(index * digest_bytes, digest_bytes);
}

bool same(std::span<const std::byte> a, const vault::Digest& b) {
  return sodium_memcmp(a.data(), b.data(), b.size()) == 0;
}

store::Blob node_of(store::Transaction& transaction, std::uint32_t level, std::uint32_t position) {
  auto node = transaction.node(level, position);
  if (node.empty()) node.resize(node_bytes);
  if (node.size() != node_bytes) altered();
  return node;
}

}  // namespace

std::uint32_t AccountTree::bucket_of(const vault::Vault& vault, std::string_view name) {
  const auto subject = vault.subject(name);
  return Reader(subject).u32() >> (32 - bits * levels);
}

vault::Digest AccountTree::leaf(std::uint32_t bucket,
                                const std::vector<store::Member>& members) const {
  if (members.empty()) return {};
  constexpr std::size_t member_bytes = sizeof(Uuid) + sizeof(store::Generation);
  store::Blob bytes(8 + members.size() * member_bytes);
  Writer w(bytes);
  w.u32(levels);  // no node has this level
  w.u32(bucket);
  for (const auto& member : members) {
    w.put(member.account);
    w.u64(member.generation);
  }
  return vault_.tree_digest(bytes);
}

vault::Digest AccountTree::digest_of(std::uint32_t level, std::uint32_t position,
                                     const store::Blob& node) const {
  if (sodium_is_zero(reinterpret_cast<const unsigned char*>(node.data()), node.size()) == 1)
    return {};
  std::array<std::byte, 8 + node_bytes> bytes{};
  Writer w(bytes);
  w.u32(level);
  w.u32(position);
  w.put(node);
  return vault_.tree_digest(bytes);
}

std::vector<store::Member> AccountTree::check(const vault::Digest& root, std::uint32_t bucket) {
  auto members = transaction_.members(bucket);
  vault::Digest below = leaf(bucket, members);
  for (std::uint32_t level = levels; level-- > 0;) {
    const std::uint32_t position = position_of(level, bucket);
    const auto node = node_of(transaction_, level, position);
    if (!same(child(node, child_of(level, bucket)), below)) altered();
    below = digest_of(level, position, node);
  }
  if (!same(root, below)) altered();
  return members;
}

vault::Digest AccountTree::update(std::uint32_t bucket) {
  vault::Digest below = leaf(bucket, transaction_.members(bucket));
  for (std::uint32_t level = levels; level-- > 0;) {
    const std::uint32_t position = position_of(level, bucket);
    auto node = node_of(transaction_, level, position);
    std::memcpy(node.data() + child_of(level, bucket) * digest_bytes, below.data(), digest_bytes);
    transaction_.set_node(level, position, node);
    below = digest_of(level, position, node);
  }
  return below;
}

vault::Digest AccountTree::walk(const Visit& visit, std::uint64_t& accounts,
                                const std::vector<store::Member>& erased) {
  // Of each level the one node that is being filled: rows come in the order of buckets.
  struct Filling {
    std::uint32_t position = 0;
    store::Blob node = store::Blob(node_bytes);
    bool used = false;
  };
  std::array<Filling, levels> filling;
  accounts = 0;
  const std::function<void(std::uint32_t)> close = [&](std::uint32_t level) {
    Filling& full = filling[level];
    if (!full.used) return;
    visit(level, full.position, full.node);
    const auto digest = digest_of(level, full.position, full.node);
    if (level > 0) {
      Filling& above = filling[level - 1];
      const std::uint32_t position = full.position >> bits;
      if (above.used && above.position != position) close(level - 1);
      if (!above.used) above = {position, store::Blob(node_bytes), true};
      std::memcpy(above.node.data() + (full.position & (children - 1)) * digest_bytes,
                  digest.data(), digest_bytes);
    }
    if (level > 0) full = {};
  };
  const auto put = [&](std::uint32_t bucket, const std::vector<store::Member>& members) {
    const auto digest = leaf(bucket, members);
    Filling& lowest = filling[levels - 1];
    const std::uint32_t position = position_of(levels - 1, bucket);
    if (lowest.used && lowest.position != position) close(levels - 1);
    if (!lowest.used) lowest = {position, store::Blob(node_bytes), true};
    std::memcpy(lowest.node.data() + child_of(levels - 1, bucket) * digest_bytes, digest.data(),
                digest_bytes);
  };
  std::vector<store::Member> members;
  const auto take = [&](const store::Member& member) {
    if (member.bucket >> (bits * levels) != 0) altered();
    if (!members.empty() && members.front().bucket != member.bucket) {
      put(members.front().bucket, members);
      members.clear();
    }
    members.push_back(member);
    ++accounts;
  };
  auto next_erased = erased.begin();
  const auto before = [](const store::Member& a, const store::Member& b) {
    return std::tie(a.bucket, a.account) < std::tie(b.bucket, b.account);
  };
  transaction_.each_member([&](const store::Member& member) {
    while (next_erased != erased.end() && before(*next_erased, member)) take(*next_erased++);
    take(member);
    return true;
  });
  while (next_erased != erased.end()) take(*next_erased++);
  if (!members.empty()) put(members.front().bucket, members);
  for (std::uint32_t level = levels; level-- > 0;) close(level);
  return filling[0].used ? digest_of(0, 0, filling[0].node) : vault::Digest{};
}

vault::Digest AccountTree::build() {
  // Into memory first: nodes are written while no statement reads.
  std::map<std::pair<std::uint32_t, std::uint32_t>, store::Blob> nodes;
  std::uint64_t accounts = 0;
  const auto root = walk(
      [&](std::uint32_t level, std::uint32_t position, const store::Blob& node) {
        nodes[{level, position}] = node;
      },
      accounts);
  for (const auto& [place, node] : nodes) transaction_.set_node(place.first, place.second, node);
  return root;
}

AccountTree::Whole AccountTree::whole(const std::vector<store::Member>& erased) {
  Whole found;
  found.root =
      walk([](std::uint32_t, std::uint32_t, const store::Blob&) {}, found.accounts, erased);
  return found;
}

std::uint64_t AccountTree::check_all(const vault::Digest& root) {
  std::uint64_t accounts = 0;
  const auto found = walk(
      [&](std::uint32_t level, std::uint32_t position, const store::Blob& node) {
        if (node_of(transaction_, level, position) != node) altered();
      },
      accounts);
  if (!same(root, found)) altered();
  return accounts;
}

}  // namespace cred::engine
