// A tree of keyed digests over which accounts there are and in which generation: whoever
// reads one account learns with it, at the cost of a few rows, that it is the newest and
// that none is missing. The root is in the head. docs/formats/head.md
//
// The leaves are buckets, chosen by a keyed pseudonym of the name, so that a name without
// an account costs the same and can be shown to be absent.
#pragma once

#include "store/store.hpp"
#include "vault/vault.hpp"

#include <functional>
#include <string_view>

namespace cred::engine {

class AccountTree {
 public:
  AccountTree(const vault::Vault& vault, store::Transaction& transaction)
      : vault_(vault), transaction_(transaction) {}

  static std::uint32_t bucket_of(const vault::Vault& vault, std::string_view name);

  // Throws Failure (integrity) unless the bucket is what the root says. Gives its members.
  std::vector<store::Member> check(const vault::Digest& root, std::uint32_t bucket);
  // The root after the bucket's rows were altered. What the nodes say of others must have
  // been checked, by `check` of the same bucket.
  vault::Digest update(std::uint32_t bucket);
  // Builds every node anew from the rows, which are taken as right.
  vault::Digest build();
  // Throws Failure (integrity) unless every bucket is what the root says. Gives the number
  // of accounts.
  std::uint64_t check_all(const vault::Digest& root);
  // The root over the rows and over accounts that are here no more, whose `erased` stand in
  // the order of buckets and ids. Counts both. Touches no node.
  struct Whole {
    vault::Digest root{};
    std::uint64_t accounts = 0;
  };
  Whole whole(const std::vector<store::Member>& erased);

 private:
  vault::Digest leaf(std::uint32_t bucket, const std::vector<store::Member>& members) const;
  vault::Digest digest_of(std::uint32_t level, std::uint32_t position,
                          const store::Blob& node) const;
  // Walks all nodes bottom up and hands each to `visit`.
  using Visit =
      std::function<void(std::uint32_t level, std::uint32_t position, const store::Blob& node)>;
  vault::Digest walk(const Visit& visit, std::uint64_t& accounts,
                     const std::vector<store::Member>& erased = {});

  const vault::Vault& vault_;
  store::Transaction& transaction_;
};

}  // namespace cred::engine
