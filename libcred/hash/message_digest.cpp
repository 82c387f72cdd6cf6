#include "hash/message_digest.hpp"

#include <limits>
#include <memory>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <string>
#include <utf8proc.h>

namespace cred::hash {
namespace {

struct Deleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
};
using Context = std::unique_ptr<EVP_MD_CTX, Deleter>;
using Algorithm = std::unique_ptr<EVP_MD, Deleter>;

tl::unexpected<Error> no(std::string_view algorithm) {
  return fail(Code::unavailable, "OpenSSL could not compute " + std::string(algorithm));
}

Expected<Wiped<std::byte>> digest_by(const EVP_MD* algorithm, std::string_view name,
                                     std::initializer_list<std::span<const std::byte>> parts) {
  const Context context(EVP_MD_CTX_new());
  if (context == nullptr || EVP_DigestInit_ex2(context.get(), algorithm, nullptr) != 1)
    return no(name);
  for (const auto& part : parts)
    if (EVP_DigestUpdate(context.get(), part.data(), part.size()) != 1) return no(name);
  Wiped<std::byte> digest(static_cast<std::size_t>(EVP_MD_get_size(algorithm)));
  if (EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) !=
      1)
    return no(name);
  return digest;
}

// A context of its own, so that nobody else in the process gets weak algorithms.
OSSL_LIB_CTX* legacy_algorithms() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    if (made != nullptr && OSSL_PROVIDER_load(made, "legacy") == nullptr) {
      OSSL_LIB_CTX_free(made);
      made = nullptr;
    }
    return made;
  }();
  return context;
}

// Two bytes for each unit, the lower one first.
void put_unit(Secret& units, std::size_t& used, std::uint32_t unit) {
  units.writable()[used++] = static_cast<std::byte>(unit & 0xff);
  units.writable()[used++] = static_cast<std::byte>(unit >> 8 & 0xff);
}

bool to_utf16(const Secret& utf8, Secret& units) {
  std::size_t used = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    utf8proc_int32_t point = 0;
    const auto taken = utf8proc_iterate(utf8.uchars() + at,
                                        static_cast<utf8proc_ssize_t>(utf8.size() - at), &point);
    if (taken <= 0 || point < 0) return false;
    at += static_cast<std::size_t>(taken);
    auto rest = static_cast<std::uint32_t>(point);
    if (rest < 0x10000) {
      put_unit(units, used, rest);
      continue;
    }
    rest -= 0x10000;
    put_unit(units, used, 0xd800 + (rest >> 10));
    put_unit(units, used, 0xdc00 + (rest & 0x3ff));
  }
  units.shrink(used);
  return true;
}

}  // namespace

Expected<Wiped<std::byte>> message_digest(std::string_view algorithm,
                                          std::initializer_list<std::span<const std::byte>> parts) {
  const Algorithm fetched(EVP_MD_fetch(nullptr, std::string(algorithm).c_str(), nullptr));
  if (fetched == nullptr) return no(algorithm);
  return digest_by(fetched.get(), algorithm, parts);
}

Expected<Wiped<std::byte>> pbkdf2(std::string_view algorithm, const Secret& password,
                                  std::span<const std::byte> salt, std::uint32_t iterations,
                                  std::size_t length) {
  const Algorithm fetched(EVP_MD_fetch(nullptr, std::string(algorithm).c_str(), nullptr));
  if (fetched == nullptr ||
      iterations > static_cast<std::uint32_t>(std::numeric_limits<int>::max()))
    return no(algorithm);
  Wiped<std::byte> derived(length);
  if (PKCS5_PBKDF2_HMAC(password.chars(), static_cast<int>(password.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()),
                        static_cast<int>(salt.size()), static_cast<int>(iterations), fetched.get(),
                        static_cast<int>(length),
                        reinterpret_cast<unsigned char*>(derived.data())) != 1)
    return no("PBKDF2");
  return derived;
}

Expected<Wiped<std::byte>> scrypt(const Secret& password, std::span<const std::byte> salt,
                                  std::uint32_t log2_n, std::uint32_t r, std::uint32_t p,
                                  std::size_t length) {
  // Bounded by the recipe; this is only to lift OpenSSL's own, lower bound.
  constexpr std::uint64_t most_memory = std::uint64_t{2} * 1024 * 1024 * 1024;
  Wiped<std::byte> derived(length);
  if (EVP_PBE_scrypt(password.chars(), password.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
                     std::uint64_t{1} << log2_n, r, p, most_memory,
                     reinterpret_cast<unsigned char*>(derived.data()), length) != 1)
    return no("scrypt");
  return derived;
}

Expected<Wiped<std::byte>> nt_hash(const Secret& password) {
  OSSL_LIB_CTX* const context = legacy_algorithms();
  const Algorithm md4(context == nullptr ? nullptr : EVP_MD_fetch(context, "MD4", nullptr));
  if (md4 == nullptr)
    return fail(Code::unavailable,
                "OpenSSL's legacy provider, which NT hashes need, could not be loaded");
  Secret units(2 * password.size() + 2);
  if (!units.ok()) return fail(Code::unavailable, "no memory for a foreign hash");
  if (!to_utf16(password, units)) return Wiped<std::byte>{};
  return digest_by(md4.get(), "MD4", {units.bytes()});
}

}  // namespace cred::hash
