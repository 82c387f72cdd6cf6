// Hashes of any parameters and inputs, and what libargon2 and libsodium make of them.
#pragma once

#include "hash/argon2/compute.hpp"

#include <argon2.h>
#include <cstdint>
#include <random>
#include <sodium.h>
#include <string>
#include <vector>

namespace cred::test {

using Bytes = std::vector<std::byte>;

// A hash to compute, with what its spans point to.
struct Problem {
  hash::Parameters parameters;
  Bytes password, salt, secret, associated_data;
  std::size_t tag_bytes = 32;

  hash::argon2::Inputs inputs() const { return {password, salt, secret, associated_data}; }
  std::string text() const {
    return "m=" + std::to_string(parameters.memory) + ",t=" + std::to_string(parameters.passes) +
           ",p=" + std::to_string(parameters.lanes) + ", " + std::to_string(password.size()) +
           " password, " + std::to_string(salt.size()) + " salt, " + std::to_string(secret.size()) +
           " secret, " + std::to_string(associated_data.size()) + " associated data, " +
           std::to_string(tag_bytes) + " tag";
  }
};

inline Bytes by_libargon2(const Problem& problem) {
  const auto data = [](const Bytes& bytes) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
  };
  const auto size = [](const Bytes& bytes) { return static_cast<std::uint32_t>(bytes.size()); };
  Bytes tag(problem.tag_bytes);
  argon2_context c{};
  c.out = reinterpret_cast<std::uint8_t*>(tag.data());
  c.outlen = size(tag);
  c.pwd = data(problem.password);
  c.pwdlen = size(problem.password);
  c.salt = data(problem.salt);
  c.saltlen = size(problem.salt);
  c.secret = data(problem.secret);
  c.secretlen = size(problem.secret);
  c.ad = data(problem.associated_data);
  c.adlen = size(problem.associated_data);
  c.t_cost = problem.parameters.passes;
  c.m_cost = problem.parameters.memory;
  c.lanes = problem.parameters.lanes;
  c.threads = 1;
  c.version = ARGON2_VERSION_13;
  if (argon2id_ctx(&c) != ARGON2_OK) return {};
  return tag;
}

// Whether libsodium computes such a hash.
inline bool libsodium_can(const Problem& p) {
  return p.parameters.lanes == 1 && p.salt.size() == crypto_pwhash_argon2id_SALTBYTES &&
         p.tag_bytes >= 16 && p.secret.empty() && p.associated_data.empty();
}

inline Bytes by_libsodium(const Problem& p) {
  Bytes tag(p.tag_bytes);
  // Its header wants an address of no bytes, too.
  const auto* password = reinterpret_cast<const char*>(p.password.data());
  if (sodium_init() < 0 ||
      crypto_pwhash_argon2id(reinterpret_cast<unsigned char*>(tag.data()), tag.size(),
                             password != nullptr ? password : "", p.password.size(),
                             reinterpret_cast<const unsigned char*>(p.salt.data()),
                             p.parameters.passes, std::size_t{p.parameters.memory} * 1024,
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
    return {};
  return tag;
}

// Of all that RFC 9106 §3.1 allows, small ones for the most part: lanes 1 to 16, passes 1 to
// 6, 8 KiB to `most` KiB.
inline Problem random_problem(std::mt19937_64& random, std::uint32_t most) {
  const auto between = [&](std::uint32_t least, std::uint32_t greatest) {
    return std::uniform_int_distribution<std::uint32_t>(least, greatest)(random);
  };
  const auto bytes = [&](std::size_t size) {
    Bytes made(size);
    for (auto& byte : made) byte = static_cast<std::byte>(random());
    return made;
  };
  Problem p;
  p.parameters.lanes = between(0, 2) == 0 ? 1 : between(1, 16);
  p.parameters.passes = between(1, 6);
  const std::uint32_t least = 8 * p.parameters.lanes;
  // Each power of two as likely as the one before is twice as likely.
  std::uint32_t bound = 64;
  while (bound < most && between(0, 1) == 0) bound *= 2;
  p.parameters.memory = between(least, std::max(least, std::min(bound, most)));
  p.password = bytes(between(0, 3) == 0 ? between(0, 1024) : between(0, 40));
  p.tag_bytes = between(0, 1) == 0 ? 32 : between(4, 128);
  if (p.parameters.lanes == 1 && between(0, 1) == 0) {  // as libsodium has it
    p.salt = bytes(crypto_pwhash_argon2id_SALTBYTES);
    p.tag_bytes = std::max<std::size_t>(p.tag_bytes, 16);
    return p;
  }
  p.salt = bytes(between(8, 64));
  if (between(0, 1) == 0) p.secret = bytes(between(0, 64));
  if (between(0, 1) == 0) p.associated_data = bytes(between(0, 128));
  return p;
}

}  // namespace cred::test
