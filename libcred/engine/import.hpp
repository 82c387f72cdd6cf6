// Accounts that come from another system with the hash of a password that nobody here knows,
// and accounts that go to one.
#pragma once

#include "base/wiped.hpp"
#include "engine/records.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cred::engine {

enum class Notation : std::uint8_t {
  by_prefix,  // crypt(3), LDAP, PHC, Django: hash/foreign.hpp
  nt,         // the 32 hexadecimal digits of an NT hash
};

struct ImportedAccount {
  std::string name;
  Wiped<char> hash;  // as the other system stores it
  Notation notation = Notation::by_prefix;
  // Of earlier passwords, oldest first; the newest `most_imported_history` are taken.
  std::vector<Wiped<char>> earlier{};
  Profile profile{};
  std::optional<Time> set_at{};  // unset: not known, it counts as set now
  State state = State::active;
  bool must_change = false;
};

struct Imported {
  enum class Outcome : std::uint8_t {
    taken,
    there,    // an account with this hash, or one that has logged in since, is there
    refused,  // nothing was changed
  };
  Outcome outcome = Outcome::refused;
  std::string why{};     // it was refused
  std::string scheme{};  // "sha512crypt"
  // Earlier passwords that were not taken, and why the last of them was not.
  std::size_t earlier_left = 0;
  std::string earlier_why{};
};

// What another system may be given of an account.
struct ExportedCredential {
  std::string name;
  Profile profile;
  hash::Verifier verifier;
  Time set_at{};
  State state = State::active;
  bool must_change = false;
  bool one_time = false;  // an administrator set it for one login
};

// Each costs one hash more whenever the password is changed.
inline constexpr std::size_t most_imported_history = 24;
// Accounts in one call: they are one change.
inline constexpr std::size_t most_imported_at_once = 64;

// What an import into a realm without accounts would come to; `usual` is what hashes cost there.
std::vector<Imported> judge_import(std::span<const ImportedAccount> accounts,
                                   const hash::Parameters& usual);

}  // namespace cred::engine
