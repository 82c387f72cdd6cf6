#include "hash/argon2/variable_hash.hpp"

#include "base/secret.hpp"

#include <cstring>
#include <sodium.h>

namespace cred::hash::argon2 {
namespace {

std::array<std::byte, 4> little_endian(std::size_t number) {
  std::array<std::byte, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(number >> 8 * i);
  return bytes;
}

// H^n: BLAKE2b with a digest of n bytes, and without a key.
class Blake2b {
 public:
  explicit Blake2b(std::size_t digest) : digest_(digest) {
    (void)crypto_generichash_blake2b_init(&state_, nullptr, 0, digest);
  }
  Blake2b(const Blake2b&) = delete;
  Blake2b& operator=(const Blake2b&) = delete;
  ~Blake2b() { wipe(&state_, sizeof state_); }
  void add(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    (void)crypto_generichash_blake2b_update(
        &state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  void add_number(std::size_t number) { add(little_endian(number)); }
  void add_with_length(std::span<const std::byte> bytes) {
    add_number(bytes.size());
    add(bytes);
  }
  void finish(std::byte* out) {
    (void)crypto_generichash_blake2b_final(&state_, reinterpret_cast<unsigned char*>(out), digest_);
  }

 private:
  crypto_generichash_blake2b_state state_;
  std::size_t digest_;
};

}  // namespace

FirstDigest first_digest(const Inputs& inputs, const Parameters& parameters,
                         std::size_t tag_bytes) {
  constexpr std::size_t version = 0x13;
  constexpr std::size_t argon2id = 2;
  Blake2b hash(longest_digest);
  for (const std::size_t number :
       {std::size_t{parameters.lanes}, tag_bytes, std::size_t{parameters.memory},
        std::size_t{parameters.passes}, version, argon2id})
    hash.add_number(number);
  hash.add_with_length(inputs.password);
  hash.add_with_length(inputs.salt);
  hash.add_with_length(inputs.secret);
  hash.add_with_length(inputs.associated_data);
  FirstDigest digest;
  hash.finish(digest.data());
  return digest;
}

void variable_hash(std::initializer_list<std::span<const std::byte>> parts,
                   std::span<std::byte> out) {
  const std::size_t length = out.size();
  {
    Blake2b first(length <= longest_digest ? length : longest_digest);
    first.add_number(length);
    for (const auto& part : parts) first.add(part);
    if (length <= longest_digest) {
      first.finish(out.data());
      return;
    }
    FirstDigest v;
    first.finish(v.data());
    // Half of each V_i, but for the last one, which is all that is missing.
    while (out.size() > longest_digest) {
      std::memcpy(out.data(), v.data(), longest_digest / 2);
      out = out.subspan(longest_digest / 2);
      Blake2b next(out.size() > longest_digest ? longest_digest : out.size());
      next.add(v);
      next.finish(v.data());
    }
    std::memcpy(out.data(), v.data(), out.size());
    wipe(v.data(), v.size());
  }
}

}  // namespace cred::hash::argon2
