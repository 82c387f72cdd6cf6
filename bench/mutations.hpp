// What people do to a password when they must have a new one: bench/mutations.md.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace bench {

struct Mutation {
  std::string kind;
  bool changes_a_letter;  // within a word, so that no form of it stays the same
  std::string old_password, new_password;
};

// `count` mutations, every kind as often as the others.
std::vector<Mutation> mutations(std::size_t count, std::mt19937_64& random);

// The old passwords that they are made of; eight have a season or a year and would not
// be taken by `quarterly` today.
const std::vector<std::string>& old_passwords();

}  // namespace bench
