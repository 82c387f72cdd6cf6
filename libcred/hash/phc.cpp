#include "hash/phc.hpp"

#include <charconv>
#include <sodium.h>

namespace cred::hash {
namespace {

constexpr std::string_view prefix = "$argon2id$v=19$";
constexpr int base64 = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;

std::string to_base64(std::span<const std::byte> bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), base64), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), base64);
  text.pop_back();  // libsodium terminates it
  return text;
}

// Takes `text`'s prefix, or answers false.
bool take(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

// A decimal without sign or leading zero, as the PHC format asks.
bool take_number(std::string_view& text, std::uint32_t& number) {
  if (text.empty() || text.front() < '1' || text.front() > '9') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool from_base64(std::string_view text, std::span<std::byte> bytes) {
  std::size_t length = 0;
  const char* end = nullptr;
  return sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                           text.data(), text.size(), nullptr, &length, &end, base64) == 0 &&
         length == bytes.size() && end == text.data() + text.size();
}

bool parse(std::string_view text, Verifier& v) {
  if (text.size() > max_phc_bytes || !take(text, prefix)) return false;
  if (!take(text, "m=") || !take_number(text, v.parameters.memory)) return false;
  if (!take(text, ",t=") || !take_number(text, v.parameters.passes)) return false;
  if (!take(text, ",p=") || !take_number(text, v.parameters.lanes)) return false;
  if (!take(text, "$")) return false;
  const std::size_t separator = text.find('$');
  if (separator == std::string_view::npos) return false;
  return from_base64(text.substr(0, separator), v.salt) &&
         from_base64(text.substr(separator + 1), v.tag);
}

}  // namespace

std::string encode_phc(const Verifier& v) {
  return std::string(prefix) + "m=" + std::to_string(v.parameters.memory) +
         ",t=" + std::to_string(v.parameters.passes) + ",p=" + std::to_string(v.parameters.lanes) +
         "$" + to_base64(v.salt) + "$" + to_base64(v.tag);
}

Expected<Verifier> decode_phc(std::string_view text) {
  Verifier verifier;
  // base64 leaves bits to spare, so that several texts could mean one tag.
  if (!parse(text, verifier) || encode_phc(verifier) != text)
    return fail(Code::integrity, "a stored credential is not an Argon2id PHC string");
  if (!demandable(verifier.parameters))
    return fail(Code::integrity, "a stored credential demands more than is allowed");
  return verifier;
}

}  // namespace cred::hash
