// A manifest of arbitrary bytes is refused; one that is taken is encoded to the same
// bytes. With a signature that holds, what lies behind it is reached.

#include "backup/manifest.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sodium.h>
#include <string>

using namespace cred;

namespace {

const Secret& seed() {
  static const Secret seed(32);
  return seed;
}

bool taken(std::string_view text) {
  const auto decoded = backup::decode(text);
  if (!decoded) {
    if (decoded.error().code != Code::integrity) std::abort();
    return false;
  }
  // Ed25519 signatures are deterministic.
  if (decoded->public_key == backup::public_key_of(seed()) &&
      backup::encode(decoded->manifest, seed()) != text)
    std::abort();
  return true;
}

// The input as the manifest member, signed and laid out as libcred does.
void sign(std::string_view text) {
  auto json = nlohmann::ordered_json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded()) return;
  if (json.is_object() && json.contains("manifest")) {
    auto inner = json["manifest"];
    json = std::move(inner);
  }
  const std::string canonical = json.dump();
  Secret secret_key(crypto_sign_SECRETKEYBYTES);
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key{};
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  (void)crypto_sign_seed_keypair(public_key.data(), secret_key.uchars(), seed().uchars());
  (void)crypto_sign_detached(signature.data(), nullptr,
                             reinterpret_cast<const unsigned char*>(canonical.data()),
                             canonical.size(), secret_key.uchars());
  const auto hex = [](const auto& bytes) {
    std::string digits(2 * bytes.size() + 1, '\0');
    (void)sodium_bin2hex(digits.data(), digits.size(), bytes.data(), bytes.size());
    digits.pop_back();
    return digits;
  };
  const nlohmann::ordered_json file{
      {"manifest", json}, {"public_key", hex(public_key)}, {"signature", hex(signature)}};
  (void)taken(file.dump(2) + '\n');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)taken(text);
  sign(text);
  return 0;
}
