// MD5-crypt with Apache's magic. libxcrypt knows it with crypt(3)'s alone, and the magic is
// part of what is hashed.
#include "hash/message_digest.hpp"

#include <array>
#include <memory>
#include <openssl/evp.h>
#include <sodium.h>

namespace cred::hash {
namespace {

constexpr std::size_t md5_bytes = 16;
constexpr int rounds = 1000;
constexpr std::string_view alphabet =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

using Digest = std::array<unsigned char, md5_bytes>;

// One MD5 after the other in one context.
class Md5 {
 public:
  bool ok() const { return ok_; }
  Md5& begin() {
    ok_ = ok_ && context_ != nullptr && EVP_DigestInit_ex2(context_.get(), EVP_md5(), nullptr) == 1;
    return *this;
  }
  Md5& add(const void* bytes, std::size_t size) {
    ok_ = ok_ && EVP_DigestUpdate(context_.get(), bytes, size) == 1;
    return *this;
  }
  Md5& add(const Secret& secret) { return add(secret.uchars(), secret.size()); }
  Md5& add(std::string_view text) { return add(text.data(), text.size()); }
  Md5& add(const Digest& digest) { return add(digest.data(), digest.size()); }
  void end(Digest& digest) {
    ok_ = ok_ && EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1;
  }

 private:
  struct Deleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Deleter> context_{EVP_MD_CTX_new()};
  bool ok_ = true;
};

// Three bytes in four characters, the lowest six bits first, in an order of its own.
Wiped<std::byte> characters(const Digest& digest) {
  constexpr std::array<std::array<std::size_t, 3>, 5> order{
      {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}}};
  Wiped<std::byte> text;
  text.reserve(22);
  const auto put = [&](std::uint32_t bits, int count) {
    for (; count > 0; --count, bits >>= 6)
      text.push_back(static_cast<std::byte>(alphabet[bits & 63]));
  };
  for (const auto& [high, middle, low] : order)
    put(std::uint32_t{digest[high]} << 16 | std::uint32_t{digest[middle]} << 8 | digest[low], 4);
  put(digest[11], 2);
  return text;
}

}  // namespace

Expected<Wiped<std::byte>> apr1(const Secret& password, std::string_view salt,
                                std::string_view magic) {
  Md5 md5;
  Digest digest{};
  md5.begin().add(password).add(salt).add(password).end(digest);

  md5.begin().add(password).add(magic).add(salt);
  std::size_t left = password.size();
  for (; left > digest.size(); left -= digest.size()) md5.add(digest);
  md5.add(digest.data(), left);
  // For each bit of the length a NUL or the first byte of the password.
  constexpr unsigned char nul = 0;
  for (std::size_t bits = password.size(); bits > 0; bits >>= 1)
    md5.add((bits & 1) != 0 ? &nul : password.uchars(), 1);
  md5.end(digest);

  for (int round = 0; round < rounds; ++round) {
    const bool odd = (round & 1) != 0;
    const auto add_either = [&](bool the_password) {
      if (the_password)
        md5.add(password);
      else
        md5.add(digest);
    };
    md5.begin();
    add_either(odd);
    if (round % 3 != 0) md5.add(salt);
    if (round % 7 != 0) md5.add(password);
    add_either(!odd);
    md5.end(digest);
  }
  auto text = characters(digest);
  sodium_memzero(digest.data(), digest.size());
  if (!md5.ok()) return fail(Code::unavailable, "OpenSSL could not compute MD5");
  return text;
}

}  // namespace cred::hash
